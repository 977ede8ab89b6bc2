"""What the container images hold, judged without building them."""

import os
import queue
import re
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path
from typing import IO

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from motcua_devstack import images
from motcua_devstack.commands.image import BUILDER
from motcua_devstack.commands.lock import OLDEST_PYTHON
from motcua_devstack.environment import REQUIREMENTS
from motcua_devstack.paths import ROOT

LOCKS = REQUIREMENTS / "images"
DOCKERFILE = (ROOT / images.DOCKERFILE).read_text()
OLDEST = {"python_full_version": f"{OLDEST_PYTHON}.0"}
"""Requirements are locked for it; a marker may ask."""
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$", re.MULTILINE)


def pins(file: Path) -> dict[str, str]:
    """Versions by package that a lock names."""
    return dict(PIN.findall(file.read_text()))


def closure(requirements: list[str]) -> set[str]:
    """All packages that these need on this platform, as the installed ones say."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({**OLDEST, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found.add(name)
        for wanted in {"", *requirement.extras} - {asked for known, asked in seen if known == name}:
            seen.add((name, wanted))
            waiting += [(Requirement(text), wanted) for text in metadata.requires(name) or ()]
    return found


def run_program(command: list[str], env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603


def test_every_service_has_an_image() -> None:
    services = {folder.name for folder in (ROOT / "services").iterdir() if (folder / "pyproject.toml").exists()}
    assert set(images.names()) == services | {"ops", "dev"}


@pytest.mark.parametrize("image", images.names())
def test_an_image_holds_what_its_packages_need_and_what_all_images_have(image: str) -> None:
    shared, own = pins(LOCKS / "common.txt"), pins(LOCKS / f"{image}.txt")
    assert not shared.keys() & own.keys()
    assert own.keys() == closure(images.requirements_of(image)) - shared.keys(), "./dev lock"


def test_what_all_images_have_is_what_the_kit_needs() -> None:
    assert pins(LOCKS / "common.txt").keys() == closure(images.requirements_of("kit")), "./dev lock"


def test_images_run_the_versions_that_are_tested() -> None:
    tested = {
        name: version
        for group in ("runtime", "servers", "test")
        for name, version in pins(REQUIREMENTS / f"{group}.txt").items()
    }
    for lock in LOCKS.glob("*.txt"):
        assert pins(lock).items() <= tested.items(), f"{lock.name}: ./dev lock"


def test_only_the_develop_variant_adds_something() -> None:
    assert not pins(LOCKS / "runtime.txt")
    assert "watchfiles" in pins(LOCKS / "develop.txt")


@pytest.mark.parametrize("image", images.names())
def test_sources_of_an_image_are_those_of_its_packages(image: str, tmp_path: Path) -> None:
    images.collect(image, images.RUNTIME, tmp_path)
    found = {path.parent.name for path in tmp_path.rglob("py.typed")} - {"motcua"}
    wanted = {package.name.replace("-", "_") for package in images.packages_of(image)}
    assert wanted <= {path.parent.name for path in tmp_path.rglob("__init__.py")}
    assert {name for name in found if name.startswith("motcua_")} <= wanted
    (path_file,) = tmp_path.rglob("*.pth")
    lines = path_file.read_text().splitlines()
    assert len(lines) == len(wanted)
    assert all((tmp_path / line.removeprefix("/")).is_dir() for line in lines)
    assert not list(tmp_path.rglob("tests"))
    told = {item.name: item.version for item in metadata.distributions(path=[str(path_file.parent)])}
    assert told == {package.name: package.version for package in images.packages_of(image)}


@pytest.mark.parametrize("image", images.names())
@pytest.mark.parametrize("variant", images.VARIANTS)
def test_every_image_holds_data_where_its_settings_say(image: str, variant: str, tmp_path: Path) -> None:
    images.collect(image, variant, tmp_path)
    settings = dict(re.findall(r"(CITY_DIR|TOPOLOGY_FILE)=(\S+)", DOCKERFILE))
    assert (tmp_path / settings["CITY_DIR"][1:] / "procedures").is_dir()
    assert (tmp_path / settings["TOPOLOGY_FILE"][1:]).is_file()


@pytest.mark.parametrize("image", images.names())
def test_whatever_is_synchronised_may_be_written_by_anybody_who_develops(image: str, tmp_path: Path) -> None:
    images.collect(image, images.DEVELOP, tmp_path)
    app = tmp_path / "app"
    there = list(app.rglob("*"))
    assert {app / group for group in ("libs", "services", "city", "telemetry")} <= set(there)
    assert all(path.stat().st_mode & 0o222 == 0o222 for path in there)
    (path_file,) = tmp_path.rglob("*.pth")
    assert "import motcua_reload" in path_file.read_text().splitlines()
    assert (path_file.parent / "motcua_reload.py").is_file()


def test_an_image_of_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nonesuch"):
        images.collect("nonesuch", images.RUNTIME, tmp_path)


@pytest.mark.parametrize("image", images.names())
@pytest.mark.parametrize("variant", images.VARIANTS)
def test_everything_that_the_dockerfile_copies_is_there(image: str, variant: str) -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert copied
    for source in " ".join(copied).replace("${NAME}", image).replace("${VARIANT}", variant).split():
        assert (ROOT / source).exists(), source


def test_nothing_else_is_sent_to_the_builder() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert rules[0] == "*"
    assert let_in == {"city", "libs", "requirements/images", "services", "telemetry/topology.yaml"}
    assert {"**/tests", "**/__pycache__"} <= set(rules)


def test_the_dockerfile_is_clean() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    result = run_program(
        [str(linter), str(ROOT / images.DOCKERFILE)],
    )
    assert result.returncode == 0, result.stdout


def test_without_a_builder_dev_image_says_what_to_do() -> None:
    command = [sys.executable, "-m", "motcua_devstack", "image", "land"]
    result = run_program(
        command,
        env={**os.environ, BUILDER: "nonesuch build"},
    )
    assert result.returncode == 1
    assert "nonesuch" in result.stderr
    assert BUILDER in result.stderr


BUILDER_PROGRAM = """\
#!{python}
import sys
print(*sys.argv[1:], sep="\\n", file=open("{log}", "a"))
sys.exit("broken" in " ".join(sys.argv))
"""


@pytest.fixture
def builder(tmp_path: Path) -> Path:
    """A program in the place of a builder, which notes what it is asked; `<name>.log` lies beside it."""
    program = tmp_path / "builder"
    program.write_text(BUILDER_PROGRAM.format(python=sys.executable, log=tmp_path / "builder.log"))
    program.chmod(0o700)
    return program


def dev_image(builder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `./dev image` with this builder."""
    command = [sys.executable, "-m", "motcua_devstack", "image", *arguments]
    environment = {**os.environ, BUILDER: f"{builder} build"}
    return run_program(
        command,
        env=environment,
    )


