"""The register (form 07, sổ theo dõi hồ sơ) of an agency and the units below it, for any period.

It can be looked at as the dossiers stand, which is marked on it and not kept, or issued: then it
is kept in the file store, and whoever asks for it later gets the same bytes.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import desc, insert, select
from sqlalchemy.exc import IntegrityError

from app.db import file_store
from app.db.access import acting
from app.db.answers import remember
from app.db.documents import stored_file
from app.db.file_store import StoredFile
from app.db.papers import issued_register
from app.db.views import register_view
from app.domain.actor import Actor
from app.domain.calendar import local_minute
from app.domain.errors import DomainError
from app.domain.once import Once
from app.domain.papers import Form
from app.domain.periods import Period
from app.papers.facts import Register, RegisterEntry
from app.papers.rendering import MOST_ENTRIES, RegisterTooLong, render, template_of
from app.papers.spreadsheet import Cell, Column, Sheet, write_sheet
from app.services.desk import Desk
from app.services.letterheads import in_full, office_of
from app.services.register_lines import PORTION, Extract, Wanted, is_theirs, opened, refuse_others

Watch = Callable[[int, int], None]
"""Told, portion by portion, how many of how many entries are written."""

_COLUMNS: Final = (
    *(Column("STT", 7), Column("Mã hồ sơ", 22), Column("Tên thủ tục hành chính", 45)),
    *(Column("Số bộ", 7), Column("Tên tổ chức, cá nhân", 30), Column("Địa chỉ", 35)),
    *(Column("Số điện thoại", 15), Column("Cơ quan giải quyết", 28), Column("Nhận hồ sơ", 17)),
    *(Column("Hẹn trả kết quả", 17), Column("Trả kết quả", 17)),
    *(Column("Phương thức nhận kết quả", 28), Column("Ký nhận", 15), Column("Ghi chú", 25)),
)


class Kind(StrEnum):
    """What a register is written as."""

    PDF = "pdf"
    XLSX = "xlsx"


MEDIA: Final[Mapping[Kind, str]] = {
    Kind.PDF: "application/pdf",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class RegisterNotFound(DomainError):
    """No such register was issued, or it is another agency's."""

    code = "register.not_found"
    title = "Không có sổ theo dõi này"


