"""A client of an S3 store that waits for no answer for ever, and what its errors mean to the suite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from motcua_kit.domain import DependencyDown, NotFound
from motcua_kit.rpc.turns import waiting_for_others

_ABSENT = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion", "NoSuchBucket"})
_TEMPORARY = frozenset({"InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout"})
_CONNECT_SECONDS = 3.0
_READ_SECONDS = 30.0


def s3_client(url: str, access_key: str, secret_key: str, region: str) -> Minio:
    """Return a client.

    Raises:
        ValueError: `url` is not the root URL of a store.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise ValueError(f"{url!r} is not the root URL of an S3 store, e.g. http://127.0.0.1:8333")
    http = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
        maxsize=16,
    )
    return Minio(
        parts.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=parts.scheme == "https",
        region=region,
        http_client=http,
    )


@contextmanager
def asking(bucket: str, key: str) -> Iterator[None]:
    """Ask the store: other calls work meanwhile, and what goes wrong is said in words of the domain.

    Raises:
        NotFound: the object, the version or the bucket is not there.
        DependencyDown: the store does not answer.
    """
    try:
        with waiting_for_others():
            yield
    except S3Error as error:
        if error.code in _ABSENT:
            raise NotFound("NOT_FOUND", f"no object {key!r} in bucket {bucket!r}", resource=key) from error
        if error.code in _TEMPORARY:
            raise _down(error) from error
        raise
    except (ServerError, InvalidResponseError, urllib3.exceptions.HTTPError) as error:
        raise _down(error) from error


def _down(error: Exception) -> DependencyDown:
    return DependencyDown("DEPENDENCY_DOWN", f"the object store does not answer: {error}")
