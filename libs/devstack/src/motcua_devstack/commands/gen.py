"""`./dev gen`: Python from proto/, and what reference pages and charts say of what the programs read."""

import argparse
import subprocess
import sys

from motcua_devstack.paths import ROOT


def run(options: argparse.Namespace) -> int:
    """Write the generated files, and the released image when asked; the first failure ends it."""
    tools = [["gen.py"], *([["gen.py", "--release"]] if options.release else []), ["reference.py"], ["charts.py"]]
    for script, *arguments in tools:
        code = subprocess.run([sys.executable, str(ROOT / "tools" / script), *arguments], check=False).returncode
        if code != 0:
            return code
    return 0
