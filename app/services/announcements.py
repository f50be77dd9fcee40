"""From an event to those who want to know: planned once, in the order of each dossier.

The act writes that there is something to announce, in its own transaction. One planner at a time
takes such rows, publishes the events, plans the notices to people and the deliveries to
subscribers, and deletes the rows, all in one transaction.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM
from app.domain.lifecycle import Act, Status
from app.domain.webhooks import type_of
from app.services import notice_rows
from app.services.desk import Desk
from app.services.notice_rows import Mailboxes

log = logging.getLogger(__name__)

_ALONE = text("SELECT pg_try_advisory_xact_lock(7190422101)")  # any number that nobody else uses

_TAKE = text("""
WITH taken AS (
    DELETE FROM announcement WHERE (dossier_id, seq) IN (
        SELECT dossier_id, seq FROM announcement ORDER BY dossier_id, seq LIMIT :limit)
    RETURNING dossier_id, seq
)
SELECT event.dossier_id, event.seq, event.act, event.target, event.details, event.occurred_at,
    event.due_at AS event_due_at, event.agency_id AS event_agency_id,
    dossier.code, dossier.agency_id, dossier.procedure_version_id, dossier.contact,
    dossier.return_way, preference.channel AS preferred
FROM taken
JOIN dossier_event AS event USING (dossier_id, seq)
JOIN dossier ON dossier.id = taken.dossier_id
LEFT JOIN notice_preference AS preference ON preference.number = dossier.applicant_number
ORDER BY event.dossier_id, event.seq
""")

_PUBLISH = text("""
WITH published AS (
    INSERT INTO publication (dossier_id, seq, type, agency_id, occurred_at)
    SELECT dossier_id, seq, type, agency_id, occurred_at
    FROM unnest(CAST(:dossier_ids AS bigint[]), CAST(:seqs AS int[]), CAST(:types AS text[]),
        CAST(:agency_ids AS bigint[]), CAST(:instants AS timestamptz[])) WITH ORDINALITY
        AS event (dossier_id, seq, type, agency_id, occurred_at, n)
    ORDER BY n
    RETURNING id, dossier_id, type, agency_id
)
INSERT INTO webhook_delivery (webhook_id, publication_id, replay, dossier_id, created_at, state,
    attempts, next_at)
SELECT webhook.id, published.id, 0, published.dossier_id, :now, 'waiting', 0, :now
FROM published
JOIN agency ON agency.id = published.agency_id
JOIN webhook ON webhook.state <> 'ended'
    AND (webhook.types = '{}' OR published.type = ANY (webhook.types))
JOIN agency AS above ON above.id = webhook.agency_id
    AND (agency.code = above.code OR agency.code LIKE above.code || '.%')
ORDER BY published.id
""")


def plan(desk: Desk, *, now: datetime, limit: int = 100) -> int:
    """Plan who is told of what happened; return how many events that were."""
    with acting(desk.engine, SYSTEM) as tx:
        if not tx.db.scalar(_ALONE):
            return 0  # another worker is at it; two at once would mix up the order
        rows = tx.db.execute(_TAKE, {"limit": limit}).all()
        if rows:
            _publish(tx, rows, now)
            catalogue, boxes = desk.references.catalogue(tx), notice_rows.mailboxes(tx)
            notices = [one for row in rows for one in _notices(desk, catalogue, row, boxes, now)]
            notice_rows.keep(tx, notices)
    return len(rows)


def _publish(tx: Transaction, rows: Sequence[Row[Any]], now: datetime) -> None:
    tx.db.execute(
        _PUBLISH,
        {
            "dossier_ids": [row.dossier_id for row in rows],
            "seqs": [row.seq for row in rows],
            "types": [type_of(Act(row.act)) for row in rows],
            "agency_ids": [row.agency_id for row in rows],
            "instants": [row.occurred_at for row in rows],
            "now": now,
        },
    )


def _notices(
    desk: Desk, catalogue: Catalogue, row: Row[Any], boxes: Mailboxes, now: datetime
) -> list[dict[str, Any]]:
    """Return the notices of one event; one that cannot be put into words holds up no other."""
    try:
        return list(notice_rows.of_event(desk, catalogue, row, boxes, now))
    except Exception as fault:
        log.exception("notices of event %s of dossier %s", row.seq, row.dossier_id)
        return [notice_rows.of_fault(row, repr(fault), now)]


_OVERDUE = text("""
SELECT id, code, due_at, at_agency_id, agency_id, procedure_version_id
FROM dossier
WHERE ended_at IS NULL AND due_at < :now AND origin = 'live'
    AND status = ANY (CAST(:running AS text[]))
    AND NOT EXISTS (SELECT FROM message WHERE key = 'overdue:' || dossier.id || ':'
        || CAST(extract(epoch FROM date_trunc('second', dossier.due_at)) AS bigint)
        || ':approver:inbox')
ORDER BY due_at LIMIT :limit
""")


def warn_of_overdue(desk: Desk, *, now: datetime, limit: int = 200) -> int:
    """Warn those who have an overdue dossier in hand, once per due instant; return how many."""
    with acting(desk.engine, SYSTEM) as tx:
        given = {"now": now, "limit": limit, "running": _running(desk)}
        rows = tx.db.execute(_OVERDUE, given).all()
        if rows:
            catalogue, boxes = desk.references.catalogue(tx), notice_rows.mailboxes(tx)
            notices = [
                notice
                for row in rows
                for notice in notice_rows.of_overdue(desk, catalogue, row, boxes, now)
            ]
            notice_rows.keep(tx, notices)
    return len(rows)


def _running(desk: Desk) -> list[str]:
    """Return the statuses in which the clock goes."""
    running = [Status.ACCEPTED, Status.IN_PROCESS]
    if not desk.rules.payment_wait_stops_clock:
        running.append(Status.PAYMENT_REQUESTED)
    return [str(status) for status in running]
