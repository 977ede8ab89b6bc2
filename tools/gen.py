"""Generate the Python of the contract: stubs, type stubs and descriptor images from `proto/`.

`./dev gen` writes the generated files; `--check` exits non-zero when the committed ones are stale; `--check-lint`
runs buf's lint and breaking rules over the descriptor image.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc_tools
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb  # the wheel ships descriptors, not the .proto

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
OUTPUT = ROOT / "libs/client/src"
RELEASED = PROTO / "released" / "motcua.binpb"
GENERATED_PACKAGES = ("motcua", "buf")


def sources() -> list[str]:
    """Paths of all proto files, relative to `proto/`, in a stable order."""
    return sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("motcua/**/*.proto"))


def include_folders(scratch: Path) -> list[str]:
    """Folders for protoc's `-I`: ours, googleapis (long-running under its registered name), well-known."""
    googleapis = Path(annotations_pb2.__file__).parents[2]
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    renamed = scratch / "include/google/longrunning"
    renamed.mkdir(parents=True)
    shutil.copy(googleapis / "google/longrunning/operations_proto.proto", renamed / "operations.proto")
    return [str(PROTO), str(scratch / "include"), str(googleapis), str(well_known)]


def run_protoc(arguments: list[str]) -> None:
    """Run protoc in this process.

    Raises:
        SystemExit: protoc refused the input; it has printed why.
    """
    if protoc.main(["protoc", *arguments]) != 0:
        sys.exit("protoc failed; the messages above name the file and line")


def validate_descriptors(scratch: Path, includes: list[str]) -> Path:
    """Write a descriptor set that holds `buf/validate/validate.proto`, which exists only as a descriptor."""
    rules = descriptor_pb2.FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
    base = scratch / "well_known.binpb"
    run_protoc(
        [
            *(f"-I{folder}" for folder in includes),
            "--include_imports",
            f"--descriptor_set_out={base}",
            *rules.dependency,
            *google_imports(),
        ]
    )
    descriptors = descriptor_pb2.FileDescriptorSet.FromString(base.read_bytes())
    descriptors.file.append(rules)
    target = scratch / "validate.binpb"
    target.write_bytes(descriptors.SerializeToString())
    return target


def google_imports() -> list[str]:
    """Google files that any of our files imports."""
    found = set()
    for source in sources():
        for line in (PROTO / source).read_text(encoding="utf-8").splitlines():
            if line.startswith('import "google/'):
                found.add(line.split('"')[1])
    return sorted(found)


def generate(output: Path) -> None:
    """Write all generated Python under `output`."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        includes = include_folders(scratch)
        descriptors = validate_descriptors(scratch, includes)
        plugins = Path(sys.executable).parent
        arguments = [
            f"--descriptor_set_in={descriptors}",
            *(f"-I{folder}" for folder in includes),
            *(f"--plugin={name}={plugins / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")),
        ]
        outputs = [f"--{kind}_out={output}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
        files = sources()
        run_protoc([*arguments, *outputs, *files])
        run_protoc([*arguments, f"--python_out={output}", f"--mypy_out={output}", "buf/validate/validate.proto"])
    for package in GENERATED_PACKAGES:
        for folder in {path.parent for path in (output / package).rglob("*.py")}:
            for level in (folder, *folder.parents):
                if level == output:
                    break
                (level / "__init__.py").touch()
        (output / package / "py.typed").touch()


def image(target: Path) -> None:
    """Write one descriptor image of the whole contract with comments, as buf reads it."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        includes = include_folders(scratch)
        descriptors = validate_descriptors(scratch, includes)
        run_protoc(
            [
                f"--descriptor_set_in={descriptors}",
                *(f"-I{folder}" for folder in includes),
                "--include_imports",
                "--include_source_info",
                f"--descriptor_set_out={target}",
                *sources(),
            ]
        )


def lint() -> int:
    """Run buf lint, and buf breaking against the released image when there is one; return the worst exit code."""
    buf = Path(sys.executable).parent / "buf"
    config = PROTO / "buf.yaml"
    with tempfile.TemporaryDirectory() as name:
        current = Path(name) / "motcua.binpb"
        image(current)
        commands = [[buf, "lint", current, "--config", config]]
        if RELEASED.exists():
            commands.append([buf, "breaking", current, "--against", RELEASED, "--config", config])
        # Imported files (google, buf.validate) are not ours to judge.
        code = 0
        for command in commands:
            result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
            ours = [line for line in result.stdout.splitlines() if not line.startswith(("google/", "buf/"))]
            print("\n".join([*ours, *result.stderr.splitlines()]), end="\n" if ours or result.stderr else "")
            code = max(code, 1 if ours or result.stderr else 0)
        return code


def stale() -> list[str]:
    """Generated files that differ from what the protos produce now."""
    with tempfile.TemporaryDirectory() as name:
        fresh = Path(name)
        generate(fresh)
        expected = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
        present = generated_files()
        changed = {path for path in expected & present if not filecmp.cmp(fresh / path, OUTPUT / path, shallow=False)}
        return sorted(str(path) for path in (expected ^ present) | changed)


def replace_changed(fresh: Path) -> None:
    """Bring the generated files up to date one by one, so that programs that run meanwhile miss none of them."""
    expected = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for path in sorted(expected):
        target = OUTPUT / path
        if not target.exists() or not filecmp.cmp(fresh / path, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(fresh / path, target.with_suffix(".new"))
            target.with_suffix(".new").replace(target)
    for path in generated_files() - expected:
        (OUTPUT / path).unlink()


def generated_files() -> set[Path]:
    """The generated files that are there, relative to the output folder."""
    return {
        path.relative_to(OUTPUT)
        for package in GENERATED_PACKAGES
        for path in (OUTPUT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def main() -> int:
    """Entry point of `./dev gen`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="exit 1 when committed generated files are stale")
    parser.add_argument("--check-lint", action="store_true", help="run buf lint and buf breaking")
    parser.add_argument("--release", action="store_true", help="write the image later changes are judged against")
    options = parser.parse_args()
    if options.check:
        files = stale()
        for file in files:
            print(f"stale: {file} — run ./dev gen")
        return 1 if files else 0
    if options.check_lint:
        return lint()
    if options.release:
        RELEASED.parent.mkdir(exist_ok=True)
        image(RELEASED)
        return 0
    with tempfile.TemporaryDirectory() as name:  # a failing proto leaves the present files alone
        generate(Path(name))
        replace_changed(Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