def test_the_builder_gets_the_options_of_docker_build(builder: Path) -> None:
    assert dev_image(builder, "land", "--tag", "t1", "--variant", "develop").returncode == 0
    asked = builder.with_suffix(".log").read_text().splitlines()
    assert asked[:5] == ["build", "-t", "motcua/land:t1", "-f", "docker/Dockerfile"]
    assert {"NAME=land", "VARIANT=develop", f"VERSION={images.version()}"} <= set(asked)
    assert asked[-1] == "."


def test_the_default_tag_names_version_and_commit() -> None:
    listed = run_program(
        [sys.executable, "-m", "motcua_devstack", "image", "--list"],
    )
    names = listed.stdout.split()
    assert [name.partition(":")[0] for name in names] == [f"motcua/{image}" for image in images.names()]
    assert all(
        re.fullmatch(rf".*:{re.escape(images.version())}-([0-9a-f]{{10}}(-dirty)?|unknown)", name) for name in names
    )


def test_what_the_builder_refuses_is_shown(builder: Path) -> None:
    result = dev_image(builder, "land", "--tag", "broken")
    assert result.returncode == 1
    assert "motcua/land:broken" in result.stderr


def test_a_reference_names_one_image(builder: Path) -> None:
    assert dev_image(builder, "land", "--reference", "registry.test:5000/motcua_land:t2").returncode == 0
    assert "registry.test:5000/motcua_land:t2" in builder.with_suffix(".log").read_text()
    assert dev_image(builder, "--reference", "registry.test:5000/motcua_land:t2").returncode == 1


