"""Warnings before and after due instants: raised by the worker, read by whom they concern."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.domain.actor import DESK_ROLES, SYSTEM, Actor
from app.domain.calendar import LOCAL_ZONE, Calendar, local_minute
from app.domain.deadlines import in_words, lateness
from app.domain.lifecycle import LABELS, Status
from app.domain.office_hours import EVERY_AGENCY
from app.domain.once import Once
from app.domain.warnings import WarningKind, WarningNotFound, WarningsRefused, kinds_for
from app.services.clocks import calendar_of, own_calendars, running_statuses
from app.services.desk import Desk

Position = tuple[datetime, int]

KEPT_IN_VIEW = timedelta(days=90)
"""So far back goes the list of warnings that are no longer current."""

_APPOINTMENT = """
greatest(dossier.due_at,
    (SELECT max(new_due_at) FROM apology WHERE apology.dossier_id = dossier.id))
"""
"""What the applicant was last told: an apology gives a new appointment, the due instant stays."""

_RAISE = """
INSERT INTO warning (dossier_id, kind, due_at, raised_at)
SELECT dossier.id, :kind, {instant}, :now
FROM dossier {joined}
WHERE dossier.ended_at IS NULL AND dossier.origin = 'live'
    AND dossier.status = ANY (CAST(:running AS text[]))
    AND {condition}
    AND NOT EXISTS (SELECT FROM warning WHERE warning.dossier_id = dossier.id
        AND warning.kind = :kind AND warning.due_at = {instant})
ORDER BY dossier.due_at LIMIT :limit
ON CONFLICT DO NOTHING
"""
_SOON = text(
    _RAISE.format(
        instant="dossier.due_at",
        joined="""
            LEFT JOIN unnest(CAST(:offices AS bigint[]), CAST(:horizons AS timestamptz[]))
                AS own (agency_id, horizon)
                ON own.agency_id = coalesce(dossier.clock_agency_id, dossier.agency_id)""",
        condition="""dossier.due_at >= :minute AND dossier.due_at <= :farthest
            AND dossier.due_at <= coalesce(own.horizon, :horizon)""",
    )
)
_OVERDUE = text(
    _RAISE.format(instant="dossier.due_at", joined="", condition="dossier.due_at < :minute")
)
_APOLOGY_DUE = text(
    _RAISE.format(
        instant=_APPOINTMENT,
        joined="",
        condition=f"dossier.due_at < :minute AND {_APPOINTMENT} < :minute",
    )
)


def raise_due(desk: Desk, *, now: datetime, limit: int = 500) -> int:
    """Raise the warnings that are due, each once per dossier and due instant; return how many.

    Before the due instant first for the desk, then for the approver (so many working hours of the
    dossier's office each); after it for both, with the demand to apologise.
    """
    with acting(desk.engine, SYSTEM) as tx:
        given = {
            "now": now,
            "minute": local_minute(now),
            "running": [str(status) for status in running_statuses(desk)],
            "limit": limit,
        }
        raised = 0
        for kind, minutes in (
            (WarningKind.DUE_SOON, desk.rules.warn_before_minutes),
            (WarningKind.ESCALATED, desk.rules.escalate_before_minutes),
        ):
            horizons = _horizons(desk, tx, now, minutes)
            raised += tx.db.execute(_SOON, {**given, "kind": kind, **horizons}).rowcount
        for kind, statement in (
            (WarningKind.OVERDUE, _OVERDUE),
            (WarningKind.APOLOGY_DUE, _APOLOGY_DUE),
        ):
            raised += tx.db.execute(statement, {**given, "kind": kind}).rowcount
        return raised


def _horizons(desk: Desk, tx: Transaction, now: datetime, minutes: int) -> dict[str, Any]:
    """Return up to which instant there are at most so many working minutes from now, by office."""
    own = {
        office: _horizon(calendar, now, minutes)
        for office, calendar in own_calendars(desk, tx).items()
    }
    usual = _horizon(desk.references.calendar(tx, EVERY_AGENCY), now, minutes)
    return {
        "offices": list(own),
        "horizons": list(own.values()),
        "horizon": usual,
        "farthest": max([usual, *own.values()]),
    }


def _horizon(calendar: Calendar, now: datetime, minutes: int) -> datetime:
    return calendar.next_opening(calendar.after(now, minutes))


_MINE = """
(dossier.at_agency_id = ANY (CAST((SELECT acting_agencies()) AS bigint[]))
    OR dossier.agency_id = ANY (CAST((SELECT acting_agencies()) AS bigint[])))
"""
_IS_CURRENT = f"""
(dossier.ended_at IS NULL AND dossier.status = ANY (CAST(:running AS text[]))
    AND CASE warning.kind
        WHEN 'apology_due' THEN warning.due_at = {_APPOINTMENT}
        WHEN 'overdue' THEN warning.due_at = dossier.due_at
        ELSE warning.due_at = dossier.due_at AND dossier.due_at >= :minute END)
"""
# What is current is found from the open dossiers that are due soon or late, of which there are
# few; what is past from the days in which it was raised. Neither grows with the years.
_CURRENT_ONES = f"""
WITH open AS MATERIALIZED (
    SELECT id FROM dossier
    WHERE ended_at IS NULL AND due_at <= :farthest AND status = ANY (CAST(:running AS text[]))
        AND {_MINE})
SELECT warning.* FROM open JOIN warning ON warning.dossier_id = open.id
"""
_LATELY = "SELECT * FROM warning WHERE raised_at > :since"
_LIST = """
SELECT warning.id, warning.kind, warning.due_at, warning.raised_at, reading.read_at,
    dossier.code, dossier.status, dossier.agency_id, dossier.at_agency_id, dossier.clock_agency_id,
    dossier.procedure_version_id, {is_current} AS is_current
FROM ({source}) AS warning
JOIN dossier ON dossier.id = warning.dossier_id
LEFT JOIN warning_reading AS reading ON reading.warning_id = warning.id
    AND reading.account = :account
WHERE warning.kind = ANY (CAST(:kinds AS text[])) AND {mine}
    AND (:every OR {is_current})
    AND (:only_unread IS FALSE OR reading.read_at IS NULL)
    AND (CAST(:before_at AS timestamptz) IS NULL
        OR (warning.raised_at, warning.id) < (:before_at, :before_id))
ORDER BY warning.raised_at DESC, warning.id DESC LIMIT :limit
"""
_LIST_CURRENT, _LIST_EVERY = (
    text(_LIST.format(source=source, mine=_MINE, is_current=_IS_CURRENT))
    for source in (_CURRENT_ONES, _LATELY)
)


def listed(
    desk: Desk,
    *,
    actor: Actor,
    now: datetime,
    kind: WarningKind | None,
    only_unread: bool,
    every: bool,
    after: Position | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return warnings that concern the actor, the newest first.

    Without `every` those that time or an act has overtaken are left out: the dossier is done, its
    clock stands, its due instant moved, the apology was recorded. With it, all of `KEPT_IN_VIEW`.
    """
    kinds = [known for known in _kinds(actor) if kind in {None, known}]
    minutes = max(desk.rules.warn_before_minutes, desk.rules.escalate_before_minutes)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            _LIST_EVERY if every else _LIST_CURRENT,
            {
                "since": now - KEPT_IN_VIEW,
                "farthest": _horizons(desk, tx, now, minutes)["farthest"],
                "account": actor.id,
                "kinds": [str(known) for known in kinds],
                "running": [str(status) for status in running_statuses(desk)],
                "minute": local_minute(now),
                "every": every,
                "only_unread": only_unread,
                "before_at": after[0] if after else None,
                "before_id": after[1] if after else None,
                "limit": limit,
            },
        ).all()
        return [_view(desk, tx, row, now) for row in rows]


