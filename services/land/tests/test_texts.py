"""Every reason has its enum value and its Vietnamese text, and every variable in a text is given."""

import re
from pathlib import Path

import yaml

import motcua_land
from motcua.land.v1.errors_pb2 import ErrorReason
from motcua_kit.localisation import OWN_TEXTS
from motcua_land.bootstrap import SERVICE
from motcua_land.domain.rights import BLOCKING
from motcua_land.entrypoints.messages import OBSTACLES

PACKAGE = Path(motcua_land.__file__).parent
REASONS = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
KIT_REASONS = set(yaml.safe_load(OWN_TEXTS.read_text(encoding="utf-8")))
RAISED = re.compile(
    r"(?:ValidationFailed|NotFound|PreconditionFailed|IllegalTransition|Conflict|Forbidden)\(\s*\"([A-Z_]+)\"",
    re.DOTALL,
)


def raised_in_the_code() -> set[str]:
    return {reason for file in PACKAGE.rglob("*.py") for reason in RAISED.findall(file.read_text(encoding="utf-8"))}


def test_reasons_in_code_and_contract_are_the_same() -> None:
    assert raised_in_the_code() - KIT_REASONS == REASONS


def test_every_reason_has_a_vietnamese_text() -> None:
    texts = yaml.safe_load((PACKAGE / "messages.vi.yaml").read_text(encoding="utf-8"))
    assert set(texts) == REASONS
    assert SERVICE.catalogue().missing(REASONS) == set()


def test_what_blocks_can_be_said_in_words() -> None:
    assert set(OBSTACLES) > BLOCKING
