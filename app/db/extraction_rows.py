"""Dossiers as rows of an extraction, from the facts that the figures are counted from.

A row is the version of a dossier's facts that is valid now, or was on the day asked for; so as
many rows are received in a period as the figures say. Rows leave the database by COPY, one after
the other: nothing is held but the one that is being written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

import psycopg

from app.db.access import Transaction
from app.db.figures import FACTS
from app.domain.data_dictionary import DOSSIER, Type
from app.domain.periods import Period

_PATIENCE: Final = (
    "SET LOCAL statement_timeout = '15min'; SET LOCAL idle_in_transaction_session_timeout = '15min'"
)
"""Rows are read for as long as they are written, and files that are there are looked through."""

_SELECTED: Final[Mapping[str, str]] = {
    "agency_code": "receiver.code",
    "agency_name": "receiver.name",
    "agency_level": "receiver.level",
    "owner_code": "owner.code",
    "procedure_code": "procedure.code",
    "procedure_name": "procedure.name",
    "field_code": "procedure.field_code",
    "field_name": "procedure.field_name",
    "due_at": """to_char(f.due_at AT TIME ZONE 'Asia/Ho_Chi_Minh',
        'YYYY-MM-DD"T"HH24:MI:SS"+07:00"')""",
    "supplement_requests": "cardinality(f.asked_on)",
    "forwarded": "cardinality(f.forwarded_on)",
    "moved": "cardinality(f.moved_on)",
    "fee_vnd": """CASE WHEN f.is_fee_due THEN (
        SELECT sum((fee ->> 'amount_vnd')::bigint)
        FROM dossier, jsonb_array_elements(dossier.fees) AS fee
        WHERE dossier.id = f.dossier_id) ELSE 0 END""",
}
"""What is not the fact of the same name."""

_TYPED: Final = frozenset({"agency_name", "procedure_code", "procedure_name", "field_name"})
"""Texts that people gave: no spreadsheet may take one of them for a formula."""

_GUARDED: Final = "CASE WHEN {text} ~ '^[=+@＝＋－＠\\t\\r-]' THEN '''' || {text} ELSE {text} END"

_WHICH: Final = """
    f.agency_id = ANY (%(agencies)s::bigint[]) AND f.received_on BETWEEN %(first)s AND %(last)s
    AND CASE WHEN %(as_of)s::date IS NULL THEN f.until_on = '9999-12-31'
        ELSE f.recorded_on <= %(as_of)s::date AND f.until_on > %(as_of)s::date END"""

_SHARES: Final = f"""
SELECT date_trunc('month', f.received_on)::date, f.agency_id, count(*),
    sum(hashtextextended(ROW({", ".join(f"f.{name}" for name in FACTS)})::text, 0))::text
FROM figure_fact AS f WHERE {_WHICH} GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows: received by some agencies in a period, as known at the end of `as_of` or now.

    Agencies are named as on `named_on`.
    """

    agencies: Sequence[int]
    period: Period
    as_of: date | None
    named_on: date

    @property
    def values(self) -> dict[str, Any]:
        return {
            "agencies": list(self.agencies),
            "first": self.period.first,
            "last": self.period.last,
            "as_of": self.as_of,
            "named_on": self.named_on,
        }


@dataclass(frozen=True, slots=True)
class Share:
    """What an agency received in a month; rows with the same fingerprint are the same."""

    month: date
    agency_id: int
    rows: int
    fingerprint: str


def shares(tx: Transaction, wanted: Slice) -> list[Share]:
    """Count rows by month and agency; months and agencies without any are left out."""
    with _cursor(tx) as cursor:
        cursor.execute(_PATIENCE)
        cursor.execute(_SHARES, wanted.values)
        return [Share(*row) for row in cursor.fetchall()]


def copied(tx: Transaction, wanted: Slice, *, guarded: bool) -> Iterator[bytes]:
    """Yield rows as lines of CSV, as `data_dictionary.DOSSIER` names their columns.

    `guarded` for files that a spreadsheet may open.
    """
    with (
        _cursor(tx) as cursor,
        cursor.copy(_GUARDED_ROWS if guarded else _ROWS, wanted.values) as copy,
    ):
        for line in copy:
            yield bytes(line)


def _cursor(tx: Transaction) -> psycopg.Cursor:
    return cast(psycopg.Cursor, tx.db.connection.cursor())


def _expression(name: str, kind: Type, *, guarded: bool) -> str:
    selected = _SELECTED.get(name, f"f.{name}")
    if kind is Type.BOOLEAN:
        return f"CASE WHEN {selected} THEN 'true' ELSE 'false' END"
    if guarded and name in _TYPED:
        return _GUARDED.format(text=selected)
    return selected


def _rows(*, guarded: bool) -> str:
    listed = ",\n    ".join(_expression(one.name, one.type, guarded=guarded) for one in DOSSIER)
    return f"""
COPY (
WITH receiver AS (
    SELECT agency.id, agency.code, agency.level, coalesce((
        SELECT former.name FROM agency_former_name AS former
        WHERE former.agency_id = agency.id AND former.last_on >= %(named_on)s
        ORDER BY former.last_on LIMIT 1), agency.name) AS name
    FROM agency
)
SELECT {listed}
FROM figure_fact AS f
JOIN receiver ON receiver.id = f.agency_id
JOIN agency AS owner ON owner.id = f.owner_ids[cardinality(f.owner_ids)]
JOIN procedure_version AS version ON version.id = f.procedure_version_id
JOIN procedure ON procedure.id = version.procedure_id
WHERE {_WHICH}
ORDER BY f.received_on, f.dossier_id
) TO STDOUT (FORMAT csv)
"""


_ROWS: Final = _rows(guarded=False)
_GUARDED_ROWS: Final = _rows(guarded=True)
