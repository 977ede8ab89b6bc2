"""Requests as bytes, and bytes that are no request."""

from google.protobuf.message import Message
from hypothesis import strategies as st

from motcua_devstack.fuzz.texts import SURROGATE
from motcua_kit.rpc.server import MAX_MESSAGE_BYTES

LONE_SURROGATE = b"\xed\xa0\x80"
UNKNOWN_FIELD = b"\xfa\x3f\x05\xff\x00\xfe\x01\x02"
"""Field 1023 with five bytes: as a newer client may send it."""

WHOLE_TO_DAMAGED = 4
DEEP = b"\x0b" * 200
"""Groups in groups, deeper than a parser goes."""


def payloads(message: Message) -> st.SearchStrategy[bytes]:
    """A request on the wire: mostly whole, else damaged; never more than a server reads."""
    whole = message.SerializeToString().replace(SURROGATE.encode(), LONE_SURROGATE)
    damaged = st.one_of(
        st.just(whole + UNKNOWN_FIELD),
        st.just(whole + DEEP),
        st.just(whole + whole),
        st.integers(0, min(len(whole), 40)).map(lambda end: whole[:end]),
        st.builds(_changed, st.just(whole), st.integers(0, 200), st.integers(0, 255)),
        st.binary(max_size=60),
    )
    return st.one_of(*[st.just(whole)] * WHOLE_TO_DAMAGED, damaged).map(lambda raw: raw[:MAX_MESSAGE_BYTES])


def _changed(raw: bytes, position: int, byte: int) -> bytes:
    return raw[:position] + bytes([byte]) + raw[position + 1 :]
