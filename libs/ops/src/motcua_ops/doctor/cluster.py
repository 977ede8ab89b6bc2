"""The cluster itself: its version, its clock, and what the operator may do in it."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from kubernetes import client

from motcua_ops.cluster import SECONDS
from motcua_ops.doctor.context import Context, stopwatch
from motcua_ops.doctor.findings import Finding, fail, ok, warn

OLDEST = (1, 29)
"""As the charts' `kubeVersion`."""

NEWEST_TRIED = (1, 37)
"""The newest version whose schemas the charts are judged by."""

SKEW_SECONDS = 2.0
"""Tokens, presigned requests and leases bear a little more, certificates too."""

DATE_HEADER_SECONDS = 1.0
"""A `Date` header is cut to whole seconds."""

VERBS = (
    ("list", "", "pods"),
    ("list", "apps", "deployments"),
    ("list", "batch", "jobs"),
    ("get", "", "secrets"),
)
"""What the checks below and `motcua secrets` need."""


def version(context: Context) -> Iterator[Finding]:
    """Is the API server there, in a version that the charts support?"""
    with stopwatch() as watch:
        found = client.VersionApi(context.kubernetes.api).get_code(_request_timeout=SECONDS)
    number = int(found.major), int(found.minor.rstrip("+"))
    text = f"Kubernetes {found.git_version}, answered in {watch.milliseconds}"
    if number < OLDEST:
        yield fail("API server", text, f"upgrade to {'.'.join(map(str, OLDEST))} or newer")
    elif number > NEWEST_TRIED:
        yield warn("API server", text, f"the charts are tried up to {'.'.join(map(str, NEWEST_TRIED))}")
    else:
        yield ok("API server", text)


def clock(context: Context) -> Iterator[Finding]:
    """Does the API server's clock agree with ours?"""
    with stopwatch() as watch:
        _, _, headers = client.VersionApi(context.kubernetes.api).get_code_with_http_info(_request_timeout=SECONDS)
    yield judge_skew("API server", watch.skew(parsedate_to_datetime(headers["Date"])), DATE_HEADER_SECONDS)


def judge_skew(subject: str, seconds: float, coarse: float = 0.0) -> Finding:
    """Judge by how much another clock is ahead of ours.

    Args:
        subject: whose clock.
        seconds: that it is ahead.
        coarse: seconds by which the reading may be too small.
    """
    off = max(-seconds - coarse, seconds, 0.0)
    if off > SKEW_SECONDS:
        advice = "set the clocks by NTP: tokens and uploads are refused when they disagree"
        return warn(subject, f"clock differs by {seconds:+.1f} s from this machine's", advice)
    return ok(subject, f"clock agrees within {max(off, coarse, 0.1):.1f} s")


def permissions(context: Context) -> Iterator[Finding]:
    """May we look at what the other checks look at?"""
    reviews = client.AuthorizationV1Api(context.kubernetes.api)
    namespace = context.release.namespace
    denied = []
    for verb, group, resource in VERBS:
        wanted = client.V1ResourceAttributes(namespace=namespace, verb=verb, group=group, resource=resource)
        review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=wanted))
        answer = reviews.create_self_subject_access_review(review, _request_timeout=SECONDS)
        if answer.status is None or not answer.status.allowed:
            denied.append(f"{verb} {resource}")
    if denied:
        advice = "checks that need it fail below; ask for a Role that allows it"
        yield warn(f"namespace {namespace}", f"not allowed: {', '.join(denied)}", advice)
    else:
        yield ok(f"namespace {namespace}", "all that is looked at may be read")
