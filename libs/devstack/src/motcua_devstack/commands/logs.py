"""`./dev logs SVC`: what processes wrote."""

import argparse
import subprocess

from motcua_devstack.errors import DevError
from motcua_devstack.stack import Stack


def run(options: argparse.Namespace) -> int:
    """Print the end of the logs of one process, of all processes of a service, or of all."""
    stack = Stack(options.name)
    wanted = options.process or ""
    names = sorted(file.stem for file in stack.logs.glob("*.log"))
    chosen = [name for name in names if not wanted or name == wanted or name.startswith(f"{wanted}-")]
    if not chosen:
        raise DevError(f"no log of `{wanted}` in the stack `{stack.name}`; there are: {', '.join(names) or 'none'}")
    follow = ["-F"] if options.follow else []
    files = [str(stack.logs / f"{name}.log") for name in chosen]
    return subprocess.run(["tail", "-n", str(options.lines), *follow, *files], check=False).returncode
