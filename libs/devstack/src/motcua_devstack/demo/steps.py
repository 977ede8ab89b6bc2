"""The main job, step by step (the walk of a household that wants to build a house)."""

import concurrent.futures
import contextlib
import contextvars
import hashlib
import itertools
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone

from motcua.common.v1.common_pb2 import LegalReference
from motcua.dossier.v1.consultation_pb2 import Consultation
from motcua.dossier.v1.dossier_pb2 import Component, Dossier, GetTimelineRequest, ListDossiersRequest, Upload
from motcua.land.v1.certificates_pb2 import Certificate
from motcua.notify.v1 import notification_pb2
from motcua.permits.v1.application_pb2 import (
    Condition,
    Decision,
    PermitApplication,
    SupplementItem,
)
from motcua.permits.v1.application_pb2 import (
    Consultation as ApplicationConsultation,
)
from motcua.permits.v1.bylaw_pb2 import Finding
from motcua.permits.v1.permit_pb2 import ListPermitsRequest, Permit
from motcua_client import NotFound, PreconditionFailed
from motcua_devstack import cast, traces
from motcua_devstack.demo import house, people
from motcua_devstack.demo.observation import unobserved
from motcua_devstack.demo.walk import APPLICANT, Outcome, Step, Walk, check

CODE = re.compile(r"H29\.[A-Z0-9.-]+-\d{6}-\d{4}")
CITY_TIME = timezone(timedelta(hours=7))
DECREE = LegalReference(source="NĐ 217/2026/NĐ-CP", article="Điều 54", confidence="sure")
PAUSE = timedelta(days=4)
"""How long the applicant takes to answer at most: longer than a weekend with a public holiday."""
MARGIN = timedelta(hours=1)
"""How long before the deadline the applicant answers at the latest."""


def citizen_signs_in(walk: Walk) -> str:
    """1. The applicant signs in through the national e-ID."""
    with walk.action("sign-in"):
        walk.citizen = walk.world.citizen(APPLICANT)
    with unobserved():
        account = walk.citizen.account()
    check(account.citizen_id == APPLICANT, "the account has another number")
    check(account.assurance_level == 2, "the e-ID vouches for less than level 2")  # noqa: PLR2004 - level two
    return f"{account.full_name} signed in through the e-ID, level {account.assurance_level}"


def officers_sign_in(walk: Walk) -> str:
    """1. Officers sign in with password and one-time code."""
    world = walk.world
    with walk.action("officers sign-in"):
        walk.reception = world.officer(people.ReceptionOfficer, cast.RECEPTION)
        walk.handler = world.officer(people.Handler, cast.HANDLER)
        walk.leader = world.officer(people.Leader, cast.LEADER)
        walk.consultee = world.officer(people.Consultee, cast.CONSULTEE)
        walk.administrator = world.officer(people.Administrator, cast.ADMINISTRATOR)
    names = {walk.reception.name, walk.handler.name, walk.leader.name, walk.consultee.name, walk.administrator.name}
    check(len(names) == 5, "officers share an identity")  # noqa: PLR2004 - as many as signed in above
    return "reception, handler, leader, consulted agency and administrator signed in with password and one-time code"


def draft(walk: Walk) -> str:
    """2. A draft comes prefilled; papers that the City holds are reused."""
    with walk.action("draft"):
        dossier = walk.citizen.start(house.PROCEDURE, house.WARD)
    walk.dossier = dossier.name
    form = people.form_of(dossier)
    check(form.get("applicant", {}).get("citizen_id") == APPLICANT, "the form does not know the applicant")
    check(form.get("land", {}).get("parcel", "").startswith("parcels/"), "the form does not know the parcel")
    reused = [one for one in dossier.components if one.state == Component.STATE_REUSED]
    check([one.code for one in reused] == ["land_paper"], f"reused are {[one.code for one in reused]}")
    return f"draft prefilled with name, address and parcel {form['land']['parcel']}; reused: {reused[0].source}"


def upload(walk: Walk) -> str:
    """3. Drawings go straight to the object store and are checked."""
    drawings = {code: title for code, title in house.PAPERS.items() if code != house.COMMITMENT}
    with walk.action("upload"):
        walk.citizen.fill_in(walk.read_dossier(), house.HOUSE)
        for component, title in drawings.items():
            walk.citizen.upload(walk.dossier, component, house.paper(component, title))
    dossier = _wait_for_checks(walk)
    missing = [one.code for one in dossier.components if one.required and one.state == Component.STATE_MISSING]
    check(missing == [house.COMMITMENT], f"still missing: {missing}")
    return f"{len(dossier.uploads)} files uploaded straight to the object store; size, type, hash and malware checked"


