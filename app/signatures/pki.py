"""The sample province's own test PKI: two roots, as in Việt Nam, and a few holders below them.

Made once into the trust folder: `anchors/`, `intermediates/` and `crls/` are what the verifier
reads; `keys/` holds the signers' private keys, which it never opens. The authorities' keys are
thrown away. The revocation lists run for ten years, which only a sample may do.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from app.signatures.certificates import (
    Authority,
    Holder,
    Span,
    issue,
    new_authority,
    new_key,
    revocation_list,
)

STAMPER = "tsa"
CITIZEN = Holder("NGUYỄN VĂN MẪU", "CCCD:001099000001")
FIRM = Holder("CÔNG TY TNHH MẪU", "MST:0100000017", "CÔNG TY TNHH MẪU")
_GOVERNMENT = "Hệ thống chứng thực mẫu"

_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Signer:
    """Who gets a key: file name, holder, the span of the certificate and when it was revoked."""

    file_name: str
    holder: Holder
    span: Span
    is_revoked: bool = False
    has_rsa: bool = False
    is_stamper: bool = False


def make_sample_pki(
    folder: Path,
    now: datetime,
    *,
    agencies: Sequence[tuple[str, str]] = (),
    citizen: Holder = CITIZEN,
    firm: Holder = FIRM,
) -> bool:
    """Make the sample PKI in `folder` unless something is there already; tell whether it was made.

    `agencies` are (code, name): each signs as its code. The others sign as `citizen`, `firm`,
    `revoked`, `expired`; `tsa` stamps. The folder appears whole or not at all.
    """
    _remove_left_over(folder)
    if folder.exists() and any(folder.iterdir()):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    growing = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(growing, ignore_errors=True)
    try:
        _fill(growing, now, agencies, citizen, firm)
        growing.rename(folder)
    except OSError:
        if folder.exists() and any(folder.iterdir()):
            return False  # another process was faster; what it made is as good
        raise
    finally:
        shutil.rmtree(growing, ignore_errors=True)
    return True


def _remove_left_over(folder: Path) -> None:
    """Remove what processes that were killed had begun."""
    for path in folder.parent.glob(f".{folder.name}.*"):
        owner = path.suffix.removeprefix(".")
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(path, ignore_errors=True)


def _fill(
    folder: Path, now: datetime, agencies: Sequence[tuple[str, str]], citizen: Holder, firm: Holder
) -> None:
    long_ago, far_off = now - 10 * _YEAR, now + 20 * _YEAR
    current = (now - 30 * _DAY, now + 10 * _YEAR)
    past = (now - 3 * _YEAR, now - _YEAR)
    stamper = Holder("Dịch vụ cấp dấu thời gian mẫu", organisation=_GOVERNMENT)
    official = [_Signer(code, Holder(name, f"CQ:{code}", name), current) for code, name in agencies]
    official.append(_Signer(STAMPER, stamper, current, has_rsa=True, is_stamper=True))
    public = [
        _Signer("citizen", citizen, current, has_rsa=True),
        _Signer("firm", firm, current),
        _Signer(
            "revoked", Holder("TRẦN THỊ THU HỒI", "CCCD:001099000002"), current, is_revoked=True
        ),
        _Signer("expired", Holder("LÊ VĂN HẾT HẠN", "CCCD:001099000003"), past),
    ]
    for name in ("anchors", "intermediates", "crls", "ocsps"):
        (folder / name).mkdir(parents=True)
    (folder / "keys").mkdir(mode=0o700)
    for tree, title, signers in (
        ("government", "công vụ", official),
        ("national", "công cộng", public),
    ):
        root = new_authority(
            Holder(f"CA gốc {title} mẫu", organisation=_GOVERNMENT), (long_ago, far_off)
        )
        below = new_authority(
            Holder(f"CA {title} mẫu", organisation=_GOVERNMENT), (long_ago, far_off), parent=root
        )
        _fill_tree(folder, tree, root, below, signers, now)


def _fill_tree(
    folder: Path,
    tree: str,
    root: Authority,
    below: Authority,
    signers: Sequence[_Signer],
    now: datetime,
) -> None:
    revoked = []
    for signer in signers:
        certificate = _make_signer(folder / "keys", signer, below)
        if signer.is_revoked:
            revoked.append((certificate, now - 10 * _DAY))
    (folder / "anchors" / f"{tree}-root.crt").write_bytes(_pem(root.certificate))
    (folder / "intermediates" / f"{tree}-ca.crt").write_bytes(_pem(below.certificate))
    listed = (now - _DAY, now + 10 * _YEAR)
    for name, authority, entries in (("root", root, []), ("ca", below, revoked)):
        crl = revocation_list(authority, listed, entries)
        path = folder / "crls" / f"{tree}-{name}.crl"
        path.write_bytes(crl.public_bytes(serialization.Encoding.DER))


def _make_signer(keys: Path, signer: _Signer, authority: Authority) -> x509.Certificate:
    """Make a signer's key and certificate; the certificate file also has its issuer's."""
    key = new_key(rsa_key=signer.has_rsa)
    certificate = issue(authority, signer.holder, key, signer.span, is_stamper=signer.is_stamper)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = keys / f"{signer.file_name}.key"
    path.touch(mode=0o600)
    path.write_bytes(pem)
    chain = _pem(certificate) + _pem(authority.certificate)
    (keys / f"{signer.file_name}.crt").write_bytes(chain)
    return certificate


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
