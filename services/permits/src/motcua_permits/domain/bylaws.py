"""By-law rules (quy chuẩn, quy định quản lý kiến trúc) as records, and what they say of a proposal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Any

from motcua_kit.domain import PreconditionFailed
from motcua_permits.domain.clauses import Clause, holds
from motcua_permits.domain.facts import Facts, FactValue
from motcua_permits.domain.tables import Interpolation, Table
from motcua_permits.domain.values import Confidence, LegalReference, LocalizedText

ROUNDING = 1e-9
"""Tolerance of comparisons, so that 80 % computed as 80.00000000000001 is 80 %."""


class Severity(StrEnum):
    """What it means to be beyond the limit of a rule."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


class Bound(StrEnum):
    """Whether a limit is the largest or the smallest allowed value."""

    MAX = "max"
    MIN = "min"


class Missing(StrEnum):
    """What an unknown fact means: a warning that the rule could not be computed, or that the rule is passed over."""

    WARN = "warn"
    SKIP = "skip"


@dataclass(frozen=True)
class Increment:
    """Something added to the limit of a table where a condition holds."""

    when: Clause
    add: float


@dataclass(frozen=True)
class Example:
    """Facts, and the limit (or, for an expectation, whether it holds) that the rule must give for them."""

    facts: dict[str, Any]
    limit: float | None = None
    holds: bool | None = None


@dataclass(frozen=True)
class Rule:
    """One rule of a by-law, with the law it stands in and the time it is in force.

    A rule limits `measure` by `table` over `input`, by the constant `limit` or by the fact `limit_from`; or it has no
    measure and expects that one of the clauses of `expect` holds.

    Attributes:
        rule_id: e.g. `qcvn01-2021.house-density`.
        title: what it limits.
        source: law text.
        article: place in it.
        valid_from: first day in force.
        valid_to: last day in force; None while it is.
        severity: what being beyond the limit means.
        confidence: how certain the rule is.
        area_filter: condition on the site; the rule is silent elsewhere.
        applies_when: condition on the proposal; the rule is silent otherwise.
        replaces: rule that this one replaces where it applies: an exception.
        measure: fact that is limited.
        unit: unit of measure and limit, as people read it.
        bound: whether the limit is a maximum or a minimum.
        input: facts that the table is over.
        table: limits.
        interpolation: how the table is read.
        limit: constant limit.
        limit_from: fact that holds the limit, e.g. of a detailed plan.
        increments: added to the table's limit.
        cap: table of the largest limit after increments, over the same input by step.
        expect: clauses of which one must hold.
        message: what to tell people when an expectation fails.
        missing: what an unknown fact means.
        note: for people who maintain the data.
        examples: at least one; the tests run them.
    """

    rule_id: str
    title: LocalizedText
    source: str
    article: str
    valid_from: date
    severity: Severity
    confidence: Confidence
    examples: tuple[Example, ...]
    valid_to: date | None = None
    area_filter: Clause = field(default_factory=dict)
    applies_when: Clause = field(default_factory=dict)
    replaces: str = ""
    measure: str = ""
    unit: str = ""
    bound: Bound = Bound.MAX
    input: tuple[str, ...] = ()
    table: Table | None = None
    interpolation: Interpolation = Interpolation.STEP
    limit: float | None = None
    limit_from: str = ""
    increments: tuple[Increment, ...] = ()
    cap: Table | None = None
    expect: tuple[Clause, ...] = ()
    message: LocalizedText | None = None
    missing: Missing = Missing.WARN
    note: str = ""

    @property
    def law(self) -> LegalReference:
        """Reference to the law."""
        return LegalReference(self.source, self.article, self.confidence.value)

    def problems(self) -> list[str]:
        """Say what is wrong with the record; nothing when it is sound."""
        found = []
        if self.severity is Severity.BLOCK and self.confidence is not Confidence.SURE:
            found.append("only a rule that is sure may block")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            found.append("it ends before it begins")
        if not self.examples:
            found.append("it has no examples")
        ways = [self.table is not None, self.limit is not None, bool(self.limit_from), bool(self.expect)]
        if sum(ways) != 1:
            found.append("exactly one of table, limit, limit_from and expect is needed")
        if bool(self.expect) == bool(self.measure):
            found.append("a limit needs a measure, an expectation has none")
        if self.expect and self.message is None:
            found.append("an expectation needs a message")
        for table, interpolation in ((self.table, self.interpolation), (self.cap, Interpolation.STEP)):
            if table is not None:
                if len(table.points) != len(self.input):
                    found.append("a table has points for each input")
                found += table.problems(interpolation)
        return found

    def in_force(self, day: date) -> bool:
        """Tell whether the rule is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def applies(self, facts: Facts) -> bool | None:
        """Tell whether the rule speaks about a proposal; None when a fact that decides it is not known."""
        return holds({**self.area_filter, **self.applies_when}, facts)

    def limit_for(self, facts: Facts) -> float | None:
        """Return the limit for a proposal; None when a fact is unknown or the table has a gap."""
        if self.limit is not None:
            return self.limit
        if self.limit_from:
            value = facts.get(self.limit_from)
            return None if value is None else _number(value)
        inputs = [facts.get(name) for name in self.input]
        if self.table is None or any(value is None for value in inputs):
            return None
        numbers = [_number(value) for value in inputs]
        limit = self.table.at(numbers, self.interpolation)
        if limit is None:
            return None
        limit += sum(increment.add for increment in self.increments if holds(increment.when, facts))
        cap = self.cap.at(numbers, Interpolation.STEP) if self.cap else None
        return limit if cap is None else min(limit, cap)

    def expectation_holds(self, facts: Facts) -> bool | None:
        """Tell whether one of the expected clauses holds; None when that is not known."""
        results = [holds(clause, facts) for clause in self.expect]
        if any(results):
            return True
        return None if None in results else False

    def needed_facts(self) -> tuple[str, ...]:
        """Return the names of the facts that the rule's result depends on, each once."""
        names = [*self.input, self.measure, self.limit_from]
        names += [name for clause in (self.area_filter, self.applies_when, *self.expect) for name in clause]
        names += [name for increment in self.increments for name in increment.when]
        return tuple(dict.fromkeys(name for name in names if name))


