"""`./dev demo`: the whole suite on this machine, and the main job walked through it."""

import argparse
import json
import shutil
import threading
from datetime import datetime
from pathlib import Path

from motcua_devstack.console import Progress
from motcua_devstack.demo.local import MessageFiles, local_world
from motcua_devstack.demo.observation import Observation
from motcua_devstack.demo.reporting import report, tell
from motcua_devstack.demo.steps import take_all
from motcua_devstack.demo.walk import Outcome, Walk
from motcua_devstack.interruption import sigterm_interrupts
from motcua_devstack.stack import RunningStack, Stack
from motcua_devstack.supervisor import State

NAME = "demo"
SPANS = "spans.jsonl"


def run(options: argparse.Namespace) -> int:
    """Boot, walk, report; 1 when a step's outcome was not verified."""
    sigterm_interrupts()
    progress = Progress()
    stack = Stack(NAME)
    progress.say("starting servers, services, workers, scheduler, e-ID and message sinks")
    with stack.run(fresh=options.fresh, told=_Boot(progress)) as running:
        progress.say("everything is ready")
        folder = stack.runs / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        folder.mkdir(parents=True)
        walk, outcomes = _walk(running, folder, progress)
        ok = all(outcome.ok for outcome in outcomes)
        text = _report(walk, outcomes)
        (folder / "report.json").write_text(text)
        if options.report:
            Path(options.report).write_text(text)
        progress.say(f"slips, permit, messages and report: {folder}")
        progress.say("every step verified" if ok else "NOT every step verified")
        if options.keep:
            progress.say("everything stays up; Ctrl-C stops it")
            threading.Event().wait()
    return 0 if ok else 1


class _Boot:
    """Tells how many processes are ready, and which have crashed."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, name: str, state: State) -> None:
        if state in (State.READY, State.DONE):
            self._progress.say(f"  {name} {state}")
        elif state is State.CRASHED:
            self._progress.say(f"  {name} crashed; it is started again")


def _walk(running: RunningStack, folder: Path, progress: Progress) -> tuple[Walk, list[Outcome]]:
    """Take the steps, up to the first whose outcome is not verified."""
    with Observation(running.addresses.otlp, "demo") as observation:
        world = local_world(running, observation.channel)
        walk = Walk(world, observation, folder)
        outcomes = list(tell(take_all(walk), progress))
        _collect(walk, MessageFiles(running.stack.messages))
        world.suite.close()
    return walk, outcomes


def _collect(walk: Walk, messages: MessageFiles) -> None:
    """Put the messages and spans of this walk into its folder: the stack's own go on and end with it."""
    for file in messages.files(walk.begun):
        target = walk.folder / "messages" / file.relative_to(messages.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    if walk.world.spans is not None:
        with (walk.folder / SPANS).open("w") as target_file:
            target_file.writelines(json.dumps(span, ensure_ascii=False) + "\n" for span in walk.spans())


def _report(walk: Walk, outcomes: list[Outcome]) -> str:
    messages = sorted(str(file) for file in (walk.folder / "messages").rglob("*") if file.is_file())
    return report(walk, outcomes, messages=messages, spans=str(walk.folder / SPANS))
