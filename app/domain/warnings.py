"""Warnings of due instants (cảnh báo thời hạn): which there are, and for whom."""

from enum import StrEnum, auto

from app.domain.actor import Role
from app.domain.errors import DomainError


class WarningKind(StrEnum):
    DUE_SOON = auto()  # sắp đến hạn
    ESCALATED = auto()  # sắp đến hạn, báo lãnh đạo
    OVERDUE = auto()  # quá hạn
    APOLOGY_DUE = auto()  # phải xin lỗi và hẹn lại


WARNING_LABELS = {
    WarningKind.DUE_SOON: "Sắp đến hạn trả kết quả",
    WarningKind.ESCALATED: "Sắp đến hạn trả kết quả, báo lãnh đạo",
    WarningKind.OVERDUE: "Đã quá hạn trả kết quả",
    WarningKind.APOLOGY_DUE: "Phải xin lỗi và hẹn lại ngày trả kết quả",
}

AUDIENCE = {
    WarningKind.DUE_SOON: frozenset({Role.RECEPTIONIST, Role.OFFICER}),
    WarningKind.ESCALATED: frozenset({Role.APPROVER}),
    WarningKind.OVERDUE: frozenset({Role.OFFICER, Role.APPROVER}),
    WarningKind.APOLOGY_DUE: frozenset({Role.APPROVER}),
}


def kinds_for(role: Role) -> list[WarningKind]:
    """List the warnings that concern a role at the dossier's agency."""
    return [kind for kind, roles in AUDIENCE.items() if role in roles]


class WarningsRefused(DomainError):
    """Warnings are for the desk."""

    code = "warning.role_refused"
    title = "Vai trò không có cảnh báo thời hạn"


class WarningNotFound(DomainError):
    """There is none, or none for this person: the answer is the same."""

    code = "warning.not_found"
    title = "Không tìm thấy cảnh báo"
