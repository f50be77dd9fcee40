"""The report of one signature while it is being filled in; what is not proven stays False."""

from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509

from app.domain.signature import (
    Coverage,
    Indication,
    SignatureReport,
    SubIndication,
    sentence,
)
from app.signatures.chain import Checker, Evidence
from app.signatures.faults import Fault


@dataclass(slots=True)
class Draft:
    """Collects the facts of one signature in the order in which they become known."""

    coverage: Coverage = Coverage.NONE
    intact: bool = False
    valid: bool = False
    trusted: bool = False
    signer: str | None = None
    issuer: str | None = None
    serial: str | None = None
    signer_uid: str | None = None
    anchor: str | None = None
    algorithm: str | None = None
    claimed_signing_at: datetime | None = None
    proven_signing_at: datetime | None = None
    signed_after: datetime | None = None
    """What a trusted stamp inside the signed content proves: only it makes a revocation final."""

    def name_signer(self, certificate: x509.Certificate) -> None:
        """Note who signed, as the certificate says it."""
        self.signer = _common_name(certificate.subject)
        self.issuer = _common_name(certificate.issuer)
        self.serial = f"{certificate.serial_number:x}"
        self.signer_uid = _uid(certificate.subject)

    def settle_trust(
        self, certificate: x509.Certificate, evidence: Evidence, checker: Checker
    ) -> None:
        """Check the signer's chain as of the proven instant, or of now; a Fault if it fails."""
        moment = self.proven_signing_at or checker.now
        result = checker.check(certificate, evidence, moment=moment)
        self.anchor = result.anchor
        after, revoked_at = self.signed_after, result.revoked_at
        if after is not None and revoked_at is not None and revoked_at <= after:
            raise Fault(SubIndication.REVOKED)
        if result.sub_indication is not None:
            raise Fault(result.sub_indication)
        self.trusted = True

    def passed(self) -> SignatureReport:
        """Return the report of a signature in which nothing was found wrong."""
        return self._report(Indication.TOTAL_PASSED, None, sentence(None))

    def failed(self, sub_indication: SubIndication, detail: str = "") -> SignatureReport:
        """Return the report of a signature that did not pass, keeping what had been proven."""
        reason = sentence(sub_indication, detail)
        return self._report(sub_indication.indication, sub_indication, reason)

    def _report(
        self, indication: Indication, sub_indication: SubIndication | None, reason: str
    ) -> SignatureReport:
        facts = {name: getattr(self, name) for name in self.__slots__ if name != "signed_after"}
        return SignatureReport(
            indication=indication, sub_indication=sub_indication, reason=reason, **facts
        )


def _common_name(name: x509.Name) -> str:
    found = _attribute(name, "common_name")
    return found or str(name.human_friendly)


def _uid(name: x509.Name) -> str | None:
    """Find the identity number: in UID as the Vietnamese CAs write it, else in serialNumber."""
    return _attribute(name, "user_id") or _attribute(name, "serial_number")


def _attribute(name: x509.Name, kind: str) -> str | None:
    value = name.native.get(kind)
    if isinstance(value, list):
        value = value[0]
    return str(value) if value else None
