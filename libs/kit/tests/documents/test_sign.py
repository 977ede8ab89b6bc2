"""PAdES signatures: made, verified, and broken."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from motcua_kit.documents.sample_key import SAMPLE_MARK, SampleKey, write_sample_key
from motcua_kit.documents.sign import FileKey, PadesSigner, SigningKeyError
from motcua_kit.documents.verify import NotSigned, SignatureReport, verify

TIME = datetime(2026, 11, 23, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def signed(sample_pdf: bytes, signer: PadesSigner) -> bytes:
    return signer.sign(sample_pdf, reason="Giấy tiếp nhận hồ sơ", location="Thành phố Hồ Chí Minh", time=TIME)


def test_a_signed_document_verifies(signed: bytes, sample_key: SampleKey) -> None:
    assert verify(signed, sample_key.chain_file, time=TIME) == SignatureReport(
        bottom_line=True,
        intact=True,
        trusted=True,
        entire_file=True,
        signer="Trần Văn Bình",
        time=TIME,
        reason="Giấy tiếp nhận hồ sơ",
    )


def test_signing_only_appends(sample_pdf: bytes, signed: bytes) -> None:
    assert signed.startswith(sample_pdf)
    assert b"/ETSI.CAdES.detached" in signed[len(sample_pdf) :]


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_one_changed_bit_breaks_the_signature(
    signed: bytes, sample_pdf: bytes, sample_key: SampleKey, position: float
) -> None:
    altered = bytearray(signed)
    # Within a compressed stream, so that the file stays readable.
    start = altered.index(b"stream\n", int(len(sample_pdf) * position)) + 50
    altered[start] ^= 1
    report = verify(bytes(altered), sample_key.chain_file, time=TIME)
    assert (report.bottom_line, report.intact) == (False, False)


def test_a_foreign_root_is_not_trusted(signed: bytes, tmp_path: Path) -> None:
    other = write_sample_key(tmp_path, common_name="Trần Văn Bình", organisation="UBND phường Sài Gòn", time=TIME)
    report = verify(signed, other.chain_file, time=TIME)
    assert (report.bottom_line, report.intact, report.trusted) == (False, True, False)


def test_an_expired_certificate_is_not_trusted(signed: bytes, sample_key: SampleKey) -> None:
    report = verify(signed, sample_key.chain_file, time=TIME + timedelta(days=4000))
    assert (report.bottom_line, report.trusted) == (False, False)


def test_what_is_added_after_the_signature_is_noticed(signed: bytes, sample_key: SampleKey) -> None:
    report = verify(signed + b"\n% more\n", sample_key.chain_file, time=TIME)
    assert (report.bottom_line, report.entire_file) == (False, False)


@pytest.mark.parametrize("content", [b"", b"not a pdf", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_pdf_has_no_signature(sample_key: SampleKey, content: bytes) -> None:
    with pytest.raises(NotSigned):
        verify(content, sample_key.chain_file, time=TIME)


def test_an_unsigned_document_says_so(sample_pdf: bytes, sample_key: SampleKey) -> None:
    with pytest.raises(NotSigned, match="no signature"):
        verify(sample_pdf, sample_key.chain_file, time=TIME)


def test_a_key_with_a_passphrase(sample_pdf: bytes, tmp_path: Path) -> None:
    files = write_sample_key(tmp_path, common_name="A", organisation="B", time=TIME, passphrase="mật khẩu")
    signer = PadesSigner(FileKey(*files, passphrase="mật khẩu"))
    assert verify(signer.sign(sample_pdf, reason="r", location="l", time=TIME), files.chain_file, time=TIME).bottom_line
    assert "mật khẩu" not in repr(signer)
    for passphrase in ("", "wrong"):
        with pytest.raises(SigningKeyError, match=r"key\.pem"):
            FileKey(*files, passphrase=passphrase).signer()


def test_a_key_that_cannot_be_used_is_named(sample_key: SampleKey, tmp_path: Path) -> None:
    other = write_sample_key(tmp_path, common_name="A", organisation="B", time=TIME)
    with pytest.raises(SigningKeyError, match="is not the certificate of"):
        FileKey(sample_key.key_file, other.certificate_file, other.chain_file).signer()
    with pytest.raises(SigningKeyError, match="absent"):
        FileKey(tmp_path / "absent", other.certificate_file, other.chain_file).signer()
    with pytest.raises(SigningKeyError, match="absent"):
        FileKey(other.key_file, tmp_path / "absent", other.chain_file).signer()
    (tmp_path / "garbage").write_text("not a key")
    with pytest.raises(SigningKeyError, match="garbage"):
        FileKey(tmp_path / "garbage", other.certificate_file, other.chain_file).signer()


def test_a_sample_key_says_that_it_is_one_and_only_its_owner_may_read_it(sample_key: SampleKey) -> None:
    assert sample_key.key_file.stat().st_mode & 0o077 == 0
    certificate = load_pem_x509_certificate(sample_key.certificate_file.read_bytes())
    assert SAMPLE_MARK in certificate.subject.rfc4514_string()


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("motcua_kit.documents.render", "pyhanko"),
        ("motcua_kit.service.runtime", "pyhanko"),
        ("motcua_kit.service.runtime", "typst"),
    ],
)
def test_only_processes_that_make_documents_load_what_that_takes(module: str, unwanted: str) -> None:
    program = f"import sys, {module}; sys.exit({unwanted!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603
