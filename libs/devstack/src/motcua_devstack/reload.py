"""Starts a container's process anew whenever a source of it changes; only in images of the variant `develop`.

`motcua_devstack.images` puts it where Python imports it at its start. It acts in the first process of a container only,
which then watches and runs the command that it was given as a child.
"""

import os
import shlex
import sys

FIRST_PROCESS = 1
APP = "/app"
STOP_SECONDS = 30


def supervise() -> None:
    """Run this process's own command as a child, and again after each change; ends with SIGTERM or SIGINT."""
    import watchfiles  # noqa: PLC0415 - only the first process of a container needs it

    # What the image has on its path, and the City's data: files of other services may be written beside them.
    watched = [folder for folder in (*sys.path, os.environ["CITY_DIR"]) if folder.startswith(f"{APP}/")]
    command = shlex.join(sys.orig_argv)
    watchfiles.run_process(*watched, target=command, target_type="command", sigint_timeout=STOP_SECONDS)
    sys.exit(0)


if os.getpid() == FIRST_PROCESS:
    supervise()
