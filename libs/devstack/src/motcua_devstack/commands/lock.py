"""`./dev lock`: requirements compiled to hash-locked *.txt that name no package index.

The groups of one machine come from requirements/*.in; those of the container images from what the packages in each
image declare, at the versions of the groups. What all images have is in `common.txt`, a layer that they share.
"""

import argparse
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from motcua_devstack import images
from motcua_devstack.environment import GROUPS, REQUIREMENTS
from motcua_devstack.errors import DevError
from motcua_devstack.paths import VENV

OLDEST_PYTHON = "3.11"
IMAGE_GROUPS = ("runtime", "servers")
SHARED = "kit"


def run(options: argparse.Namespace) -> int:
    """Compile the groups in the order of their constraints, then the images."""
    upgrade = ["--upgrade"] if options.upgrade else []
    for group in ("bootstrap", *GROUPS):
        _compile([f"{group}.in", *upgrade], f"{group}.txt")
    _lock_images()
    return 0


def _lock_images() -> None:
    (REQUIREMENTS / "images").mkdir(exist_ok=True)
    constraints = [part for group in IMAGE_GROUPS for part in ("-c", f"{group}.txt")]
    shared = _compile(["-", *constraints], "images/common.txt", images.requirements_of(SHARED))
    names = re.findall(r"^([a-z0-9][a-z0-9._-]*)==", shared.read_text(), re.MULTILINE)
    elsewhere = [part for name in names for part in ("--no-emit-package", name)]
    for image in images.names():
        _compile(["-", *constraints, *elsewhere], f"images/{image}.txt", images.requirements_of(image))
    for variant in images.VARIANTS:
        _compile(["-", *constraints, *elsewhere], f"images/{variant}.txt", images.requirements_of_variant(variant))


def _compile(arguments: list[str], name: str, requirements: Iterable[str] = ()) -> Path:
    """Run the compiler on files, or on `requirements` where the arguments name `-`."""
    target = REQUIREMENTS / name
    command = [str(VENV / "bin" / "uv"), "pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url"]
    command += ["--no-emit-find-links", "--python-version", OLDEST_PYTHON, "--custom-compile-command", "./dev lock"]
    command += [*arguments, "-o", str(target)]
    before = target.read_text() if target.exists() else ""
    result = subprocess.run(
        command, cwd=REQUIREMENTS, stdout=subprocess.DEVNULL, input="\n".join(requirements), text=True, check=False
    )
    if result.returncode != 0:
        raise DevError(f"requirements/{name} could not be compiled; the lines above say why")
    print(f"{name}: {'unchanged' if target.read_text() == before else 'changed'}")
    return target