def _wait_for_checks(walk: Walk) -> Dossier:
    judged = (Upload.STATE_CHECKED, Upload.STATE_REJECTED)
    dossier = walk.eventually(
        walk.read_dossier,
        lambda dossier: all(one.state in judged for one in dossier.uploads),
        "the files to be checked",
    )
    rejected = [f"{one.filename}: {one.finding}" for one in dossier.uploads if one.state == Upload.STATE_REJECTED]
    check(not rejected, f"rejected: {rejected}")
    return dossier


def submit(walk: Walk) -> str:
    """4. The last paper is added and the button pressed three times at once: one dossier, one code, one answer."""
    request_id = str(uuid.uuid4())
    with walk.action("submit"), concurrent.futures.ThreadPoolExecutor(3) as fingers:
        walk.citizen.upload(
            walk.dossier, house.COMMITMENT, house.paper(house.COMMITMENT, house.PAPERS[house.COMMITMENT])
        )
        _wait_for_checks(walk)
        presses = [
            fingers.submit(contextvars.copy_context().run, walk.citizen.submit, walk.dossier, request_id)
            for _ in range(3)
        ]
        codes = {press.result().code for press in presses}
    check(len(codes) == 1, f"the presses gave the codes {codes}")
    walk.code = codes.pop()
    check(CODE.fullmatch(walk.code), f"{walk.code} is no code")
    with unobserved():
        listed = walk.citizen.dossiers.ListDossiers(ListDossiersRequest(code=walk.code)).dossiers
    check([one.name for one in listed] == [walk.dossier], "more than one dossier has the code")
    walk.eventually(lambda: _inbox_about(walk), lambda messages: len(messages) == 1, "one acknowledgement in the inbox")
    return f"submitted by three presses at once: one dossier {walk.code}, one acknowledgement"


def accept(walk: Walk) -> str:
    """5. An officer accepts: slip 01, due date in working days."""
    with unobserved():
        queue = walk.reception.queue(house.WARD)
    check(walk.dossier in {one.name for one in queue}, "the dossier is not in the queue of the reception")
    with walk.action("accept"):
        dossier = walk.reception.accept(walk.dossier)
    walk.due_time = dossier.due_time.ToDatetime(UTC)
    check(dossier.working_days == 7, f"{dossier.working_days} working days instead of 7")  # noqa: PLR2004 - Điều 54
    accepted = dossier.accept_time.ToDatetime(UTC)
    check(walk.due_time - accepted >= timedelta(days=7), f"due {walk.due_time}, accepted {accepted}")
    slip = walk.fetch_slip("01")
    return f"accepted, due {walk.due_time.astimezone(CITY_TIME):%d/%m/%Y %H:%M} (7 working days); {slip}"


def application_opens(walk: Walk) -> str:
    """6. Permits opens an application by itself and runs the by-law checks."""
    found = walk.eventually(
        lambda: walk.handler.applications_of(house.WARD, walk.dossier),
        lambda found: bool(found) and bool(found[0].findings),
        "the application with its findings",
    )
    check(len(found) == 1, f"{len(found)} applications instead of one")
    walk.application = found[0].name
    with walk.action("read findings"):
        application = walk.handler.application(walk.application)
    blocked = [one.message.vi for one in application.findings if one.outcome == Finding.OUTCOME_BLOCK]
    check(not blocked, f"blocked: {blocked}")
    uncited = [one.rule_id for one in application.findings if not one.law.source or not one.law.article]
    check(not uncited, f"findings without law: {uncited}")
    walk.wait_for_dossier(Dossier.STATE_PROCESSING)
    return f"application opened; {len(application.findings)} by-law findings, each with its article, none blocks"


