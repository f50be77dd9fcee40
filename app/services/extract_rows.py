"""Extractions of dossiers one by one: CSV by month, Parquet by month and agency.

All rows are read from one snapshot of the database, a part at a time; what is written next is all
that is held.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import IO, Final

from app.db.access import Transaction, acting
from app.db.extraction_rows import Share, Slice, copied, shares
from app.domain.actor import SYSTEM
from app.domain.data_dictionary import DOSSIER
from app.domain.extraction import Part, Wanted, Watch, month_end
from app.domain.periods import Period
from app.services.desk import Desk
from app.services.extract_parts import CSV, PARQUET, dictionary_parts, fingerprint
from app.services.figure_scope import Asking

_TOLD_EVERY: Final = 1_000
_HEAD: Final = (",".join(column.name for column in DOSSIER) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Rows:
    """An open snapshot: how many rows each agency received in each month, and how to read them."""

    tx: Transaction
    wanted: Slice
    shares: list[Share]
    codes: dict[int, str]

    def of(self, period: Period, agencies: list[int]) -> Slice:
        return replace(self.wanted, period=period, agencies=agencies)

    def fingerprint(self, found: list[Share]) -> str:
        """Return what changes with the rows, and with the names in them."""
        named = (self.tx.catalogue_revision, self.wanted.named_on)
        return fingerprint(named, [(share.rows, share.fingerprint) for share in found])


@contextmanager
def rows_read(desk: Desk, asked: Asking, wanted: Wanted) -> Iterator[Rows]:
    """Open the rows of an answered question, as they stand at this moment."""
    snapshot = desk.engine.execution_options(isolation_level="REPEATABLE READ")
    with acting(snapshot, SYSTEM) as tx:
        rows = Slice(asked.agency_ids, wanted.period, asked.question.as_of, wanted.period.last)
        yield Rows(tx, rows, shares(tx, rows), dict(asked.catalogue.agency_codes))


def dossier_parts(rows: Rows) -> list[Part]:
    """Return a CSV file for each month that has dossiers; an empty one if none has."""
    by_month: defaultdict[date, list[Share]] = defaultdict(list)
    for share in rows.shares:
        by_month[share.month].append(share)
    if not by_month:
        by_month[rows.wanted.period.first.replace(day=1)] = []
    parts = [_month_part(rows, month, found) for month, found in by_month.items()]
    return [*parts, *dictionary_parts({"dossiers-*.csv": DOSSIER})]


def _month_part(rows: Rows, month: date, found: list[Share]) -> Part:
    agencies = [share.agency_id for share in found]
    wanted = rows.of(_within(rows.wanted.period, month), agencies)

    def write(out: IO[bytes], watch: Watch) -> int:
        out.write(_HEAD)
        count = 0
        for count, line in enumerate(copied(rows.tx, wanted, guarded=True), 1):
            out.write(line)
            if count % _TOLD_EVERY == 0:
                watch(_TOLD_EVERY)
        watch(count % _TOLD_EVERY)
        return count

    expected = sum(share.rows for share in found)
    return Part(f"dossiers-{month:%Y-%m}.csv", CSV, rows.fingerprint(found), expected, write)


def parquet_parts(rows: Rows) -> list[Part]:
    """Return a file for each month and agency that has dossiers; one without rows if none has."""
    first = rows.wanted.period.first.replace(day=1)
    found = rows.shares or [Share(first, rows.wanted.agencies[0], 0, "")]
    parts = [_share_part(rows, share) for share in found]
    return [*parts, *dictionary_parts({"month=*/agency=*/part-0.parquet": DOSSIER})]


def _share_part(rows: Rows, share: Share) -> Part:
    wanted = rows.of(_within(rows.wanted.period, share.month), [share.agency_id])

    def write(out: IO[bytes], watch: Watch) -> int:
        # 30 MB of library that web processes, which never write one, do without.
        from app.papers.parquet_rows import write_parquet  # noqa: PLC0415

        return write_parquet(out, DOSSIER, copied(rows.tx, wanted, guarded=False), watch)

    name = f"month={share.month:%Y-%m}/agency={rows.codes[share.agency_id]}/part-0.parquet"
    return Part(name, PARQUET, rows.fingerprint([share]), share.rows, write)


def _within(period: Period, month: date) -> Period:
    """Return the days of a month that lie in a period."""
    return Period(max(period.first, month), min(month_end(month), period.last))
