"""Certificates and revocation lists of the sample PKI, after RFC 5280 and the Vietnamese profile.

Holders are named as the Vietnamese CAs do: the identity number stands in UID (`CCCD:...` for a
citizen, `MST:...` for a firm, `CQ:...` for an agency's code). Nothing here is for real use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Span = tuple[datetime, datetime]

_RSA_BITS = 2048
_CA_USES = frozenset({"key_cert_sign", "crl_sign"})
SIGNER_USES = frozenset({"digital_signature", "content_commitment"})
_ALL_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a certificate names: common name, identity number with its kind, organisation."""

    name: str
    uid: str = ""
    organisation: str = ""

    def as_subject(self) -> x509.Name:
        parts = [(NameOID.COUNTRY_NAME, "VN"), (NameOID.ORGANIZATION_NAME, self.organisation)]
        parts += [(NameOID.COMMON_NAME, self.name), (NameOID.USER_ID, self.uid)]
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority with its key; the root signed itself."""

    key: PrivateKey
    certificate: x509.Certificate


def new_key(*, rsa_key: bool = False) -> PrivateKey:
    """Make a key: P-256, or RSA 2048 where a program knows nothing else."""
    if rsa_key:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def new_authority(holder: Holder, span: Span, *, parent: Authority | None = None) -> Authority:
    """Make an authority below `parent`, or a root."""
    key = new_key()
    issuer = parent.certificate.subject if parent else holder.as_subject()
    signing_key = parent.key if parent else key
    builder = (
        _builder(holder, key, issuer, signing_key, span)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(_CA_USES), critical=True)
    )
    return Authority(key, builder.sign(signing_key, hashes.SHA256()))


def issue(
    authority: Authority,
    holder: Holder,
    key: PrivateKey,
    span: Span,
    *,
    uses: frozenset[str] = SIGNER_USES,
    is_stamper: bool = False,
) -> x509.Certificate:
    """Issue a certificate for signing documents, or for stamping times."""
    builder = (
        _builder(holder, key, authority.certificate.subject, authority.key, span)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(uses), critical=True)
    )
    if is_stamper:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(authority.key, hashes.SHA256())


def revocation_list(
    authority: Authority, span: Span, revoked: Sequence[tuple[x509.Certificate, datetime]] = ()
) -> x509.CertificateRevocationList:
    """Make an authority's list of revoked certificates, valid over `span`."""
    issued_at, next_at = span
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(issued_at)
        .next_update(next_at)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(_authority_key(authority.key), critical=False)
    )
    for certificate, revoked_at in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(revoked_at)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        )
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256())


def _builder(
    holder: Holder, key: PrivateKey, issuer: x509.Name, signing_key: PrivateKey, span: Span
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(holder.as_subject())
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key(signing_key), critical=False)
    )


def _authority_key(signing_key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())


def _key_usage(uses: frozenset[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in uses for name in _ALL_USES})
