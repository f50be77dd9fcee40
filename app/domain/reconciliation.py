"""Reconciliation with the national portal (đối chiếu): what was found of a dossier, and why."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, auto

from app.domain.deliveries import DeliveryState
from app.domain.errors import DomainError


class Outcome(StrEnum):
    """How a dossier of ours and the portal's compare."""

    EQUAL = auto()
    MISSING = auto()  # not there
    BEHIND = auto()  # held as an earlier event left it, or its ledger stands
    DIFFERENT = auto()  # held with other values
    UNKNOWN_HERE = auto()  # held there, not one of ours
    NOT_TOLD_YET = auto()  # the ledger still tells it
    CANNOT_BE_ASKED = auto()  # generation B has no call to ask by
    UNASKED = auto()  # the portal did not answer


class Cause(StrEnum):
    """Why it is so, as far as our own books can say."""

    BLOCKED = auto()
    DEAD = auto()
    NEVER_TOLD = auto()  # the ledger has no row for it
    LOST = auto()  # acknowledged, and yet not held
    CHANGED = auto()
    FOLLOWING = auto()  # found under a number that follows our last one
    LISTED = auto()  # on a list of the portal's, or found before
    HANDED_IN = auto()  # the portal has handed it on, and it lies in quarantine here
    SILENT = auto()
    REFUSED = auto()
    UNMAPPED = auto()  # what we would tell cannot be put into the portal's words
    UNREGISTERED = auto()  # generation B: acknowledged, but we keep no id of it


class RunState(StrEnum):
    RUNNING = auto()
    FINISHED = auto()


class Origin(StrEnum):
    ASKED = auto()  # by a person
    NIGHTLY = auto()


class PartKind(StrEnum):
    """What a part of a run asks about."""

    OURS = auto()  # dossiers, by their keys
    FOLLOWING = auto()  # numbers after the last one of an agency's day
    LISTED = auto()  # codes


OUTCOME_LABELS = {
    Outcome.EQUAL: "Khớp",
    Outcome.MISSING: "Thiếu trên cổng",
    Outcome.BEHIND: "Cổng chậm hơn",
    Outcome.DIFFERENT: "Khác nội dung",
    Outcome.UNKNOWN_HERE: "Không có ở đây",
    Outcome.NOT_TOLD_YET: "Chưa gửi xong",
    Outcome.CANNOT_BE_ASKED: "Không hỏi được",
    Outcome.UNASKED: "Chưa hỏi được",
}
CAUSE_LABELS = {
    Cause.BLOCKED: "bản tin bị chặn",
    Cause.DEAD: "bản tin đã ngừng gửi",
    Cause.NEVER_TOLD: "chưa từng được gửi",
    Cause.LOST: "cổng đã xác nhận nhưng không còn giữ",
    Cause.CHANGED: "giá trị khác nhau",
    Cause.FOLLOWING: "tìm thấy ở số kế tiếp",
    Cause.LISTED: "có trong danh sách của cổng",
    Cause.HANDED_IN: "cổng đã gửi về, đang nằm trong khu cách ly",
    Cause.SILENT: "cổng không trả lời",
    Cause.REFUSED: "cổng từ chối trả lời",
    Cause.UNMAPPED: "có giá trị chưa có ánh xạ",
    Cause.UNREGISTERED: "đã xác nhận nhưng không có mã của cổng",
}
MENDABLE = (Outcome.MISSING, Outcome.BEHIND, Outcome.DIFFERENT)
"""What telling again can mend."""

STANDING = {DeliveryState.BLOCKED: Cause.BLOCKED, DeliveryState.DEAD: Cause.DEAD}


class ReconciliationNotFound(DomainError):
    code = "reconciliation.not_found"
    title = "Không tìm thấy lần đối chiếu"


class ReconciliationRoleRefused(DomainError):
    code = "reconciliation.role_refused"
    title = "Vai trò không được xem hoặc xử lý kết quả đối chiếu"


class ReconciliationBusy(DomainError):
    """Somebody else works on this run, or it is not finished yet."""

    code = "reconciliation.busy"
    title = "Lần đối chiếu đang chạy"


class ReconciliationRefused(DomainError):
    code = "reconciliation.refused"
    title = "Không thể đối chiếu như yêu cầu"


class PortalListFaulty(DomainError):
    """A list of the portal's that cannot be read: nothing of it was used."""

    code = "reconciliation.list_faulty"
    title = "Danh sách của cổng không đọc được"


