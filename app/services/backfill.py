"""What existing dossiers lack after a migration, given to them in batches.

Each batch is a transaction of its own, small enough to disturb nobody, and notes how far it came:
a step that was killed goes on there. Run again it finds what a process of the release before wrote
in the meantime.
"""

from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select, text

from app.db.dossiers import dossier
from app.db.histories import moments
from app.db.reference import read_calendars, read_catalogue
from app.domain.deadlines import lateness
from app.domain.folding import kept_words
from app.domain.lifecycle import Status
from app.domain.timeline import stops

_BATCH: Final = 2_000
_LOOKED_AT_AGAIN: Final = 10_000  # keys: rows that were being written while a step passed them
_LOCK: Final = 760_000_004  # any number that nothing else locks


def backfill(owner: Engine, *, payment_stops: bool, batch: int = _BATCH) -> int:
    """Give every dossier its words and every standing clock what it has left; return how many."""
    return _index_all(owner, batch) + _note_remaining(owner, payment_stops=payment_stops)


def _index_all(owner: Engine, batch: int) -> int:
    """Index dossiers without words, by key, from where the last run came to."""
    with owner.begin() as db:
        last = db.scalar(text("SELECT coalesce(max(id), 0) FROM dossier")) or 0
    done = 0
    while True:
        with owner.begin() as db:
            db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            through = db.scalar(text("SELECT through FROM backfill WHERE name = 'search'")) or 0
            upto = through + batch
            done += _index(db, through, upto)
            is_last = upto >= last
            _note(db, max(0, last - _LOOKED_AT_AGAIN) if is_last else upto)
        if is_last:
            return done


def _index(db: Connection, after: int, upto: int) -> int:
    rows = db.execute(
        text("""
            SELECT dossier.id, code, received_at, applicant_name, applicant_number,
                contact ->> 'phone' AS phone, procedure_version_id,
                (SELECT procedure.code FROM procedure_version
                    JOIN procedure ON procedure.id = procedure_id
                    WHERE procedure_version.id = procedure_version_id) AS procedure,
                lacking.agencies
            FROM dossier CROSS JOIN LATERAL (
                SELECT array_agg(agency) AS agencies FROM unnest(agency_ids) AS agency
                WHERE NOT EXISTS (SELECT FROM dossier_search
                    WHERE dossier_search.agency_id = agency
                        AND dossier_search.received_at = dossier.received_at
                        AND dossier_id = dossier.id)
            ) AS lacking
            WHERE dossier.id > :after AND dossier.id <= :upto AND lacking.agencies IS NOT NULL
        """),
        {"after": after, "upto": upto},
    ).all()
    if rows:
        db.execute(_INSERT, [_words(row) for row in rows])
    return len(rows)


_INSERT = text("""
    INSERT INTO dossier_search (agency_id, received_at, dossier_id, words)
    SELECT agency, :received_at, :id, search_words(agency, :received_at, :code, :words)
    FROM unnest(CAST(:agencies AS bigint[])) AS agency
    ON CONFLICT DO NOTHING
""")


def _words(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "received_at": row.received_at,
        "agencies": row.agencies,
        "words": kept_words(row.applicant_name, row.applicant_number, row.phone, row.procedure),
    }


def _note(db: Connection, through: int) -> None:
    db.execute(
        text("""
            INSERT INTO backfill (name, through) VALUES ('search', :through)
            ON CONFLICT (name) DO UPDATE SET through = excluded.through
        """),
        {"through": through},
    )


_OF_CLOCKS: Final = (
    *(dossier.c.id, dossier.c.version, dossier.c.agency_id),
    *(dossier.c.accepted_at, dossier.c.answer_due_at, dossier.c.due_at),
)


def _note_remaining(owner: Engine, *, payment_stops: bool) -> int:
    """Note what the clocks had left that stand since before this was noted."""
    standing = [Status.SUPPLEMENT_REQUESTED, *([Status.PAYMENT_REQUESTED] if payment_stops else [])]
    with owner.begin() as db:
        rows = db.execute(
            select(*_OF_CLOCKS).where(
                dossier.c.queue_class.is_not(None),
                dossier.c.status.in_(standing),
                dossier.c.remaining_minutes.is_(None),
            )
        ).all()
        if not rows:
            return 0
        catalogue, calendars = read_catalogue(db), read_calendars(db)
        done = 0
        for row in rows:
            until = row.answer_due_at if row.accepted_at is None else row.due_at
            last = stops(moments(db, row.id), payment_stops=payment_stops)[-1:]
            if until is None or not last or last[0].end is not None:
                continue
            calendar = calendars.get(catalogue.agency_codes[row.agency_id], calendars["*"])
            left = -lateness(last[0].start, until, calendar)
            done += db.execute(
                text("""
                    UPDATE dossier SET remaining_minutes = :left
                    WHERE id = :id AND version = :version
                """),
                {"left": left, "id": row.id, "version": row.version},
            ).rowcount
        return done
