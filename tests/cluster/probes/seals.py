"""Runs in the pod that seals: seals this very day, then tries to delete and to overwrite what was sealed.

Prints, as JSON, how many aggregates the seals have, what could be deleted, what could not, and what lies over a seal
now; with the argument `clean` it takes that away again.
"""

import io
import json
import sys
from contextlib import closing
from datetime import datetime, timedelta

from minio.error import S3Error

from motcua_kit.clock import VIETNAM
from motcua_kit.s3 import s3_client
from motcua_kit.store import Store
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.sealing import seal_service
from motcua_ops.audit.settings import AuditSettings
from motcua_ops.naming import SERVICES

settings = AuditSettings.load()
bucket = settings.audit_bucket
client = s3_client(*settings.store_access)


def seal() -> int:
    """Seal what there is today, which ends when the test says so; returns the number of aggregates."""
    archive, tomorrow = Archive(settings), datetime.now(VIETNAM).date() + timedelta(days=1)
    archive.ensure()
    leaves = 0
    for service in SERVICES:
        with closing(Store(settings.mongodb_uri.get_secret_value(), f"motcua_{service}")) as store:
            leaves += sum(seal.leaves for seal in seal_service(store, archive, service, settings.key, tomorrow))
    return leaves


def delete_all() -> dict[str, list[str]]:
    """Try to delete each version that is there."""
    outcome: dict[str, list[str]] = {"deleted": [], "refused": []}
    for item in list(client.list_objects(bucket, recursive=True, include_version=True)):
        try:
            client.remove_object(bucket, item.object_name or "", version_id=item.version_id)
        except S3Error:
            outcome["refused"].append(item.object_name or "")
        else:
            outcome["deleted"].append(item.object_name or "")
    return outcome


def overwrite() -> str:
    """Write something over the seal of dossier."""
    name = next(item.object_name or "" for item in client.list_objects(bucket, "seals/dossier/"))
    client.put_object(bucket, name, io.BytesIO(b"forged"), len(b"forged"))
    return name


if "clean" in sys.argv:
    print(json.dumps(delete_all()), flush=True)
else:
    leaves, outcome = seal(), delete_all()
    print(json.dumps({"leaves": leaves, **outcome, "overwritten": overwrite()}), flush=True)
