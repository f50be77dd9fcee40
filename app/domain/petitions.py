"""Petitions (phản ánh, kiến nghị, PAKN): their lifecycle; to change it, change a row of STEPS."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum, auto
from typing import Final

from app.domain.actor import Role
from app.domain.application import Fault
from app.domain.errors import DomainError


class PetitionKind(StrEnum):
    COMPLAINT = auto()  # phản ánh
    SUGGESTION = auto()  # kiến nghị


class PetitionStatus(StrEnum):
    RECEIVED = auto()  # đã gửi, chờ xem xét
    ACCEPTED = auto()  # đang giải quyết
    SUPPLEMENT_REQUESTED = auto()  # chờ người gửi bổ sung
    REFUSED = auto()  # không thụ lý
    ANSWERED = auto()  # đã trả lời
    WITHDRAWN = auto()  # người gửi đã rút


class PetitionAct(StrEnum):
    SUBMIT = auto()  # gửi phản ánh, kiến nghị
    ACCEPT = auto()  # thụ lý
    REFUSE = auto()  # từ chối thụ lý
    ASK_SUPPLEMENT = auto()  # yêu cầu bổ sung
    SUPPLEMENT = auto()  # bổ sung
    ANSWER = auto()  # trả lời
    WITHDRAW = auto()  # rút


KIND_LABELS: Final = {
    PetitionKind.COMPLAINT: "Phản ánh",
    PetitionKind.SUGGESTION: "Kiến nghị",
}
LABELS: Final = {
    PetitionStatus.RECEIVED: "Đã gửi, chờ xem xét",
    PetitionStatus.ACCEPTED: "Đang giải quyết",
    PetitionStatus.SUPPLEMENT_REQUESTED: "Chờ người gửi bổ sung",
    PetitionStatus.REFUSED: "Không thụ lý",
    PetitionStatus.ANSWERED: "Đã trả lời",
    PetitionStatus.WITHDRAWN: "Người gửi đã rút",
}
ACT_LABELS: Final = {
    PetitionAct.SUBMIT: "Gửi phản ánh, kiến nghị",
    PetitionAct.ACCEPT: "Thụ lý",
    PetitionAct.REFUSE: "Từ chối thụ lý",
    PetitionAct.ASK_SUPPLEMENT: "Yêu cầu bổ sung thông tin",
    PetitionAct.SUPPLEMENT: "Bổ sung thông tin",
    PetitionAct.ANSWER: "Trả lời",
    PetitionAct.WITHDRAW: "Rút phản ánh, kiến nghị",
}

ENDED: Final = frozenset(
    {PetitionStatus.REFUSED, PetitionStatus.ANSWERED, PetitionStatus.WITHDRAWN}
)

SUPPLEMENT_REQUESTS: Final = 1
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class PetitionStep:
    """A row of the table. A `target` of None is the status before the supplement was asked for."""

    target: PetitionStatus | None
    by: frozenset[Role]


def _step(target: PetitionStatus | None, *by: Role) -> PetitionStep:
    return PetitionStep(target, frozenset(by))


# Taking it up is the desk's or an officer's; what the agency says in its own name, refusal and
# answer, is the approver's: also because the petition may be about the other two.
_ASKED = _step(PetitionStatus.SUPPLEMENT_REQUESTED, Role.RECEPTIONIST, Role.OFFICER)
_ANSWERED = _step(PetitionStatus.ANSWERED, Role.APPROVER)
_WITHDRAWN = _step(PetitionStatus.WITHDRAWN, Role.APPLICANT)

STEPS: Final[dict[tuple[PetitionStatus | None, PetitionAct], PetitionStep]] = {
    (None, PetitionAct.SUBMIT): _step(PetitionStatus.RECEIVED, Role.APPLICANT),
    (PetitionStatus.RECEIVED, PetitionAct.ACCEPT): _step(
        PetitionStatus.ACCEPTED, Role.RECEPTIONIST, Role.OFFICER
    ),
    (PetitionStatus.RECEIVED, PetitionAct.REFUSE): _step(PetitionStatus.REFUSED, Role.APPROVER),
    (PetitionStatus.RECEIVED, PetitionAct.ASK_SUPPLEMENT): _ASKED,
    (PetitionStatus.ACCEPTED, PetitionAct.ASK_SUPPLEMENT): _ASKED,
    (PetitionStatus.SUPPLEMENT_REQUESTED, PetitionAct.SUPPLEMENT): _step(None, Role.APPLICANT),
    (PetitionStatus.ACCEPTED, PetitionAct.ANSWER): _ANSWERED,
    # Nobody has to wait for ever for a petitioner who does not reply.
    (PetitionStatus.SUPPLEMENT_REQUESTED, PetitionAct.ANSWER): _ANSWERED,
    (PetitionStatus.RECEIVED, PetitionAct.WITHDRAW): _WITHDRAWN,
    (PetitionStatus.ACCEPTED, PetitionAct.WITHDRAW): _WITHDRAWN,
    (PetitionStatus.SUPPLEMENT_REQUESTED, PetitionAct.WITHDRAW): _WITHDRAWN,
}


class PetitionNotFound(DomainError):
    """There is none, or none that this person may see: the answer is the same."""

    code = "petition.not_found"
    title = "Không tìm thấy phản ánh, kiến nghị"


class PetitionFaulty(DomainError):
    """What was sent cannot be taken: all faults at once."""

    code = "petition.faulty"
    title = "Phản ánh, kiến nghị chưa hợp lệ"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"Phản ánh, kiến nghị có {len(faults)} điểm cần sửa.",
            errors=[asdict(fault) for fault in faults],
        )


class PetitionStepRefused(DomainError):
    """The table has no such step: `facts["possible_acts"]` names those it has."""

    code = "petition.step_refused"
    title = "Không thực hiện được ở trạng thái hiện tại"


class PetitionRoleRefused(DomainError):
    """The step exists, but is for another role."""

    code = "petition.role_refused"
    title = "Vai trò không được thực hiện thao tác này"


class PetitionFiguresRefused(DomainError):
    code = "petition.figures_refused"
    title = "Vai trò không được xem số liệu"


class SupplementAskedBefore(DomainError):
    code = "petition.supplement_asked_before"
    title = "Chỉ được yêu cầu bổ sung một lần"


def possible_acts(status: PetitionStatus, role: Role | None = None) -> list[PetitionAct]:
    """List the acts possible while `status`, all of them or those of one role."""
    return [
        act
        for (source, act), step in STEPS.items()
        if source is status and (role is None or role in step.by)
    ]


def take(
    status: PetitionStatus | None,
    act: PetitionAct,
    role: Role,
    *,
    before: PetitionStatus | None = None,
) -> PetitionStatus:
    """Return the status that `act` by `role` leads to, or refuse it.

    `before` is the status that a supplement goes back to.
    """
    step = STEPS.get((status, act))
    if step is None:
        label = LABELS[status].lower() if status else "chưa gửi"
        raise PetitionStepRefused(
            f"Không thể thực hiện “{ACT_LABELS[act]}” khi phản ánh, kiến nghị ở trạng thái "
            f"“{label}”.",
            petition_status=status,
            possible_acts=[str(known) for known in possible_acts(status)] if status else [],
        )
    if role not in step.by:
        raise PetitionRoleRefused(
            f"Vai trò của bạn không được thực hiện “{ACT_LABELS[act]}”.",
            roles=sorted(step.by),
            possible_acts=[str(known) for known in possible_acts(status, role)] if status else [],
        )
    target = step.target or before
    if target is None:
        raise ValueError(f"{status} does not say which status was before it")
    return target


def petition_code(agency_code: str, day: date, number: int) -> str:
    """Return the code of the `number`-th petition about an agency on a day; grows past 9999.

    >>> petition_code("H44.10", date(2026, 11, 22), 1)
    'PA-H44.10-261122-0001'
    """
    return f"PA-{agency_code}-{day:%y%m%d}-{number:04d}"


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of petitions due in a period (figure 5.2): `overdue` ones still wait."""

    in_time: int = 0
    late: int = 0
    overdue: int = 0
    open: int = 0

    @property
    def due(self) -> int:
        return self.in_time + self.late + self.overdue + self.open

    @property
    def in_time_percent(self) -> Decimal | None:
        """Two decimals, half up; None where nothing was due ("no data")."""
        if not self.due:
            return None
        return (Decimal(100 * self.in_time) / self.due).quantize(_CENT, ROUND_HALF_UP)

    def __add__(self, other: "Answered") -> "Answered":
        return Answered(
            self.in_time + other.in_time,
            self.late + other.late,
            self.overdue + other.overdue,
            self.open + other.open,
        )
