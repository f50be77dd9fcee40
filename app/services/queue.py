"""The work queue: what there is to do, the most urgent first, and how much of it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.db.queue import AFTER, CONDITIONS, COUNTS, MINE_PAGE, PAGE
from app.db.reference import Catalogue
from app.db.views import dossier_view
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError
from app.domain.lifecycle import Status
from app.domain.procedure import acts_at
from app.domain.queue import (
    COUNT_CAP,
    OPEN,
    QueueClass,
    Standing,
    Tab,
    is_on_desk,
    minute_of,
    standing,
)
from app.services.clocks import calendar_of, version_of
from app.services.desk import Desk

T = TypeVar("T")

Place = tuple[int, int, int]
"""Where a page ends: class, minutes and key of its last dossier."""

_MOST_COUNTED: Final = 20_000
_HOUR: Final = 60
_STEPS: Final = 1000  # more than any process has: version and step as one number


class QueueRefused(DomainError):
    code = "queue.role_refused"
    title = "Vai trò không có hàng đợi công việc"


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the queue is asked for; `hours` are working hours, None: the province's setting."""

    tab: Tab = Tab.DESK
    status: Status | None = None
    step: str | None = None
    procedure: str | None = None
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    items: list[dict[str, Any]]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Count:
    """So many, or `exact=False`: at least so many."""

    count: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is per tab, status, step of the process and procedure; opinions to give."""

    tabs: dict[Tab, Count]
    statuses: dict[str, Count]
    steps: dict[str, Count]
    procedures: dict[str, Count]
    opinions: Count


def page(
    desk: Desk, asked: Asked, *, actor: Actor, after: Place | None, limit: int, now: datetime
) -> Page:
    """Return a page of the queue: running clocks by working time left, then those that stand."""
    with _open(desk, actor) as tx:
        catalogue = desk.references.catalogue(tx)
        values = _values(desk, tx, actor, asked.hours, now) | {"wanted": limit + 1}
        conditions = [CONDITIONS[asked.tab], *_filters(catalogue, asked, values)]
        if after is not None:
            conditions.append(AFTER)
            values |= dict(zip(("after_class", "after_minutes", "after_id"), after, strict=True))
        statement = MINE_PAGE if asked.tab is Tab.MINE else PAGE
        rows = tx.db.execute(
            text(statement.replace("{conditions}", " AND ".join(conditions))), values
        ).all()
        shown = rows[:limit]
        last = shown[-1] if len(rows) > limit else None
        return Page(
            [_item(desk, tx, row, now) for row in shown],
            (last.queue_class, last.queue_minutes, last.id) if last else None,
        )


def counts(desk: Desk, *, actor: Actor, hours: int | None, now: datetime) -> Counts:
    """Count the queue, all tabs in one round trip; above a cap only that there are more."""
    with _open(desk, actor) as tx:
        catalogue = desk.references.catalogue(tx)
        values = _values(desk, tx, actor, hours, now) | {"most": _MOST_COUNTED}
        rows = tx.db.execute(text(COUNTS), values).all()
        groups = [row for row in rows if row.status is not None]
        own = next(row for row in rows if row.status is None)
    return _added_up(catalogue, actor.role, groups, own)


def _open(desk: Desk, actor: Actor) -> AbstractContextManager[Transaction]:
    if actor.role not in DESK_ROLES:
        raise QueueRefused("Hàng đợi công việc dành cho công chức xử lý hồ sơ.")
    return acting(desk.engine, actor)


def _values(
    desk: Desk, tx: Transaction, actor: Actor, hours: int | None, now: datetime
) -> dict[str, Any]:
    """Return what the conditions compare with; offices with hours of their own have their own."""
    catalogue = desk.references.catalogue(tx)
    usual = desk.references.calendar(tx, "*")
    calendars = {
        key: desk.references.calendar(tx, code) for code, key in catalogue.agency_ids.items()
    }
    own = {key: calendar for key, calendar in calendars.items() if calendar is not usual}
    ahead = {
        "due_soon": _HOUR * (desk.rules.due_soon_hours if hours is None else hours),
        "answer_soon": _HOUR * desk.rules.answer_soon_hours,
    }
    return {
        "account": actor.id,
        "now": now,
        "today": now.astimezone(LOCAL_ZONE).date(),
        "minute": minute_of(now),
        "own": list(own),
        **{name: minute_of(usual.after(now, minutes)) for name, minutes in ahead.items()},
        **{
            f"own_{name}": [minute_of(calendar.after(now, minutes)) for calendar in own.values()]
            for name, minutes in ahead.items()
        },
        **_turn(catalogue, actor.role),
    }


def _turn(catalogue: Catalogue, role: Role) -> dict[str, Any]:
    """Return the statuses, and the steps while in process, at which it is the role's turn."""
    return {
        "turn_statuses": [
            status
            for status in OPEN
            if status is not Status.IN_PROCESS and is_on_desk(role, status, role)
        ],
        "turn_steps": [
            version_id * _STEPS + place
            for version_id, offered in catalogue.offered.items()
            for place, step in enumerate(offered.version.steps)
            if step.role is role
        ],
    }


