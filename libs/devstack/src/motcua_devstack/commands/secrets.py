"""`./dev secrets`: the Secrets of a release for trying the suite out on a cluster."""

import argparse

from motcua_devstack.secrets import command


def run(options: argparse.Namespace) -> int:
    """Make them."""
    command.main(options.arguments, prog_name="./dev secrets")
    return 0
