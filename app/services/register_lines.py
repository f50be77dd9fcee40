"""What a register (form 07, sổ theo dõi hồ sơ) is made from: the dossiers as they stand.

Rows are read from the database in portions under the reader's row security, so that a register of
100,000 dossiers needs no more memory than one of a thousand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from threading import BoundedSemaphore
from typing import Any, Final

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.db.reference import Catalogue
from app.domain.actor import DESK_ROLES, Actor
from app.domain.agency import Agency
from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError
from app.domain.intake import ReturnWay
from app.domain.lifecycle import LABELS, Status
from app.domain.once import Once
from app.domain.papers import Form, written_number
from app.domain.periods import Period
from app.papers.facts import RegisterEntry
from app.papers.rendering import RegisterTooLong
from app.papers.spreadsheet import MOST_ROWS
from app.services.desk import Desk

MOST_DAYS: Final = 366
"""A book is of one year at most."""

_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(8999, 12, 31)
PORTION: Final = 1_000
_AT_ONCE: Final = BoundedSemaphore(2)
"""Each takes a connection for as long as it is written: the others are for the queue."""

_TOLD: Final = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.STOPPED})
"""Ends without a result, written into the notes."""

_WAYS: Final = {
    ReturnWay.DESK: "Trực tiếp",
    ReturnWay.ONLINE: "Trực tuyến",
    ReturnWay.POST: "Bưu chính công ích",
}
_WHERE: Final = """
    dossier.agency_id = ANY(CAST(:agencies AS bigint[]))
    AND dossier.received_at >= :since AND dossier.received_at < :until"""
_COUNT: Final = text(f"SELECT count(*) FROM (SELECT FROM dossier WHERE {_WHERE} LIMIT :most) few")
_ROWS: Final = text(f"""
SELECT dossier.code, dossier.procedure_version_id, dossier.applicant_name, dossier.contact,
    dossier.agency_id, dossier.received_at, dossier.status, dossier.return_way,
    coalesce(dossier.promised_at, dossier.due_at) AS due_at,
    back.occurred_at AS returned_at, back.way AS returned_way, receipt.number AS receipt_number
FROM dossier
LEFT JOIN LATERAL (
    SELECT occurred_at, details ->> 'return_way' AS way FROM dossier_event
    WHERE dossier.status = 'returned' AND dossier_id = dossier.id AND act = 'return_result'
    ORDER BY seq DESC LIMIT 1
) AS back ON true
LEFT JOIN LATERAL (
    SELECT number FROM issued_paper
    WHERE dossier_id = dossier.id AND form = 'receipt' ORDER BY id LIMIT 1
) AS receipt ON true
WHERE {_WHERE} ORDER BY dossier.received_at, dossier.id
""").execution_options(yield_per=PORTION)


class RegisterRefused(DomainError):
    """Not a member of the desk's staff, or an agency that is not theirs."""

    code = "register.refused"
    title = "Không được xem sổ theo dõi này"


class RegisterEmpty(DomainError):
    code = "register.empty"
    title = "Kỳ này không có hồ sơ"


class PeriodTooLong(DomainError):
    code = "register.period_too_long"
    title = "Kỳ của sổ quá dài"


class RegisterBusy(DomainError):
    """As many registers are being written as one process writes at once."""

    code = "register.busy"
    title = "Đang ghi sổ khác"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A register: dossiers that an agency, or a unit below it, received in a period."""

    agency: str
    period: Period


@dataclass(frozen=True, slots=True)
class Extract:
    """A register being read: how many entries, and one after the other."""

    tx: Transaction
    catalogue: Catalogue
    agency: Agency
    count: int
    asked: dict[str, Any]

    @property
    def agency_id(self) -> int:
        return self.catalogue.agency_ids[self.agency.code]

    def entries(self) -> Iterator[RegisterEntry]:
        for number, row in enumerate(self.tx.db.execute(_ROWS, self.asked), 1):
            yield _entry(self.catalogue, number, row)


@contextmanager
def opened(desk: Desk, wanted: Wanted, actor: Actor, once: Once | None = None) -> Iterator[Extract]:
    """Open a register for reading, or refuse it before anything is written.

    The transaction stays open for what is done with it: with `once` its answer may be there.
    """
    period = wanted.period
    if period.days > MOST_DAYS:
        raise PeriodTooLong(
            f"Một quyển sổ có tối đa {MOST_DAYS} ngày, kỳ này có {period.days} ngày.",
            days=period.days,
            most=MOST_DAYS,
        )
    if not actor.is_internal:
        refuse_others(wanted.agency, actor)
    with _one_of_few(), acting(desk.engine, actor, once) as tx:
        catalogue = desk.references.catalogue(tx)
        agency = catalogue.agencies.get(wanted.agency)
        if agency is None:
            raise RegisterRefused(f"Không có cơ quan {wanted.agency}.")
        below = f"{wanted.agency}."
        asked = {
            "agencies": [
                agency_id
                for code, agency_id in catalogue.agency_ids.items()
                if f"{code}.".startswith(below)
            ],
            "since": _midnight(period.first),
            "until": _midnight(period.last) + timedelta(days=1),
        }
        count: int = tx.db.scalar(_COUNT, {**asked, "most": MOST_ROWS + 1}) or 0
        _refuse_count(wanted, count)
        yield Extract(tx, catalogue, agency, count, asked)


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _AT_ONCE.acquire(blocking=False):
        raise RegisterBusy("Đang có nhiều người xuất sổ theo dõi. Hãy thử lại sau ít phút.")
    try:
        yield
    finally:
        _AT_ONCE.release()


def is_theirs(agency: str, actor: Actor) -> bool:
    """Tell whether somebody is of the desk of this agency or of one above it."""
    is_below = actor.agency is not None and f"{agency}.".startswith(f"{actor.agency}.")
    return actor.role in DESK_ROLES and is_below


def refuse_others(agency: str, actor: Actor) -> None:
    """Refuse whoever the registers of an agency are not for."""
    if not is_theirs(agency, actor):
        raise RegisterRefused(
            "Sổ theo dõi hồ sơ dành cho cán bộ của cơ quan và của cơ quan cấp trên."
        )


def _refuse_count(wanted: Wanted, count: int) -> None:
    if count == 0:
        raise RegisterEmpty(f"{wanted.agency} không nhận hồ sơ nào trong kỳ {wanted.period}.")
    if count > MOST_ROWS:
        raise RegisterTooLong(
            f"Kỳ này có hơn {MOST_ROWS} hồ sơ, một bảng tính không chứa hết. Hãy chọn kỳ ngắn hơn.",
            most=MOST_ROWS,
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(min(max(day, _FIRST_DAY), _LAST_DAY), time(), LOCAL_ZONE)


def _entry(catalogue: Catalogue, number: int, row: Row[Any]) -> RegisterEntry:
    return RegisterEntry(
        number=number,
        code=row.code,
        procedure=catalogue.offered[row.procedure_version_id].procedure.name,
        sets=1,
        applicant=row.applicant_name,
        address=row.contact.get("address"),
        phone=row.contact.get("phone"),
        resolving_agency=catalogue.agency_of(row.agency_id).name,
        received_at=row.received_at,
        due_at=row.due_at,
        returned_at=row.returned_at,
        result_way=_WAYS[ReturnWay(row.returned_way or row.return_way)],
        note=_note(row),
    )


def _note(row: Row[Any]) -> str:
    status = Status(row.status)
    parts = [LABELS[status]] if status in _TOLD else []
    if row.receipt_number is not None:
        parts.insert(0, written_number(row.receipt_number, Form.RECEIPT))
    return "; ".join(parts)
