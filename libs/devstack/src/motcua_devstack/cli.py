"""The command line of `./dev`: what it offers, and in which environment each part runs.

Standard library only: `./dev --help` works before anything is installed.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from motcua_devstack import environment
from motcua_devstack.console import fail
from motcua_devstack.errors import DevError
from motcua_devstack.paths import VENV_PYTHON

RUN = ("runtime", "servers")
TEST = (*RUN, "test")
CHECK = (*TEST, "lint")
INTERRUPTED = 130
PASSED_ON = ("secrets", "test")
"""Subcommands whose arguments belong to another program."""


@dataclass(frozen=True)
class Subcommand:
    """One subcommand: `motcua_devstack.commands.<name>` runs it with the parsed options.

    Attributes:
        summary: its line in `./dev --help`.
        groups: requirement groups it needs.
        arguments: adds its own arguments.
        details: what `./dev <name> --help` says besides.
    """

    summary: str
    groups: tuple[str, ...]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _: None
    details: str = ""


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", metavar="FILE", help="write the steps, files and spans as JSON")
    parser.add_argument("--keep", action="store_true", help="leave everything running afterwards, until Ctrl-C")
    parser.add_argument("--fresh", action="store_true", help="begin with empty stores")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="local", help="which stack (default: local; the demo's is called demo)")


def _up(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    parser.add_argument("--detach", action="store_true", help="return when all is ready; ./dev down stops it")
    parser.add_argument("--fresh", action="store_true", help="begin with empty stores")


def _logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("process", metavar="SVC", nargs="?", help="a process of ./dev status, or a service")
    _name(parser)
    parser.add_argument("-n", "--lines", type=int, default=50, help="how many lines (default: 50)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines arrive, until Ctrl-C")


def _trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trace_id", metavar="ID", help="trace id, or the first digits of it")
    parser.add_argument("--name", help="which stack's spans (default: all)")


def _call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="e.g. motcua.dossier.v1.DossierService/GetDossier")
    parser.add_argument("request", nargs="?", default="{}", help="the request as JSON (default: {})")
    parser.add_argument("--as", dest="caller", metavar="WHO", help="service name whose identity is used, e.g. permits")
    parser.add_argument("--token", help="an access token to use instead")
    _name(parser)


def _chaos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, metavar="N", help="how many faults (default: each kind by its share)")
    parser.add_argument("--seed", type=int, metavar="S", help="of the plan: the same one again (default: drawn by lot)")
    parser.add_argument("--faults", nargs="+", metavar="KIND", help="kinds of faults (default: all)")
    parser.add_argument("--json", metavar="FILE", help="write the run in figures as JSON")
    parser.add_argument("--list", action="store_true", help="print the kinds of faults and do nothing")
    parser.add_argument("--audit-only", metavar="NAME", help="no faults: audit the stack NAME that runs and is at rest")


def _overload(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rpc", default="motcua.identity.v1.UnitService/GetUnit", help="what is called (default: GetUnit)"
    )
    parser.add_argument("--request", default='{"name": "units/26740"}', help="the request as JSON")
    parser.add_argument(
        "--as", dest="caller", metavar="SERVICE", default="dossier", help="the service that calls (default: dossier)"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of overload (default: 60)")
    parser.add_argument("--times", type=float, default=10.0, help="calls sent, in best rates (default: 10)")
    _name(parser)


def _cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=["prepare", "install", "verify", "remove"],
        help="prepare makes the namespace and its Secrets; install does, and verifies",
    )
    parser.add_argument("--namespace", default="motcua", help="a namespace of its own (default: motcua)")
    parser.add_argument(
        "--images", default="motcua:dev", metavar="REPOSITORY:TAG", help="images to run (default: motcua:dev)"
    )


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="print the rows and measure nothing")
    parser.add_argument("--rows", metavar="NAME", nargs="+", help="rows to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="few short samples: whether it works, not how fast it is")
    parser.add_argument(
        "--sizes", metavar="N", nargs="+", type=int, default=[], help="dossiers in the databases of the rows on size"
    )
    parser.add_argument(
        "--minutes", metavar="N", type=float, help="how long in all (default: 8, quick 1.5); large sizes want more"
    )
    parser.add_argument(
        "--profile", metavar="ROW", help="measure this row under py-spy, and keep its stacks in bench/profiles/"
    )
    parser.add_argument("--json", metavar="FILE", help="write the results, with machine and commit")
    parser.add_argument("--compare", metavar="FILE", help="tell what has moved since an earlier --json")


def _fuzz(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "rpcs", metavar="RPC", nargs="*", help="part of the name of an RPC (default: all, and all pages)"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long, with its start (default: 5)")
    parser.add_argument("--seed", type=int, help="ask what was asked under this number (default: a new one)")
    parser.add_argument("--report", metavar="FILE", help="write counts and findings as JSON")


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("only", metavar="NAME", nargs="*", help="checks to run (default: all)")


def _image(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", metavar="NAME", nargs="*", help="a service, ops or dev (default: all)")
    parser.add_argument(
        "--repository", default="motcua", help="what stands before /NAME, a registry's too (default: motcua)"
    )
    parser.add_argument("--tag", help="tag of the images (default: version and commit)")
    parser.add_argument("--reference", help="whole name of the one image that is built, in place of the two above")
    parser.add_argument(
        "--variant",
        choices=("runtime", "develop"),
        default="runtime",
        help="develop: sources can be written and processes restart when they change (default: runtime)",
    )
    parser.add_argument(
        "--push",
        action="store_true",
        default=os.environ.get("PUSH_IMAGE") == "true",
        help="push each image to its registry; the default where skaffold sets PUSH_IMAGE",
    )
    parser.add_argument("--list", action="store_true", help="print the images' names and build nothing")


def _lock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--upgrade", action="store_true", help="take newer versions where the *.in files allow")


def _gen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--release", action="store_true", help="also write the image that buf breaking judges against")


SUBCOMMANDS = {
    "demo": Subcommand("run the whole suite here and walk one building permit through it", RUN, _demo),
    "up": Subcommand("start the servers and all services", RUN, _up),
    "down": Subcommand("stop a stack that runs detached", RUN, _name),
    "status": Subcommand("processes and addresses of the stacks", RUN, _name),
    "logs": Subcommand("what a service wrote", RUN, _logs),
    "call": Subcommand("an authenticated gRPC call by method name with JSON", RUN, _call),
    "overload": Subcommand(
        "more calls than a server of a running stack can do: quick refusals, steady work, quick recovery",
        RUN,
        _overload,
        "Prints the run in figures as JSON; fails when the server did not hold (docs/reference/security.md).",
    ),
    "trace": Subcommand("draw one trace as a tree", RUN, _trace),
    "chaos": Subcommand("faults under load on a suite of its own: nothing is lost, nothing happens twice", RUN, _chaos),
    "cluster": Subcommand(
        "the suite with development stores on the cluster of KUBECONFIG, and the main job through it",
        RUN,
        _cluster,
        "Needs kubectl and helm; ./dev image builds the images.",
    ),
    "image": Subcommand(
        "build the container images",
        (),
        _image,
        "The builder is docker build or buildah build, or what MOTCUA_IMAGE_BUILDER names; it takes docker's options.",
    ),
    "secrets": Subcommand(
        "the Secrets of a release for trying the suite out on a cluster",
        RUN,
        details="All arguments go to python -m motcua_devstack.secrets, which explains them.",
    ),
    "test": Subcommand(
        "run the tests: ./dev test [PATH…] [pytest options]",
        TEST,
        details="All arguments go to pytest; two workers share one set of servers unless you pass -n.",
    ),
    "bench": Subcommand(
        "the speed of the suite as ratios to its limits",
        TEST,
        _bench,
        "Starts a fresh stack of its own; suite and limit are measured in turns, for at most eight minutes. Progress "
        "goes to stderr, the table to stdout. docs/reference/performance.md says what the rows mean.",
    ),
    "fuzz": Subcommand(
        "hostile calls of every RPC and page, each answer judged",
        TEST,
        _fuzz,
        "Serves the suite in one process on servers of its own; Ctrl-C ends it with a report.",
    ),
    "check": Subcommand("format, lint, types, import rules, contract, data, dependencies", CHECK, _check),
    "gen": Subcommand("generate Python from proto/, reference pages, parts of the charts", CHECK, _gen),
    "lock": Subcommand("compile requirements/*.in to hash-locked *.txt", CHECK, _lock),
}

EPILOG = """\
servers of your own instead of the embedded ones:
  MONGODB_URI, OBJECT_STORE_URL (with OBJECT_STORE_ACCESS_KEY, OBJECT_STORE_SECRET_KEY),
  BROKER_URL, OTEL_EXPORTER_OTLP_ENDPOINT
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    root = argparse.ArgumentParser(
        prog="./dev",
        description="Motcua on this machine. The first run makes .venv from hash-locked requirements.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = root.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for name, subcommand in SUBCOMMANDS.items():
        child = subparsers.add_parser(
            name, help=subcommand.summary, description=f"{subcommand.summary}. {subcommand.details}".strip()
        )
        subcommand.arguments(child)
    return root


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    if argv and argv[0] in PASSED_ON and argv[1:2] not in (["-h"], ["--help"]):
        return argparse.Namespace(subcommand=argv[0], arguments=list(argv[1:]))
    return parser().parse_args(argv)


def run_outside(argv: Sequence[str]) -> NoReturn:
    """`./dev` itself: understand the command line, make the environment, go on inside it."""
    options = _parse(argv)
    try:
        environment.ensure(SUBCOMMANDS[options.subcommand].groups)
    except DevError as error:
        fail(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        fail("interrupted")
        sys.exit(INTERRUPTED)
    sys.stdout.flush()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is imported twenty times is compiled once
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), "-m", "motcua_devstack", *argv])  # noqa: S606 - no shell wanted


def run_inside(argv: Sequence[str]) -> int:
    """The subcommand, inside the environment."""
    options = _parse(argv)
    command = importlib.import_module(f"motcua_devstack.commands.{options.subcommand}")
    try:
        return int(command.run(options))
    except DevError as error:
        fail(str(error))
        return 1
    except KeyboardInterrupt:
        fail("interrupted")
        return INTERRUPTED
