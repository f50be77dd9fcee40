"""A province's signing desk for tests: the sample PKI, and a second tree with troubled signers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.domain.signature import Verdict
from app.signatures.certificates import (
    SIGNER_USES,
    Authority,
    Holder,
    PrivateKey,
    Span,
    issue,
    new_authority,
    new_key,
    revocation_list,
)
from app.signatures.pki import STAMPER, make_sample_pki
from app.signatures.sign import sign_pdf
from app.signatures.trust import TrustStore, read_trust
from app.signatures.verify import verify_bytes

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
DAY = timedelta(days=1)
AGENCY = "H44.12"
LONG: Span = (NOW - 4000 * DAY, NOW + 4000 * DAY)


@dataclass(frozen=True)
class Desk:
    """A trust folder with the keys of its signers."""

    folder: Path
    store: TrustStore

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    def sign(
        self, pdf: bytes, who: str = AGENCY, *, now: datetime = NOW, stamped: bool = True
    ) -> bytes:
        return sign_pdf(pdf, who, self.keys, now=now, with_timestamp=stamped)

    def verdict(self, data: bytes, *, now: datetime = NOW) -> Verdict:
        return verify_bytes(data, self.store, now)


def sample_desk(folder: Path) -> Desk:
    """Make the sample province's desk."""
    make_sample_pki(folder, NOW, agencies=[(AGENCY, "Sở Tư pháp")])
    return Desk(folder, read_trust(folder))


def troubled_desk(folder: Path) -> Desk:
    """Make a desk with signers that something is wrong with; the file names say what."""
    (folder / "keys").mkdir(parents=True)
    root = new_authority(Holder("Troubled root"), LONG)
    below = new_authority(Holder("Troubled CA"), LONG, parent=root)
    strange = new_authority(Holder("Strange root"), LONG)
    signers: Mapping[str, tuple[Authority, PrivateKey, Span, frozenset[str]]] = {
        "good": (below, new_key(), LONG, SIGNER_USES),
        "wrong_usage": (below, new_key(), LONG, frozenset({"key_agreement"})),
        "future": (below, new_key(), (NOW + 10 * DAY, NOW + 20 * DAY), SIGNER_USES),
        "lapsed": (below, new_key(), (NOW - 900 * DAY, NOW - 100 * DAY), SIGNER_USES),
        "short_key": (below, _short_key(), LONG, SIGNER_USES),
        "unknown_ca": (strange, new_key(), LONG, SIGNER_USES),
        "lost": (below, new_key(), LONG, SIGNER_USES),
    }
    issued = {}
    for name, (authority, key, span, uses) in signers.items():
        issued[name] = issue(authority, Holder(name, f"CCCD:{len(name):012}"), key, span, uses=uses)
        _keep(folder / "keys" / name, key, [issued[name], authority.certificate])
    key = new_key(rsa_key=True)
    stamper = issue(below, Holder("Stamper"), key, LONG, is_stamper=True)
    _keep(folder / "keys" / STAMPER, key, [stamper, below.certificate])
    (folder / "root.pem").write_bytes(pem(root.certificate))
    (folder / "ca.der").write_bytes(der(below.certificate))
    span = (NOW - DAY, NOW + 30 * DAY)
    (folder / "root.crl").write_bytes(der(revocation_list(root, span)))
    entries = [(issued["lost"], NOW - 50 * DAY)]
    (folder / "ca.crl").write_bytes(der(revocation_list(below, span, entries)))
    return Desk(folder, read_trust(folder))


def _short_key() -> PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def _keep(path: Path, key: PrivateKey, chain: list[x509.Certificate]) -> None:
    path.with_suffix(".crt").write_bytes(b"".join(pem(certificate) for certificate in chain))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(signed: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return signed.public_bytes(serialization.Encoding.DER)
