"""The stores: do they answer, keep what they are given, and tell the same time?"""

import io
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from minio.commonconfig import ENABLED

from motcua_ops.doctor.cluster import judge_skew
from motcua_ops.doctor.context import Context, stopwatch
from motcua_ops.doctor.findings import Finding, fail, ok, warn

BUCKETS = {"dossier": "motcua-dossier", "permits": "motcua-permits"}
"""Of the services that keep documents."""

PROBE = b"motcua doctor"
SLOW_SECONDS = 0.1
"""An answer within one data centre takes a few milliseconds."""


def mongodb(context: Context) -> Iterator[Finding]:
    """Is it a writable member of a replica set, near, with the right time?"""
    context.mongodb.admin.command("ping")  # the first answer includes the way there
    with stopwatch() as watch:
        hello = context.mongodb.admin.command("hello")
    text = f"answers in {watch.milliseconds}, replica set {hello.get('setName', 'none')}"
    if not hello.get("isWritablePrimary"):
        yield fail("MongoDB", f"{text}; no writable primary", "see to the replica set: rs.status()")
    elif "setName" not in hello:
        yield fail("MongoDB", f"{text}; transactions need one", "start mongod with --replSet and run rs.initiate()")
    elif watch.seconds > SLOW_SECONDS:
        yield warn("MongoDB", text, "every request makes several such trips: bring the database nearer")
    else:
        yield ok("MongoDB", text)
    yield judge_skew("MongoDB", watch.skew(hello["localTime"].replace(tzinfo=UTC)))


def objects(context: Context) -> Iterator[Finding]:
    """Are the buckets there, with versions, and do they keep an object?"""
    for bucket in (BUCKETS[service] for service in BUCKETS if service in context.services):
        if not context.objects.bucket_exists(bucket):
            advice = "the migration Job makes it; its log says why it could not"
            yield fail(f"bucket {bucket}", "is missing", advice)
        elif context.objects.get_bucket_versioning(bucket).status != ENABLED:
            advice = f"mc version enable STORE/{bucket}: what was checked could be swapped"
            yield fail(f"bucket {bucket}", "keeps no versions", advice)
        else:
            yield _probe(context, bucket)


def _probe(context: Context, bucket: str) -> Finding:
    key = f"doctor/{uuid.uuid4().hex}"
    with stopwatch() as watch:
        written = context.objects.put_object(bucket, key, io.BytesIO(PROBE), len(PROBE))
        with context.objects.get_object(bucket, key) as answer:
            content = answer.read()
        context.objects.remove_object(bucket, key, version_id=written.version_id)
    if content != PROBE:
        return fail(f"bucket {bucket}", "gave back other bytes than it got", "do not use this store")
    return ok(f"bucket {bucket}", f"versions on; an object written, read and deleted in {watch.milliseconds}")


def broker(context: Context) -> Iterator[Finding]:
    """Does it answer, survive its own restart, and never drop a message?"""
    context.broker.ping()
    with stopwatch() as watch:
        info = context.broker.info()
    text = f"{info.get('server_name', 'redis')} {info['redis_version']}, answers in {watch.milliseconds}"
    if not info.get("aof_enabled"):
        advice = "set appendonly yes: else tasks since the last snapshot are lost with the process"
        yield warn("broker", f"{text}; no append-only file", advice)
    elif info.get("maxmemory", 0) and info.get("maxmemory_policy") != "noeviction":
        advice = "set maxmemory-policy noeviction: else tasks are thrown away when memory is short"
        yield fail("broker", f"{text}; evicts by {info['maxmemory_policy']}", advice)
    else:
        yield ok("broker", f"{text}, append-only file on")
    with stopwatch() as watch:
        seconds, microseconds = context.broker.time()
    yield judge_skew("broker", watch.skew(datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)))
