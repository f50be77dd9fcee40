"""Due instants derived anew after the calendar changed: in short batches, by any number of workers.

A dossier says under which revision of the calendar its instants were derived. Whatever is older
is derived again, so a worker that was killed leaves nothing half done, and a change entered while
another is still being worked off is caught up with too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.domain.actor import SYSTEM
from app.services.clocks import CLOCK_COLUMNS, Move, left_standing, moves
from app.services.desk import Desk

BATCH = 200


def recompute_open(desk: Desk, *, now: datetime, limit: int = BATCH) -> int:
    """Derive the instants of open dossiers that an older calendar gave; return how many.

    The promise on the receipt stays; what moved is put on record. Dossiers that somebody acts on
    at this moment are left for the next batch.
    """
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.execute(
            select(*CLOCK_COLUMNS)
            .where(dossier.c.ended_at.is_(None), dossier.c.calendar_revision < tx.calendar_revision)
            .order_by(dossier.c.calendar_revision, dossier.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        if rows:
            moved = moves(desk, tx, rows, lambda code: desk.references.calendar(tx, code))
            _put_on_record(tx, moved, now)
            _write(desk, tx, rows, moved)
        return len(rows)


def _put_on_record(tx: Transaction, moved: Sequence[Move], now: datetime) -> None:
    if moved:
        tx.db.execute(
            text("""
                INSERT INTO due_move
                    (dossier_id, what, before, after, revision_before, revision, moved_at)
                VALUES (:id, :what, :before, :after, :revision_before, :revision, :now)
            """),
            [
                {
                    "id": move.dossier.id,
                    "what": move.what,
                    "before": move.before,
                    "after": move.after,
                    "revision_before": move.dossier.calendar_revision,
                    "revision": tx.calendar_revision,
                    "now": now,
                }
                for move in moved
            ],
        )


def _write(desk: Desk, tx: Transaction, rows: Sequence[Any], moved: Sequence[Move]) -> None:
    """Write instants, what standing clocks have left, and revision.

    No act, so neither version nor history changes.
    """
    due = {move.dossier.id: move.after for move in moved if move.what == "due"}
    answer = {move.dossier.id: move.after for move in moved if move.what == "answer"}
    left = left_standing(desk, tx, rows, due)
    tx.db.execute(
        text("""
            UPDATE dossier SET calendar_revision = :revision,
                due_at = coalesce(derived.due_at, dossier.due_at),
                answer_due_at = coalesce(derived.answer_due_at, dossier.answer_due_at),
                remaining_minutes = coalesce(derived.remaining_minutes, dossier.remaining_minutes)
            FROM unnest(CAST(:ids AS bigint[]), CAST(:due AS timestamptz[]),
                CAST(:answer AS timestamptz[]), CAST(:left AS integer[]))
                AS derived (id, due_at, answer_due_at, remaining_minutes)
            WHERE dossier.id = derived.id
        """),
        {
            "revision": tx.calendar_revision,
            "ids": [row.id for row in rows],
            "due": [due.get(row.id) for row in rows],
            "answer": [answer.get(row.id) for row in rows],
            "left": [left.get(row.id) for row in rows],
        },
    )
