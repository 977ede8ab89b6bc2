"""A verifier as an outsider would write it from `docs/reference/audit.md`: the standard library and `cryptography`."""

import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from motcua_ops.audit.proofs import prove

from .conftest import SERVICE, City


def form(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def committed(field: str, shown: dict[str, str]) -> str:
    if "commitment" in shown:
        return shown["commitment"]
    return hmac.new(bytes.fromhex(shown["salt"]), f"{field}\0{shown['value']}".encode(), "sha256").hexdigest()


def verify(proof: dict[str, Any], root: x509.Certificate) -> str:
    """Return the day at whose end the history stood there; an AssertionError or InvalidSignature when it did not."""
    previous = "0" * 64
    for number, each in enumerate(proof["entries"], start=1):
        personal = {field: committed(field, shown) for field, shown in each["personal"].items()}
        hashed = {"format": "motcua.entry/1", "name": proof["name"], "entry": each["entry"], "personal": personal}
        previous = sha(form({**hashed, "adopted": each["adopted"], "previous": previous})).hex()
        assert previous == each["hash"]
        assert each["entry"]["version"] == number

    header, payload, signature = proof["seal"].split(".")
    signer = x509.load_der_x509_certificate(base64.b64decode(json.loads(part(header))["x5c"][0]))
    signer.verify_directly_issued_by(root)
    raw = part(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = signer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(der, f"{header}.{payload}".encode(), ec.ECDSA(SHA256()))

    seal, leaf = json.loads(part(payload)), proof["leaf"]
    assert (seal["format"], seal["service"]) == ("motcua.seal/1", proof["service"])
    last = proof["entries"][leaf["version"] - 1]["hash"]
    node = sha(b"\0" + form({"name": proof["name"], "version": leaf["version"], "hash": last}))
    here, end = leaf["index"], seal["leaves"] - 1
    for sibling in map(bytes.fromhex, leaf["path"]):
        assert end > 0
        if here % 2 or here == end:
            node = sha(b"\1" + sibling + node)
            while here and not here % 2:
                here, end = here // 2, end // 2
        else:
            node = sha(b"\1" + node + sibling)
        here, end = here // 2, end // 2
    assert (end, node.hex()) == (0, seal["root"])
    day: str = seal["day"]
    return day


@pytest.fixture
def root(signing_files: dict[str, Path]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(signing_files["signing_chain_file"].read_bytes())


@pytest.mark.parametrize("hidden", [(), ("actor", "reason")])
def test_an_outsider_can_check_a_proof(city: City, root: x509.Certificate, hidden: tuple[str, ...]) -> None:
    for name in "abc":
        verify(prove(city.store, city.archive, SERVICE, f"dossiers/{name}", hidden), root)


@pytest.mark.parametrize(
    "forge",
    [
        lambda proof: proof["entries"][1]["personal"]["actor"].update(value="officers/2"),
        lambda proof: proof["entries"].pop(1),
        lambda proof: proof["entries"].reverse(),
        lambda proof: proof["leaf"].update(version=1),
        lambda proof: proof.update(name="dossiers/other"),
    ],
    ids=["changed", "removed", "reordered", "other leaf", "other name"],
)
def test_an_outsider_finds_what_was_forged(
    city: City, root: x509.Certificate, forge: Callable[[dict[str, Any]], None]
) -> None:
    proof = json.loads(json.dumps(prove(city.store, city.archive, SERVICE, "dossiers/b")))
    verify(proof, root)
    forge(proof)
    with pytest.raises(AssertionError):
        verify(proof, root)


def test_the_leaves_are_lines_in_the_form_that_is_hashed(city: City) -> None:
    stored = next(city.archive.list("leaves/dossier/"))
    lines = gzip.decompress(city.archive.read(stored)).splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["dossiers/a", "dossiers/b"]
    assert all(form(json.loads(line)) == line for line in lines)
