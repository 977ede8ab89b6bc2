"""`./dev image`: build the container images."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from motcua_devstack import images
from motcua_devstack.console import Progress
from motcua_devstack.errors import DevError
from motcua_devstack.paths import ROOT

BUILDER = "MOTCUA_IMAGE_BUILDER"
BUILDERS = ("docker build", "buildah build")
"""Tried in this order when none is named."""
PUSHERS = ("buildah", "docker", "podman")
"""Builders that push when they are told to; one that is named otherwise hands its images over by itself."""
SHOWN_LINES = 40


def run(options: argparse.Namespace) -> int:
    """Build the images named, or all of them, one after the other: what they share is built with the first."""
    known = images.names()
    if unknown := sorted(set(options.images) - set(known)):
        raise DevError(f"no image {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen = [name for name in known if name in options.images or not options.images]
    revision = _revision()
    references = _references(options, chosen, f"{images.version()}-{revision}")
    if options.list:
        print("\n".join(references.values()))
        return 0
    builder = _builder()
    progress = Progress()
    for name, reference in references.items():
        progress.say(f"{reference}: building with {builder[0]}")
        _build(builder, reference, {"NAME": name, "VARIANT": options.variant, "REVISION": revision})
        if options.push and Path(builder[0]).name in PUSHERS:
            progress.say(f"{reference}: pushing")
            _run([builder[0], "push", reference])
    progress.say(f"built: {len(references)} images")
    return 0


def _references(options: argparse.Namespace, chosen: list[str], tag: str) -> dict[str, str]:
    """What the images are called, by their names here."""
    if not options.reference:
        return {name: f"{options.repository}/{name}:{options.tag or tag}" for name in chosen}
    if len(chosen) != 1:
        raise DevError("--reference names one image; say which")
    return {chosen[0]: options.reference}


def _build(builder: list[str], reference: str, arguments: dict[str, str]) -> None:
    command = [*builder, "-t", reference, "-f", str(images.DOCKERFILE)]
    for name, value in {**arguments, "VERSION": images.version()}.items():
        command += ["--build-arg", f"{name}={value}"]
    _run([*command, "."])


def _run(command: list[str]) -> None:
    """Run the builder; what it says is shown only when it fails."""
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        print("\n".join(f"    {line}" for line in result.stdout.splitlines()[-SHOWN_LINES:]), file=sys.stderr)
        raise DevError(f"the lines above say why this did not work: {shlex.join(command)}")


def _builder() -> list[str]:
    """The command that builds an image; it takes the options of `docker build`."""
    candidates = [os.environ[BUILDER]] if os.environ.get(BUILDER) else BUILDERS
    for candidate in candidates:
        words = shlex.split(candidate)
        if shutil.which(words[0]):
            return words
    raise DevError(f"no {' and no '.join(candidates)} here; install one, or name a builder in {BUILDER}")


def _revision() -> str:
    """The commit that is checked out, marked when the working tree differs from it; `unknown` without git."""
    described = subprocess.run(
        ["git", "describe", "--always", "--exclude=*", "--abbrev=10", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"
