"""Whether a quiet suite holds together: what it acknowledged, what it handed on, what it counts and what it keeps.

Everything is read from the stores, not asked of the services, so that no service can speak for itself. Wherever the
stores are reached, the audit runs: on one machine or against a cluster.
"""

from motcua_devstack.chaos.audit.checks import CHECKS, Check, audit
from motcua_devstack.chaos.audit.findings import Report
from motcua_devstack.chaos.audit.stores import Audited

__all__ = ["CHECKS", "Audited", "Check", "Report", "audit"]
