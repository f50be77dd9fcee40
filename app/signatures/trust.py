"""The trust folder: anchors, intermediates and cached revocation data, read as bytes.

Two layouts work. Ordered: `anchors/`, `intermediates/`, `crls/`, `ocsps/`; any other subfolder (the
sample's `keys/`) is never opened. Flat: every file at the top is recognised by its content,
self-signed certificates being anchors and the others intermediates.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from asn1crypto import crl, ocsp, pem, x509

_LARGEST_FILE = 64 * 2**20  # the biggest national CRLs are some tens of megabytes
_ORDERED = ("anchors", "intermediates", "crls", "ocsps")


@dataclass(frozen=True, slots=True)
class TrustStore:
    """What the province trusts, in DER; an empty store is valid and trusts nobody."""

    anchors: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


@dataclass(slots=True)
class _Found:
    certificates: list[bytes] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    ocsps: list[bytes] = field(default_factory=list)


def read_trust(folder: Path) -> TrustStore:
    """Read a trust folder; what is absent or unreadable is simply not trusted."""
    if not any((folder / name).is_dir() for name in _ORDERED):
        return _flat(_sort(folder))
    anchors, intermediates, crls, ocsps = (_sort(folder / name) for name in _ORDERED)
    return TrustStore(
        anchors=tuple(anchors.certificates),
        intermediates=tuple(intermediates.certificates),
        crls=tuple(crls.crls),
        ocsps=tuple(ocsps.ocsps),
    )


def _flat(found: _Found) -> TrustStore:
    self_signed = [der for der in found.certificates if _is_self_signed(der)]
    return TrustStore(
        anchors=tuple(self_signed),
        intermediates=tuple(der for der in found.certificates if der not in self_signed),
        crls=tuple(found.crls),
        ocsps=tuple(found.ocsps),
    )


def _is_self_signed(der: bytes) -> bool:
    certificate = x509.Certificate.load(der)
    return bool(certificate.self_signed != "no")


def _sort(folder: Path) -> _Found:
    """Sort the objects of a folder's files by what they are, not by how they are called."""
    found = _Found()
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            continue
        for der in _objects(path.read_bytes()):
            for accepts, pile in (
                (_is_certificate, found.certificates),
                (_is_crl, found.crls),
                (_is_ocsp, found.ocsps),
            ):
                if accepts(der):
                    pile.append(der)
                    break
    return found


def _objects(data: bytes) -> Iterator[bytes]:
    """Yield the DER objects of a file: one, or those of a PEM bundle except private keys."""
    if not pem.detect(data):
        yield data
        return
    try:
        for label, _, der in pem.unarmor(data, multiple=True):
            if "PRIVATE" not in label:
                yield der
    except ValueError:
        return  # broken armour: nothing more can be trusted in this file


def _parses(check: Callable[[bytes], object]) -> Callable[[bytes], bool]:
    def attempt(der: bytes) -> bool:
        try:
            return check(der) is not None
        except (ValueError, TypeError, KeyError):
            return False

    return attempt


_is_certificate = _parses(
    lambda der: x509.Certificate.load(der, strict=True)["tbs_certificate"]["validity"].native
)
_is_crl = _parses(
    lambda der: crl.CertificateList.load(der, strict=True)["tbs_cert_list"]["this_update"].native
)
_is_ocsp = _parses(
    lambda der: ocsp.OCSPResponse.load(der, strict=True)["response_bytes"]["response_type"].native
)
