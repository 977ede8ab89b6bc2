"""skaffold.yaml fits the repository: what it names exists, and what it must name it names."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chartkit.rendering import CHART, rendered
from motcua_devstack import cli, images
from motcua_devstack.paths import ROOT, packages

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
PROFILES: dict[str, Any] = {profile["name"]: profile for profile in CONFIG["profiles"]}
LISTS: dict[str, list[Any]] = {
    "": CONFIG["build"]["artifacts"],
    **{name: profile["build"]["artifacts"] for name, profile in PROFILES.items()},
}
HELM: list[dict[str, Any]] = [
    CONFIG["deploy"]["helm"],
    *(profile["deploy"]["helm"] for profile in PROFILES.values() if "deploy" in profile),
]
CHART_VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
DEVELOP = [name for name in PROFILES if name.endswith("develop")]
JOBS_ONLY = "ops"
"""No pod of it runs for long, so nothing can be copied into one."""


def name_of(artifact: dict[str, Any]) -> str:
    """Which of our images it is."""
    repository, _, name = artifact["image"].partition("/")
    assert repository == CHART_VALUES["image"]["repository"]
    return str(name)


def files(pattern: str) -> set[Path]:
    """What a pattern of skaffold's stands for; there `**` are files as well as folders."""
    return set(ROOT.glob(f"{pattern}/*" if pattern.endswith("**") else pattern))


def image_blocks(values: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Where the chart's values name an image."""
    if isinstance(values, dict):
        for key, value in values.items():
            place = f"{path}.{key}" if path else key
            if key == "image" and "digest" in value:
                yield place, value
            else:
                yield from image_blocks(value, place)


@pytest.mark.parametrize("profile", LISTS)
def test_every_image_is_built(profile: str) -> None:
    assert {*map(name_of, LISTS[profile])} == {*images.names()} - ({JOBS_ONLY} if profile in DEVELOP else set())


@pytest.mark.parametrize("profile", LISTS)
def test_artifacts_are_built_as_dev_image_builds_them(profile: str) -> None:
    for artifact in LISTS[profile]:
        name, variant = name_of(artifact), images.DEVELOP if profile in DEVELOP else images.RUNTIME
        if "docker" in artifact:
            arguments = artifact["docker"]["buildArgs"]
            assert artifact["docker"]["dockerfile"] == str(images.DOCKERFILE)
            assert (arguments["NAME"], arguments.get("VARIANT", images.RUNTIME)) == (name, variant)
        else:
            program, *words = shlex.split(artifact["custom"]["buildCommand"])
            options = cli.parser().parse_args(words)
            assert (program, options.subcommand) == ("./dev", "image")
            assert (options.images, options.variant, options.reference) == ([name], variant, "$IMAGE")


@pytest.mark.parametrize("profile", LISTS)
def test_every_path_of_the_artifacts_leads_somewhere(profile: str) -> None:
    for artifact in LISTS[profile]:
        rules = artifact.get("sync", {}).get("manual", [])
        for pattern in [rule["src"] for rule in rules] + artifact.get("custom", {}).get("dependencies", {}).get(
            "paths", []
        ):
            assert files(pattern), pattern
        assert {rule["dest"] for rule in rules} <= {str(images.APP)}


@pytest.mark.parametrize("profile", DEVELOP)
def test_every_source_is_synchronised(profile: str) -> None:
    for artifact in LISTS[profile]:
        synchronised = {path for rule in artifact["sync"]["manual"] for path in files(rule["src"])}
        for package in packages():
            assert set((package / "src").rglob("*.py")) <= synchronised


def test_only_developing_writes_into_containers() -> None:
    assert not any(
        "sync" in artifact for name, artifacts in LISTS.items() if name not in DEVELOP for artifact in artifacts
    )
    for profile in DEVELOP:
        (release,) = PROFILES[profile]["deploy"]["helm"]["releases"]
        assert release["setValues"] == {"pods.readOnlyRootFilesystem": False}
    assert CHART_VALUES["pods"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("helm", HELM)
def test_the_release_is_the_chart_with_its_development_values(helm: dict[str, Any]) -> None:
    (release,) = helm["releases"]
    assert (ROOT / release["chartPath"]).resolve() == CHART
    assert all((ROOT / file).is_file() for file in release["valuesFiles"])
    assert release["wait"]
    assert release["skipBuildDependencies"], "it would pack the library into the working tree"
    assert helm["hooks"] == CONFIG["deploy"]["helm"]["hooks"]


@pytest.mark.parametrize("profile", ["", "develop"])
def test_every_image_of_the_chart_is_the_one_that_was_built(profile: str) -> None:
    (release,) = (PROFILES[profile] if profile else CONFIG)["deploy"]["helm"]["releases"]
    built = {*map(name_of, LISTS[profile])}
    wanted = {}
    for place, image in image_blocks(CHART_VALUES):
        if image["repository"]:
            continue  # somebody else's
        # Every service has what `defaults` show.
        places = (
            [f"services.{name}.image" for name in CHART_VALUES["services"]] if place == "defaults.image" else [place]
        )
        for own in places:
            name = next((name for name in built if name in own.split(".")), "dev")
            wanted[f"{own}.repository"] = f"{{{{.IMAGE_REPO_motcua_{name}}}}}"
            wanted[f"{own}.tag"] = f"{{{{.IMAGE_TAG_motcua_{name}}}}}"
            wanted[f"{own}.digest"] = f"{{{{.IMAGE_DIGEST_motcua_{name}}}}}"
    assert release["setValueTemplates"] == wanted


def test_ports_are_forwarded_to_services_that_the_chart_makes() -> None:
    local = [forward["localPort"] for forward in CONFIG["portForward"]]
    assert len(set(local)) == len(local)
    for forward in CONFIG["portForward"]:
        service = rendered("dev").get(forward["resourceType"], forward["resourceName"])
        assert forward["port"] in [port["port"] for port in service["spec"]["ports"]]


def test_the_main_job_is_verified_as_the_chart_runs_it() -> None:
    (test,) = CONFIG["verify"]
    cronjob = rendered("dev").get("CronJob", "motcua-verify")
    (container,) = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert (test["container"]["name"], test["container"]["args"]) == (container["name"], container["args"])
    assert test["container"]["image"] in [artifact["image"] for artifact in LISTS[""]]
    (hook,) = CONFIG["deploy"]["helm"]["hooks"]["after"]
    script = hook["host"]["command"][-1]
    assert "--from=cronjob/motcua-verify " in script
    assert script.endswith(f"> {test['executionMode']['kubernetesCluster']['jobManifestPath']}")


def test_everything_happens_in_one_namespace() -> None:
    (hook,) = CONFIG["deploy"]["helm"]["hooks"]["before"]
    program, *words = hook["host"]["command"]
    options = cli.parser().parse_args(words)
    assert (program, options.subcommand, options.action) == ("./dev", "cluster", "prepare")
    named = {forward["namespace"] for forward in CONFIG["portForward"]}
    named |= {release["namespace"] for helm in HELM for release in helm["releases"]}
    assert named == {options.namespace}


def test_the_developing_profile_is_the_default_of_skaffold_dev() -> None:
    assert PROFILES["develop"]["activation"] == [{"command": "dev"}]
