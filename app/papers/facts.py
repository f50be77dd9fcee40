"""What each paper says: plain values, put together by the services, printed by the templates.

Every text is printed as it is: nothing in it is read as markup. Instants must carry a time zone
and are printed in local time. `None` is what nobody gave; it is printed as a dotted line.
Contents follow the forms of Circular 03/2025/TT-VPCP, annex I.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, auto
from typing import Any, Final

from app.domain.papers import Form

PROSE: Final = "prose"
"""Metadata key of a text whose line ends begin a new paragraph; other texts are of one line."""


def _prose() -> Any:  # noqa: ANN401  (dataclasses.field itself is typed so)
    return field(metadata={PROSE: True})


class Outcome(StrEnum):
    """How a step ended against its own time limit."""

    EARLY = auto()  # trước hạn
    ON_TIME = auto()  # đúng hạn
    LATE = auto()  # quá hạn


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Who issues a paper: the last of the three that is given is printed in bold."""

    parent_agency: str | None  # cơ quan chủ quản trực tiếp
    agency: str
    desk: str | None  # Bộ phận Một cửa; None when the agency itself signs
    place: str  # địa danh, before the date


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """The dossier that a paper is about."""

    code: str
    applicant: str
    address: str | None
    phone: str | None
    email: str | None
    procedure: str
    tracking_url: str  # what the QR code opens


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who signs for an agency: `("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")` and the name below."""

    capacity: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What every paper has; `issued_at` is also the PDF's date of creation."""

    office: Office
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedPaper(Paper):
    """A paper that is entered in the books: `Số: 05/TNHS`."""

    number: int
    symbol: str
    dossier: Dossier


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component handed in (thành phần hồ sơ) and how many of each kind."""

    name: str
    originals: int = 0  # bản chính
    copies: int = 0  # bản sao
    electronic: int = 0  # bản điện tử


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(NumberedPaper):
    """Form 01. `time_limit` is the limit by law in words: `15 ngày làm việc`."""

    components: tuple[Component, ...]
    sets: int
    time_limit: str
    received_at: datetime
    due_at: datetime
    result_place: str  # where the result is handed over
    result_way: str  # and how: at the desk, by post, online
    register_book: str
    register_number: int
    submitter: str
    receptionist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplementRequest(NumberedPaper):
    """Form 02. `legal_ground` is required by law for a second request only."""

    missing: tuple[str, ...]
    reason: str = _prose()
    legal_ground: str | None
    answer_by: date | None  # its last day
    contact: str
    contact_phone: str | None
    adviser: str  # người hướng dẫn


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(NumberedPaper):
    """Form 03."""

    reason: str = _prose()
    legal_ground: str
    submitter: str
    receptionist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Apology(NumberedPaper):
    """Form 04, before or after the promised instant: the wording follows `issued_at`."""

    received_at: datetime
    due_at: datetime
    reason: str = _prose()
    new_due_at: datetime
    signatory: Signatory


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNotice(NumberedPaper):
    """Form 05."""

    received_at: datetime
    reason: str = _prose()
    legal_ground: str
    signatory: Signatory


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One hand-over of the dossier; `received_at` and `outcome` are None while it is under way."""

    giver: str  # unit, or unit and person
    receiver: str
    handed_at: datetime
    received_at: datetime | None
    outcome: Outcome | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSlip(NumberedPaper):
    """Form 06: goes with the dossier from hand to hand."""

    resolving_agency: str
    cooperating_agencies: tuple[str, ...]
    received_at: datetime
    due_at: datetime
    handovers: tuple[Handover, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """One line of the register."""

    number: int
    code: str
    procedure: str
    sets: int
    applicant: str
    address: str | None
    phone: str | None
    resolving_agency: str
    received_at: datetime
    due_at: datetime | None
    returned_at: datetime | None
    result_way: str
    signature: str = ""  # who received the result, where that was recorded
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Paper):
    """Form 07 over a period, both days included."""

    first_on: date
    last_on: date
    book: str
    note: str  # issued when and by whom, or that it was not
    entries: tuple[RegisterEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Particular:
    """One line of a certificate: what, and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One article (điều) of a decision; they are numbered as they come."""

    text: str = _prose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(NumberedPaper):
    """The result that an agency signs: a decision, or a certificate when `authority` is None."""

    title: str = "Kết quả giải quyết thủ tục hành chính"
    subject: str  # trích yếu
    authority: str | None  # who decides: `CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH`
    grounds: tuple[str, ...] = ()  # căn cứ, without the stop at the end
    particulars: tuple[Particular, ...] = ()
    provisions: tuple[Provision, ...] = ()
    recipients: tuple[str, ...] = ()  # nơi nhận, without the stop at the end
    signatory: Signatory


FACTS_OF: Final[dict[Form, type[Paper]]] = {
    Form.RECEIPT: Receipt,
    Form.SUPPLEMENT_REQUEST: SupplementRequest,
    Form.REFUSAL: Refusal,
    Form.APOLOGY: Apology,
    Form.STOP_NOTICE: StopNotice,
    Form.CONTROL_SLIP: ControlSlip,
    Form.REGISTER: Register,
    Form.RESULT: Result,
}
