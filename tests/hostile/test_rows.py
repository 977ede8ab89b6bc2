"""The permission tables before people who must not reach a row: every RPC of every service, every role in its row.

This asks the tables and the rule that judges rows; that servicers ask it is insisted on by the server
(`libs/kit/tests/rpc/test_server.py`), and what strangers see over the wire is in the tests of each service.
"""

from __future__ import annotations

import importlib

import pytest

from motcua_kit.access import ANYONE, Access, Caller, PermissionTable, Post, RowRule
from motcua_kit.domain import Forbidden, NotFound
from motcua_ops.naming import SERVICES

HERE, ELSEWHERE = "units/26740", "units/26743"
PERSONS = ("citizen", "organisation_representative")
ME, SOMEBODY = "accounts/me", "accounts/somebody"
OFFICER, COLLEAGUE = "officers/me", "officers/colleague"

Row = tuple[str, str, RowRule, PermissionTable]


def tables() -> dict[str, PermissionTable]:
    return {name: importlib.import_module(f"motcua_{name}.bootstrap").SERVICE.permissions() for name in SERVICES}


ROWS: list[Row] = [
    (rpc, role, rule, table)
    for table in tables().values()
    for rpc, row in table.rows.items()
    for role, rule in row.items()
]


def bound(rule: RowRule) -> list[Row]:
    return [row for row in ROWS if row[2] is rule]


def caller(role: str, unit: str = HERE) -> Caller:
    if role.startswith("service."):
        return Caller(role.replace("service.", "services/"), "service")
    if role in PERSONS:
        return Caller(ME, role)
    return Caller(OFFICER, "officer", (Post(unit, role),))


def reaches(access: Access, *, owner: str = "", unit: str = "", assignee: str = "") -> bool:
    try:
        access.check(owner=owner, unit=unit, assignee=assignee)
    except NotFound:
        return False
    return True


def test_the_tables_bind_rows_by_owner_and_by_unit() -> None:
    assert bound(RowRule.OWN)
    assert bound(RowRule.UNIT)


@pytest.mark.parametrize("name", SERVICES)
def test_an_officer_whose_posts_have_ended_may_call_what_anyone_may(name: str) -> None:
    former = Caller(OFFICER, "officer")
    table = tables()[name]
    for rpc, row in table.rows.items():
        if ANYONE in row:
            assert table.authorize(former, rpc).grants
        else:
            with pytest.raises(Forbidden):
                table.authorize(former, rpc)


def test_another_person_reaches_nobodys_rows() -> None:
    for rpc, role, _, table in bound(RowRule.OWN):
        me = caller(role)
        access = table.authorize(me, rpc)
        assert reaches(access, owner=me.name), (rpc, role)
        for owner in (SOMEBODY, COLLEAGUE, "", me.name.upper(), f"{me.name}/x", me.name[:-1]):
            assert not reaches(access, owner=owner), (rpc, role, owner)
        assert me.name in str(access.filter(owner="owner", unit="unit", assignee="handler")), (rpc, role)


def test_an_officer_of_another_unit_reaches_no_rows_here() -> None:
    for rpc, role, _, table in bound(RowRule.UNIT):
        access = table.authorize(caller(role, ELSEWHERE), rpc)
        assert reaches(access, unit=ELSEWHERE), (rpc, role)
        for unit in (HERE, "", ELSEWHERE.removeprefix("units/"), f"{ELSEWHERE}/x"):
            assert not reaches(access, owner=SOMEBODY, unit=unit, assignee=COLLEAGUE), (rpc, role, unit)
        assert HERE not in str(access.filter(owner="owner", unit="unit", assignee="handler")), (rpc, role)


def test_a_post_elsewhere_lends_its_unit_to_no_other_role() -> None:
    """Who is handler here and clerk elsewhere is no clerk here."""
    for rpc, role, _, table in bound(RowRule.UNIT):
        other = next(name for name in ("archivist", "consultee", "system_admin") if name not in table.rows[rpc])
        both = Caller(OFFICER, "officer", (Post(ELSEWHERE, role), Post(HERE, other)))
        assert not reaches(table.authorize(both, rpc), unit=HERE), (rpc, role, other)


def test_nobody_owns_what_has_no_owner() -> None:
    """A row without an owner, a unit or a handler is nobody's, also for a caller without a name."""
    nameless = Caller("", "citizen")
    for rpc, role, _, table in bound(RowRule.OWN):
        if role == "citizen":
            assert not reaches(table.authorize(nameless, rpc), owner="", unit="", assignee=""), rpc
