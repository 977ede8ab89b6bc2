"""Who may do what: callers, the permission table, and row rules.

The table is data, one file a service: every RPC of the service, and in it every role that may call it with the row rule
that binds the role. A role that is not there may not call the RPC.

    motcua.dossier.v1.DossierService/GetDossier: {citizen: own, handler: unit, auditor: any}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from motcua_kit.domain import Forbidden, NotAuthenticated, NotFound

ANYONE = "anyone"
"""The role of callers without a token."""


class RowRule(StrEnum):
    """Which rows a role reaches through an RPC."""

    ANY = "any"
    OWN = "own"
    UNIT = "unit"
    ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class Post:
    """An officer's place: a role in a unit."""

    unit: str
    role: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as the token says.

    Attributes:
        name: resource name, e.g. `accounts/…`, `officers/…`, `services/permits`; empty without a token.
        kind: `citizen`, `organisation_representative`, `officer`, `service` or `anyone`.
        posts: an officer's roles with their units, in force when the token was issued.
        assurance: level of the e-ID, 0–2.
        on_behalf_of: the person for whom a service acts.
    """

    name: str = ""
    kind: str = ANYONE
    posts: tuple[Post, ...] = ()
    assurance: int = 0
    on_behalf_of: str = ""

    @property
    def roles(self) -> frozenset[str]:
        """All roles of the caller; `anyone` is everybody's."""
        match self.kind:
            case "officer":
                return frozenset({ANYONE, *(post.role for post in self.posts)})
            case "service":
                return frozenset({ANYONE, f"service.{self.name.removeprefix('services/')}"})
            case "citizen" | "organisation_representative" as kind:
                return frozenset({ANYONE, kind})
            case _:  # a kind is no way to the role of an officer or a service
                return frozenset({ANYONE})


@dataclass(frozen=True, slots=True)
class Grant:
    """One way in which the caller may reach rows: a rule, and for `unit` the units where the role is held."""

    rule: RowRule
    units: frozenset[str] = frozenset()


@dataclass
class Access:
    """The caller's grants for one RPC; asked by application code, watched by the server.

    The server refuses to answer when row rules bound the call and nobody asked (`checked` stayed False): forgetting a
    check fails closed and shows in the first test.
    """

    caller: Caller
    grants: tuple[Grant, ...]
    checked: bool = field(default=False)

    @property
    def unbound(self) -> bool:
        """Whether some grant reaches every row."""
        return any(grant.rule is RowRule.ANY for grant in self.grants)

    @property
    def satisfied(self) -> bool:
        """Whether the row rules were asked, or none binds."""
        return self.checked or self.unbound

    def allows(self, *, owner: str = "", unit: str = "", assignee: str = "") -> bool:
        """Tell whether one grant reaches the row with these properties."""
        self.checked = True
        return any(
            grant.rule is RowRule.ANY
            or (grant.rule is RowRule.OWN and owner != "" and owner == self.caller.name)
            or (grant.rule is RowRule.UNIT and unit in grant.units)
            or (grant.rule is RowRule.ASSIGNED and assignee != "" and assignee == self.caller.name)
            for grant in self.grants
        )

    def check(self, *, owner: str = "", unit: str = "", assignee: str = "", resource: str = "") -> None:
        """Let the call go on when one grant reaches the row.

        Raises:
            NotFound: none does; what exists is not told to those who may not see it.
        """
        if not self.allows(owner=owner, unit=unit, assignee=assignee):
            raise NotFound(resource=resource)

    def filter(self, *, owner: str = "", unit: str = "", assignee: str = "") -> dict[str, Any]:
        """Return the part of a query that limits a list to the caller's rows.

        Args:
            owner: document field that holds the owner's resource name; empty when rows have no owner.
            unit: document field with the unit's resource name.
            assignee: document field with the assigned officer's resource name.
        """
        self.checked = True
        parts: list[dict[str, Any]] = []
        for grant in self.grants:
            match grant.rule:
                case RowRule.ANY:
                    return {}
                case RowRule.OWN if owner:
                    parts.append({owner: self.caller.name})
                case RowRule.UNIT if unit:
                    parts.append({unit: {"$in": sorted(grant.units)}})
                case RowRule.ASSIGNED if assignee:
                    parts.append({assignee: self.caller.name})
                case _:
                    pass
        if len(parts) == 1:
            return parts[0]
        return {"$or": parts} if parts else {"_id": {"$in": []}}


def everything(caller: Caller) -> Access:
    """Return unbound access, for a service's own work in the background."""
    return Access(caller, (Grant(RowRule.ANY),))


class PermissionTable:
    """Which role may call which RPC, under which row rule."""

    def __init__(self, rows: Mapping[str, Mapping[str, RowRule]]) -> None:
        self.rows = {rpc: dict(roles) for rpc, roles in rows.items()}

    @classmethod
    def load(cls, *files: Path) -> PermissionTable:
        """Read permission files.

        Raises:
            ValueError: a file names an unknown rule, or two files name the same RPC.
        """
        rows: dict[str, dict[str, RowRule]] = {}
        for file in files:
            for rpc, roles in yaml.safe_load(file.read_text(encoding="utf-8")).items():
                if rpc in rows:
                    message = f"{file}: {rpc} has two rows"
                    raise ValueError(message)
                rows[rpc] = {role: RowRule(rule) for role, rule in roles.items()}
        return cls(rows)

    def missing(self, rpcs: Iterable[str]) -> set[str]:
        """Return the RPCs that have no row; a server refuses to start while there are any."""
        return set(rpcs) - self.rows.keys()

    def authorize(self, caller: Caller, rpc: str) -> Access:
        """Return the caller's grants for an RPC.

        Raises:
            NotAuthenticated: no token, and the RPC is not public.
            Forbidden: none of the caller's roles may call the RPC.
        """
        row = self.rows.get(rpc, {})
        grants = tuple(self._grants(caller, row))
        if grants:
            return Access(caller, grants)
        if caller.kind == ANYONE:
            raise NotAuthenticated("TOKEN_MISSING", "this call needs an access token")
        raise Forbidden("PERMISSION_DENIED", f"no role of the caller may call {rpc}", rpc=rpc)

    @staticmethod
    def _grants(caller: Caller, row: Mapping[str, RowRule]) -> Iterable[Grant]:
        for role in sorted(caller.roles & row.keys()):
            rule = row[role]
            units = frozenset(post.unit for post in caller.posts if post.role == role)
            yield Grant(rule, units if rule is RowRule.UNIT else frozenset())