def _filters(catalogue: Catalogue, asked: Asked, values: dict[str, Any]) -> Iterator[str]:
    if asked.status is not None:
        values["status"] = asked.status
        yield "status = :status"
    if asked.procedure is not None:
        values["versions"] = [
            version_id
            for version_id, offered in catalogue.offered.items()
            if offered.procedure.code == asked.procedure
        ]
        yield "procedure_version_id = ANY (CAST(:versions AS bigint[]))"
    if asked.step is not None:
        values["steps"] = [
            version_id * _STEPS + place
            for version_id, offered in catalogue.offered.items()
            for place, step in enumerate(offered.version.steps)
            if step.code == asked.step
        ]
        yield "procedure_version_id * 1000 + step = ANY (CAST(:steps AS bigint[]))"


def _item(desk: Desk, tx: Transaction, row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return a dossier as the queue shows it."""
    step = version_of(desk, tx, row).steps[row.step]
    stands = _standing(desk, tx, row, now)
    is_claimed = row.claimed_until is not None and row.claimed_until > now
    return {
        **dossier_view(row, desk.references.catalogue(tx)),
        "step": step.code,
        "step_name": step.name,
        "clock": stands.queue_class.name.lower(),
        "until": stands.until,
        "remaining_minutes": stands.remaining_minutes,
        "in_words": stands.words,
        "claimed_by": row.claimed_by if is_claimed else None,
        "claimed_name": row.claimed_name if is_claimed else None,
        "claimed_until": row.claimed_until if is_claimed else None,
        "assigned_to": row.assigned_to,
        "assigned_name": row.assigned_name,
        "possible_acts": [str(act) for act in acts_at(step, Status(row.status), tx.actor.role)],
    }


def _standing(desk: Desk, tx: Transaction, row: Row[Any], now: datetime) -> Standing:
    return standing(
        QueueClass(row.queue_class),
        until=row.answer_due_at if row.accepted_at is None else row.due_at,
        remaining_minutes=row.remaining_minutes,
        finished_at=row.resolved_at,
        calendar=calendar_of(desk, tx, row),
        now=now,
    )


def _added_up(catalogue: Catalogue, role: Role, groups: list[Row[Any]], own: Row[Any]) -> Counts:
    tabs: Counter[Tab] = Counter()
    statuses: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    procedures: Counter[str] = Counter()
    for group in groups:
        offered = catalogue.offered[group.procedure_version_id]
        step = offered.version.steps[group.step]
        status = Status(group.status)
        tabs[Tab.AGENCY] += group.open
        tabs[Tab.DESK] += group.open * is_on_desk(role, status, step.role)
        tabs[Tab.WAITING_SUPPLEMENT] += group.open * (status is Status.SUPPLEMENT_REQUESTED)
        tabs[Tab.WAITING_PAYMENT] += group.open * (status is Status.PAYMENT_REQUESTED)
        tabs[Tab.DUE_SOON] += group.due_soon
        tabs[Tab.OVERDUE] += group.overdue
        tabs[Tab.UNANSWERED] += group.unanswered
        statuses[status] += group.open
        steps[step.code] += group.open
        procedures[offered.procedure.code] += group.open
    is_whole = tabs[Tab.AGENCY] < _MOST_COUNTED

    def told(counter: Mapping[T, int]) -> dict[T, Count]:
        return {name: _capped(number, is_whole=is_whole) for name, number in counter.items()}

    return Counts(
        {
            Tab.MINE: _capped(own.open),
            **told({tab: tabs[tab] for tab in Tab if tab is not Tab.MINE}),
        },
        told(statuses),
        told(dict(steps.most_common())),
        told(dict(procedures.most_common())),
        _capped(own.opinions),
    )


def _capped(number: int, *, is_whole: bool = True) -> Count:
    return Count(min(number, COUNT_CAP), is_whole and number <= COUNT_CAP)