class FindingOutcome(StrEnum):
    """What a finding means for the decision. The officer decides; a finding never does."""

    INFO = "INFO"
    WARN = "WARN"
    BLOCK = "BLOCK"


@dataclass(frozen=True)
class FindingInput:
    """A fact that a rule was computed from; the value is empty when it is not known."""

    name: str
    value: str


@dataclass(frozen=True)
class Finding:
    """The result of one rule on one proposal.

    Attributes:
        rule_id: the rule.
        title: what it limits.
        law: where it stands.
        outcome: what it means for the decision.
        inputs: facts it was computed from.
        value: the proposal's value.
        limit: the limit; None when it could not be computed or the rule is not about a number.
        limit_is_maximum: whether the limit is a maximum.
        unit: unit of value and limit.
        message: the finding in words.
        valid_from: first day the rule is in force.
        valid_to: last day the rule is in force.
    """

    rule_id: str
    title: LocalizedText
    law: LegalReference
    outcome: FindingOutcome
    inputs: tuple[FindingInput, ...]
    message: LocalizedText
    valid_from: date
    value: float | None = None
    limit: float | None = None
    limit_is_maximum: bool = True
    unit: str = ""
    valid_to: date | None = None


@dataclass(frozen=True)
class BuildingClass:
    """One class of works (cấp công trình): the highest house that still belongs to it; None means no bound.

    Attributes:
        name: `IV`, `III`, `II`, `I` or `Đặc biệt`.
        max_storeys: most storeys.
        max_height_m: greatest height in m.
    """

    name: str
    source: str
    article: str
    confidence: Confidence
    valid_from: date
    valid_to: date | None = None
    max_storeys: int | None = None
    max_height_m: float | None = None