@dataclass(frozen=True, slots=True)
class Ledger:
    """How far a dossier was told: the last event acknowledged, the last there is, what stands.

    `head` is the state of the first delivery that is not acknowledged, None if there is none.
    """

    told: int
    events: int
    head: DeliveryState | None

    @property
    def waits(self) -> bool:
        """Whether the ledger still tells it by itself."""
        return self.head in {DeliveryState.WAITING, DeliveryState.IN_FLIGHT}

    @property
    def cause(self) -> Cause | None:
        """Why it stands, if it does."""
        if self.head is not None:
            return STANDING.get(self.head)
        return Cause.NEVER_TOLD if self.told < self.events else None


def judge(
    ledger: Ledger, *, is_there: bool, stage: int | None, differs: bool
) -> tuple[Outcome, Cause | None]:
    """Say how a dossier compares.

    `stage` is the event up to which the portal holds its course, None if it is none of ours;
    `differs` says that values differ from those of the last event acknowledged.
    """
    if not is_there:
        if not ledger.told:
            return _untold(ledger, Outcome.MISSING)
        return Outcome.MISSING, Cause.LOST
    if stage is not None and stage < ledger.told:
        return Outcome.BEHIND, Cause.LOST
    if differs and not (stage is not None and stage > ledger.told):
        return Outcome.DIFFERENT, Cause.CHANGED
    return _untold(ledger, Outcome.BEHIND)


def _untold(ledger: Ledger, outcome: Outcome) -> tuple[Outcome, Cause | None]:
    if ledger.waits:
        return Outcome.NOT_TOLD_YET, None
    if ledger.cause is None:
        return Outcome.EQUAL, None
    return outcome, ledger.cause


_CODE = re.compile(r"(.+)-(?:20)?(\d{2})(\d{2})(\d{2})-\d+", re.ASCII)


def place_of(code: str) -> tuple[str, date] | None:
    """Return the agency and day that a dossier code names; None if it names none.

    >>> place_of("H44.10-261008-0975")
    ('H44.10', datetime.date(2026, 10, 8))
    >>> place_of("G22.99-20261008-0000975")
    ('G22.99', datetime.date(2026, 10, 8))
    """
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    try:
        return found[1], date(2000 + int(found[2]), int(found[3]), int(found[4]))
    except ValueError:
        return None


_LISTED = re.compile(r"[A-Z0-9][A-Za-z0-9.-]{4,59}", re.ASCII)
_HEADINGS = {"mahoso", "ma_ho_so", "mã hồ sơ", "code"}
MOST_LISTED = 1_000_000


def listed_codes(rows: Iterable[list[str]]) -> list[str]:
    """Read the codes of a list that was exported from the portal, each once.

    The column that is headed MaHoSo, else the first one; raises `PortalListFaulty` with the line.
    """
    found: dict[str, None] = {}
    column = 0
    for line, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row]
        if line == 1 and (headed := _headed(cells)) is not None:
            column = headed
            continue
        if not any(cells):
            continue
        code = cells[column] if column < len(cells) else ""
        if not _LISTED.fullmatch(code):
            raise PortalListFaulty(
                f"Dòng {line}: “{code[:60]}” không phải mã hồ sơ. Chưa đối chiếu gì.", line=line
            )
        found[code] = None
        if len(found) > MOST_LISTED:
            raise PortalListFaulty(f"Danh sách dài hơn {MOST_LISTED} mã hồ sơ.", line=line)
    if not found:
        raise PortalListFaulty("Danh sách không có mã hồ sơ nào.", line=0)
    return list(found)


def _headed(cells: list[str]) -> int | None:
    names = [cell.lower() for cell in cells]
    return next((n for n, name in enumerate(names) if name in _HEADINGS), None)


@dataclass(frozen=True, slots=True)
class Span:
    """What a run is about: dossiers received on these days, both included, by an agency.

    None are all agencies; those below a named one belong to it.
    """

    first: date
    last: date
    agency: str | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ReconciliationRefused("Ngày cuối trước ngày đầu của kỳ đối chiếu.")

    def holds(self, code: str) -> bool:
        """Tell whether a code belongs to it; one that names no day or agency does."""
        place = place_of(code)
        if place is None:
            return True
        agency, day = place
        is_below = self.agency is None or f"{agency}.".startswith(f"{self.agency}.")
        return is_below and self.first <= day <= self.last


def nightly_span(today: date) -> Span:
    """Return what is asked every night: last month and this one up to yesterday.

    So every month is asked about whole, until a month after its end.
    """
    yesterday = date.fromordinal(today.toordinal() - 1)
    month = today.replace(day=1)
    first = date.fromordinal(month.toordinal() - 1).replace(day=1)
    return Span(first, yesterday)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the record has it."""

    id: int
    span: Span
    state: RunState
    begun_at: datetime
    dossiers: int
    done: int
