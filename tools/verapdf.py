#!/usr/bin/env python3
"""Judge PDF files by PDF/A-2a and PDF/UA-1 with veraPDF: `tools/verapdf.py FILE…`.

Needs Java 17 and Maven, which fetches veraPDF once into ${XDG_CACHE_HOME:-~/.cache}/motcua/verapdf.
Prints a line for each file and standard, and the rules that a file breaks. Exit status: 0 all pass, 1 some fail,
3 veraPDF cannot be run here.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FLAVOURS = ("2a", "ua1")
POM = Path(__file__).with_name("verapdf.pom.xml")
MAIN = "org.verapdf.apps.GreenfieldCliWrapper"
UNAVAILABLE = 3


class Unavailable(Exception):
    """veraPDF cannot be run; says in one line what to do."""


def jars() -> Path:
    """Return the folder with veraPDF, fetched when it is not there yet.

    Raises:
        Unavailable: Java or Maven is missing, or the repository cannot be reached.
    """
    if missing := [program for program in ("java", "mvn") if shutil.which(program) is None]:
        raise Unavailable(f"{' and '.join(missing)} missing: apt-get install openjdk-17-jre-headless maven")
    version: str = re.findall(r"<version>([\d.]+)</version>", POM.read_text())[-1]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motcua" / "verapdf"
    folder = cache / version
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as partial:
        fetched = Path(partial) / "jars"
        goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
        command = ["mvn", "-q", "-B", "-f", str(POM), goal, "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Unavailable(f"Maven could not fetch veraPDF {version}: {result.stdout.strip().splitlines()[:1]}")
        try:
            # The folder appears whole or not at all.
            fetched.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


def judge(files: list[Path]) -> bool:
    """Print what veraPDF says of each file and return whether all pass.

    Raises:
        Unavailable: veraPDF cannot be run.
    """
    classpath = f"{jars()}/*"
    passed = True
    for flavour in FLAVOURS:
        command = ["java", "-cp", classpath, MAIN, "-f", flavour, "--format", "text", "-v", *map(str, files)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        print(result.stdout, end="")
        good = [line for line in result.stdout.splitlines() if line.startswith("PASS ") and line.endswith(flavour)]
        if len(good) != len(files):
            print(result.stderr, end="", file=sys.stderr)
            passed = False
    return passed


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if not arguments:
        print(__doc__)
        return 2
    try:
        return 0 if judge([Path(argument) for argument in arguments]) else 1
    except Unavailable as error:
        print(error, file=sys.stderr)
        return UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
