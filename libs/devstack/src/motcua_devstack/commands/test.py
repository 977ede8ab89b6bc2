"""`./dev test`: the tests, with one set of embedded servers for all workers."""

import argparse
import os
import subprocess
import sys

from motcua_devstack.console import Progress
from motcua_devstack.embedded import EmbeddedServers
from motcua_devstack.paths import ROOT

WORKERS = ("-n", "2")


def run(options: argparse.Namespace) -> int:
    """Run pytest with the given arguments."""
    progress = Progress()
    progress.say("starting the embedded servers")
    with EmbeddedServers() as servers:
        environment = {**os.environ, **servers.environment()}
        progress.say("running pytest")
        given = options.arguments
        workers = () if any(argument.startswith(("-n", "--numprocesses")) for argument in given) else WORKERS
        result = subprocess.run(
            [sys.executable, "-m", "pytest", *workers, *given], cwd=ROOT, env=environment, check=False
        )
    return result.returncode
