"""Lifecycle of a dossier (hồ sơ): to change the procedure, change a row of STEPS.

Statuses are those the national portal knows; a draft is not yet a dossier. Who may take which
step follows Decree 118/2025/NĐ-CP (before it 61/2018/NĐ-CP) on the one-stop mechanism.
"""

from dataclasses import dataclass
from enum import StrEnum, auto

from app.domain.actor import Role
from app.domain.errors import DomainError


class Status(StrEnum):
    DRAFT = auto()  # nháp
    REGISTERED = auto()  # mới đăng ký
    ACCEPTED = auto()  # được tiếp nhận
    REFUSED = auto()  # không được tiếp nhận
    IN_PROCESS = auto()  # đang xử lý
    SUPPLEMENT_REQUESTED = auto()  # yêu cầu bổ sung giấy tờ
    PAYMENT_REQUESTED = auto()  # yêu cầu thực hiện nghĩa vụ tài chính
    WITHDRAWN = auto()  # công dân yêu cầu rút hồ sơ
    STOPPED = auto()  # dừng xử lý
    RESOLVED = auto()  # đã xử lý xong
    RETURNED = auto()  # đã trả kết quả


class Act(StrEnum):
    SUBMIT = auto()  # nộp hồ sơ trực tuyến
    TAKE_IN = auto()  # tiếp nhận tại quầy hoặc qua bưu chính
    ACCEPT = auto()  # tiếp nhận
    REFUSE = auto()  # từ chối tiếp nhận
    REQUEST_SUPPLEMENT = auto()  # yêu cầu bổ sung
    SUPPLEMENT = auto()  # bổ sung
    START = auto()  # bắt đầu xử lý
    PASS_ON = auto()  # chuyển bước, chuyển cơ quan
    REQUEST_PAYMENT = auto()  # yêu cầu nghĩa vụ tài chính
    SETTLE = auto()  # hoàn thành nghĩa vụ tài chính
    EXTEND = auto()  # xin lỗi và gia hạn
    RESOLVE = auto()  # ký duyệt kết quả
    STOP = auto()  # dừng giải quyết
    WITHDRAW = auto()  # rút hồ sơ
    RETURN_RESULT = auto()  # trả kết quả
    MOVE = auto()  # chuyển theo sắp xếp cơ quan: by the system, in any status, which it keeps


LABELS = {
    Status.DRAFT: "Nháp",
    Status.REGISTERED: "Mới đăng ký",
    Status.ACCEPTED: "Được tiếp nhận",
    Status.REFUSED: "Không được tiếp nhận",
    Status.IN_PROCESS: "Đang xử lý",
    Status.SUPPLEMENT_REQUESTED: "Yêu cầu bổ sung giấy tờ",
    Status.PAYMENT_REQUESTED: "Yêu cầu thực hiện nghĩa vụ tài chính",
    Status.WITHDRAWN: "Công dân yêu cầu rút hồ sơ",
    Status.STOPPED: "Dừng xử lý",
    Status.RESOLVED: "Đã xử lý xong",
    Status.RETURNED: "Đã trả kết quả",
}

ACT_LABELS = {
    Act.SUBMIT: "Nộp hồ sơ trực tuyến",
    Act.TAKE_IN: "Tiếp nhận tại quầy hoặc qua bưu chính",
    Act.ACCEPT: "Tiếp nhận hồ sơ",
    Act.REFUSE: "Từ chối tiếp nhận",
    Act.REQUEST_SUPPLEMENT: "Yêu cầu bổ sung hồ sơ",
    Act.SUPPLEMENT: "Bổ sung hồ sơ",
    Act.START: "Bắt đầu xử lý",
    Act.PASS_ON: "Chuyển bước xử lý",
    Act.REQUEST_PAYMENT: "Yêu cầu nghĩa vụ tài chính",
    Act.SETTLE: "Hoàn thành nghĩa vụ tài chính",
    Act.EXTEND: "Xin lỗi và gia hạn",
    Act.RESOLVE: "Ký duyệt kết quả",
    Act.STOP: "Dừng giải quyết",
    Act.WITHDRAW: "Rút hồ sơ",
    Act.RETURN_RESULT: "Trả kết quả",
    Act.MOVE: "Chuyển theo sắp xếp cơ quan",
}

WAITING = frozenset({Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED})
"""Statuses that wait for the applicant and lead back to the one before."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the table. A `target` of None is the status before the waiting one."""

    target: Status | None
    by: frozenset[Role]


def _step(target: Status | None, *by: Role) -> Step:
    return Step(target, frozenset(by))


