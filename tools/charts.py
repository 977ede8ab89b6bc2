"""Write the parts of the charts that follow from other files, so that they cannot be wrong.

The umbrella chart gets its copy of the topology, the names of settings that its schema allows, and the table of values
in its README. `./dev gen` writes them; `--check` exits non-zero when the committed ones are stale.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from motcua_kit.settings import ServiceSettings
from motcua_ops.naming import SERVICES

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "helm" / "motcua"
BEGIN, END = "<!-- values -->", "<!-- /values -->"
KEYWORDS = {
    "type",
    "description",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
}
DESCRIPTION, DEFAULT = "# -- ", "# @default -- "


class ChartError(Exception):
    """A file of the chart lacks what is needed to write the rest."""


def topology() -> str:
    """The copy of the topology that templates can read; Helm sees no file outside a chart."""
    return (ROOT / "telemetry" / "topology.yaml").read_text(encoding="utf-8")


def values_schema() -> str:
    """`values.schema.json` with the services that there are and the settings that their classes have now."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    schema["properties"]["services"] |= {
        "properties": {name: _service(name) for name in SERVICES},
        "required": sorted(SERVICES),
    }
    schema["$defs"]["settings"] = settings_schema(ServiceSettings)
    for name in SERVICES:
        settings = importlib.import_module(f"motcua_{name}.bootstrap").SERVICE.settings
        schema["$defs"][f"{name}Settings"] = settings_schema(settings)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _service(name: str) -> dict[str, Any]:
    own = {"properties": {"settings": {"$ref": f"#/$defs/{name}Settings"}}}
    return {"allOf": [{"$ref": "#/$defs/service"}, own]}


def settings_schema(settings: type[ServiceSettings]) -> dict[str, Any]:
    """Schema of variables that may stand in values for everyone to read: all but secrets.

    They are named one by one, and others refused, because Helm then says the path of a wrong one.
    """
    generated = settings.model_json_schema()
    properties = {
        name.upper(): _variable(generated["properties"][name], generated.get("$defs", {}))
        for name, field in sorted(settings.model_fields.items())
        if field.annotation is not SecretStr
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _variable(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Schema of one variable in a file of values, which has no use for null, nor for our defaults and titles."""
    kept = {key: value for key, value in field.items() if key in KEYWORDS}
    match field:
        case {"$ref": str(reference)}:
            return kept | {"enum": definitions[reference.rpartition("/")[2]]["enum"]}
        case {"anyOf": [{"type": kind}, {"type": "null"}]}:
            return kept | {"type": kind}
        case _:
            return kept


@dataclass(frozen=True)
class Value:
    """One documented value, or a group of them.

    Attributes:
        path: keys joined by dots.
        default: as JSON; empty for a group.
        description: Markdown.
    """

    path: str
    default: str
    description: str


def documented_values(text: str) -> Iterator[Value]:
    """Yield the values of a `values.yaml` with the `# -- ` comments that stand above them.

    A mapping in block style is a group: it may have a description, its members must. One in flow style is one value.

    Raises:
        ChartError: a value has no description.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ChartError("values.yaml: want a mapping")
    yield from _members(root, "", text.splitlines())


def _members(group: yaml.MappingNode, prefix: str, lines: list[str]) -> Iterator[Value]:
    for key, node in group.value:
        path = f"{prefix}{key.value}"
        description, default = _comment_above(lines, key.start_mark.line)
        is_group = isinstance(node, yaml.MappingNode) and not node.flow_style
        if description:
            shown = default or ("" if is_group else f"`{json.dumps(_plain(node), ensure_ascii=False)}`")
            yield Value(path, shown, description)
        elif not is_group:
            raise ChartError(f"values.yaml:{key.start_mark.line + 1}: {path} has no `{DESCRIPTION}` line above it")
        # What the row shows by `@default`, or what a user makes up the keys of, is described as a whole.
        if is_group and not default:
            yield from _members(node, f"{path}.", lines)


def _comment_above(lines: list[str], line: int) -> tuple[str, str]:
    first = line
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    comment = [text.strip() for text in lines[first:line]]
    starts = [number for number, text in enumerate(comment) if text.startswith(DESCRIPTION)]
    if not starts:
        return "", ""
    said = comment[starts[-1] :]
    default = next((text.removeprefix(DEFAULT) for text in said if text.startswith(DEFAULT)), "")
    words = [
        said[0].removeprefix(DESCRIPTION),
        *(text.lstrip("# ") for text in said[1:] if not text.startswith(DEFAULT)),
    ]
    return " ".join(words), default


def _plain(node: yaml.Node) -> Any:
    return yaml.safe_load(yaml.serialize(node))


def readme() -> str:
    """README of the chart with the table of its values."""
    text = (CHART / "README.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ChartError(f"README.md: want a line {BEGIN} and a line {END}")
    rows = ["| value | default | meaning |", "| --- | --- | --- |"]
    for value in documented_values((CHART / "values.yaml").read_text(encoding="utf-8")):
        cells = (f"`{value.path}`", value.default, value.description)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return f"{before}{begin}\n" + "\n".join(rows) + f"\n{end}{after}"


WRITERS: dict[str, Callable[[], str]] = {
    "files/topology.yaml": topology,
    "values.schema.json": values_schema,
    "README.md": readme,
}


def stale() -> Iterator[str]:
    """Files that differ from what would be written now."""
    for name, write in WRITERS.items():
        file = CHART / name
        if not file.exists() or file.read_text(encoding="utf-8") != write():
            yield f"stale: {file.relative_to(ROOT)} — run ./dev gen"


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="exit 1 when committed files are stale")
    try:
        if parser.parse_args().check:
            findings = list(stale())
            print("\n".join(findings), end="\n" if findings else "")
            return 1 if findings else 0
        for name, write in WRITERS.items():
            (CHART / name).write_text(write(), encoding="utf-8")
    except ChartError as error:
        print(f"helm/motcua/{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
