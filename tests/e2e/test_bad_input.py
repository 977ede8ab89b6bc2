"""Bad input over the wire: the right code, a reason, a Vietnamese message, and nothing changed."""

import uuid

import pytest

from motcua.dossier.v1.dossier_pb2 import (
    CreateUploadRequest,
    Dossier,
    GetDossierRequest,
    UpdateDossierRequest,
)
from motcua_client import (
    Conflict,
    Forbidden,
    MotcuaError,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    StaticToken,
    ValidationFailed,
)
from motcua_devstack.demo import house, people
from motcua_devstack.demo.scenes import submitted
from motcua_devstack.demo.walk import Walk

OTHER_CITIZEN = "079090004321"


def told_why(error: MotcuaError) -> bool:
    return bool(error.reason and error.domain and error.localized_message)


def test_dossier_of_another_person_looks_like_none(walk: Walk) -> None:
    other = walk.world.citizen(OTHER_CITIZEN)
    with pytest.raises(NotFound) as foreign:
        other.dossier(walk.dossier)
    with pytest.raises(NotFound) as missing:
        other.dossier(f"dossiers/{uuid.uuid4().hex}")
    assert told_why(foreign.value)
    assert foreign.value.reason == missing.value.reason
    with pytest.raises(NotFound):
        other.withdraw(walk.dossier, "Không phải của tôi.")


@pytest.mark.parametrize("name", ["", "dossiers/1", "accounts/" + "0" * 32, "dossiers/" + "G" * 32])
def test_wrong_name_is_refused_with_the_field(walk: Walk, name: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        walk.citizen.dossiers.GetDossier(GetDossierRequest(name=name))
    assert [one.field for one in refusal.value.violations] == ["name"]
    assert told_why(refusal.value)


def test_foreign_token_is_refused(walk: Walk) -> None:
    stranger = people.Citizen(walk.world.suite, walk.citizen.name, StaticToken("not.a.token"))
    with pytest.raises(NotAuthenticated) as refusal:
        stranger.dossier(walk.dossier)
    assert told_why(refusal.value)


def test_nobody_is_refused(walk: Walk) -> None:
    with pytest.raises(NotAuthenticated):
        walk.world.anyone().dossier(walk.dossier)


def test_citizen_cannot_accept(walk: Walk) -> None:
    dossier = submitted(walk.citizen)
    citizen_as_officer = people.ReceptionOfficer(walk.world.suite, walk.citizen.name, walk.citizen.credentials)
    with pytest.raises(Forbidden) as refusal:
        citizen_as_officer.accept(dossier.name)
    assert told_why(refusal.value)
    assert walk.citizen.dossier(dossier.name).etag == dossier.etag


def test_wrong_transition_changes_nothing(walk: Walk) -> None:
    before = walk.citizen.dossier(walk.dossier)
    with pytest.raises(PreconditionFailed) as refusal:
        walk.citizen.submit(walk.dossier)
    assert told_why(refusal.value)
    assert walk.citizen.dossier(walk.dossier) == before


def test_stale_etag_changes_nothing(walk: Walk) -> None:
    draft = walk.citizen.start(house.PROCEDURE, house.WARD)
    filled = walk.citizen.fill_in(draft, house.HOUSE)
    request = UpdateDossierRequest(
        dossier=Dossier(name=draft.name, etag=draft.etag, form=people.struct({"request": {}}))
    )
    request.update_mask.paths.append("form")
    with pytest.raises(Conflict) as refusal:
        walk.citizen.dossiers.UpdateDossier(request)
    assert told_why(refusal.value)
    assert walk.citizen.dossier(draft.name).etag == filled.etag


def test_same_request_id_with_another_body_is_refused(walk: Walk) -> None:
    request_id = str(uuid.uuid4())
    draft = walk.citizen.start(house.PROCEDURE, house.WARD)

    def change(form: dict[str, object]) -> None:
        request = UpdateDossierRequest(
            dossier=Dossier(name=draft.name, form=people.struct(form)), request_id=request_id
        )
        request.update_mask.paths.append("form")
        walk.citizen.dossiers.UpdateDossier(request)

    change({"request": {"kind": "NEW"}})
    after = walk.citizen.dossier(draft.name)
    with pytest.raises(ValidationFailed) as refusal:
        change({"request": {"kind": "TEMPORARY"}})
    assert told_why(refusal.value)
    assert walk.citizen.dossier(draft.name) == after


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0),
        ("size", 2**40),
        ("sha256", "abc"),
        ("component", "Land Paper"),
        ("content_type", "application/x-sh"),
    ],
)
def test_wrong_upload_is_refused(walk: Walk, field: str, value: object) -> None:
    draft = walk.citizen.start(house.PROCEDURE, house.WARD)
    good = {
        "parent": draft.name,
        "component": "site_plan",
        "filename": "a.pdf",
        "content_type": house.PDF,
        "size": 10,
        "sha256": "0" * 64,
    }
    with pytest.raises(ValidationFailed) as refusal:
        walk.citizen.dossiers.CreateUpload(CreateUploadRequest(**{**good, field: value}))  # type: ignore[arg-type]
    assert told_why(refusal.value)
    assert not walk.citizen.dossier(draft.name).uploads
