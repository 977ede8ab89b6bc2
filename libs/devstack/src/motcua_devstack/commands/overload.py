"""`./dev overload`: more calls than a server of a running stack can do."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format, message_factory

from motcua_client import ClientCredentials
from motcua_devstack.commands.call import find_method
from motcua_devstack.errors import DevError
from motcua_devstack.load.overload import Plan, Send, overload
from motcua_devstack.stack import Stack

CALLER = "dossier"
"""A service: people's calls are held back by their rate limit long before the server is full."""

DEADLINE_SECONDS = 10.0


def run(options: argparse.Namespace) -> int:
    """Print the report as JSON; exit code 1 when the server did not hold."""
    stack = Stack(options.name)
    if stack.running_pid() is None:
        raise DevError(f"the stack `{stack.name}` does not run; ./dev up --name {stack.name}")
    method = find_method(options.rpc)
    service = method.containing_service.full_name.split(".")[1]
    process = int(stack.states()[f"{service}-grpc"]["pid"])
    secret = stack.vault().token(f"client-{CALLER}")
    credentials = ClientCredentials(stack.addresses().http["identity"], CALLER, secret)
    request = json_format.Parse(options.request, message_factory.GetMessageClass(method.input_type)())
    with grpc.insecure_channel(stack.addresses().grpc[service]) as channel:
        send = _sender(channel, f"/{method.containing_service.full_name}/{method.name}", request, credentials)
        send().result()  # a call that is wrong in itself says so here
        plan = Plan(seconds=options.seconds, times=options.times)
        report = overload(send, plan, lambda: resident(process), lambda line: print(line, file=sys.stderr))
    print(json.dumps(report.as_json(), indent=2))
    return 0 if report.held else 1


def _sender(channel: grpc.Channel, path: str, request: Any, credentials: ClientCredentials) -> Send:
    # Bytes in and out: what the sender does for each call is what the server does not get of the machine.
    call: Any = channel.unary_unary(path)
    message = request.SerializeToString()

    def send() -> Any:
        token = (("authorization", f"Bearer {credentials.token()}"),)
        return call.future(message, timeout=DEADLINE_SECONDS, metadata=token)

    return send


def resident(process: int | str) -> float:
    """Memory of a process (`self`: of this one) that is not swapped out, in MiB."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise DevError(f"process {process} has ended")
