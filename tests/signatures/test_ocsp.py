"""Cached OCSP answers count like lists: current, about this certificate, by its authority."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from app.domain.signature import SubIndication, Verdict
from app.signatures.certificates import Authority, Holder, issue, new_authority, new_key
from app.signatures.sign import sign_pdf
from app.signatures.trust import TrustStore
from app.signatures.verify import verify_bytes
from tests.signatures.forge_pdf import plain_pdf
from tests.signatures.office import DAY, LONG, NOW, der, pem


@dataclass(frozen=True)
class Asked:
    """A signer whose authority answers by OCSP."""

    authority: Authority
    certificate: x509.Certificate
    document: bytes

    def answer(
        self,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        at: datetime = NOW - DAY,
        by: Authority | None = None,
    ) -> bytes:
        responder = by or self.authority
        is_revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.certificate,
            issuer=self.authority.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=at,
            next_update=at + 7 * DAY,
            revocation_time=NOW - 9 * DAY if is_revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
        )
        signed = builder.responder_id(
            ocsp.OCSPResponderEncoding.HASH, responder.certificate
        ).certificates([responder.certificate])
        return signed.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def verdict(self, *answers: bytes) -> Verdict:
        store = TrustStore(anchors=(der(self.authority.certificate),), ocsps=answers)
        return verify_bytes(self.document, store, NOW)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder: Path = tmp_path_factory.mktemp("ocsp")
    authority, key = new_authority(Holder("Answering CA"), LONG), new_key()
    plain = issue(authority, Holder("asked"), key, LONG)
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP,
                x509.UniformResourceIdentifier("http://127.0.0.1:9/ocsp"),
            )
        ]
    )
    certificate = _with(plain, access, authority)
    (folder / "asked.crt").write_bytes(pem(certificate))
    (folder / "asked.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    document = sign_pdf(plain_pdf(), "asked", folder, now=NOW, with_timestamp=False)
    return Asked(authority, certificate, document)


def _with(
    certificate: x509.Certificate, extension: x509.ExtensionType, authority: Authority
) -> x509.Certificate:
    """Issue a certificate anew with one more extension."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(certificate.public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(LONG[0])
        .not_valid_after(LONG[1])
        .add_extension(extension, critical=False)
    )
    for known in certificate.extensions:
        builder = builder.add_extension(known.value, critical=known.critical)
    return builder.sign(authority.key, hashes.SHA256())


def test_a_current_good_answer_is_enough(asked: Asked) -> None:
    assert asked.verdict(asked.answer()).sub_indication is None


def test_no_answer_is_no_proof(asked: Asked) -> None:
    assert asked.verdict().sub_indication is SubIndication.TRY_LATER


def test_a_revocation_is_told(asked: Asked) -> None:
    verdict = asked.verdict(asked.answer(ocsp.OCSPCertStatus.REVOKED))

    assert verdict.sub_indication is SubIndication.REVOKED_NO_POE


@pytest.mark.parametrize("at", [NOW - 30 * DAY, NOW + DAY])
def test_a_stale_or_future_answer_is_no_proof(asked: Asked, at: datetime) -> None:
    assert asked.verdict(asked.answer(at=at)).sub_indication is SubIndication.TRY_LATER


def test_an_unknown_certificate_is_not_good(asked: Asked) -> None:
    verdict = asked.verdict(asked.answer(ocsp.OCSPCertStatus.UNKNOWN))

    assert verdict.sub_indication is SubIndication.TRY_LATER


def test_a_strangers_answer_is_no_proof(asked: Asked) -> None:
    stranger = new_authority(Holder("Stranger"), LONG)
    key = new_key()
    delegate = _with(
        issue(stranger, Holder("Stranger's responder"), key, LONG),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]),
        stranger,
    )

    for responder in (stranger, Authority(key, delegate)):
        assert asked.verdict(asked.answer(by=responder)).sub_indication is SubIndication.TRY_LATER


def test_junk_among_the_answers_stops_nothing(asked: Asked) -> None:
    assert asked.verdict(b"junk", asked.answer()[:50], asked.answer()).sub_indication is None