def consult(walk: Walk) -> str:
    """6. The handler consults another agency, with a deadline."""
    with walk.action("consult"):
        walk.handler.consult(
            walk.application,
            house.CONSULTED_AGENCY,
            "Ý kiến về quy hoạch",
            "Đề nghị cho ý kiến về sự phù hợp quy hoạch của công trình.",
        )
    waiting = walk.eventually(
        lambda: [one for one in walk.consultee.waiting(house.CONSULTED_AGENCY) if one.dossier == walk.dossier],
        bool,
        "the consultation at the agency",
    )
    check(len(waiting) == 1, f"{len(waiting)} consultations instead of one")
    check(waiting[0].HasField("deadline"), "the consultation has no deadline")
    walk.consultation = waiting[0].name
    deadline = waiting[0].deadline.ToDatetime(UTC).astimezone(CITY_TIME)
    return f"{house.CONSULTED_AGENCY} consulted, silence after {deadline:%d/%m/%Y %H:%M} is consent"


def answer_consultation(walk: Walk) -> str:
    """6. The agency agrees."""
    with walk.action("answer consultation"):
        walk.consultee.answer(walk.consultation, Consultation.OUTCOME_AGREED, "Thống nhất, phù hợp quy hoạch.")
    walk.eventually(
        lambda: walk.handler.application(walk.application),
        lambda application: (
            [one.outcome for one in application.consultations] == [ApplicationConsultation.OUTCOME_AGREED]
        ),
        "the answer in the application",
    )
    return "the agency agrees; the application knows it"


def request_supplement(walk: Walk) -> str:
    """7. One supplement is asked for: slip 02, the clock pauses; a paper that the City holds cannot be asked for."""
    refusal = _ask_for_land_paper(walk)
    item = SupplementItem(
        component="architecture_drawings", reason="Bản vẽ mặt cắt chưa ghi cao độ các tầng.", law=DECREE
    )
    with walk.action("request supplement"):
        walk.handler.request_supplement(walk.application, [item])
    dossier = walk.wait_for_dossier(Dossier.STATE_SUPPLEMENT_REQUESTED)
    check(dossier.supplement.HasField("answer_by"), "the supplement has no deadline")
    slip = walk.fetch_slip("02")
    return f"supplement asked for once, clock paused; {slip}; asking for the land paper was refused: “{refusal}”"


def _ask_for_land_paper(walk: Walk) -> str:
    """Ask for what the City holds, which must be refused and change nothing; returns what was said."""
    item = SupplementItem(component="land_paper", reason="Nộp bản sao Giấy chứng nhận.", law=DECREE)
    before = walk.read_dossier()
    said = ""
    with walk.action("ask for a paper that the City holds"):
        try:
            walk.handler.request_supplement(walk.application, [item])
        except PreconditionFailed as refusal:
            said = refusal.localized_message
    check(said, "a paper that the City holds was asked for again")
    check(walk.read_dossier() == before, "the refused request changed the dossier")
    return said


def answer_supplement(walk: Walk) -> str:
    """7. The applicant answers; the clock resumes and the due date moves by whole working days."""
    clock = walk.world.clock
    left = walk.read_dossier().supplement.answer_by.ToDatetime(UTC) - clock.now()
    days_passed = clock.advance(min(PAUSE, left - MARGIN))
    component = "architecture_drawings"
    with walk.action("answer supplement"):
        walk.citizen.upload(walk.dossier, component, house.paper(component, house.PAPERS[component], "B"))
        _wait_for_checks(walk)
        walk.citizen.answer_supplement(walk.dossier, "Đã bổ sung cao độ trên bản vẽ mặt cắt.")
    dossier = walk.wait_for_dossier(Dossier.STATE_PROCESSING)
    due = dossier.due_time.ToDatetime(UTC)
    paused = sum(pause.working_days for pause in dossier.pauses)
    before, walk.due_time = walk.due_time, due
    check(due.time() == before.time(), "the due date did not move by whole days")
    if not paused:
        check(not days_passed, "the pause counts no working day")
        check(due == before, f"due {due}, before {before}, without a day of pause")
        return f"answered at once: no working day passed, still due {due:%d/%m/%Y}"
    check(due > before, f"due {due}, before {before}")
    return f"answered after {paused} working days; due date moved from {before:%d/%m} to {due:%d/%m/%Y}"


