"""Run both sinks until told to stop: `python -m motcua_devstack.sinks --smtp-port 2525 --sms-port 8025 --folder …`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from motcua_devstack.ports import HOST
from motcua_devstack.sinks.running import Sinks


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="A mail server and a short-message gateway that keep files.")
    parser.add_argument("--host", default=HOST, help=f"address to listen on (default: {HOST})")
    parser.add_argument("--smtp-port", type=int, required=True, help="port of the mail server; 0 for any")
    parser.add_argument("--sms-port", type=int, required=True, help="port of the short-message gateway; 0 for any")
    parser.add_argument("--folder", type=Path, required=True, help="where the messages are kept")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Sinks(options.folder, options.smtp_port, options.sms_port, options.host) as sinks:
            print(
                f"smtp {options.host}:{sinks.smtp_port}, sms {sinks.sms_url}, messages in {options.folder}", flush=True
            )
            stop.wait()
    except OSError as error:
        print(f"sinks: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