def _view(desk: Desk, tx: Transaction, row: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401
    catalogue = desk.references.catalogue(tx)
    agency = catalogue.agency_codes[row.agency_id]
    calendar = calendar_of(desk, tx, row)
    full_day = calendar.hours_on(now.astimezone(LOCAL_ZONE).date()).full_day_minutes
    offered = catalogue.offered[row.procedure_version_id]
    return {
        "id": row.id,
        "kind": row.kind,
        "code": row.code,
        "procedure": offered.procedure.name,
        "agency": agency,
        "at_agency": catalogue.agency_codes[row.at_agency_id],
        "status": row.status,
        "status_label": LABELS[Status(row.status)],
        "due_at": row.due_at,
        "in_words": in_words(lateness(now, row.due_at, calendar), full_day),
        "raised_at": row.raised_at,
        "read_at": row.read_at,
        "is_current": row.is_current,
    }


def mark_read(
    desk: Desk,
    ids: Sequence[int],
    *,
    actor: Actor,
    now: datetime,
    once: Once | None,
) -> Mapping[str, Any]:
    """Mark warnings as read by the actor; what was read before stays read at that instant."""
    kinds = _kinds(actor)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        given = {"account": actor.id, "kinds": [str(kind) for kind in kinds], "ids": list(ids)}
        mine = tx.db.scalars(
            text(f"""
                SELECT warning.id FROM warning JOIN dossier ON dossier.id = warning.dossier_id
                WHERE warning.id = ANY (CAST(:ids AS bigint[]))
                    AND warning.kind = ANY (CAST(:kinds AS text[])) AND {_MINE}
            """),
            given,
        ).all()
        absent = sorted(set(ids) - set(mine))
        if absent:
            raise WarningNotFound("Không có cảnh báo này.", warnings=absent)
        tx.db.execute(
            text("""
                INSERT INTO warning_reading (warning_id, account, read_at)
                SELECT id, :account, :now FROM unnest(CAST(:ids AS bigint[])) AS id
                ON CONFLICT DO NOTHING
            """),
            {**given, "now": now},
        )
        answer = {"read": sorted(set(ids))}
        remember(tx, once, answer, now)
        return answer


def _kinds(actor: Actor) -> list[WarningKind]:
    if actor.role not in DESK_ROLES:
        raise WarningsRefused("Cảnh báo thời hạn dành cho cán bộ xử lý hồ sơ.")
    return kinds_for(actor.role)
