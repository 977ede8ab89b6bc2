"""`./dev overload`: more calls than a server of a running stack can do."""

import argparse
import json
import sys
from pathlib import Path

from google.protobuf import json_format, message_factory

from motcua_client import ClientCredentials
from motcua_devstack.commands.call import find_method
from motcua_devstack.errors import DevError
from motcua_devstack.load.calls import Call
from motcua_devstack.load.cores import apart
from motcua_devstack.load.overload import Plan, overload
from motcua_devstack.stack import Stack

MOST_SECONDS = 180.0
"""The sender keeps one token, which lives for five minutes."""


def run(options: argparse.Namespace) -> int:
    """Print the report as JSON; exit code 1 when the server did not hold."""
    if options.seconds > MOST_SECONDS:
        raise DevError(f"at most {MOST_SECONDS:g} seconds: the sender's token lives no longer")
    stack = Stack(options.name)
    if stack.running_pid() is None:
        raise DevError(f"the stack `{stack.name}` does not run; ./dev up --name {stack.name}")
    method = find_method(options.rpc)
    service = method.containing_service.full_name.split(".")[1]
    processes = {name: int(state["pid"]) for name, state in stack.states().items() if state["pid"]}
    server = processes[f"{service}-grpc"]
    call = _call(options, stack, service)
    with apart(processes.values()):
        with call.sender() as send:
            send().result()  # a call that is wrong in itself says so here
        plan = Plan(seconds=options.seconds, times=options.times)
        report = overload(call, plan, lambda: resident(server), lambda line: print(line, file=sys.stderr))
    print(json.dumps(report.as_json(), indent=2))
    return 0 if report.held else 1


def _call(options: argparse.Namespace, stack: Stack, service: str) -> Call:
    """The call, as a service: people's calls are held back by their rate limit long before the server is full."""
    method = find_method(options.rpc)
    secret = stack.vault().token(f"client-{options.caller}")
    credentials = ClientCredentials(stack.addresses().http["identity"], options.caller, secret)
    request = json_format.Parse(options.request, message_factory.GetMessageClass(method.input_type)())
    path = f"/{method.containing_service.full_name}/{method.name}"
    return Call(stack.addresses().grpc[service], path, request.SerializeToString(), credentials.token())


def resident(process: int | str) -> float:
    """Memory of a process (`self`: of this one) that is not swapped out, in MiB."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise DevError(f"process {process} has ended")
