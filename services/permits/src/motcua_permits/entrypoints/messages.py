"""Domain objects to messages of the contract."""

from __future__ import annotations

from motcua.permits.v1 import application_pb2, permit_pb2
from motcua_kit.mapping import to_message
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.permit import Permit


def application_message(application: PermitApplication) -> application_pb2.PermitApplication:
    """Return an application as the contract has it."""
    return to_message(application, application_pb2.PermitApplication, uid=application.id)


def permit_message(permit: Permit) -> permit_pb2.Permit:
    """Return a permit as the contract has it."""
    return to_message(permit, permit_pb2.Permit, uid=permit.id)


def verification_message(permit: Permit) -> permit_pb2.PermitVerification:
    """Return what everybody may know of a permit."""
    return to_message(permit, permit_pb2.PermitVerification)