@dataclass(frozen=True)
class RuleSet:
    """The rules and building classes in force on one day: what an application is decided under.

    Attributes:
        day: the day.
        rules: in the order of the data.
        classes: lowest first.
    """

    day: date
    rules: tuple[Rule, ...]
    classes: tuple[BuildingClass, ...]

    @classmethod
    def on(cls, day: date, rules: Iterable[Rule], classes: Iterable[BuildingClass]) -> RuleSet:
        """Choose what is in force on a day.

        Raises:
            PreconditionFailed: nothing is in force (RULE_SET_MISSING).
        """
        chosen = cls(
            day,
            tuple(rule for rule in rules if rule.in_force(day)),
            tuple(
                grade
                for grade in classes
                if grade.valid_from <= day and (grade.valid_to is None or day <= grade.valid_to)
            ),
        )
        if not chosen.rules or not chosen.classes:
            raise PreconditionFailed(
                "RULE_SET_MISSING", f"the City's data has no by-laws in force on {day}", date=day.isoformat()
            )
        return chosen

    @property
    def digest(self) -> str:
        """SHA-256 over the records' content, `sha256:…`: equal digests mean equal rules."""
        content = {"rules": [asdict(rule) for rule in self.rules], "classes": [asdict(grade) for grade in self.classes]}
        text = json.dumps(content, default=str, ensure_ascii=False, sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def building_class(self, facts: Facts) -> str:
        """Return the class of works that storeys and height come to."""
        storeys, height = _number(facts["storeys"]), _number(facts["height_m"])
        for grade in self.classes:
            if (grade.max_storeys is None or storeys <= grade.max_storeys) and (
                grade.max_height_m is None or height <= grade.max_height_m
            ):
                return grade.name
        return self.classes[-1].name

    def check(self, facts: Facts) -> list[Finding]:
        """Return what each rule that speaks about a proposal says of it, in the order of the data."""
        known = {**facts, "building_class": self.building_class(facts)}
        replaced = {rule.replaces for rule in self.rules if rule.replaces and rule.applies(known)}
        findings = []
        for rule in self.rules:
            if rule.rule_id in replaced:
                continue
            applies = rule.applies(known)
            # Whether an exception holds is not known: the general rule stands, and warns by itself if it is broken.
            if applies is False or (applies is None and rule.replaces):
                continue
            finding = _undetermined(rule, known) if applies is None else _finding(rule, known)
            if finding is not None:
                findings.append(finding)
        return findings


def beyond(value: float, limit: float, bound: Bound) -> bool:
    """Tell whether a value is beyond a limit."""
    return value > limit + ROUNDING if bound is Bound.MAX else value < limit - ROUNDING


def _finding(rule: Rule, facts: Facts) -> Finding | None:
    if rule.expect:
        held = rule.expectation_holds(facts)
        if held is None:
            return _undetermined(rule, facts)
        message = rule.title if held or rule.message is None else rule.message
        return _of(rule, facts, FindingOutcome.INFO if held else FindingOutcome(rule.severity.name), message)
    value, limit = facts.get(rule.measure), rule.limit_for(facts)
    if value is None or limit is None:
        return _undetermined(rule, facts)
    number = _number(value)
    broken = beyond(number, limit, rule.bound)
    outcome = FindingOutcome(rule.severity.name) if broken else FindingOutcome.INFO
    return _of(rule, facts, outcome, _comparison(rule, number, limit, broken=broken), number, limit)


def _undetermined(rule: Rule, facts: Facts) -> Finding | None:
    if rule.missing is Missing.SKIP:
        return None
    unknown = [name for name in rule.needed_facts() if facts.get(name) is None]
    names = ", ".join(unknown)
    message = LocalizedText(
        f"{rule.title.vi}: chưa tính được vì chưa có {names or 'giới hạn trong bảng'}; cán bộ thụ lý tự kiểm tra.",
        f"{rule.title.en}: could not be computed, not known: {names or 'a limit in the table'}; check by hand.",
    )
    outcome = FindingOutcome.INFO if rule.severity is Severity.INFO else FindingOutcome.WARN
    value = facts.get(rule.measure) if rule.measure else None
    return _of(rule, facts, outcome, message, None if value is None else _number(value))


def _of(
    rule: Rule,
    facts: Facts,
    outcome: FindingOutcome,
    message: LocalizedText,
    value: float | None = None,
    limit: float | None = None,
) -> Finding:
    return Finding(
        rule_id=rule.rule_id,
        title=rule.title,
        law=rule.law,
        outcome=outcome,
        inputs=tuple(FindingInput(name, _as_text(facts.get(name))) for name in rule.needed_facts()),
        message=message,
        valid_from=rule.valid_from,
        value=value,
        limit=limit,
        limit_is_maximum=rule.bound is Bound.MAX,
        unit=rule.unit,
        valid_to=rule.valid_to,
    )


def _comparison(rule: Rule, value: float, limit: float, *, broken: bool) -> LocalizedText:
    unit = f" {rule.unit}" if rule.unit else ""
    most = rule.bound is Bound.MAX
    vi_verdict = (
        ("vượt mức tối đa" if most else "nhỏ hơn mức tối thiểu")
        if broken
        else ("không vượt mức tối đa" if most else "đạt mức tối thiểu")
    )
    en_verdict = ("above the most" if most else "below the least") if broken else "within"
    return LocalizedText(
        f"{rule.title.vi}: {vi_number(value)}{unit} {vi_verdict} {vi_number(limit)}{unit} "
        f"({rule.source}, {rule.article}).",
        f"{rule.title.en}: {value:g}{unit}, {en_verdict} {limit:g}{unit} ({rule.source}, {rule.article}).",
    )


def vi_number(value: float, decimals: int = 2) -> str:
    """Write a number as Vietnamese papers do: 1.234,5."""
    text = f"{value:,.{decimals}f}"
    if decimals:
        text = text.rstrip("0").rstrip(".")
    return text.replace(",", " ").replace(".", ",").replace(" ", ".")


def _as_text(value: FactValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, int | float) else value


def _number(value: FactValue) -> float:
    if isinstance(value, int | float):
        return float(value)
    message = f"a by-law compares numbers, not {value!r}"
    raise TypeError(message)


def problems_of(rules: Sequence[Rule]) -> list[str]:
    """Say what is wrong with the City's rules as a whole; nothing when they are sound."""
    found = [f"{rule.rule_id}: {problem}" for rule in rules for problem in rule.problems()]
    known = {rule.rule_id for rule in rules}
    found += [
        f"{rule.rule_id}: replaces {rule.replaces}, which is no rule"
        for rule in rules
        if rule.replaces not in {"", *known}
    ]
    found += [
        f"{one.rule_id}: two records are in force on the same day"
        for one, other in combinations(rules, 2)
        if one.rule_id == other.rule_id and (other.in_force(one.valid_from) or one.in_force(other.valid_from))
    ]
    return found
