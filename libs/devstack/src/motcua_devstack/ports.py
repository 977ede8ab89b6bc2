"""Free ports of this machine, the same ones again where possible."""

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path

from motcua_devstack.errors import DevError

HOST = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000
"""Below the range from which the kernel takes ports for outgoing connections."""
TRIES = 2_000


def is_free(port: int) -> bool:
    """Whether a server could listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def allocate(names: Iterable[str], memory: Path | None = None) -> dict[str, int]:
    """A free port for each name; those remembered in the file `memory` are kept while they are free.

    Raises:
        DevError: no free port was found.
    """
    remembered: dict[str, int] = json.loads(memory.read_text()) if memory and memory.exists() else {}
    ports: dict[str, int] = {}
    for name in names:
        port = remembered.get(name, 0)
        if not port or port in ports.values() or not is_free(port):
            port = _another({*ports.values(), *remembered.values()})
        ports[name] = port
    if memory:
        memory.write_text(json.dumps(ports, indent=1))
    return ports


def _another(taken: set[int]) -> int:
    for _ in range(TRIES):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311 - no secret
        if port not in taken and is_free(port):
            return port
    raise DevError(f"no free port between {LOWEST} and {HIGHEST} on {HOST}; stop what holds them (`ss -ltnp`)")
