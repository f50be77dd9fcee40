"""Certificate chains: whether a certificate leads to an anchor, unrevoked, at a given moment.

Revocation is required for every certificate below the anchor and comes from the trust folder; what
a document carries with it (DSS, CMS, XAdES) is asked only when the folder has nothing to say, so an
old "good" answer inside an upload never outvotes a current CRL. Nothing is ever fetched.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import crl, ocsp, x509
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)

from app.domain.signature import SubIndication
from app.signatures.trust import TrustStore

SIGNER_USAGE = KeyUsageConstraints(
    key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False
)
# A certificate for nothing but these is no one's signature on a document.
_OTHER_PURPOSES = frozenset({"server_auth", "code_signing", "time_stamping", "ocsp_signing"})
STAMP_USAGE = KeyUsageConstraints(key_usage=set(), extd_key_usage={"time_stamping"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Validation data that the document carries about its own signatures, in DER."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(
            self.certificates + other.certificates,
            self.crls + other.crls,
            self.ocsps + other.ocsps,
        )


@dataclass(frozen=True, slots=True)
class ChainResult:
    """Why the chain fails (None: it holds), the anchor's name, and since when it is revoked."""

    sub_indication: SubIndication | None
    anchor: str | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks chains against one trust store as of `now`, the instant of the whole verification."""

    store: TrustStore
    now: datetime

    def check(
        self,
        certificate: x509.Certificate,
        evidence: Evidence,
        *,
        moment: datetime,
        usage: KeyUsageConstraints = SIGNER_USAGE,
    ) -> ChainResult:
        """Check a certificate as of `moment`, the instant its use is proven for (or now)."""
        try:
            anchor = asyncio.run(self._find_anchor(certificate, evidence, moment, usage))
        except RevokedError as error:
            own = error.is_ee_cert and not error.is_side_validation
            return ChainResult(
                SubIndication.REVOKED_NO_POE, revoked_at=error.revocation_dt if own else None
            )
        except (ValidationError, PathBuildingError) as error:
            return ChainResult(_reason(error, certificate))
        return ChainResult(None, anchor)

    async def _find_anchor(
        self,
        certificate: x509.Certificate,
        evidence: Evidence,
        moment: datetime,
        usage: KeyUsageConstraints,
    ) -> str:
        known = [*self.store.intermediates, *evidence.certificates]
        names = _issuer_names(certificate, known)
        crls = [der for der in self.store.crls if self._is_current(_crl_span, der)]
        ocsps = [der for der in self.store.ocsps if self._is_current(_ocsp_span, der)]
        rounds = [(crls, ocsps)]
        if evidence.crls or evidence.ocsps:
            rounds.append(([*crls, *evidence.crls], [*ocsps, *evidence.ocsps]))
        for index, (some_crls, some_ocsps) in enumerate(rounds, start=1):
            context = ValidationContext(
                trust_roots=[x509.Certificate.load(der) for der in self.store.anchors],
                other_certs=_load_certificates(known),
                moment=moment,
                crls=[der for der in some_crls if _crl_issuer(der) in names],
                ocsps=[der for der in some_ocsps if _ocsp_span(der) is not None],
                revocation_mode="require",
                retroactive_revinfo=True,  # a later list still tells of the earlier moment
                allow_fetching=False,
            )
            try:
                path = await CertificateValidator(
                    certificate, validation_context=context
                ).async_validate_path()
            except InsufficientRevinfoError:
                if index == len(rounds):
                    raise
                continue
            if path.pkix_len > 0:
                usage.validate(certificate)
            purposes = certificate.extended_key_usage_value
            if usage is SIGNER_USAGE and purposes and set(purposes.native) <= _OTHER_PURPOSES:
                raise InvalidCertificateError("not for documents")
            return str(path.trust_anchor.authority.name.human_friendly)
        raise AssertionError  # unreachable: the last round returns or raises

    def _is_current(self, span: Callable[[bytes], "_Span"], der: bytes) -> bool:
        """Whether a cached list or answer is within its own dates: a stale cache proves nothing."""
        dates = span(der)
        return dates is not None and dates[0] <= self.now <= dates[1]


_Span = tuple[datetime, datetime] | None


def _crl_span(der: bytes) -> _Span:
    try:
        tbs = crl.CertificateList.load(der)["tbs_cert_list"]
        dates: tuple[Any, Any] = (tbs["this_update"].native, tbs["next_update"].native)
    except (ValueError, TypeError, KeyError):
        return None
    return None if None in dates else dates


def _ocsp_span(der: bytes) -> _Span:
    try:
        answer = ocsp.OCSPResponse.load(der).response_data["responses"][0]
        dates: tuple[Any, Any] = (answer["this_update"].native, answer["next_update"].native)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None
    return (dates[0], dates[1] or dates[0])


def _crl_issuer(der: bytes) -> str | None:
    try:
        return str(crl.CertificateList.load(der).issuer.hashable)
    except (ValueError, TypeError, KeyError):
        return None


def _load_certificates(ders: Iterable[bytes]) -> list[x509.Certificate]:
    """Load what parses; a document's junk certificate must not stop the genuine ones."""
    loaded = []
    for der in dict.fromkeys(ders):
        try:
            certificate = x509.Certificate.load(der)
            _ = (certificate.subject.hashable, certificate.issuer.hashable, certificate.public_key)
        except (ValueError, TypeError, KeyError):
            continue
        loaded.append(certificate)
    return loaded


def _issuer_names(certificate: x509.Certificate, known: Iterable[bytes]) -> set[str]:
    """Collect the names whose CRLs can matter for a chain; the others are never parsed further."""
    by_subject: dict[str, set[str]] = {}
    for other in _load_certificates(known):
        by_subject.setdefault(other.subject.hashable, set()).add(other.issuer.hashable)
    names: set[str] = set()
    waiting = [certificate.issuer.hashable]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting.extend(by_subject.get(name, ()))
    return names


_REASONS: tuple[tuple[type[Exception], SubIndication], ...] = (
    (InsufficientRevinfoError, SubIndication.TRY_LATER),
    (ExpiredError, SubIndication.OUT_OF_BOUNDS_NO_POE),
    (NotYetValidError, SubIndication.NOT_YET_VALID),
    (DisallowedAlgorithmError, SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
    (PathBuildingError, SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
)


def _reason(error: Exception, certificate: x509.Certificate) -> SubIndication:
    # A self-signed signer outside the anchors is reported by the library as "invalid certificate".
    if isinstance(error, InvalidCertificateError) and certificate.self_signed != "no":
        return SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    # A CA that is not yet valid says nothing about when the signer signed.
    if isinstance(error, NotYetValidError) and (error.is_side_validation or not error.is_ee_cert):
        return SubIndication.CHAIN_CONSTRAINTS_FAILURE
    return next(
        (sub_indication for kind, sub_indication in _REASONS if isinstance(error, kind)),
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    )
