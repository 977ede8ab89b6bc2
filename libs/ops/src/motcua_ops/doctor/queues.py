"""Background work: what waits in queues and outboxes, and what was given up."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.events.relay import STUCK_AFTER, stuck_events
from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Finding, fail, ok, warn

LONG_QUEUE = 1000
OLD = timedelta(minutes=5)


def queues(context: Context) -> Iterator[Finding]:
    """How many tasks wait in each queue, and for how long?"""
    routes = sorted(
        {task.route for service in context.services for task in context.topology.tasks_of(service).values()}
    )
    calm = 0
    for route in routes:
        length, age = int(context.broker.llen(route)), _age(context.broker.lindex(route, -1))
        text = f"{length} tasks wait" + (f", the oldest for {age.total_seconds():.0f} s" if age else "")
        if age and age > OLD:
            service, _, pool = route.partition(".")
            advice = f"look at the logs of {context.release.fullname}-{service}-worker-*, or add replicas ({pool})"
            yield fail(route, text, advice)
        elif length > LONG_QUEUE:
            yield warn(route, text, "add replicas to the pool if it does not shrink")
        else:
            calm += 1
    if calm:
        yield ok(f"{calm} queues", f"no task waits for more than {OLD.seconds // 60} minutes")


def _age(message: Any) -> timedelta | None:
    """How long ago the event of a task happened; None for tasks that carry none."""
    if message is None:
        return None
    envelope = json.loads(message)
    _, arguments, _ = json.loads(base64.b64decode(envelope["body"]))
    moment = (arguments.get("event") or {}).get("time")
    return datetime.now(UTC) - datetime.fromisoformat(moment) if moment else None


def outboxes(context: Context) -> Iterator[Finding]:
    """Do events wait that nobody hands over?"""
    waiting = 0
    for service in context.services:
        if stuck := stuck_events(context.store(service), STUCK_AFTER):
            waiting += 1
            advice = f"look at the logs of {context.release.fullname}-{service}-scheduler, and at the broker"
            yield fail(
                f"outbox of {service}", f"{len(stuck)} events wait for more than {_minutes(STUCK_AFTER)}", advice
            )
    if not waiting:
        yield ok("outboxes", f"no event waits for more than {_minutes(STUCK_AFTER)}")


def dead_letters(context: Context) -> Iterator[Finding]:
    """Has a handler given up on events?"""
    total = 0
    for service in context.services:
        letters = DeadLetters(context.store(service))
        count = letters.count()
        total += count
        if count:
            reason = next(letters.all()).error.strip().splitlines()[-1]
            pod = f"kubectl -n {context.release.namespace} exec deploy/{context.release.service(service)} --"
            advice = (
                f"{pod} python -m motcua_{service} dead-letters list; mend the cause, then: dead-letters replay --all"
            )
            yield fail(f"dead letters of {service}", f"{count}, the oldest: {reason}", advice)
    if not total:
        yield ok("dead letters", "none")


def _minutes(time: timedelta) -> str:
    return f"{time.seconds // 60} minutes"
