"""Who acts: a person or a system, with one role and, for staff, one agency."""

from dataclasses import dataclass
from enum import StrEnum, auto


class Role(StrEnum):
    APPLICANT = auto()  # chủ hồ sơ, người nộp
    RECEPTIONIST = auto()  # công chức một cửa
    OFFICER = auto()  # công chức thụ lý
    APPROVER = auto()  # lãnh đạo ký duyệt
    ANALYST = auto()  # cán bộ tổng hợp
    ADMINISTRATOR = auto()  # quản trị
    PARTNER = auto()  # hệ thống đối tác
    SYSTEM = auto()  # hệ thống tự thực hiện


DESK_ROLES = frozenset({Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER})
"""Roles that handle dossiers of their agency and so may read them."""

FIGURE_ROLES = DESK_ROLES | {Role.ANALYST}
"""Roles that may read figures of their agency's subtree, without personal data."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who was let in.

    `id` is the account (claim `sub`); `identity_number` the 12-digit personal number or the tax
    code of an applicant; `agency` the identifier code of a member of staff's agency (`H44.06`).
    """

    id: str
    role: Role
    name: str
    agency: str | None = None
    identity_number: str | None = None
    tech_id: str | None = None  # account at the national portal
    phone: str | None = None
    email: str | None = None
    is_verified: bool = False  # the account was verified by VNeID
    is_internal: bool = False  # made by our own code, never from a token


SYSTEM = Actor(id="system", role=Role.SYSTEM, name="Hệ thống", is_internal=True)
PAYMENT_PLATFORM = Actor(
    id="payment-platform", role=Role.PARTNER, name="Nền tảng thanh toán", is_internal=True
)
