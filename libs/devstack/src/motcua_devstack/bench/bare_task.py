"""The least that background work with Celery costs: `python -m motcua_devstack.bench.bare_task` runs a worker.

Celery as it is installed: its own transport, early acknowledgement, no retries, no spans. The task notes that it ran.
"""

from __future__ import annotations

import os
import sys

from celery import Celery

from motcua_devstack.bench.handled import Handling

QUEUE = "bench-bare"
TASK = "bare.take"
CHILDREN = 2
"""As many as a worker of the suite has."""


def bare_app(broker_url: str) -> Celery:
    """Return an application that says nothing but where the broker is."""
    app = Celery("bare", broker=broker_url, set_as_current=False)
    app.conf.update(task_default_queue=QUEUE, task_ignore_result=True, broker_connection_retry_on_startup=True)
    return app


def main(broker_url: str, pipe: str) -> None:
    """Work until told to stop."""
    app = bare_app(broker_url)
    handling = Handling(pipe)

    @app.task(name=TASK)  # type: ignore[untyped-decorator]
    def take(event: dict[str, str]) -> None:
        handling.note(event["id"])

    app.worker_main(
        ["worker", "--without-gossip", "--without-mingle", f"--concurrency={CHILDREN}", "--hostname=bare@%h"]
    )


if __name__ == "__main__":
    main(os.environ["BROKER_URL"], sys.argv[1])
