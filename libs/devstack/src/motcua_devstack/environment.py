"""The virtual environment, made from hash-locked requirements by the interpreter that runs `./dev`.

Standard library only. A stamp inside the environment says which groups it holds and from which files; as long as it is
true nothing runs. An installation that was killed leaves its stamp at `installing` and is made anew.
"""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from motcua_devstack import filelock
from motcua_devstack.console import Progress
from motcua_devstack.errors import DevError
from motcua_devstack.paths import ROOT, STATE, VENV, VENV_PYTHON, packages

GROUPS = ("runtime", "servers", "test", "lint")
REQUIREMENTS = ROOT / "requirements"
BOOTSTRAP = REQUIREMENTS / "bootstrap.txt"
STAMP = VENV / "motcua-stamp.json"
INSTALLING = "installing"
INCOMPLETE = "incomplete"
NEEDED_BYTES = 2_500_000_000
KEPT_LINES = 15


@dataclass(frozen=True)
class Stamp:
    """What the environment holds.

    Attributes:
        digest: of every file that it was made from, or `installing` (killed meanwhile), or `incomplete` (refused).
        groups: requirement groups in it.
    """

    digest: str
    groups: list[str]


def ensure(groups: Iterable[str]) -> None:
    """Make the environment hold `groups` and the suite's own packages (editable); cheap when it already does.

    Raises:
        DevError: it could not be made; the text says why.
    """
    wanted = set(groups)
    if _holds(wanted):
        return
    with filelock.hold(STATE / "environment.lock", _wait):
        if not _holds(wanted):
            _make(wanted)


def _wait(process_id: int) -> None:
    print(f"another ./dev (process {process_id}) prepares the environment; waiting for it", flush=True)


def _holds(wanted: set[str]) -> bool:
    stamp = _read_stamp()
    return stamp is not None and wanted <= set(stamp.groups) and stamp.digest == _digest()


def _read_stamp() -> Stamp | None:
    try:
        return Stamp(**json.loads(STAMP.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write_stamp(digest: str, groups: list[str]) -> None:
    if VENV.exists():
        STAMP.write_text(json.dumps(asdict(Stamp(digest, groups))))


def _digest() -> str:
    """Digest of all that decides what is installed: interpreter, locked requirements, the packages' own metadata."""
    digest = hashlib.sha256(sys.version.encode())
    files = [*sorted(REQUIREMENTS.glob("*.txt")), *(folder / "pyproject.toml" for folder in packages())]
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _make(wanted: set[str]) -> None:
    progress = Progress()
    before = _read_stamp()
    groups = [group for group in GROUPS if group in wanted | set(before.groups if before else ())]
    fresh = before is None or before.digest == INSTALLING or not _runs()
    try:
        _check_disk()
        if fresh:
            progress.say(f"environment: making {VENV.name} with Python {sys.version.split()[0]}")
            _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "make the virtual environment")
        _write_stamp(INSTALLING, groups)
        pip = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(BOOTSTRAP)]
        _run(pip, "install the installer")
        uv = [str(VENV / "bin" / "uv"), "--system-certs", "pip"]  # a firm's network may have an authority of its own
        files = [str(BOOTSTRAP), *(str(REQUIREMENTS / f"{group}.txt") for group in groups)]
        count = sum(line[:1].isalnum() for file in files for line in Path(file).read_text().splitlines())
        progress.say(f"environment: installing {count} locked packages ({', '.join(groups)})")
        # Compiled here: twenty processes that each compile what they import take a minute to start.
        sync = [*uv, "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", str(VENV_PYTHON), *files]
        _run(sync, "install requirements")
        own = packages()
        progress.say(f"environment: linking {len(own)} packages of the suite")
        editable = [part for folder in own for part in ("-e", str(folder))]
        link = [*uv, "install", "--quiet", "--no-deps", "--no-build-isolation", "--python", str(VENV_PYTHON), *editable]
        _run(link, "link the suite's packages")
        _write_stamp(_digest(), groups)
    except DevError:
        _write_stamp(INCOMPLETE, groups)  # it ended in order: what is there is whole and can be added to
        raise
    except OSError as error:
        raise DevError(_explain(error)) from error
    progress.say("environment: ready")


def _runs() -> bool:
    """Whether the environment's interpreter starts and is the version that runs `./dev`."""
    version = "import sys; print(sys.version)"
    try:
        found = subprocess.run([str(VENV_PYTHON), "-c", version], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return found.returncode == 0 and found.stdout.strip() == sys.version.strip()


def _check_disk() -> None:
    free = shutil.disk_usage(ROOT).free
    if not VENV.exists() and free < NEEDED_BYTES:
        raise DevError(f"the disk of {ROOT} has {free // 10**6} MB free, the environment needs {NEEDED_BYTES // 10**6}")
    if not os.access(ROOT, os.W_OK):
        raise DevError(f"no right to write in {ROOT}; clone the repository to a folder of your own")


def _run(command: list[str], purpose: str) -> None:
    """Run one installation command; its output is shown only when it fails."""
    # The caller's PYTHON* settings are about another environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    result = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode == 0:
        return
    lines = result.stdout.strip().splitlines()[-KEPT_LINES:]
    print("\n".join(f"    {line}" for line in lines), flush=True)
    if any("No space left" in line for line in lines):
        raise DevError("the disk is full; free some space and run the command again")
    if any("ensurepip" in line for line in lines):
        raise DevError("this Python has no venv module; install it (Debian: python3-venv) or use another Python")
    raise DevError(f"could not {purpose}; the lines above say why. Run the command again once it is mended")


def _explain(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; free some space and run the command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no right to write {error.filename}; clone the repository to a folder of your own"
    return f"{error.strerror}: {error.filename}"