def review_and_propose(walk: Walk) -> str:
    """8. The handler looks into the land register, reviews the conditions of the law and proposes to grant."""
    walk.eventually(
        lambda: walk.handler.application(walk.application),
        lambda application: application.state == PermitApplication.STATE_UNDER_REVIEW,
        "the application to be under review again",
    )
    with walk.action("propose"):
        components = walk.handler.dossier(walk.dossier).components
        land_paper = next(one.source for one in components if one.code == "land_paper")
        certificate = walk.handler.certificate(land_paper, f"permit {walk.application}")
        conditions = walk.handler.application(walk.application).checklist
        open_ones = [one.code for one in conditions if one.outcome != Condition.OUTCOME_NOT_APPLICABLE]
        walk.handler.review(walk.application, dict.fromkeys(open_ones, Condition.OUTCOME_MET))
        application = walk.handler.propose(
            walk.application, Decision.OUTCOME_GRANT, "Hồ sơ đủ điều kiện cấp giấy phép."
        )
    check(certificate.state == Certificate.STATE_VALID, "the certificate is not valid")
    check(application.state == PermitApplication.STATE_PROPOSED, "the proposal is not with the leader")
    return f"{land_paper} is valid, {len(open_ones)} conditions met, grant proposed to the leader"


def approve(walk: Walk) -> str:
    """8. The leader approves: gap-free number, signed permit."""
    with walk.action("approve"):
        walk.leader.approve(walk.application)
    application = walk.eventually(
        lambda: walk.handler.application(walk.application),
        lambda application: application.state == PermitApplication.STATE_ISSUED,
        "the permit to be issued",
    )
    with unobserved():
        permit = walk.leader.permit(application.permit)
        numbers = sorted(
            one.sequence
            for one in walk.leader.permits.ListPermits(ListPermitsRequest(unit=house.WARD)).permits
            if one.year == permit.year and one.sequence <= permit.sequence
        )
    walk.permit, walk.number, walk.verification_code = permit.name, permit.number, permit.verification_code
    expected = list(range(permit.sequence - len(numbers) + 1, permit.sequence + 1))
    check(numbers == expected, f"numbers have gaps: {numbers}")
    check(application.decision.approver != application.receiver, "the receiver has signed")
    return f"approved by the leader; permit no. {permit.number}"


def deliver(walk: Walk) -> str:
    """9. The dossier completes; the result lands in the applicant's document store."""
    dossier = walk.wait_for_dossier(Dossier.STATE_RETURNED)
    check(dossier.delivery_state == Dossier.DELIVERY_STATE_DELIVERED, "the result is not handed over")
    with walk.action("fetch permit"):
        documents = [one for one in walk.citizen.my_documents(walk.dossier) if one.number == walk.number]
        check(len(documents) == 1, f"{len(documents)} documents have the number {walk.number}")
        content = walk.citizen.download(documents[0].name)
    walk.permit_pdf = walk.folder / "permit.pdf"
    walk.permit_pdf.write_bytes(content)
    signer = walk.check_signed(content, "the permit")
    with unobserved():
        timeline = walk.citizen.dossiers.GetTimeline(GetTimelineRequest(name=walk.dossier)).entries
    return f"result in the document store: permit {walk.number}, signed by {signer}; {len(timeline)} timeline entries"


def told(walk: Walk) -> str:
    """10. The applicant was told at each change, exactly once each, with proof of delivery."""
    final = (
        notification_pb2.Notification.STATE_DELIVERED,
        notification_pb2.Notification.STATE_ACCEPTED,
        notification_pb2.Notification.STATE_SUPPRESSED,
    )
    events = {"dossier.submitted", "dossier.accepted", "dossier.supplement_requested", "dossier.supplemented"}
    events |= {"dossier.completed", "dossier.delivered"}

    def look() -> list[notification_pb2.Notification]:
        found = walk.administrator.messages_about(walk.dossier)
        return [one for one in found if one.recipient == walk.citizen.name]

    sent = walk.eventually(
        look,
        lambda found: events <= {one.event_type for one in found} and all(one.state in final for one in found),
        f"messages about {sorted(events)}",
    )
    keys = [(one.event_id, one.channel) for one in sent]
    check(len(keys) == len(set(keys)), "somebody was told twice")
    unproven = [one.name for one in sent if one.state in final[:2] and not one.HasField("proof")]
    check(not unproven, f"no proof of delivery: {unproven}")
    with walk.action("read inbox"):
        inbox = walk.citizen.inbox()
    check(len({one.notification for one in inbox}) == len(inbox), "a message is twice in the inbox")
    if walk.world.messages is not None:
        arrived = walk.world.messages.since(walk.begun)
        check(arrived.emails, "no e-mail arrived")
        check(arrived.texts, "no SMS arrived")
    return f"{len(sent)} messages for {len(events)} changes, each once per channel, with proof of delivery"


