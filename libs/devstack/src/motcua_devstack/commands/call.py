"""`./dev call METHOD JSON`: an authenticated gRPC call for people who explore."""

import argparse
import importlib
import pkgutil

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor

import motcua
from motcua_client import ClientCredentials, Credentials, MotcuaError, StaticToken, connect
from motcua_devstack.errors import DevError
from motcua_devstack.stack import Stack
from motcua_ops.naming import SERVICES

CALL_SECONDS = 30.0


def run(options: argparse.Namespace) -> int:
    """Call the method and print the answer, or the refusal, as JSON."""
    method = find_method(options.method)
    stack = Stack(options.name)
    if stack.running_pid() is None:
        raise DevError(f"the stack `{stack.name}` does not run; ./dev up --name {stack.name}")
    service = method.containing_service.full_name.split(".")[1]
    request = message_factory.GetMessageClass(method.input_type)()
    try:
        json_format.Parse(options.request, request)
    except json_format.ParseError as error:
        raise DevError(f"the request is no {method.input_type.full_name}: {error}") from error
    addresses = stack.addresses()
    with connect(addresses.grpc[service], _credentials(options, stack), deadline=CALL_SECONDS) as client:
        call = client.channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        try:
            answer = call(request)
        except MotcuaError as error:
            print(f"{error.code.name}  {error}")
            if error.localized_message:
                print(error.localized_message)
            return 1
    print(json_format.MessageToJson(answer, ensure_ascii=False))
    return 0


def _credentials(options: argparse.Namespace, stack: Stack) -> Credentials | None:
    if options.token:
        return StaticToken(options.token)
    if not options.caller:
        return None
    if options.caller not in SERVICES:
        raise DevError(f"no service `{options.caller}`; there are: {', '.join(SERVICES)}")
    secret = stack.vault().token(f"client-{options.caller}")
    return ClientCredentials(stack.addresses().http["identity"], options.caller, secret)


def find_method(name: str) -> MethodDescriptor:
    """The RPC of a full name (`motcua.land.v1.ParcelService/GetParcel`) or of its last parts, when they say enough.

    Raises:
        DevError: there is none, or more than one.
    """
    for module in pkgutil.walk_packages(motcua.__path__, "motcua."):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)
    wanted = name.strip("/")
    found = [method for method in _all_methods() if _matches(method, wanted)]
    if len(found) == 1:
        return found[0]
    near = [f"{method.containing_service.full_name}/{method.name}" for method in found or _all_methods()]
    reason = "more than one RPC is called" if found else "no RPC is called"
    raise DevError(f"{reason} {name}; there are:\n  " + "\n  ".join(sorted(near)))


def _all_methods() -> list[MethodDescriptor]:
    pool = descriptor_pool.Default()
    methods = []
    for module in pkgutil.walk_packages(motcua.__path__, "motcua."):
        if module.name.endswith("_pb2"):
            file = pool.FindFileByName(module.name.replace(".", "/").removesuffix("_pb2") + ".proto")
            methods += [method for service in file.services_by_name.values() for method in service.methods]
    return methods


def _matches(method: MethodDescriptor, wanted: str) -> bool:
    full = f"{method.containing_service.full_name}/{method.name}"
    return full == wanted or full.endswith((f".{wanted}", f"/{wanted}"))
