"""The books of figures: worked up to date before every answer, closed by day, recounted at night.

Acts leave a mark in their own transaction and no more; who works the marks off holds one lock, so
that hot counters are never fought for by acts. An answer first works off what is marked, which is
why it cannot lag behind the acts it is about.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, TextClause, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.db.access import Transaction, acting
from app.db.dossiers import dossier, dossier_event
from app.db.figure_books import FOLD, HANDLED, LOCK, MARKS_OF_A_BATCH, Reading
from app.db.figure_facts import HASHED, LOCAL
from app.db.figure_journal import figure_closing
from app.db.figure_petitions import FOLD_PETITIONS
from app.db.figure_rollups import EMPTY_YEAR, FILL_YEAR, NEXT_YEAR
from app.db.figures import READING, figure_fact, figure_petition
from app.db.histories import moments_of
from app.db.search import backfill
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import due
from app.domain.errors import DomainError
from app.domain.lifecycle import Act
from app.domain.office_hours import EVERY_AGENCY
from app.domain.timeline import Moment, stops
from app.domain.working_time import USUAL, WorkingTime, working_time
from app.services.clocks import calendar_of, extension_of, own_calendars, version_of
from app.services.desk import Desk

_BATCHES_OF_AN_ANSWER = 40
_DAY = timedelta(days=1)

_OLDEST = text(f"""
    SELECT (min(recorded_at) {LOCAL})::date FROM (
        SELECT min(recorded_at) AS recorded_at FROM figure_mark WHERE recorded_at > '-infinity'
        UNION ALL
        SELECT min(recorded_at) FROM figure_petition_mark WHERE recorded_at > '-infinity'
    ) AS oldest
""")


def _take(table: str, key: str) -> TextClause:
    return text(f"""
        DELETE FROM {table} WHERE id IN (
            SELECT id FROM {table}
            WHERE recorded_at < CAST(:upto AS timestamptz)
                AND (:is_today OR recorded_at > '-infinity')
            ORDER BY recorded_at LIMIT :most)
        RETURNING {key}
    """)


_TAKE = _take("figure_mark", "dossier_id")
_TAKE_PETITIONS = _take("figure_petition_mark", "petition_id")
_STALE = f"SELECT dossier_id FROM figure_fact WHERE until_on = '9999-12-31' AND reading < {READING}"
_TAKE_STALE = text(f"{_STALE} ORDER BY dossier_id LIMIT :most")
_ROLLUPS = "figure_rollup"
_ALL_YEARS = 9999
_IS_BEHIND = text(f"""
    SELECT EXISTS (SELECT FROM figure_mark) OR EXISTS (SELECT FROM figure_petition_mark)
        OR EXISTS ({_STALE})
        OR NOT EXISTS (SELECT FROM backfill WHERE name = '{_ROLLUPS}' AND through = {_ALL_YEARS})
