"""Rights of people to land, asked of the land service."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from motcua.land.v1.certificates_pb2 import Holding as HoldingMessage
from motcua.land.v1.certificates_pb2 import ListHoldingsRequest
from motcua.land.v1.certificates_pb2_grpc import CertificateServiceStub
from motcua_dossier.application.ports import Holding

PAGE_SIZE = 200


class LandServiceRegister:
    """See `ports.LandRegister`.

    Args:
        channel: opens the channel to land when it is first needed.
    """

    def __init__(self, channel: Callable[[], grpc.Channel]) -> None:
        self._channel = channel

    def holdings(self, citizen_id: str, account: str, purpose: str) -> list[Holding]:
        """See `ports.LandRegister.holdings`."""
        stub = CertificateServiceStub(self._channel())
        request = ListHoldingsRequest(citizen_id=citizen_id, account=account, purpose=purpose, page_size=PAGE_SIZE)
        found: list[Holding] = []
        while True:
            page = stub.ListHoldings(request)
            found.extend(_holding(message) for message in page.holdings)
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token


def _holding(message: HoldingMessage) -> Holding:
    return Holding(
        parcel=message.parcel.name,
        unit=message.parcel.unit,
        area_m2=message.parcel.area.legal_m2,
        certificate=message.right.certificate,
        certificate_serial=message.certificate_serial,
    )