def test_images_are_pushed_when_asked(tmp_path: Path, builder: Path) -> None:
    buildah = builder.rename(tmp_path / "buildah")
    reference = "registry.test/motcua_land:t3"
    assert dev_image(buildah, "land", "--reference", reference).returncode == 0
    assert "push" not in builder.with_suffix(".log").read_text().splitlines()
    assert dev_image(buildah, "land", "--reference", reference, "--push").returncode == 0
    assert builder.with_suffix(".log").read_text().splitlines()[-2:] == ["push", reference]


AT_START = """\
import os
if os.getppid() == int(os.environ["TESTER"]):
    from motcua_devstack import reload
    reload.APP = os.environ["APP"]
    reload.supervise()
"""
PROGRAM = """\
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
print("started", flush=True)
{then}
"""


WATCHED = {"PYTHONPATH": "src", "CITY_DIR": "city", "TOPOLOGY_FILE": "telemetry/topology.yaml"}
"""What is watched of an image, by the variable that names it."""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The folder of sources and data."""
    for place in WATCHED.values():
        (tmp_path / "app" / place).parent.mkdir(parents=True, exist_ok=True)
    for folder in ("src", "city"):
        (tmp_path / "app" / folder).mkdir()
    return tmp_path / "app"


def supervised(app: Path, then: str) -> subprocess.Popen[str]:
    """Start a program that says `started`, then `then`; the reloader acts while Python starts, as in an image."""
    (app / "src" / "sitecustomize.py").write_text(AT_START)
    places = {variable: str(app / place) for variable, place in WATCHED.items()}
    environment = {**os.environ, **places, "TESTER": str(os.getpid()), "APP": str(app)}
    command = [sys.executable, "-c", PROGRAM.format(then=then)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603


def pass_on(out: IO[str], lines: queue.Queue[str]) -> None:
    """Give each line on as it comes."""
    for line in out:
        lines.put(line)


def started_anew(changed: Path, lines: queue.Queue[str]) -> bool:
    """Change a file until the process starts again: nothing tells when the watch is set up."""
    for number in range(100):
        changed.write_text(f"NUMBER = {number}\n")
        try:
            return lines.get(timeout=0.5) == "started\n"
        except queue.Empty:
            continue
    return False


@pytest.mark.parametrize(
    ("then", "changed"),
    [
        ("signal.pause()", "src/module.py"),
        ("sys.exit(3)", "src/module.py"),
        ("signal.pause()", "city/procedure.yaml"),
        ("signal.pause()", "telemetry/topology.yaml"),
    ],
    ids=["serves", "failed", "city", "topology"],
)
def test_a_changed_file_starts_the_process_anew(app: Path, then: str, changed: str) -> None:
    lines: queue.Queue[str] = queue.Queue()
    with supervised(app, then) as process:
        assert process.stdout is not None
        threading.Thread(target=pass_on, args=(process.stdout, lines)).start()
        assert lines.get(timeout=60) == "started\n"
        assert started_anew(app / changed, lines)
        assert process.poll() is None
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_what_is_done_ends(app: Path) -> None:
    with supervised(app, "pass") as process:
        assert process.wait(timeout=60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == "started\n"
