"""Kinds of PDF signatures that are weak, old or odd: told as such, not passed."""

import asyncio
from hashlib import sha1

import pytest
from asn1crypto.cms import CMSAttributes, ContentInfo
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.domain.signature import Indication, SubIndication
from app.signatures.sign import read_signer
from tests.signatures.forge_pdf import byte_range, plain_pdf
from tests.signatures.office import AGENCY, Desk

NEW = b"/SubFilter /ETSI.CAdES.detached"


def covered(pdf: bytes) -> bytes:
    _, length, resume, rest = byte_range(pdf)
    return pdf[:length] + pdf[resume : resume + rest]


def with_value(pdf: bytes, value: bytes) -> bytes:
    """Put another signature value into the hole."""
    _, length, resume, _ = byte_range(pdf)
    hole = b"<" + value.hex().encode().ljust(resume - length - 2, b"0") + b">"
    return pdf[:length] + hole + pdf[resume:]


def cms(desk: Desk, data: bytes, md: str, *, signer: str = AGENCY, detached: bool) -> bytes:
    signing = read_signer(desk.keys, signer).async_sign_general_data(data, md, detached=detached)
    return bytes(asyncio.run(signing).dump())


def mixed(desk: Desk, data: bytes, md: str) -> bytes:
    """Sign with RSA and SHA-256 over attributes that hold another hash of the content."""
    info = ContentInfo.load(cms(desk, data, md, signer="citizen", detached=True))
    signer_info = info["content"]["signer_infos"][0]
    kept = [a for a in signer_info["signed_attrs"] if a["type"].native in _NEEDED]
    signer_info["signed_attrs"] = CMSAttributes(kept)
    signer_info["signature_algorithm"] = {"algorithm": "sha256_rsa"}
    key = serialization.load_pem_private_key((desk.keys / "citizen.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    attributes = CMSAttributes(kept).dump(force=True)
    signer_info["signature"] = key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
    return bytes(info.dump(force=True))


_NEEDED = {"content_type", "message_digest"}


def test_the_old_kind_with_an_outer_sha1_is_intact_but_weak(desk: Desk, signed: bytes) -> None:
    legacy = signed.replace(NEW, b"/SubFilter /adbe.pkcs7.sha1".ljust(len(NEW)))
    digest = sha1(covered(legacy)).digest()

    verdict = desk.verdict(with_value(legacy, cms(desk, digest, "sha256", detached=False)))

    assert verdict.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert (verdict.intact, verdict.valid, verdict.trusted) == (True, True, False)


def test_the_old_kind_over_another_document_has_failed(desk: Desk, signed: bytes) -> None:
    legacy = signed.replace(NEW, b"/SubFilter /adbe.pkcs7.sha1".ljust(len(NEW)))

    verdict = desk.verdict(with_value(legacy, cms(desk, bytes(20), "sha256", detached=False)))

    assert verdict.sub_indication is SubIndication.HASH_FAILURE


def test_a_signature_that_carries_its_own_content_has_failed(desk: Desk, signed: bytes) -> None:
    verdict = desk.verdict(with_value(signed, cms(desk, b"other", "sha256", detached=False)))

    assert verdict.sub_indication is SubIndication.FORMAT_FAILURE
    assert not verdict.intact


@pytest.mark.parametrize(
    "kind", [b"/SubFilter /adbe.x509.rsa_sha1", b"/SubFilter /My.Own", b"/SubFilter /x"]
)
def test_unknown_kinds_are_left_to_the_officer(desk: Desk, signed: bytes, kind: bytes) -> None:
    verdict = desk.verdict(signed.replace(NEW, kind.ljust(len(NEW))))

    assert verdict.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert not verdict.intact


def test_a_signature_that_does_not_say_its_kind_does_not_pass(desk: Desk, signed: bytes) -> None:
    silent = signed.replace(NEW, b" " * len(NEW))

    verdict = desk.verdict(with_value(silent, cms(desk, covered(silent), "sha256", detached=True)))

    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert verdict.intact


@pytest.mark.parametrize("md", ["sha384", "sha512"])
def test_a_content_hashed_otherwise_than_the_signature_is_not_accepted(desk: Desk, md: str) -> None:
    """RFC 8933."""
    document = desk.sign(plain_pdf(), "citizen", stamped=False)

    verdict = desk.verdict(with_value(document, mixed(desk, covered(document), md)))

    assert verdict.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert (verdict.intact, verdict.valid) == (True, True)


@pytest.mark.parametrize("signer", [AGENCY, "citizen"])
def test_sha1_is_intact_but_no_longer_strong_enough(desk: Desk, signer: str) -> None:
    document = desk.sign(plain_pdf(), signer, stamped=False)
    value = cms(desk, covered(document), "sha1", signer=signer, detached=True)

    verdict = desk.verdict(with_value(document, value))

    assert verdict.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert verdict.indication is Indication.INDETERMINATE
    assert (verdict.intact, verdict.valid) == (True, True)


def test_a_signature_over_other_bytes_has_failed(desk: Desk, signed: bytes) -> None:
    verdict = desk.verdict(with_value(signed, cms(desk, b"other", "sha256", detached=True)))

    assert verdict.sub_indication is SubIndication.HASH_FAILURE


def test_an_algorithm_that_is_not_of_the_certificates_key_has_failed(
    desk: Desk, signed: bytes
) -> None:
    info = ContentInfo.load(cms(desk, covered(signed), "sha256", detached=True))
    signer_info = info["content"]["signer_infos"][0]
    kept = [a for a in signer_info["signed_attrs"] if a["type"].native in _NEEDED]
    signer_info["signed_attrs"] = CMSAttributes(kept)
    signer_info["signature_algorithm"] = {"algorithm": "sha256_rsa"}

    verdict = desk.verdict(with_value(signed, info.dump(force=True)))

    assert verdict.sub_indication is SubIndication.SIG_CRYPTO_FAILURE


def test_a_value_by_another_key_has_failed(desk: Desk, signed: bytes) -> None:
    """The signer's certificate beside a signature that its key did not make."""
    value = bytearray(cms(desk, covered(signed), "sha256", detached=True))
    value[-1] ^= 1

    verdict = desk.verdict(with_value(signed, bytes(value)))

    assert verdict.sub_indication is SubIndication.SIG_CRYPTO_FAILURE
    assert not verdict.valid
