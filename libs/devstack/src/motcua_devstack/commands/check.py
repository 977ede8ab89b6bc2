"""`./dev check`: everything about the code that can be said without running it."""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from motcua_devstack.errors import DevError
from motcua_devstack.paths import ROOT, packages
from motcua_devstack.servers import BIN

SIDE_BY_SIDE = 2
SHOWN_LINES = 60


@dataclass(frozen=True)
class Check:
    """One question; it yields what is wrong, nothing when all is well."""

    name: str
    findings: Callable[[], Iterator[str]]


def run(options: argparse.Namespace) -> int:
    """Run the checks, two at a time; 1 when any has findings."""
    checks = _checks()
    unknown = set(options.only) - {check.name for check in checks}
    if unknown:
        raise DevError(f"no check {', '.join(sorted(unknown))}; there are: {', '.join(check.name for check in checks)}")
    chosen = [check for check in checks if not options.only or check.name in options.only]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = list(pool.map(_judge, chosen))
    failed = [check.name for check, passed in zip(chosen, results, strict=True) if not passed]
    print(
        f"{len(chosen) - len(failed)} of {len(chosen)} checks passed"
        + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


def _judge(check: Check) -> bool:
    start = time.monotonic()
    findings = list(check.findings())
    print(f"{'FAILED' if findings else 'ok':<6} {check.name} ({time.monotonic() - start:.1f} s)", flush=True)
    for line in findings[:SHOWN_LINES]:
        print(f"       {line}", flush=True)
    if len(findings) > SHOWN_LINES:
        print(f"       … and {len(findings) - SHOWN_LINES} more lines", flush=True)
    return not findings


def _checks() -> list[Check]:
    gen = [sys.executable, str(ROOT / "tools" / "gen.py")]
    return [
        # The longest first, beside all others.
        Check("types", _types),
        Check("format", _tool("ruff", "format", "--check", "--quiet", ".")),
        Check("lint", _tool("ruff", "check", "--quiet", "--output-format=concise", ".")),
        Check("imports", _tool("lint-imports", "--no-cache")),
        Check("proto", _command([*gen, "--check-lint"])),
        Check("generated", _command([*gen, "--check"])),
        Check("reference", _command([sys.executable, str(ROOT / "tools" / "reference.py"), "--check"])),
        Check("charts", _command([sys.executable, str(ROOT / "tools" / "charts.py"), "--check"])),
        Check("yaml", _tool("yamllint", "--strict", ".")),
        Check("spelling", _tool("codespell", "--toml", "pyproject.toml")),
        Check("dead-code", _tool("vulture")),
        Check("dependencies", _dependencies),
        Check("house", _house_rules),
    ]


def _tool(name: str, *arguments: str) -> Callable[[], Iterator[str]]:
    return _command([str(BIN / name), *arguments])


def _command(command: list[str], folder: Path = ROOT) -> Callable[[], Iterator[str]]:
    def findings() -> Iterator[str]:
        environment = {**os.environ, "NO_COLOR": "1"}
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            yield from result.stdout.splitlines() or [f"{command[0]} ended with {result.returncode}"]

    return findings


def _types() -> Iterator[str]:
    """Run mypy over all sources at once, then over the tests of each package: their files share names."""
    sources = [str(folder / "src") for folder in packages()]
    yield from _tool("mypy", *sources, "dev", "tools")()
    for tests in (*(folder / "tests" for folder in packages()), *sorted((ROOT / "tests").glob("*/"))):
        if any(tests.rglob("*.py")):
            yield from _tool("mypy", str(tests))()


def _dependencies() -> Iterator[str]:
    for folder in packages():
        yield from _command([str(BIN / "deptry"), "."], folder)()


@dataclass(frozen=True)
class _Rule:
    """What must not stand in any file, and why."""

    pattern: re.Pattern[str]
    why: str


_RULES = (
    _Rule(re.compile(r"(pypi\.org|pythonhosted\.org|npmjs|index-url|find-links\s)"), "names a package registry"),
    _Rule(re.compile(r"(?<![\w.])/(work|home|root|Users)/\w"), "names a path of one machine"),
    _Rule(re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "holds a private key"),
)
_THIS = "libs/devstack/src/motcua_devstack/commands/"
_FORBIDDEN_NAMES = {"uv.lock", "poetry.lock", ".env"}


def _house_rules() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.name in _FORBIDDEN_NAMES:
            yield f"{name}: must not be in the repository"
        if not path.is_file() or name.startswith(_THIS):
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            yield from (f"{name}:{number}: {rule.why}" for rule in _RULES if rule.pattern.search(line))
