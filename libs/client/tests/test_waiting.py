"""Waiting by asking again."""

import uuid
from dataclasses import dataclass

import pytest

from motcua.dossier.v1 import dossier_pb2
from motcua_client import WaitTimeout, wait_for, wait_for_state, with_request_id


@dataclass
class Thing:
    state: int


def test_waits_until_it_happens() -> None:
    states = iter([1, 1, 5])
    assert wait_for_state(lambda: Thing(next(states)), 4, 5).state == 5


def test_timeout_says_what_was_seen_last() -> None:
    with pytest.raises(WaitTimeout, match=r"0\.1 s for rain.*sunshine") as caught:
        wait_for(lambda: "sunshine", lambda weather: weather == "rain", seconds=0.1, what="rain")
    assert caught.value.last == "sunshine"


def test_request_id_is_given_once() -> None:
    request = with_request_id(dossier_pb2.SubmitDossierRequest())
    assert uuid.UUID(request.request_id).version == 4
    assert with_request_id(request).request_id == request.request_id


def test_message_without_request_id_is_left_alone() -> None:
    assert with_request_id(dossier_pb2.GetDossierRequest()) == dossier_pb2.GetDossierRequest()
