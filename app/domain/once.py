"""Requests that may be repeated safely (Idempotency-Key, draft-ietf-httpapi-idempotency-key)."""

from dataclasses import dataclass

from app.domain.errors import DomainError


@dataclass(frozen=True, slots=True)
class Once:
    """A caller's key for one request: `route` is method and path, `fingerprint` of the body."""

    key: str
    route: str
    fingerprint: str


class KeyMissing(DomainError):
    code = "idempotency.key_missing"
    title = "Thiếu khóa chống gửi trùng"


class KeyReused(DomainError):
    """The same key came before with another body."""

    code = "idempotency.key_reused"
    title = "Khóa chống gửi trùng đã dùng cho nội dung khác"


class InFlight(DomainError):
    """A request with this key is being carried out right now."""

    code = "idempotency.in_flight"
    title = "Yêu cầu cùng khóa đang được xử lý"