_SUPPLEMENT_REQUEST = _step(Status.SUPPLEMENT_REQUESTED, Role.RECEPTIONIST, Role.OFFICER)
_PAYMENT_REQUEST = _step(Status.PAYMENT_REQUESTED, Role.OFFICER, Role.RECEPTIONIST)
_STOP = _step(Status.STOPPED, Role.APPROVER)
_OVERDUE_STOP = _step(Status.STOPPED, Role.APPROVER, Role.SYSTEM)
_WITHDRAWAL = _step(Status.WITHDRAWN, Role.APPLICANT)

STEPS: dict[tuple[Status | None, Act], Step] = {
    (Status.DRAFT, Act.SUBMIT): _step(Status.REGISTERED, Role.APPLICANT),
    (None, Act.TAKE_IN): _step(Status.ACCEPTED, Role.RECEPTIONIST),
    (Status.REGISTERED, Act.ACCEPT): _step(Status.ACCEPTED, Role.RECEPTIONIST),
    (Status.REGISTERED, Act.REFUSE): _step(Status.REFUSED, Role.RECEPTIONIST),
    (Status.REGISTERED, Act.REQUEST_SUPPLEMENT): _SUPPLEMENT_REQUEST,
    (Status.ACCEPTED, Act.REQUEST_SUPPLEMENT): _SUPPLEMENT_REQUEST,
    (Status.IN_PROCESS, Act.REQUEST_SUPPLEMENT): _SUPPLEMENT_REQUEST,
    (Status.SUPPLEMENT_REQUESTED, Act.SUPPLEMENT): _step(None, Role.APPLICANT),
    (Status.ACCEPTED, Act.START): _step(Status.IN_PROCESS, Role.OFFICER),
    (Status.IN_PROCESS, Act.PASS_ON): _step(Status.IN_PROCESS, Role.OFFICER),
    (Status.ACCEPTED, Act.REQUEST_PAYMENT): _PAYMENT_REQUEST,
    (Status.IN_PROCESS, Act.REQUEST_PAYMENT): _PAYMENT_REQUEST,
    (Status.PAYMENT_REQUESTED, Act.SETTLE): _step(None, Role.PARTNER, Role.RECEPTIONIST),
    (Status.IN_PROCESS, Act.EXTEND): _step(Status.IN_PROCESS, Role.APPROVER),
    (Status.IN_PROCESS, Act.RESOLVE): _step(Status.RESOLVED, Role.APPROVER),
    (Status.IN_PROCESS, Act.STOP): _STOP,
    (Status.SUPPLEMENT_REQUESTED, Act.STOP): _OVERDUE_STOP,
    (Status.PAYMENT_REQUESTED, Act.STOP): _OVERDUE_STOP,
    (Status.REGISTERED, Act.WITHDRAW): _WITHDRAWAL,
    (Status.ACCEPTED, Act.WITHDRAW): _WITHDRAWAL,
    (Status.IN_PROCESS, Act.WITHDRAW): _WITHDRAWAL,
    (Status.SUPPLEMENT_REQUESTED, Act.WITHDRAW): _WITHDRAWAL,
    (Status.PAYMENT_REQUESTED, Act.WITHDRAW): _WITHDRAWAL,
    (Status.RESOLVED, Act.RETURN_RESULT): _step(Status.RETURNED, Role.RECEPTIONIST, Role.SYSTEM),
}


class StepRefused(DomainError):
    """The table has no such step: `facts["possible_acts"]` names those it has."""

    code = "dossier.step_refused"
    title = "Không thực hiện được ở trạng thái hiện tại"


class RoleRefused(DomainError):
    """The step exists, but is for another role."""

    code = "dossier.role_refused"
    title = "Vai trò không được thực hiện thao tác này"


def possible_acts(status: Status, role: Role | None = None) -> list[Act]:
    """List the acts possible while `status`, all of them or those of one role."""
    return [
        act
        for (source, act), step in STEPS.items()
        if source is status and (role is None or role in step.by)
    ]


def take(status: Status | None, act: Act, role: Role, *, before: Status | None = None) -> Status:
    """Return the status that `act` by `role` leads to, or refuse it.

    `before` is the status that a waiting one (supplement, payment) goes back to.
    """
    step = STEPS.get((status, act))
    if step is None:
        label = LABELS[status].lower() if status else "chưa tiếp nhận"
        raise StepRefused(
            f"Không thể thực hiện “{ACT_LABELS[act]}” khi hồ sơ đang ở trạng thái “{label}”.",
            dossier_status=status,
            possible_acts=[str(a) for a in possible_acts(status)] if status else [],
        )
    if role not in step.by:
        raise RoleRefused(
            f"Vai trò của bạn không được thực hiện “{ACT_LABELS[act]}”.",
            roles=sorted(step.by),
            possible_acts=[str(a) for a in possible_acts(status, role)] if status else [],
        )
    target = step.target or before
    if target is None:
        raise ValueError(f"{status} does not say which status was before it")
    return target
