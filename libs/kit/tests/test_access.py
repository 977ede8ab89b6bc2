"""The permission table and the row rules."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.access import Access, Caller, Grant, PermissionTable, Post, RowRule, everything
from motcua_kit.domain import Forbidden, NotAuthenticated, NotFound

RPC = "motcua.x.v1.X/Get"
CITIZEN = Caller("accounts/an", "citizen")
OFFICER = Caller("officers/1", "officer", (Post("units/1", "handler"), Post("units/2", "clerk")))
SERVICE = Caller("services/permits", "service")
NOBODY = Caller()


def table(**roles: str) -> PermissionTable:
    return PermissionTable({RPC: {role.replace("__", "."): RowRule(rule) for role, rule in roles.items()}})


@pytest.mark.parametrize(
    ("caller", "roles"),
    [
        (NOBODY, {"anyone"}),
        (CITIZEN, {"anyone", "citizen"}),
        (OFFICER, {"anyone", "handler", "clerk"}),
        (SERVICE, {"anyone", "service.permits"}),
        (Caller("officers/2", "officer"), {"anyone"}),
    ],
)
def test_roles(caller: Caller, roles: set[str]) -> None:
    assert caller.roles == roles


def test_a_citizen_cannot_be_an_officer_by_the_name_of_the_kind() -> None:
    with pytest.raises(Forbidden):
        table(handler="any").authorize(CITIZEN, RPC)


@pytest.mark.parametrize("caller", [CITIZEN, OFFICER, SERVICE])
def test_a_role_without_a_row_may_not_call(caller: Caller) -> None:
    with pytest.raises(Forbidden):
        table(auditor="any").authorize(caller, RPC)
    with pytest.raises(Forbidden):
        table(citizen="any", handler="any", service__permits="any").authorize(caller, "motcua.x.v1.X/Other")


def test_without_a_token_one_is_asked_for_it() -> None:
    with pytest.raises(NotAuthenticated):
        table(citizen="any").authorize(NOBODY, RPC)
    assert table(anyone="any").authorize(NOBODY, RPC).satisfied


def test_own_rows() -> None:
    access = table(citizen="own").authorize(CITIZEN, RPC)
    before = access.satisfied
    access.check(owner="accounts/an")
    assert (before, access.satisfied) == (False, True)
    for row in ({"owner": "accounts/binh"}, {"owner": ""}, {"unit": "units/1"}, {"assignee": "accounts/an"}, {}):
        with pytest.raises(NotFound):
            access.check(**row, resource="dossiers/1")
    assert access.filter(owner="applicant") == {"applicant": "accounts/an"}


def test_rows_of_the_units_where_the_role_is_held() -> None:
    access = table(handler="unit").authorize(OFFICER, RPC)
    access.check(unit="units/1")
    for unit in ("units/2", "units/3", ""):
        with pytest.raises(NotFound):
            access.check(unit=unit, owner="officers/1", assignee="officers/1")
    assert access.filter(owner="applicant", unit="unit") == {"unit": {"$in": ["units/1"]}}


def test_assigned_rows() -> None:
    access = table(handler="assigned").authorize(OFFICER, RPC)
    access.check(assignee="officers/1")
    for assignee in ("officers/2", ""):
        with pytest.raises(NotFound):
            access.check(assignee=assignee, owner="officers/1")
    assert access.filter(assignee="handler") == {"handler": "officers/1"}


def test_any_row() -> None:
    access = table(clerk="any", handler="unit").authorize(OFFICER, RPC)
    assert access.satisfied
    access.check()
    assert access.filter(unit="unit") == {}
    assert everything(SERVICE).filter() == {}


def test_several_grants_add_up() -> None:
    access = table(handler="unit", clerk="assigned").authorize(OFFICER, RPC)
    assert access.allows(unit="units/1")
    assert access.allows(assignee="officers/1")
    assert access.filter(unit="unit", assignee="handler") == {
        "$or": [{"handler": "officers/1"}, {"unit": {"$in": ["units/1"]}}]
    }


def test_a_grant_over_a_property_that_rows_do_not_have_reaches_none() -> None:
    assert table(citizen="own").authorize(CITIZEN, RPC).filter(unit="unit") == {"_id": {"$in": []}}


NAMES = st.sampled_from(["", "accounts/1", "officers/1", "units/1", "units/2"])
GRANTS = st.lists(
    st.builds(Grant, st.sampled_from(RowRule), st.frozensets(st.sampled_from(["units/1", "units/2"]))), max_size=3
)


@given(grants=GRANTS, owner=NAMES, unit=NAMES, assignee=NAMES, name=st.sampled_from(["accounts/1", "officers/1"]))
def test_a_list_holds_exactly_the_rows_that_may_be_read(
    grants: list[Grant], owner: str, unit: str, assignee: str, name: str
) -> None:
    access = Access(Caller(name, "officer"), tuple(grants))
    row = {"owner": owner, "unit": unit, "assignee": assignee, "_id": "1"}

    def matches(query: dict[str, object]) -> bool:
        for key, wanted in query.items():
            if key == "$or":
                assert isinstance(wanted, list)
                found = any(matches(part) for part in wanted)
            elif isinstance(wanted, dict):
                found = row[key] in wanted["$in"]
            else:
                found = row[key] == wanted
            if not found:
                return False
        return True

    query = access.filter(owner="owner", unit="unit", assignee="assignee")
    assert matches(query) == access.allows(owner=owner, unit=unit, assignee=assignee)


def test_tables_are_read_from_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(f"{RPC}: {{citizen: own, service.permits: any}}\n")
    second.write_text("motcua.x.v1.X/List: {auditor: any}\n")
    loaded = PermissionTable.load(first, second)
    assert loaded.rows[RPC] == {"citizen": RowRule.OWN, "service.permits": RowRule.ANY}
    assert loaded.missing([RPC, "motcua.x.v1.X/Drop"]) == {"motcua.x.v1.X/Drop"}
    with pytest.raises(ValueError, match="has two rows"):
        PermissionTable.load(first, first)
    second.write_text(f"{RPC}: {{citizen: sometimes}}\n")
    with pytest.raises(ValueError, match="sometimes"):
        PermissionTable.load(second)


def test_every_caller_against_every_rule() -> None:
    callers = {"citizen": CITIZEN, "handler": OFFICER, "service.permits": SERVICE, "anyone": NOBODY}
    for (role, caller), rule in itertools.product(callers.items(), RowRule):
        access = PermissionTable({RPC: {role: rule}}).authorize(caller, RPC)
        assert [grant.rule for grant in access.grants] == [rule]
        assert access.unbound == (rule is RowRule.ANY)
