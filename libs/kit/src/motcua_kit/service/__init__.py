"""What a service is made of, what its processes have, and its command line."""

from motcua_kit.service.commands import command_line, run
from motcua_kit.service.definition import App, Service
from motcua_kit.service.runtime import Runtime

__all__ = ["App", "Runtime", "Service", "command_line", "run"]
