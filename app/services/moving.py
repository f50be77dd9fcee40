"""Moving dossiers after a reorganisation: part of the door, in short batches, by any worker.

On its day a change is begun once, whoever comes first. Then its open dossiers move, a few hundred
in a transaction, each with an event and what the portal must be told; those that somebody acts on
at that moment are left for the next batch. Where a dossier lies says what is left to do, so that
nothing is lost or done twice when a worker is killed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, text, update

from app.db.access import Transaction, acting
from app.db.catalogue import agency
from app.db.dossiers import dossier
from app.db.reference import Catalogue
from app.db.reorganisations import agency_change
from app.db.successions import count_open, inherit, lock_catalogue, open_left, raise_catalogue
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.lifecycle import Act
from app.domain.reorganisation import ChangeState, Ending, EndingKind, Reorganisation, change_of
from app.services.desk import Desk

BATCH = 200
_WINDOW = 10_000
"""Keys of ended dossiers that are looked through at a time."""

_WORDS = {
    EndingKind.MERGE: "sáp nhập vào",
    EndingKind.RENAME: "đổi thành",
    EndingKind.SPLIT: "được chia, tách; hồ sơ chuyển cho",
    EndingKind.ABOLISH: "kết thúc hoạt động; hồ sơ chuyển cho",
}


def begin_due(desk: Desk, *, now: datetime) -> int:
    """Begin the first change whose day has come, exactly once; return 1, or 0 if there is none."""
    today = now.astimezone(LOCAL_ZONE).date()
    due = (
        select(agency_change)
        .where(agency_change.c.state == ChangeState.SCHEDULED, agency_change.c.takes_on <= today)
        .order_by(agency_change.c.takes_on, agency_change.c.id)
        .limit(1)
    )
    with acting(desk.engine, SYSTEM) as tx:
        if tx.db.execute(due).first() is None:
            return 0
        lock_catalogue(tx.db)  # whoever comes second waits here, and finds it begun
        row = tx.db.execute(due.with_for_update()).one_or_none()
        if row is None:
            return 0
        change = change_of(row.document)
        ids = {known.code: known.id for known in tx.db.execute(select(agency.c.code, agency.c.id))}
        _rename(tx, change)
        inherit(tx.db, [(ids[ending.agency], ids[ending.heir]) for ending in change.endings])
        total = sum(found.dossiers for found in count_open(tx.db, _ended(change, ids)))
        tx.db.execute(
            update(agency_change)
            .where(agency_change.c.id == row.id)
            .values(state=ChangeState.MOVING, begun_at=now, total=total)
        )
        raise_catalogue(tx.db)
        return 1


def _rename(tx: Transaction, change: Reorganisation) -> None:
    tell = text("SELECT rename_agency(:code, :name, :last_on)")
    last_on = change.on - timedelta(days=1)
    for renamed in change.renamings:
        values = {"code": renamed.agency, "name": renamed.name, "last_on": last_on}
        tx.db.execute(tell, values)


def _ended(change: Reorganisation, ids: Mapping[str, int]) -> list[int]:
    return [ids[code] for code in change.ended]


def move_next(desk: Desk, *, now: datetime, limit: int = BATCH) -> int:
    """Move a batch of a change that was begun; return how much was done, 0 if nothing could be.

    One worker moves for a change at a time: its row is locked until the batch is written.
    """
    with acting(desk.engine, SYSTEM) as tx:
        row = tx.db.execute(
            select(agency_change)
            .where(agency_change.c.state == ChangeState.MOVING)
            .order_by(agency_change.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return 0
        change, catalogue = change_of(row.document), desk.references.catalogue(tx)
        keys = _left(tx, catalogue, change, row.through, limit)
        done = _move_open(tx, catalogue, change, keys, row.id, now)
        if done:
            values: dict[str, Any] = {"moved": row.moved + done, "through": keys[-1]}
        elif keys:
            return 0  # somebody is at work on each of them
        elif (shown := _show_ended(tx, catalogue, change, row.shown)) is not None:
            done, values = 1, {"shown": shown}
        else:
            done, values = 1, {"state": ChangeState.DONE, "finished_at": now}
        tx.db.execute(update(agency_change).where(agency_change.c.id == row.id).values(**values))
    desk.wake()
    return done


def reopen_late(desk: Desk) -> int:
    """Take up a change again that is done, but to whose agency a dossier came since.

    That is somebody who took it in, or handed it on, just as the day began; or a replay.
    """
    with acting(desk.engine, SYSTEM) as tx:
        return tx.db.execute(
            text("""
                UPDATE agency_change SET state = 'moving', finished_at = NULL
                WHERE state = 'done' AND EXISTS (
                    SELECT FROM agency_succession AS ended
                    WHERE ended.change_id = agency_change.id AND (
                        EXISTS (SELECT FROM dossier
                            WHERE queue_class IS NOT NULL AND agency_id = ended.agency_id)
                        OR EXISTS (SELECT FROM dossier
                            WHERE queue_class IS NOT NULL AND at_agency_id = ended.agency_id)))
            """)
        ).rowcount


def _left(
    tx: Transaction, catalogue: Catalogue, change: Reorganisation, through: int, limit: int
) -> list[int]:
    """Return keys of dossiers to move: from where the last batch came to, at the end from anew."""
    ended = _ended(change, catalogue.agency_ids)
    found = open_left(tx.db, ended, through, limit)
    return found if found or not through else open_left(tx.db, ended, 0, limit)


def _move_open(
    tx: Transaction,
    catalogue: Catalogue,
    change: Reorganisation,
    keys: Sequence[int],
    number: int,
    now: datetime,
) -> int:
    """Move open dossiers but those that somebody acts on; return how many."""
    ended = _ended(change, catalogue.agency_ids)
    rows = tx.db.execute(
        select(dossier)
        .where(
            dossier.c.id.in_(keys),
            dossier.c.queue_class.is_not(None),
            dossier.c.agency_id.in_(ended) | dossier.c.at_agency_id.in_(ended),
        )
        .order_by(dossier.c.id)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        moves = [_move(row, catalogue, change, number) for row in rows]
        tx.db.execute(_MOVE, _columns(moves) | {"now": now, "source": change.source})
    return len(rows)


def _move(
    row: Row[Any], catalogue: Catalogue, change: Reorganisation, number: int
) -> Mapping[str, Any]:
    """Say where a dossier goes: who resolves it and who has it in hand follow each their own."""
    codes, procedure = catalogue.agency_codes, catalogue.offered[row.procedure_version_id].procedure
    owner, holder = codes[row.agency_id], codes[row.at_agency_id]
    to_owner, to_holder = (
        change.ended[code].goes_to(row.code, procedure.code) if code in change.ended else code
        for code in (owner, holder)
    )
    left = change.ended[owner if owner in change.ended else holder]
    details = {
        "from_agency": holder,
        "to_agency": to_holder,
        "from_owner": owner,
        "to_owner": to_owner,
        "agency_change": number,
        "kind": str(left.kind),
        "on": change.on.isoformat(),
    }
    return {
        "id": row.id,
        "owner_id": catalogue.agency_ids[to_owner],
        "holder_id": catalogue.agency_ids[to_holder],
        "reason": _reason(catalogue, left, to_owner if left.agency == owner else to_holder, change),
        "details": json.dumps(details),
    }


def _reason(catalogue: Catalogue, left: Ending, successor: str, change: Reorganisation) -> str:
    ended, heir = catalogue.agencies[left.agency], catalogue.agencies[successor]
    said = f"{ended.name} {_WORDS[left.kind]} {heir.name}"
    return f"{said} từ ngày {change.on:%d/%m/%Y}."


def _columns(moves: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [move[name] for move in moves] for name in moves[0]}


# A history that was never told (a replay) is not begun to be told by a move.
_MOVE = text(f"""
WITH moving AS (
    SELECT * FROM unnest(CAST(:id AS bigint[]), CAST(:owner_id AS bigint[]),
        CAST(:holder_id AS bigint[]), CAST(:reason AS text[]), CAST(:details AS jsonb[]))
        AS moving (id, owner_id, holder_id, reason, details)
), changed AS (
    UPDATE dossier SET agency_id = owner_id, at_agency_id = holder_id,
        agency_ids = ARRAY(SELECT DISTINCT known FROM unnest(
            agency_ids || ARRAY[owner_id, holder_id]) AS known ORDER BY known),
        received_agency_id = CASE WHEN agency_id <> owner_id
            THEN coalesce(received_agency_id, agency_id) ELSE received_agency_id END,
        clock_agency_id = CASE WHEN agency_id <> owner_id
            THEN coalesce(clock_agency_id, agency_id) ELSE clock_agency_id END,
        version = version + 1
    FROM moving WHERE dossier.id = moving.id
    RETURNING dossier.id, version, status, due_at, origin, holder_id, reason, details
), event AS (
    INSERT INTO dossier_event (dossier_id, seq, act, source, target, actor_id, actor_role,
        actor_name, agency_id, occurred_at, due_at, reason, legal_ground, details)
    SELECT id, version, '{Act.MOVE}', status, status, '{SYSTEM.id}', '{SYSTEM.role}',
        '{SYSTEM.name}', holder_id, :now, due_at, reason, :source, details
    FROM changed
)
INSERT INTO delivery (partner, dossier_id, seq, kind, payload_version, state, attempts, next_at,
    acknowledged_at, answer)
