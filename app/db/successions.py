"""Queries and statements of a reorganisation that several use cases share."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from app.db.reorganisations import agency_change

_RESOLVED_AT = """
SELECT id FROM unnest(CAST(:ended AS bigint[])) AS agency CROSS JOIN LATERAL (
    SELECT id FROM dossier
    WHERE queue_class IS NOT NULL AND agency_id = agency AND id > :after ORDER BY id LIMIT :limit
) AS resolved_here"""
_HELD_AT = """
SELECT id FROM unnest(CAST(:ended AS bigint[])) AS agency CROSS JOIN LATERAL (
    SELECT id FROM dossier
    WHERE queue_class IS NOT NULL AND at_agency_id = agency AND id > :after
        AND agency_id <> ALL (CAST(:ended AS bigint[]))
    ORDER BY id LIMIT :limit
) AS held_here"""
_IN_ORDER = " ORDER BY id LIMIT :limit"


def open_page(db: Connection, ended: Collection[int], after: int, limit: int) -> list[int]:
    """Return keys of open dossiers that these agencies resolve or have in hand, in their order."""
    statement = text(f"{_RESOLVED_AT} UNION {_HELD_AT} {_IN_ORDER}")
    return list(db.scalars(statement, {"ended": list(ended), "after": after, "limit": limit}))


def open_left(db: Connection, ended: Collection[int], after: int, limit: int) -> list[int]:
    """Return keys of such dossiers: of those that they resolve, else of those in hand.

    The second is looked for only when the first are gone: before, it would read past them all.
    """
    given = {"ended": list(ended), "after": after, "limit": limit}
    for statement in (_RESOLVED_AT, _HELD_AT):
        found = list(db.scalars(text(statement + _IN_ORDER), given))
        if found:
            return found
    return []


def count_open(db: Connection, ended: Collection[int]) -> list[Row[Any]]:
    """Count open dossiers by who resolves and who holds them, and by procedure."""
    return list(
        db.execute(
            text("""
                SELECT agency_id, at_agency_id, procedure_version_id, count(*) AS dossiers
                FROM dossier WHERE queue_class IS NOT NULL
                    AND (agency_id = ANY (CAST(:ended AS bigint[]))
                        OR at_agency_id = ANY (CAST(:ended AS bigint[])))
                GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """),
            {"ended": list(ended)},
        )
    )


def open_named(db: Connection, codes: Collection[str]) -> list[Row[Any]]:
    """Return the open ones of these dossiers, with who resolves and who holds them."""
    return list(
        db.execute(
            text("""
                SELECT code, agency_id, at_agency_id, procedure_version_id FROM dossier
                WHERE code = ANY (CAST(:codes AS text[])) AND queue_class IS NOT NULL
            """),
            {"codes": list(codes)},
        )
    )


def last_received(db: Connection, agencies: Collection[int]) -> Mapping[int, Any]:
    """Return the last day on which each agency received a dossier, if it ever did."""
    rows = db.execute(
        text("""
            SELECT agency_id, max(day) AS day FROM intake_day
            WHERE agency_id = ANY (CAST(:agencies AS bigint[])) GROUP BY agency_id
        """),
        {"agencies": list(agencies)},
    )
    return {row.agency_id: row.day for row in rows}


def raise_catalogue(db: Connection) -> None:
    """Let every process read the catalogue again."""
    db.execute(text("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'"))


def lock_catalogue(db: Connection) -> None:
    """Keep every other reorganisation out until the end of the transaction."""
    db.execute(text("SELECT value FROM revision WHERE name = 'catalogue' FOR UPDATE"))


_INHERIT = text("""
WITH files AS (
    SELECT CAST(:agency AS bigint) AS id
    UNION SELECT agency_id FROM agency_heir WHERE heir_id = :agency
), keepers AS (
    SELECT CAST(:heir AS bigint) AS id
    UNION SELECT heir_id FROM agency_heir WHERE agency_id = :heir
)
INSERT INTO agency_heir (agency_id, heir_id)
SELECT files.id, keepers.id FROM files CROSS JOIN keepers
ON CONFLICT DO NOTHING
""")


def inherit(db: Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Let each heir see what its agency saw, and what that one had inherited."""
    for agency, heir in pairs:
        db.execute(_INHERIT, {"agency": agency, "heir": heir})


def change_view(row: Row[Any], left: int | None = None) -> dict[str, Any]:
    """Return a change as it is answered: JSON values, instants in ISO 8601."""
    columns: Sequence[Any] = (*(agency_change.c.begun_at, agency_change.c.finished_at),)
    instants = {
        column.name: value.isoformat() if (value := getattr(row, column.name)) else None
        for column in columns
    }
    return {
        "id": row.id,
        "on": row.takes_on.isoformat(),
        "state": row.state,
        "source": row.source,
        "entered_at": row.entered_at.isoformat(),
        "entered_by": row.entered_name,
        **instants,
        "withdrawn_by": row.withdrawn_name,
        "total": row.total,
        "moved": row.moved,
        "left": left,
        "document": row.document,
    }
