"""The City's message data: examples come out as written, the law is named, nothing is left out."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from motcua_kit.domain import NotFound, PreconditionFailed, ValidationFailed
from motcua_notify.adapters.city import load_library
from motcua_notify.adapters.jinja import JinjaRenderer
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.library import Library
from motcua_notify.domain.segments import SmsEncoding, count_segments
from motcua_notify.domain.template import Example, MessageTemplate
from motcua_notify.domain.trigger import Trigger

CITY = Path(__file__).parents[3] / "city"
LIBRARY = load_library(CITY)
EXAMPLES = [
    pytest.param(template, example, id=f"{template.id}@{template.version}-{number}")
    for template in LIBRARY.templates
    for number, example in enumerate(template.examples, start=1)
]
ANH = "Nguyễn Thị Ánh"
LONG_CODE = "H29.26740.001-261123-0001234"
LONG_AGENCY = "Ủy ban nhân dân phường Tân Sơn Hòa"


def identity(value: object) -> str:
    return f"{value.id}@{value.version}" if isinstance(value, MessageTemplate) else ""


@pytest.mark.parametrize(("template", "example"), EXAMPLES)
def test_examples_come_out_as_written(template: MessageTemplate, example: Example, renderer: JinjaRenderer) -> None:
    rendered = renderer.render(
        template, example.channel, template.sample, language=example.language, folded=example.folded
    )
    if example.channel is Channel.EMAIL:
        assert example.expect in rendered.text
    else:
        assert rendered.text == example.expect
    if example.channel is Channel.SMS:
        assert count_segments(rendered.text).count == example.segments


@pytest.mark.parametrize("template", LIBRARY.templates, ids=identity)
def test_every_text_fills_in_completely(template: MessageTemplate, renderer: JinjaRenderer) -> None:
    assert template.examples, "a template without an example is not tested"
    for channel in template.channels:
        for language in ("vi", "en"):
            rendered = renderer.render(
                template, channel, template.sample, language=language, full_name="Nguyễn Thị Ánh"
            )
            assert rendered.text
            assert not re.search(r"[{}]|None|\bUndefined\b", rendered.text + rendered.subject)
            assert (rendered.subject == "") == (channel is Channel.SMS)
            if channel is Channel.EMAIL:
                assert ANH in rendered.text
                assert ANH in rendered.html
                assert template.source in rendered.html


@pytest.mark.parametrize("template", [one for one in LIBRARY.templates if one.sms], ids=identity)
def test_short_messages_stay_short_and_name_nobody(template: MessageTemplate, renderer: JinjaRenderer) -> None:
    values = {**template.sample, "code": LONG_CODE, "agency": LONG_AGENCY}
    accented = renderer.render(template, Channel.SMS, values)
    folded = renderer.render(template, Channel.SMS, values, folded=True)
    english = renderer.render(template, Channel.SMS, values, language="en")
    assert count_segments(accented.text).count <= 3
    assert count_segments(folded.text).encoding is SmsEncoding.GSM7
    assert count_segments(folded.text).count == 1
    assert count_segments(english.text).count == 1
    assert "full_name" not in (template.sms.vi + template.sms.vi_folded if template.sms else "")


@pytest.mark.parametrize("template", LIBRARY.templates, ids=identity)
def test_each_required_variable_is_required(template: MessageTemplate) -> None:
    assert template.sample.keys() == {*template.required, *template.optional}
    for name in template.required:
        without = {key: value for key, value in template.sample.items() if key != name}
        with pytest.raises(ValidationFailed) as refusal:
            template.choose(without)
        assert refusal.value.reason == "VARIABLE_MISSING"
        assert refusal.value.metadata["variable"] == name
    template.choose({key: value for key, value in template.sample.items() if key in template.required})


@pytest.mark.parametrize("record", [*LIBRARY.templates, *LIBRARY.triggers, *LIBRARY.policies], ids=lambda one: one.id)
def test_the_law_is_named(record: Any) -> None:
    assert record.source
    assert record.article
    assert record.confidence in {"sure", "likely", "check", "own"}
    assert record.valid_to is None or record.valid_from <= record.valid_to


@pytest.mark.parametrize("trigger", LIBRARY.triggers, ids=lambda one: one.id)
def test_every_trigger_finds_its_template_while_it_is_in_force(trigger: Trigger) -> None:
    for day in (trigger.valid_from, date(2030, 1, 1)):
        assert set(trigger.channels) <= set(LIBRARY.template(trigger.template, day).channels)


def test_a_template_of_tomorrow_is_not_in_force_today() -> None:
    first_day = LIBRARY.template("dossier-accepted", date(2026, 11, 23)).valid_from
    with pytest.raises(NotFound):
        LIBRARY.template("dossier-accepted", first_day - timedelta(days=1))


def test_versions_follow_each_other(library: Library) -> None:
    old = library.template("dossier-accepted", date(2026, 11, 23))
    fields = vars(old)
    ended = MessageTemplate(**{**fields, "valid_to": date(2026, 12, 31)})
    new = MessageTemplate(**{**fields, "version": "2", "valid_from": date(2027, 1, 1)})
    both = Library([ended, new], [], library.policies)
    assert both.template(old.id, date(2026, 12, 31)).version == "1"
    assert both.template(old.id, date(2027, 1, 1)).version == "2"
    assert both.version(old.id, "1") is ended
    with pytest.raises(ValueError, match="overlap"):
        Library([old, new], [], library.policies)


def test_a_trigger_without_its_template_is_refused_at_start(library: Library) -> None:
    with pytest.raises(ValueError, match="there is no template"):
        Library([], library.triggers, library.policies)


@pytest.mark.parametrize(
    "wrong",
    [{"template": "officer-dossier-accepted"}, {"officer_names": {"boss": "receiver"}}],
    ids=["channel", "variable"],
)
def test_a_trigger_that_asks_its_template_for_too_much_is_refused_at_start(
    library: Library, wrong: dict[str, Any]
) -> None:
    accepted = next(trigger for trigger in library.triggers if trigger.id == "accepted")
    with pytest.raises(ValueError, match="does not"):
        Library(library.templates, [Trigger(**{**vars(accepted), **wrong})], library.policies)


def test_a_legal_notice_cannot_be_optional(library: Library) -> None:
    with pytest.raises(ValueError, match="cannot be optional"):
        Trigger(**{**vars(library.triggers[0]), "legal_notice": True, "optional": True})


def test_values_cannot_bring_markup_or_code(renderer: JinjaRenderer, library: Library) -> None:
    template = library.template("dossier-refused", date(2026, 11, 23))
    values = {**template.sample, "reason": "<script>alert(1)</script> {{ code.__class__ }}"}
    rendered = renderer.render(template, Channel.EMAIL, values)
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;" in rendered.html
    assert "{{ code.__class__ }}" in rendered.text


def test_a_line_break_in_a_value_does_not_start_a_header(renderer: JinjaRenderer, library: Library) -> None:
    template = library.template("dossier-accepted", date(2026, 11, 23))
    rendered = renderer.render(template, Channel.EMAIL, {**template.sample, "code": "H29\r\nBcc: a@b.vn"})
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject


@pytest.mark.parametrize(
    ("name", "value"),
    [("due_time", "tomorrow"), ("due_time", "2026-12-03T10:00:00"), ("due_time", 5)],
)
def test_values_that_cannot_be_shown_are_refused(
    name: str, value: object, renderer: JinjaRenderer, library: Library
) -> None:
    template = library.template("dossier-accepted", date(2026, 11, 23))
    with pytest.raises(ValidationFailed) as refusal:
        renderer.render(template, Channel.INBOX, {**template.sample, name: value})
    assert refusal.value.reason == "VARIABLE_INVALID"


def test_a_channel_without_a_text_is_refused(renderer: JinjaRenderer, library: Library) -> None:
    template = library.template("officer-dossier-submitted", date(2026, 11, 23))
    with pytest.raises(PreconditionFailed) as refusal:
        renderer.render(template, Channel.SMS, template.sample)
    assert refusal.value.reason == "CHANNEL_NOT_OFFERED"


def test_only_progress_messages_may_be_switched_off(library: Library) -> None:
    assert library.optional_topics(date(2026, 11, 23)) == {"dossier-progress"}
