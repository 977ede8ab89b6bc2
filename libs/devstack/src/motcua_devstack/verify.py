"""The main job walked through a suite that runs anywhere: `python -m motcua_devstack.verify`.

Where the suite is and what may be known of it comes from the environment (`motcua_devstack.demo.remote`).
"""

import logging
import sys
import tempfile
from pathlib import Path

import click
import structlog
from pydantic import ValidationError

from motcua_devstack.console import Progress
from motcua_devstack.demo.observation import Observation
from motcua_devstack.demo.remote import Surroundings
from motcua_devstack.demo.reporting import report, tell, verified
from motcua_devstack.demo.steps import STEPS, take_all
from motcua_devstack.demo.walk import Walk

FOLLOWS_SECONDS = 300.0
"""How long the consequences of an action may take: longer than it takes a dead worker's task to come back."""


@click.command()
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Gets the report, as JSON.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Gets slips and permit; a temporary one when not given."
)
@click.option("--without-traces", is_flag=True, help="Skip the traces: pods that are killed take their spans along.")
def main(report_file: Path | None, folder: Path | None, *, without_traces: bool) -> None:
    """Walk the main job through the suite that the environment describes; 1 when a step was not verified."""
    log_to_stderr()
    surroundings = read_surroundings()
    if without_traces:
        surroundings = surroundings.model_copy(update={"traces_url": ""})
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="motcua-verify-") as scratch:
        kept = folder or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        with Observation(surroundings.otel_exporter_otlp_endpoint, "demo") as observation:
            world = surroundings.world(observation.channel)
            walk = Walk(world, observation, kept, FOLLOWS_SECONDS)
            outcomes = list(tell(take_all(walk), progress))
            world.suite.close()
        if report_file is not None:
            report_file.write_text(report(walk, outcomes))
    skipped = sum(outcome.skipped for outcome in outcomes)
    done = sum(outcome.ok for outcome in outcomes) - skipped
    progress.say(f"{done} of {len(STEPS)} steps verified" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(0 if verified(outcomes) else 1)


def read_surroundings() -> Surroundings:
    """Read the environment.

    Raises:
        click.UsageError: a setting is missing or wrong; the text names it.
    """
    try:
        return Surroundings()
    except ValidationError as error:
        wrong = (f"{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        raise click.UsageError("; ".join(wrong)) from error


def log_to_stderr() -> None:
    """Leave standard output to the report: retries and the libraries' warnings are logged beside it."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


if __name__ == "__main__":
    main()
