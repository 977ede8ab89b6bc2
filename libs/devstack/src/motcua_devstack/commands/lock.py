"""`./dev lock`: requirements/*.in compiled to hash-locked *.txt that name no package index."""

import argparse
import subprocess

from motcua_devstack.environment import GROUPS, REQUIREMENTS
from motcua_devstack.paths import VENV

OLDEST_PYTHON = "3.11"


def run(options: argparse.Namespace) -> int:
    """Compile the groups in the order of their constraints."""
    for group in ("bootstrap", *GROUPS):
        target = REQUIREMENTS / f"{group}.txt"
        command = [str(VENV / "bin" / "uv"), "pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url"]
        command += ["--no-emit-find-links", "--python-version", OLDEST_PYTHON, "--custom-compile-command", "./dev lock"]
        command += ["--upgrade"] if options.upgrade else []
        command += [str(target.with_suffix(".in")), "-o", str(target)]
        before = target.read_text() if target.exists() else ""
        code = subprocess.run(command, cwd=REQUIREMENTS, stdout=subprocess.DEVNULL, check=False).returncode
        if code != 0:
            return code
        print(f"{target.name}: {'unchanged' if target.read_text() == before else 'changed'}")
    return 0