""")
_CALENDAR = text("SELECT value FROM revision WHERE name = 'calendar'")


class FiguresBehind(DomainError):
    """So much was changed at once that an answer would be late: better none than a wrong one."""

    code = "figures.behind"
    title = "Số liệu đang được cập nhật"


def bring_up_to_date(desk: Desk, *, now: datetime, batches: int = _BATCHES_OF_AN_ANSWER) -> None:
    """Work off every mark that was left before now, or refuse to answer (`FiguresBehind`)."""
    for _ in range(batches):
        with acting(desk.engine, SYSTEM) as tx:
            if not tx.db.scalar(_IS_BEHIND):
                return
        if not fold(desk, now=now):
            return
    raise FiguresBehind("Số liệu đang được cập nhật, hãy hỏi lại sau ít phút.")


def fold(desk: Desk, *, now: datetime) -> int:
    """Work off some marks of the oldest day; return how many dossiers and petitions that were.

    A change is recorded on the day of its act, unless an answer about that day was given already:
    then on the first day that is still open. Facts that an older release read are read anew when
    nothing else is left.
    """
    with acting(desk.engine, SYSTEM) as tx:
        tx.db.execute(text(LOCK))
        if tx.db.scalar(_CALENDAR) != tx.calendar_revision:
            return 1  # it changed while we waited for the lock: what passed is counted by the new
        if _rolls_up(tx):
            return 1
        today = _day(now)
        oldest: date | None = tx.db.scalar(_OLDEST)
        day = min(oldest or today, today)
        # Days that are over are taken one by one, each as it stood at its end.
        upto = "infinity" if day == today else str(_begin(day + _DAY))
        values = {"upto": upto, "most": MARKS_OF_A_BATCH, "is_today": day == today}
        ids = sorted(set(tx.db.scalars(_TAKE, values)))
        petitions = sorted(set(tx.db.scalars(_TAKE_PETITIONS, values)))
        if not ids and day == today:
            ids = list(tx.db.scalars(_TAKE_STALE, values))
        if ids:
            _enter(desk, tx, ids, _open_day(tx, day), upto)
        if petitions:
            _enter_petitions(tx, petitions, _open_day(tx, day), upto)
        return len(ids) + len(petitions)


def _rolls_up(tx: Transaction) -> bool:
    """Roll up a year of the journal of an older release; tell whether there was one to do."""
    through = tx.db.scalar(select(backfill.c.through).where(backfill.c.name == _ROLLUPS)) or 0
    if through == _ALL_YEARS:
        return False
    year = tx.db.scalar(text(NEXT_YEAR), {"through": through})
    if year is not None:
        tx.db.execute(text(EMPTY_YEAR), {"year": year})
        tx.db.execute(text(FILL_YEAR), {"year": year})
    note = insert(backfill).values(name=_ROLLUPS, through=_ALL_YEARS if year is None else year)
    tx.db.execute(
        note.on_conflict_do_update(index_elements=["name"], set_={"through": note.excluded.through})
    )
    return True


def _enter(desk: Desk, tx: Transaction, ids: list[int], day: date, upto: str) -> None:
    """Read the facts of dossiers and enter what changed.

    A dossier of which more is known already (clocks differ) is read as it is now.
    """
    for some, until in _by_knowledge(tx, figure_fact.c.dossier_id, ids, day, upto):
        values = _reading(desk, tx, some, day, until).values
        with hashed(tx):
            tx.db.execute(text(FOLD), values)


@contextmanager
def hashed(tx: Transaction) -> Iterator[None]:
    """Read facts by hash joins; see `HASHED`."""
    tx.db.execute(text(HASHED.format("off")))
    yield
    tx.db.execute(text(HASHED.format("on")))


def _enter_petitions(tx: Transaction, ids: list[int], day: date, upto: str) -> None:
    """Do the same with petitions."""
    for some, until in _by_knowledge(tx, figure_petition.c.petition_id, ids, day, upto):
        tx.db.execute(text(FOLD_PETITIONS), {"ids": some, "day": day, "upto": until})


def _by_knowledge(
    tx: Transaction, key: Column[int], ids: list[int], day: date, upto: str
) -> Iterator[tuple[list[int], str]]:
    """Yield those to be read as known before `upto`, and those of which more is known already."""
    known = key.table.c
    ahead = set(
        tx.db.scalars(
            select(key).where(
                key == func.any(ids), known.until_on == date.max, known.recorded_on > day
            )
        )
    )
    if behind := [one for one in ids if one not in ahead]:
        yield behind, upto
    if ahead:
        yield sorted(ahead), "infinity"


def close(desk: Desk, day: date, *, now: datetime) -> None:
    """Close a day that is over: an answer about it is given, and stays as it is."""
    with acting(desk.engine, SYSTEM) as tx:
        if tx.db.scalar(select(figure_closing.c.day).where(figure_closing.c.day >= day).limit(1)):
            return
        tx.db.execute(text(LOCK))
        tx.db.execute(
            insert(figure_closing).values(day=day, closed_at=now).on_conflict_do_nothing()
        )


def _open_day(tx: Transaction, day: date) -> date:
    """Return the day itself, or the first one after all that were closed."""
    closed: date | None = tx.db.scalar(select(func.max(figure_closing.c.day)))
    return day if closed is None else max(day, closed + _DAY)


def _reading(desk: Desk, tx: Transaction, ids: list[int], day: date, upto: str) -> Reading:
    stops_too = desk.rules.payment_wait_stops_clock
    others = other_dues(desk, tx, dossier.c.id == func.any(ids)) if stops_too else {}
    working = working_of(desk, tx, "id = ANY (:ids)", {"ids": ids})
    return Reading(ids, day, working, upto, stops_too, others)


def working_of(desk: Desk, tx: Transaction, which: str, values: dict[str, Any]) -> WorkingTime:
    """Return the working time in which dossiers that have ended were handled."""
    span = tx.db.execute(text(HANDLED.format(which=which)), values).one()
    return working_time(offices(desk, tx), span.since, span.until)


def offices(desk: Desk, tx: Transaction) -> dict[int, Calendar]:
    """Return the calendars by key: of each office with one of its own, and of all others."""
    usual = desk.references.calendars(tx)[EVERY_AGENCY]
    return {**own_calendars(desk, tx), USUAL: usual}


def other_dues(
    desk: Desk, tx: Transaction, which: ColumnElement[bool]
) -> dict[int, datetime | None]:
    """Derive the due instants of dossiers that waited for a payment, had the clock gone on.

    Figure 2.1 deducts supplement time only.
    """
    billed = exists().where(
        dossier_event.c.dossier_id == dossier.c.id, dossier_event.c.act == Act.REQUEST_PAYMENT
    )
    rows = tx.db.execute(
        select(dossier).where(which, dossier.c.accepted_at.is_not(None), billed)
    ).all()
    histories = moments_of(tx.db, [row.id for row in rows])
    return {row.id: _due_without_payments(desk, tx, row, histories[row.id]) for row in rows}


def _due_without_payments(
    desk: Desk, tx: Transaction, row: Row[Any], history: Sequence[Moment]
) -> datetime | None:
    found = [
        stop
        for stop in stops(history, payment_stops=False)
        if stop.end is not None  # while it waits for papers, the request itself is the end
    ]
    return due(
        version_of(desk, tx, row).limit,
        row.accepted_at,
        found,
        calendar_of(desk, tx, row),
        extension_of(row.extension),
    ).due_at


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)
