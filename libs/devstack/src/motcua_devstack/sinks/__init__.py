"""A mail server and a short-message gateway of one machine: they keep what is sent as files, and fail when told to."""

from motcua_devstack.sinks.faults import Fault, Faults
from motcua_devstack.sinks.running import Sinks

__all__ = ["Fault", "Faults", "Sinks"]
