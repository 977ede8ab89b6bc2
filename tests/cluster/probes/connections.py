"""Runs in a pod: reads addresses and ports as JSON, prints which of them it could connect to."""

import concurrent.futures
import json
import socket
import sys

SECONDS = 3


def reached(target: tuple[str, int]) -> bool:
    """Whether somebody answers there."""
    host, port = target
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError:
        return False
    return True


targets = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(list(pool.map(reached, targets))))
