"""What `./dev secrets` makes is what the pods of development mount."""

from collections.abc import Iterator

from chartkit.rendering import NAMESPACE, RELEASE, Object, rendered
from motcua_devstack import cast
from motcua_devstack.secrets import make
from motcua_ops.naming import Release
from motcua_ops.secrets.catalogue import PREFIX


def mounted() -> Iterator[tuple[str, Object]]:
    """Each Secret that a pod cannot start without, by its name, as the pod wants it."""
    for workload in rendered("dev").workloads:
        for volume in workload.spec.get("volumes", []):
            for source in volume.get("projected", {}).get("sources", []):
                if not source["secret"].get("optional"):
                    yield source["secret"]["name"], source["secret"]


def test_all_that_pods_mount_is_made_and_stays_when_it_is_made_again() -> None:
    release = Release(RELEASE, NAMESPACE)
    contents = make(release, cast.REDIRECT_URI, {})
    lacking = {
        f"{name}: {item['key']}"
        for name, secret in mounted()
        for item in secret.get("items", [])
        if item["key"] not in contents.get(name.removeprefix(f"{PREFIX}-"), {})
    }
    assert lacking == set()
    assert make(release, cast.REDIRECT_URI, contents) == contents
