"""Reading petitions: one, many, and how many were answered in time (figure 5.2)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    asc,
    case,
    cast,
    desc,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.petitions import petition, petition_event
from app.db.reference import Catalogue
from app.db.visibility import visible_petitions
from app.domain.actor import FIGURE_ROLES, SYSTEM, Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.deadlines import in_words, lateness
from app.domain.periods import Period
from app.domain.petition_clock import acts_now
from app.domain.petitions import (
    KIND_LABELS,
    LABELS,
    Answered,
    PetitionFiguresRefused,
    PetitionKind,
    PetitionNotFound,
    PetitionStatus,
)
from app.services.desk import Desk
from app.services.petition_door import derived_clock

Position = tuple[datetime, int]

_AT_LAST = datetime(9999, 1, 1, tzinfo=UTC)
"""Where those whose clock stands come, in a list by due instant."""


@dataclass(frozen=True, slots=True)
class Page:
    petitions: list[dict[str, Any]]
    next: Position | None


@dataclass(frozen=True, slots=True)
class AgencyAnswered:
    code: str
    name: str
    answered: Answered


def read(desk: Desk, code: str, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return a petition with its history."""
    with acting(desk.engine, actor) as tx:
        row = tx.db.execute(_query().where(petition.c.code == code, visible_petitions(actor)))
        found = row.one_or_none()
        if found is None:
            raise PetitionNotFound(f"Không tìm thấy phản ánh, kiến nghị {code}.")
        clock = derived_clock(desk, tx, found, None)
        acts = acts_now(PetitionStatus(found.status), actor.role, found.supplements, now, clock)
        return {
            **_summary(desk, tx, found, now),
            "content": found.content,
            "petitioner": {
                "name": found.petitioner_name,
                "number": found.petitioner_number,
                "phone": found.phone,
            },
            "refuse_until": clock.refuse_until,
            "ask_until": clock.ask_until,
            "possible_acts": [str(act) for act in acts],
            "events": _events(tx, found.id),
        }


def _query() -> Any:  # noqa: ANN401  (SQLAlchemy's Select has one type for each column)
    """Select petitions with the code of the dossier that they are about.

    Whoever sees the petition and not the dossier does not get its code either: row security.
    """
    return select(petition, dossier.c.code.label("dossier_code")).outerjoin(
        dossier, dossier.c.id == petition.c.dossier_id
    )


def _events(tx: Transaction, petition_id: int) -> list[dict[str, Any]]:
    rows = tx.db.execute(
        select(petition_event)
        .where(petition_event.c.petition_id == petition_id)
        .order_by(petition_event.c.seq)
    )
    return [
        {
            "seq": row.seq,
            "act": row.act,
            "source": row.source,
            "target": row.target,
            "actor": {"role": row.actor_role, "name": row.actor_name},
            "occurred_at": row.occurred_at,
            "due_at": row.due_at,
            "words": row.words,
        }
        for row in rows
    ]


def _summary(desk: Desk, tx: Transaction, row: Row[Any], now: datetime) -> dict[str, Any]:
    catalogue = desk.references.catalogue(tx)
    agency = catalogue.agency_of(row.agency_id)
    return {
        "code": row.code,
        "version": row.version,
        "kind": row.kind,
        "kind_label": KIND_LABELS[PetitionKind(row.kind)],
        "agency": {"code": agency.code, "name": agency.name},
        "dossier": row.dossier_code,
        "subject": row.subject,
        "status": row.status,
        "status_label": LABELS[PetitionStatus(row.status)],
        "received_at": row.received_at,
        "due_at": row.due_at,
        "answered_at": row.answered_at,
        "ended_at": row.ended_at,
        "in_words": _in_words(desk, tx, row, now),
    }


def _in_words(desk: Desk, tx: Transaction, row: Row[Any], now: datetime) -> str | None:
    """Say how a petition stands, or was answered; None once it ended without an answer."""
    if row.due_at is None:
        return "đang dừng tính thời hạn"
    if row.ended_at is not None and row.answered_at is None:
        return None
    at = row.answered_at or now
    code = desk.references.catalogue(tx).agency_codes[row.agency_id]
    calendar = desk.references.calendar(tx, code)
    full_day = calendar.hours_on(at.astimezone(LOCAL_ZONE).date()).full_day_minutes
    late = lateness(at, row.due_at, calendar)
    if row.answered_at is None:
        return in_words(late, full_day)
    return f"trả lời {in_words(late, full_day)}" if late > 0 else "trả lời trong hạn"


def list_page(
    desk: Desk,
    *,
    actor: Actor,
    now: datetime,
    status: PetitionStatus | None,
    is_open: bool,
    after: Position | None,
    limit: int,
) -> Page:
    """Return a page of the petitions that `actor` may see, newest first.

    Open ones alone come by due instant, most urgent first, those whose clock stands last.
    """
    conditions: list[ColumnElement[bool]] = [visible_petitions(actor)]
    if status is not None:
        conditions.append(petition.c.status == status)
    at: ColumnElement[datetime] = petition.c.received_at
    if is_open:
        conditions.append(petition.c.ended_at.is_(None))
        at = func.coalesce(petition.c.due_at, literal(_AT_LAST))
    place = tuple_(at, petition.c.id)
    if after is not None:
        conditions.append(place > after if is_open else place < after)
    direction = asc if is_open else desc
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            _query()
            .where(*conditions)
            .order_by(direction(at), direction(petition.c.id))
            .limit(limit + 1)
        ).all()
        page = rows[:limit]
        return Page(
            [_summary(desk, tx, row, now) for row in page],
            _place(page[-1], is_open=is_open) if len(rows) > limit else None,
        )


def _place(row: Row[Any], *, is_open: bool) -> Position:
    return ((row.due_at or _AT_LAST) if is_open else row.received_at), row.id


def answered_in_time(
    desk: Desk, period: Period, *, agency: str | None, actor: Actor, now: datetime
) -> list[AgencyAnswered]:
    """Count, per agency by code, the petitions due in a period and how they were answered.

    Figure 5.2 (Decision 766/QĐ-TTg). Those refused or withdrawn are owed no answer; one whose
    clock stands is not due. Counted by the system: whoever may see figures sees no petition.
    """
    if actor.role not in FIGURE_ROLES and not actor.is_internal:
        raise PetitionFiguresRefused("Số liệu phản ánh, kiến nghị dành cho cán bộ của tỉnh.")
    due_on = cast(func.timezone(LOCAL_ZONE.key, petition.c.due_at), Date)
    answered_at = func.date_trunc("minute", petition.c.answered_at)
    outcome = case(
        (answered_at <= petition.c.due_at, "in_time"),
        (answered_at > petition.c.due_at, "late"),
        (petition.c.due_at < now, "overdue"),
        else_="open",
    ).label("outcome")
    owed = or_(petition.c.ended_at.is_(None), petition.c.answered_at.is_not(None))
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.execute(
            select(petition.c.agency_id, outcome, func.count().label("times"))
            .where(due_on.between(period.first, period.last), owed)
            .group_by(petition.c.agency_id, outcome)
        ).all()
        catalogue = desk.references.catalogue(tx)
    return _by_agency(catalogue, rows, agency)


def _by_agency(
    catalogue: Catalogue,
    rows: Sequence[Row[Any]],
    agency: str | None,
) -> list[AgencyAnswered]:
    counted: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        counted[catalogue.agency_codes[row.agency_id]][row.outcome] = row.times
    return [
        AgencyAnswered(code, catalogue.agencies[code].name, Answered(**counts))
        for code, counts in sorted(counted.items())
        if agency is None or f"{code}.".startswith(f"{agency}.")
    ]
