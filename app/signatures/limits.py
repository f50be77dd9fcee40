"""Caps on what is checked: over one of them the officer decides, nothing is guessed."""

from app.domain.signature import SubIndication
from app.signatures.faults import Fault

MOST_SIGNATURES = 10
LARGEST_FILE = 25 * 2**20


def require_few(count: int) -> None:
    """Raise a Fault when a document has more signatures than are checked."""
    if count > MOST_SIGNATURES:
        detail = f"Tệp có {count} chữ ký, nhiều hơn {MOST_SIGNATURES} chữ ký được kiểm tra."
        raise Fault(SubIndication.POLICY_PROCESSING_ERROR, detail)


def require_small(size: int) -> None:
    """Raise a Fault when a file is larger than what is checked."""
    if size > LARGEST_FILE:
        detail = f"Tệp lớn hơn {LARGEST_FILE // 2**20} MB."
        raise Fault(SubIndication.POLICY_PROCESSING_ERROR, detail)
