"""`./dev gen`: Python from proto/."""

import argparse
import subprocess
import sys

from motcua_devstack.paths import ROOT


def run(options: argparse.Namespace) -> int:
    """Write the generated code, and the released image when asked."""
    generate = [sys.executable, str(ROOT / "tools" / "gen.py")]
    code = subprocess.run(generate, check=False).returncode
    if code == 0 and options.release:
        code = subprocess.run([*generate, "--release"], check=False).returncode
    return code
