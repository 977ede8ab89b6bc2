"""`./dev secrets`: the Secrets of a release for trying the suite out on a cluster."""

import argparse
from typing import NoReturn

from motcua_devstack.secrets import command


def run(options: argparse.Namespace) -> NoReturn:
    """Make them; click ends the process with its exit code."""
    command.main(options.arguments, prog_name="./dev secrets")
