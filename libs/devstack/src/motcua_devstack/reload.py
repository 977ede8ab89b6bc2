"""Starts a container's process anew whenever a source changes; only in images of the variant `develop`.

`motcua_devstack.images` puts it where Python imports it at its start. It acts in the first process of a container only,
which then watches and runs the command that it was given as a child.
"""

import os
import shlex
import sys

FIRST_PROCESS = 1
WATCHED = "/app"


def supervise() -> None:
    """Run this process's own command as a child, and again after each change; ends with SIGTERM or SIGINT."""
    import watchfiles  # noqa: PLC0415 - only the first process of a container needs it

    watchfiles.run_process(WATCHED, target=shlex.join(sys.orig_argv), target_type="command", sigint_timeout=30)
    sys.exit(0)


if os.getpid() == FIRST_PROCESS:
    supervise()
