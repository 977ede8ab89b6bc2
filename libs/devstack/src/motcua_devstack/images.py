"""What each container image holds: the suite's packages, found by their own pyproject.toml.

Standard library only: `docker/Dockerfile` runs `python -m motcua_devstack.images NAME VARIANT TARGET` to collect the
sources of an image before anything is installed. They lie in an image as in the repository, under `/app`.
"""

import re
import shutil
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from motcua_devstack.paths import ROOT, packages

OWN = "motcua-"
APP = Path("/app")
DOCKERFILE = Path("docker") / "Dockerfile"
VARIANTS = RUNTIME, DEVELOP = ("runtime", "develop")
RELOAD = Path(__file__).with_name("reload.py")
ANYBODY_WRITES = 0o222
SERVICES = "services"
DATA = (Path("city"), Path("telemetry") / "topology.yaml")
"""What every image holds besides packages."""
TOOLS = {"dev": "devstack", "ops": "ops"}
"""Images beside those of the services, by the package that each holds."""

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[(?P<extras>[^]]+)\])?")


@dataclass(frozen=True)
class Package:
    """One package of the suite.

    Attributes:
        name: its distribution, e.g. `motcua-kit`.
        version: of its distribution.
        folder: where its `pyproject.toml` and `src` are.
        dependencies: requirements that it always has.
        extras: further requirements by extra.
    """

    name: str
    version: str
    folder: Path
    dependencies: tuple[str, ...]
    extras: dict[str, tuple[str, ...]]


def names() -> list[str]:
    """Names of all images: one of each service, then those of the tools."""
    return [*(folder.name for folder in packages() if folder.parent.name == SERVICES), *TOOLS]


def version() -> str:
    """Version of the suite: that of all its packages."""
    return _read(ROOT / "libs" / "kit").version


def packages_of(image: str) -> list[Package]:
    """The suite's packages in an image."""
    return [package for package, _ in _closure(image)]


def requirements_of(image: str) -> list[str]:
    """What the packages of an image need from others, as they declare it."""
    return sorted({requirement for _, requirements in _closure(image) for requirement in requirements})


def requirements_of_variant(variant: str) -> list[str]:
    """What a variant adds to every image: the extra of its name."""
    return list(_read(ROOT / "libs" / "devstack").extras.get(variant, ()))


def collect(image: str, variant: str, target: Path) -> None:
    """Lay an image's packages and data under `target` as they shall lie in the image; Python finds the packages."""
    libraries = _below(target, Path(sysconfig.get_path("purelib")))
    libraries.mkdir(parents=True)
    found = []
    for package in packages_of(image):
        source = package.folder / "src"
        place = APP / source.relative_to(ROOT)
        shutil.copytree(source, _below(target, place), ignore=shutil.ignore_patterns("__pycache__"))
        found.append(str(place))
        _tell_version(package, libraries)
    for data in DATA:
        place = _below(target, APP / data)
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / data).is_dir() else shutil.copy
        copy(ROOT / data, place)
    if variant == DEVELOP:
        shutil.copy(RELOAD, libraries / "motcua_reload.py")
        found.append("import motcua_reload")
        # Sources of all packages are sent to every container, and what it does not hold must find a place, too.
        for group in {folder.parent.name for folder in packages()}:
            _below(target, APP / group).mkdir(exist_ok=True)
        for path in _below(target, APP).rglob("*"):
            path.chmod(path.stat().st_mode | ANYBODY_WRITES)
    (libraries / "motcua.pth").write_text("".join(f"{line}\n" for line in found))


def _tell_version(package: Package, libraries: Path) -> None:
    """Let `importlib.metadata` know a package that was not installed but copied."""
    folder = libraries / f"{package.name.replace('-', '_')}-{package.version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n")


def _below(target: Path, place: Path) -> Path:
    return target / place.relative_to("/")


def _closure(image: str) -> Iterator[tuple[Package, list[str]]]:
    """Each package of an image once, with the foreign requirements of all extras that somebody in it asks for."""
    known = {package.name: package for package in map(_read, packages())}
    wanted: dict[str, set[str]] = {}
    waiting = [f"{OWN}{TOOLS.get(image, image)}"]
    while waiting:
        match = _REQUIREMENT.match(waiting.pop())
        if match is None or match["name"] not in known:
            raise ValueError(f"no package of the suite for image {image}")
        package = known[match["name"]]
        extras = {extra.strip() for extra in (match["extras"] or "").split(",") if extra}
        if package.name in wanted and extras <= wanted[package.name]:
            continue
        wanted.setdefault(package.name, set()).update(extras)
        waiting += [item for item in _needs(package, extras) if item.startswith(OWN)]
    for name in sorted(wanted):
        package = known[name]
        yield package, [item for item in _needs(package, wanted[name]) if not item.startswith(OWN)]


def _needs(package: Package, extras: set[str]) -> list[str]:
    return [*package.dependencies, *(item for extra in sorted(extras) for item in package.extras[extra])]


def _read(folder: Path) -> Package:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {extra: tuple(items) for extra, items in project.get("optional-dependencies", {}).items()}
    return Package(project["name"], project["version"], folder, tuple(project.get("dependencies", ())), extras)


if __name__ == "__main__":
    collect(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
