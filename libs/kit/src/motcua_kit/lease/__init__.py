"""Leader election: one holder at a time, taken over when the holder falls silent.

`KubernetesLease` is imported where it is chosen, from `motcua_kit.lease.kubernetes`: its client takes 0.8 s.
"""

from motcua_kit.lease.base import Lease, LeaseUnavailable
from motcua_kit.lease.mongodb import MongoLease

__all__ = ["Lease", "LeaseUnavailable", "MongoLease"]
