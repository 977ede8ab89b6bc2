"""`./dev cluster`: the suite on the cluster that KUBECONFIG names, from nothing to a verified main job."""

import argparse
import time

from motcua_devstack.cluster.installation import Images, Installation
from motcua_devstack.console import Progress
from motcua_devstack.errors import DevError


def run(options: argparse.Namespace) -> int:
    """Do what was asked; 1 when the main job was not verified."""
    progress = Progress()
    installation = Installation(options.namespace, Images.parse(options.images))
    if options.action == "remove":
        installation.remove()
        progress.say(f"namespace {options.namespace} is gone, with its volumes")
        return 0
    if options.action in ("prepare", "install"):
        installation.prepare()
        progress.say(f"namespace {installation.namespace} enforces the restricted level; its Secrets are there")
    if options.action == "prepare":
        return 0
    if options.action == "install":
        _install(installation, progress)
    return _verify(installation, progress)


def _install(installation: Installation, progress: Progress) -> None:
    seconds = installation.install()
    progress.say(f"everything is ready; helm took {seconds:.0f} s")


def _verify(installation: Installation, progress: Progress) -> int:
    result = installation.perform(f"verify-{int(time.time())}", "verify")
    print(result.log, end="", flush=True)
    if not result.succeeded:
        raise DevError(f"the main job was not verified; kubectl -n {installation.namespace} get pods,events")
    progress.say("the main job is verified")
    return 0