@dataclass(frozen=True, slots=True)
class Order:
    """Somebody wants a register issued."""

    wanted: Wanted
    kind: Kind
    actor: Actor
    now: datetime
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An issued register: its content is in the file store."""

    sha256: str
    size_bytes: int
    name: str
    media_type: str


def _unwatched(_done: int, _total: int) -> None:
    """Watch nothing."""


def look(order: Order, desk: Desk, out: IO[bytes], watch: Watch = _unwatched) -> int:
    """Write the register as it stands, marked as not issued; return how many entries it has.

    Raises `RegisterTooLong` for more than fit in print.
    """
    with opened(desk, order.wanted, order.actor) as extract:
        note = f"Bản xem lúc {local_minute(order.now):%H:%M %d/%m/%Y}, chưa phát hành"
        _write(extract, order, note, out, _Watched(extract.count, watch))
        return extract.count


def issue(order: Order, desk: Desk, watch: Watch = _unwatched) -> Mapping[str, Any]:
    """Issue the register and keep it; while nothing in it has changed it is the one before.

    Raises `RegisterTooLong` for more than fit in print. Everything happens in one transaction, so
    that a register that was begun and not finished leaves nothing behind.
    """
    with (
        opened(desk, order.wanted, order.actor, order.once) as extract,
        tempfile.NamedTemporaryFile(prefix="register-") as file,
    ):
        if extract.tx.seen is not None:
            return extract.tx.seen
        watched = _Watched(extract.count, watch)
        at = f"{local_minute(order.now):%H:%M %d/%m/%Y}"
        _write(extract, order, f"Phát hành lúc {at}, người lập: {order.actor.name}", file, watched)
        file.flush()
        answer = _keep(extract, order, Path(file.name), watched.digest)
        remember(extract.tx, order.once, answer, order.now)
        return answer


def listed(
    desk: Desk, agency: str, *, actor: Actor, after: int, limit: int
) -> list[Mapping[str, Any]]:
    """Return the registers issued of an agency and the units below it, the newest first."""
    if not actor.is_internal:
        refuse_others(agency, actor)
    with acting(desk.engine, actor) as tx:
        below = f"{agency}."
        codes = desk.references.catalogue(tx).agency_ids
        theirs = [number for code, number in codes.items() if f"{code}.".startswith(below)]
        older = [issued_register.c.id < after] if after else []
        rows = tx.db.execute(
            select(issued_register)
            .where(issued_register.c.agency_id.in_(theirs), *older)
            .order_by(desc(issued_register.c.id))
            .limit(limit)
        ).all()
        code_of = {number: code for code, number in codes.items()}
        return [register_view(code_of[row.agency_id], row) for row in rows]


def kept(desk: Desk, register_id: int, *, actor: Actor) -> Kept:
    """Return an issued register as it was issued."""
    with acting(desk.engine, actor) as tx:
        row = tx.db.execute(
            select(issued_register, stored_file.c.size_bytes)
            .join(stored_file, stored_file.c.sha256 == issued_register.c.sha256)
            .where(issued_register.c.id == register_id)
        ).one_or_none()
        code = "" if row is None else desk.references.catalogue(tx).agency_of(row.agency_id).code
    if row is None or not (actor.is_internal or is_theirs(code, actor)):
        raise RegisterNotFound("Không có sổ theo dõi này, hoặc sổ của cơ quan khác.")
    wanted, kind = Wanted(code, Period(row.first_on, row.last_on)), Kind(row.format)
    return Kept(row.sha256, row.size_bytes, file_name(wanted, kind), MEDIA[kind])


def content(desk: Desk, sha256: str) -> Iterator[bytes]:
    """Yield the content of a register that the caller was shown."""
    return file_store.content(desk.engine, sha256)


def file_name(wanted: Wanted, kind: Kind) -> str:
    """Return the name under which a register is handed out."""
    first, last = wanted.period.first, wanted.period.last
    return f"so-theo-doi-{wanted.agency}-{first:%Y%m%d}-{last:%Y%m%d}.{kind}"


class _Watched:
    """Counts entries as they pass, and digests what they say."""

    def __init__(self, total: int, watch: Watch) -> None:
        self._total, self._watch = total, watch
        self._said = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._said.hexdigest()

    def entries(self, entries: Iterable[RegisterEntry]) -> Iterator[tuple[RegisterEntry, Any]]:
        self._watch(0, self._total)
        for done, entry in enumerate(entries, 1):
            cells = _cells(entry)
            self._said.update(json.dumps(cells, default=datetime.isoformat).encode())
            yield entry, cells
            if done % PORTION == 0:
                self._watch(done, self._total)
        self._watch(self._total, self._total)


def _write(extract: Extract, order: Order, note: str, out: IO[bytes], watched: _Watched) -> None:
    entries = watched.entries(extract.entries())
    if order.kind is Kind.PDF:
        out.write(_printed(extract, order, note, entries))
        return
    period = order.wanted.period
    title = f"SỔ THEO DÕI HỒ SƠ - {in_full(extract.agency.name)}"
    days = f"Từ ngày {period.first:%d/%m/%Y} đến ngày {period.last:%d/%m/%Y}"
    titles = (title, f"Quyển số: {_book(period)}. {days}", note)
    sheet = Sheet("Sổ theo dõi hồ sơ", titles, _COLUMNS, order.now)
    write_sheet(out, sheet, (cells for _, cells in entries))


def _printed(
    extract: Extract, order: Order, note: str, entries: Iterable[tuple[RegisterEntry, Any]]
) -> bytes:
    if extract.count > MOST_ENTRIES:
        raise RegisterTooLong(
            f"Sổ in tối đa {MOST_ENTRIES} hồ sơ, kỳ này có {extract.count} hồ sơ. "
            "Hãy chọn kỳ ngắn hơn hoặc xuất bảng tính.",
            entries=extract.count,
            most=MOST_ENTRIES,
        )
    period = order.wanted.period
    facts = Register(
        office=office_of(extract.catalogue, extract.agency, order.now, desk=True),
        issued_at=order.now,
        first_on=period.first,
        last_on=period.last,
        book=_book(period),
        note=note,
        entries=tuple(entry for entry, _ in entries),
    )
    return render(Form.REGISTER, facts)


def _keep(extract: Extract, order: Order, path: Path, digest: str) -> Mapping[str, Any]:
    """Enter a register in the books, or return the one that says the same."""
    tx, period = extract.tx, order.wanted.period
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    said = {
        "agency_id": extract.agency_id,
        "first_on": period.first,
        "last_on": period.last,
        "format": order.kind,
        "said_sha256": digest,
    }
    row = {
        **said,
        "entries": extract.count,
        "issued_at": order.now,
        "issued_by": order.actor.id,
        "issued_name": order.actor.name,
        "sha256": sha256,
        "template": template_of(Form.REGISTER) if order.kind is Kind.PDF else None,
    }
    stored = StoredFile(sha256, path.stat().st_size, MEDIA[order.kind], order.now)
    known = select(issued_register).where(*(issued_register.c[name] == said[name] for name in said))
    found = tx.db.execute(known).one_or_none()
    if found is None:
        # Somebody may issue the same at this moment: then ours is taken back, file and all.
        with suppress(IntegrityError), tx.db.begin_nested():
            file_store.write(tx.db, path, stored)
            tx.db.execute(insert(issued_register).values(**row))
        found = tx.db.execute(known).one()
    return register_view(extract.agency.code, found)


def _book(period: Period) -> str:
    """Return the number of the book: its year, or both years of a period across New Year."""
    first, last = period.first.year, period.last.year
    return str(first) if first == last else f"{first}-{last}"


def _cells(entry: RegisterEntry) -> tuple[Cell, ...]:
    return (
        *(entry.number, entry.code, entry.procedure, entry.sets, entry.applicant),
        *(entry.address, entry.phone, entry.resolving_agency, entry.received_at),
        *(entry.due_at, entry.returned_at, entry.result_way, entry.signature, entry.note),
    )
