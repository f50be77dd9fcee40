"""The check of one file, in this process: for the child of `sandbox`, and for files of our own."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app.domain.signature import (
    SignatureReport,
    SubIndication,
    Verdict,
    no_signature,
    undecided,
    worst,
)
from app.signatures.chain import Checker
from app.signatures.cms_file import check_cms
from app.signatures.faults import Fault, UnsignedDocument
from app.signatures.kinds import Kind, kind_of
from app.signatures.limits import require_small
from app.signatures.pdf import check_pdf
from app.signatures.trust import TrustStore
from app.signatures.xml import check_xml

_CHECKS: dict[Kind, Callable[[bytes, Checker], list[SignatureReport]]] = {
    Kind.PDF: check_pdf,
    Kind.XML: check_xml,
    Kind.CMS: check_cms,
}
_SIGNED_OTHERWISE = {
    Kind.SIGNED_PACKAGE: (
        "Tệp có chữ ký số bên trong gói (Word, Excel, ODF hoặc ASiC); hệ thống chưa kiểm tra "
        "loại chữ ký này."
    ),
    Kind.SIGNED_OLE: (
        "Tệp Word hoặc Excel đời cũ có chữ ký số; hệ thống chưa kiểm tra loại chữ ký này."
    ),
}
_UNSIGNED = {
    Kind.EMPTY: "Tệp rỗng, không có chữ ký số.",
    Kind.IMAGE: (
        "Tệp là hình ảnh, không có chữ ký số. Hình con dấu, chữ ký tay trên ảnh không phải là "
        "chữ ký số."
    ),
}


def verify_file(path: Path, trust: TrustStore, now: datetime) -> Verdict:
    """Return the verdict on a file's signatures as of `now`; whatever the file, never an error."""
    try:
        require_small(path.stat().st_size)
        return verify_bytes(path.read_bytes(), trust, now)
    except Fault as fault:
        return undecided(fault.sub_indication, fault.detail)
    except OSError:
        return undecided(SubIndication.POLICY_PROCESSING_ERROR, "Không đọc được tệp.")


def verify_bytes(data: bytes, trust: TrustStore, now: datetime) -> Verdict:
    """Return the verdict on a file's content."""
    try:
        require_small(len(data))
        kind = kind_of(data)
        if kind in _SIGNED_OTHERWISE:
            return undecided(SubIndication.POLICY_PROCESSING_ERROR, _SIGNED_OTHERWISE[kind])
        if kind in _UNSIGNED:
            return no_signature(_UNSIGNED[kind])
        check = _CHECKS.get(kind)
        return worst(check(data, Checker(trust, now)) if check else ())
    except UnsignedDocument as finding:
        return no_signature(str(finding))
    except Fault as fault:
        return undecided(fault.sub_indication, fault.detail)
    except Exception:  # noqa: BLE001  (hostile input raises anything; it becomes a verdict)
        return undecided(SubIndication.POLICY_PROCESSING_ERROR)