def verify_by_anyone(walk: Walk) -> str:
    """11. Anyone can verify the permit by its QR code."""
    with walk.action("verify permit"):
        answer = walk.world.anyone().verify_permit(walk.number, walk.verification_code)
        page = walk.world.suite.web.get(
            f"{walk.world.places.permits}/verify", params={"number": walk.number, "code": walk.verification_code}
        )
    check(answer.state == Permit.STATE_ISSUED, "the permit is not in force")
    digest = hashlib.sha256(walk.permit_pdf.read_bytes()).hexdigest()
    check(answer.document_sha256 == digest, "the permit in hand is not the one that was issued")
    check(page.ok, f"the public page answers {page.status_code}")
    check(walk.number in page.text, "the public page does not name the permit")
    with unobserved(), contextlib.suppress(NotFound):
        walk.world.anyone().verify_permit(walk.number, "0000-0000-0000")
        check(condition=False, text="a wrong code was accepted")
    return f"permit {walk.number} verified by anyone, by gRPC and on the public page; a wrong code is refused"


def who_read(walk: Walk) -> str:
    """11. The applicant sees who read their data."""
    walk.eventually(
        walk.citizen.who_read_my_data,
        lambda entries: any(one.reader == walk.handler.name for one in entries),
        "the handler in the log of readers",
    )
    with walk.action("who read my data"):
        entries = walk.citizen.who_read_my_data()
    check(all(one.purpose for one in entries), "somebody read without a purpose")
    return f"{len(entries)} readings of her data, each with reader and purpose"


def one_trace_each(walk: Walk) -> str:
    """12. Each action is one trace, across HTTP, gRPC, MongoDB, object store, Celery and back."""

    def look() -> list[str]:
        found = traces.by_trace(walk.spans())
        problems = [trace_problems(name, found.get(trace_id, [])) for name, trace_id in walk.traces.items()]
        orphans = [f"{span['service']} · {span['name']}" for trace in found.values() for span in traces.orphans(trace)]
        return [*itertools.chain.from_iterable(problems), *orphans]

    walk.eventually(look, lambda problems: not problems, "whole traces")
    found = traces.by_trace(walk.spans())
    count = sum(len(found[trace_id]) for trace_id in walk.traces.values())
    return f"{len(walk.traces)} actions are {len(walk.traces)} traces of {count} spans, none without its parent"


HOPS_OF_SUBMIT = {
    ("demo", "http"),
    ("dossier", "rpc server"),
    ("dossier", "mongodb"),
    ("dossier", "http"),
    ("dossier", "task"),
    ("scheduler", "message"),
    ("notify", "task"),
    ("notify", "mongodb"),
    ("identity", "rpc server"),
    ("identity", "mongodb"),
}
"""Who does what when a dossier is submitted; `http` of the dossier service is the object store."""


def trace_problems(name: str, trace: list[traces.Span]) -> list[str]:
    """What is wrong with the trace of an action."""
    if not trace:
        return [f"{name}: no spans"]
    problems = [f"{name}: {span['service']} · {span['name']} has lost its parent" for span in traces.orphans(trace)]
    if name == "submit":
        missing = HOPS_OF_SUBMIT - {(span["service"], traces.hop(span)) for span in trace}
        problems += [f"submit: no {kind} in {service}" for service, kind in sorted(missing)]
    return problems


def _inbox_about(walk: Walk) -> list[str]:
    return [one.name for one in walk.citizen.inbox() if one.subject == walk.dossier]


STEPS = (
    Step("sign-in", citizen_signs_in),
    Step("officers-sign-in", officers_sign_in),
    Step("draft", draft),
    Step("upload", upload),
    Step("submit", submit),
    Step("accept", accept),
    Step("application", application_opens),
    Step("consult", consult),
    Step("answer-consultation", answer_consultation),
    Step("request-supplement", request_supplement),
    Step("answer-supplement", answer_supplement),
    Step("propose", review_and_propose),
    Step("approve", approve),
    Step("deliver", deliver),
    Step("told", told),
    Step("verify", verify_by_anyone),
    Step("who-read", who_read),
    Step("traces", one_trace_each),
)


def take_all(walk: Walk) -> Iterator[Outcome]:
    """Take the steps one by one, up to the first whose outcome is not verified."""
    for step in STEPS:
        outcome = step.take(walk)
        yield outcome
        if not outcome.ok:
            return
