"""Documents: what kinds there are and which files are taken."""

import hashlib
import hmac
import re
from enum import StrEnum, auto
from uuid import UUID

from app.domain.errors import DomainError

_LONGEST_NAME = 255
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


class DocumentKind(StrEnum):
    COMPONENT = auto()  # thành phần hồ sơ
    RESULT = auto()  # kết quả giải quyết


class DocumentSource(StrEnum):
    UPLOAD = auto()  # tải lên
    PORTAL = auto()  # lấy từ Cổng Dịch vụ công quốc gia
    RESULT_STORE = auto()  # lấy từ kho kết quả số hóa


ACCEPTED_TYPES = {
    "application/pdf": "PDF",
    "image/jpeg": "ảnh JPEG",
    "image/png": "ảnh PNG",
    "image/tiff": "ảnh TIFF",
    "application/xml": "XML",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
}
"""Media types that are taken, found from the content and never from a name or a header."""

SIGNABLE_TYPES = frozenset({"application/pdf", "application/xml"})


class FileRefused(DomainError):
    """Empty, too large, of a type that is not taken, or cut short on its way."""

    code = "document.file_refused"
    title = "Tệp không được nhận"


class DocumentNotFound(DomainError):
    code = "document.not_found"
    title = "Không tìm thấy tài liệu"


def file_name(given: str) -> str:
    """Return a name that somebody else gave a file as we keep names: no path, not too long."""
    plain = _UNPRINTABLE.sub("", re.split(r"[/\\]", given)[-1]).strip()
    return plain[-_LONGEST_NAME:].strip() or "tep"


def seal(document_id: UUID, key: bytes) -> str:
    """Return what a link to a document carries so that a partner may open it without a token."""
    return hmac.new(key, document_id.bytes, hashlib.sha256).hexdigest()
