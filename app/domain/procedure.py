"""Administrative procedures (thủ tục hành chính): what a definition says and what follows from it.

A definition is data, one document per procedure. A dossier keeps the version that it was
submitted under; versions follow one another by date.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum, auto
from typing import Any

from app.domain.actor import Role
from app.domain.agency import Agency, Level
from app.domain.deadlines import TimeLimit
from app.domain.lifecycle import Act, Status, possible_acts


class OnlineLevel(IntEnum):
    """Level of online service: Decree 43/2011/NĐ-CP; since 42/2022/NĐ-CP 3 and 4 have new names."""

    INFORMATION = 1  # cung cấp thông tin
    FORMS = 2  # tải biểu mẫu
    PARTIAL = 3  # mức độ 3, một phần
    FULL = 4  # mức độ 4, toàn trình

    @property
    def accepts_online(self) -> bool:
        return self >= OnlineLevel.PARTIAL

    @property
    def pays_online(self) -> bool:
        return self is OnlineLevel.FULL


class ApplicantKind(StrEnum):
    CITIZEN = auto()  # công dân
    ENTERPRISE = auto()  # doanh nghiệp
    STATE_BODY = auto()  # cơ quan nhà nước
    ORGANISATION = auto()  # tổ chức khác


class SignatureNeed(StrEnum):
    NONE = auto()  # không cần ký số
    OPTIONAL = auto()  # có thể ký số
    REQUIRED = auto()  # phải ký số


class FeeKind(StrEnum):
    FEE = auto()  # lệ phí
    CHARGE = auto()  # phí


class FeePhase(StrEnum):
    ACCEPTANCE = auto()  # thu khi tiếp nhận
    RETURN = auto()  # thu khi trả kết quả


@dataclass(frozen=True, slots=True)
class Field:
    """A field of administration (lĩnh vực)."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Component:
    """A paper of the file (thành phần hồ sơ): required, conditional or optional.

    `condition` is the case, in words, in which a paper is wanted that is not always required;
    only a person can tell whether it holds.
    """

    code: str
    name: str
    required: bool
    condition: str | None
    originals: int
    copies: int
    electronic: bool  # may be handed in as a file
    signature: SignatureNeed


@dataclass(frozen=True, slots=True)
class Exemption:
    """A case in which a fee is not due (trường hợp miễn)."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Fee:
    code: str
    name: str
    kind: FeeKind
    amount_vnd: int
    phase: FeePhase
    exempt: tuple[Exemption, ...]


class AgencyRule(StrEnum):
    """Finds the agency of a step where it is not named by its code."""

    HERE = auto()  # ở cơ quan đang giữ hồ sơ
    RESOLVING = auto()  # về cơ quan giải quyết
    PARENT = auto()  # lên cơ quan cấp trên của cơ quan giải quyết


DECIDABLE = (
    Act.PASS_ON,
    Act.REQUEST_SUPPLEMENT,
    Act.REQUEST_PAYMENT,
    Act.EXTEND,
    Act.RESOLVE,
    Act.STOP,
)
"""Acts on a dossier in process that a step may reserve or leave out."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the process and its share of the time limit.

    `agency` is a rule or an identifier code. `decides` names the acts of `DECIDABLE` that are
    possible at this step; None: all that the lifecycle lets.
    """

    code: str
    name: str
    role: Role
    share_percent: int
    agency: AgencyRule | str = AgencyRule.HERE
    decides: tuple[Act, ...] | None = None

    def lets(self, act: Act) -> bool:
        """Tell whether `act` is possible while a dossier in process is at this step."""
        return self.decides is None or act not in DECIDABLE or act in self.decides


def acts_at(step: Step, status: Status, role: Role) -> list[Act]:
    """List what `role` may do with a dossier that is at this step."""
    return [
        act
        for act in possible_acts(status, role)
        if status is not Status.IN_PROCESS or step.lets(act)
    ]


@dataclass(frozen=True, slots=True)
class ResultKind:
    code: str
    name: str
    paper_required: bool
    electronic: bool


@dataclass(frozen=True, slots=True)
class Successor:
    """An agency that goes on with a procedure of one that ended, from a day on."""

    agency_code: str
    from_on: date


@dataclass(frozen=True, slots=True)
class ProcedureVersion:
    """A procedure as it stands from `valid_from` to `valid_to`, its last day (None: open).

    It is resolved by the named agencies, or by every agency of `agency_level`, and by those that
    went on with it since (`successors`, none in a definition). `supplement_days`
    and `payment_days` are the calendar days within which the applicant has to answer.
    `form` is the e-form, a JSON Schema (draft 2020-12).
    """

    version: int
    valid_from: date
    valid_to: date | None
    online_level: OnlineLevel
    agency_codes: tuple[str, ...]
    agency_level: Level | None
    applicants: tuple[ApplicantKind, ...]
    limit: TimeLimit
    supplement_days: int
    payment_days: int
    components: tuple[Component, ...]
    form: Mapping[str, Any] = field(hash=False)
    fees: tuple[Fee, ...]
    steps: tuple[Step, ...]
    result: ResultKind
    legal_basis: tuple[str, ...]
    successors: tuple[Successor, ...] = ()

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def is_resolved_by(self, agency: Agency, on: date | None = None) -> bool:
        """Tell whether an agency resolves it: as it was defined, or (`on` a day) by succession."""
        if agency.code in self.agency_codes or agency.level is self.agency_level:
            return True
        return any(
            known.agency_code == agency.code and on is not None and known.from_on <= on
            for known in self.successors
        )


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure with its versions in order of time; `sample` marks invented codes, amounts."""

    code: str
    name: str
    field: Field
    sample: bool
    versions: tuple[ProcedureVersion, ...]

    def version_on(self, day: date) -> ProcedureVersion | None:
        return next((version for version in self.versions if version.is_valid_on(day)), None)


def missing_components(version: ProcedureVersion, handed_in: Collection[str]) -> list[Component]:
    """List the papers that are always required and whose codes are not among those handed in."""
    return [
        component
        for component in version.components
        if component.required and component.code not in handed_in
    ]


def unknown_components(version: ProcedureVersion, handed_in: Iterable[str]) -> list[str]:
    """List the codes handed in that the file does not have, each once and in their order."""
    known = {component.code for component in version.components}
    return [code for code in dict.fromkeys(handed_in) if code not in known]


def unknown_exemptions(version: ProcedureVersion, claimed: Iterable[str]) -> list[str]:
    """List the exemptions claimed that no fee of this version has, each once."""
    known = {exemption.code for fee in version.fees for exemption in fee.exempt}
    return [code for code in dict.fromkeys(claimed) if code not in known]


def fees_due(version: ProcedureVersion, exemptions: Collection[str], phase: FeePhase) -> list[Fee]:
    """List the fees to pay in this phase: one exemption that a fee knows waives all of it."""
    return [
        fee
        for fee in version.fees
        if fee.phase is phase and not any(case.code in exemptions for case in fee.exempt)
    ]


def total_vnd(fees: Iterable[Fee]) -> int:
    return sum(fee.amount_vnd for fee in fees)
