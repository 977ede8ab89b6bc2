"""`motcua doctor`."""

import contextlib
import logging
from pathlib import Path

import click

from motcua_ops.audit.settings import AuditSettings
from motcua_ops.doctor import report
from motcua_ops.doctor.checks import CHECKS
from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Status
from motcua_ops.naming import CHART


@click.command("doctor")
@click.option("-n", "--namespace", default="", help="Namespace; that of the context when not given.")
@click.option("--release", default=CHART, show_default=True, help="Name of the Helm release.")
@click.option("--context", default="", help="Context of the kubeconfig; its current one when not given.")
@click.option(
    "--only", multiple=True, type=click.Choice([check.name for check in CHECKS]), help="Only this check; repeatable."
)
@click.option(
    "--secrets-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with a file for each secret setting; SECRETS_DIR when not given.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(
    namespace: str, release: str, context: str, only: tuple[str, ...], secrets_dir: Path | None, *, as_json: bool
) -> None:
    """Say what is wrong with an installation and what to do; exit code 1 when something is.

    Runs on a laptop, where it sees the cluster through the kubeconfig, and in the ops image, where it sees the stores:
    settings are the environment's, named as in docs/reference/settings.md. What cannot be seen from here is skipped,
    with the line that shows it.
    """
    # The clients would warn of each retry; the finding says it once.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    given = {"secrets_dir": secrets_dir} if secrets_dir else {}
    seen = Context.find(release, namespace, context, AuditSettings.load(**given))
    found = []
    with contextlib.closing(seen):
        for check in CHECKS:
            if only and check.name not in only:
                continue
            findings = list(check.findings(seen))
            found += [(check.name, finding) for finding in findings]
            if not as_json:
                for line in report.lines(check.name, findings):
                    click.echo(line)
    click.echo(report.as_json(found) if as_json else report.summary(finding for _, finding in found))
    if not as_json and not seen.inside and any(finding.status is Status.SKIPPED for _, finding in found):
        click.echo(f"what was skipped is seen from inside: {seen.run_inside()}")
    raise SystemExit(1 if any(finding.status is Status.FAIL for _, finding in found) else 0)