SELECT 'national_portal', id, version, 'dossier_event', 1,
    CASE WHEN is_told THEN 'waiting' ELSE 'acknowledged' END, 0, :now,
    CASE WHEN is_told THEN NULL ELSE CAST(:now AS timestamptz) END, NULL
FROM changed CROSS JOIN LATERAL (
    SELECT origin = 'live' OR EXISTS (
        SELECT FROM delivery AS earlier
        WHERE earlier.partner = 'national_portal' AND earlier.dossier_id = changed.id
            AND (earlier.state <> 'acknowledged' OR earlier.answer_code IS NOT NULL)) AS is_told
) AS told
""")


def _show_ended(
    tx: Transaction, catalogue: Catalogue, change: Reorganisation, shown: int
) -> int | None:
    """Show ended dossiers of a split to whom it gives their procedure; None: all are shown.

    Heirs see what they inherit anyhow; these are the others. No act: nothing happens to a dossier
    that has ended. Returns the key up to which it is done.
    """
    rules = [
        (catalogue.agency_ids[ending.agency], version_id, catalogue.agency_ids[successor])
        for ending in change.endings
        for procedure, successor in ending.procedures.items()
        if successor != ending.heir
        for version_id, offered in catalogue.offered.items()
        if offered.procedure.code == procedure
    ]
    last: int = tx.db.scalar(text("SELECT coalesce(max(id), 0) FROM dossier")) or 0
    if not rules or shown >= last:
        return None
    tx.db.execute(
        text("""
            UPDATE dossier SET agency_ids = agency_ids || rule.successor
            FROM unnest(CAST(:agencies AS bigint[]), CAST(:versions AS bigint[]),
                CAST(:successors AS bigint[])) AS rule (agency, version, successor)
            WHERE id > :after AND id <= :upto AND queue_class IS NULL
                AND agency_id = rule.agency AND procedure_version_id = rule.version
                AND rule.successor <> ALL (agency_ids)
        """),
        {
            **dict(
                zip(
                    ("agencies", "versions", "successors"),
                    map(list, zip(*rules, strict=True)),
                    strict=True,
                )
            ),
            "after": shown,
            "upto": shown + _WINDOW,
        },
    )
    return shown + _WINDOW
