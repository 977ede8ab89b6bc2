"""Runs the provider: `python -m motcua_devstack.eid --port N --issuer URL --client-id ID --client-secret-file FILE`."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click
from werkzeug.serving import make_server

from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.eid.server import EidClient, create_app
from motcua_devstack.ports import HOST


@click.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", type=int, required=True, help="Port to listen on.")
@click.option("--issuer", required=True, help="URL under which browsers and identity reach this server.")
@click.option("--client-id", required=True, help="Client id of identity.")
@click.option(
    "--client-secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="File with identity's secret.",
)
@click.option("--redirect-uri", required=True, help="Identity's call-back address, compared character by character.")
@click.option(
    "--people",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=PEOPLE_FILE,
    show_default=True,
    help="Synthetic people.",
)
def main(
    host: str, port: int, issuer: str, client_id: str, client_secret_file: Path, redirect_uri: str, people: Path
) -> None:
    """Serve the simulated national e-ID until told to stop."""
    client = EidClient(client_id, client_secret_file.read_text(encoding="utf-8").strip(), redirect_uri)
    server = make_server(host, port, create_app(issuer, client, load_people(people)), threaded=True)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        server.serve_forever()
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
