"""The open-data set: counts by month and agency or field, small cells hidden, a dictionary."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from app.domain.data_dictionary import OPEN_DATA
from app.domain.extraction import Part, Wanted, months_of
from app.domain.measures import Sums
from app.domain.open_data import CHANNELS, TIMINGS, OpenTable, Record, Row, header, records
from app.domain.periods import Period
from app.domain.suppression import Counts
from app.papers.plain_tables import write_table
from app.services.extract_parts import CSV, counted_part, dictionary_parts
from app.services.figure_scope import Asking, existed

_COLUMNS: Final = {"received": CHANNELS, "resolved": TIMINGS}
_ByCode: TypeAlias = dict[str, Counts]


def open_data_parts(asked: Asking, wanted: Wanted) -> list[Part]:
    """Return four tables: what was received and what was resolved, by agency and by field."""
    tables: dict[str, list[Record]] = {name: [] for name in OPEN_DATA}
    for period in months_of(wanted.period):
        for what, pair in _of_month(asked, period).items():
            made = records(f"{period.first:%Y-%m}", pair, len(_COLUMNS[what]))
            for by, rows in zip(("agency", "field"), made, strict=True):
                tables[f"{what}-by-{by}.csv"] += rows
    parts = [_part(name, rows) for name, rows in tables.items()]
    return [*parts, *dictionary_parts(OPEN_DATA)]


def _part(name: str, rows: list[Record]) -> Part:
    head = header(_COLUMNS[name.partition("-")[0]])
    return counted_part(name, CSV, rows, lambda out: write_table(out, head, rows))


def _of_month(asked: Asking, period: Period) -> Mapping[str, Sequence[OpenTable]]:
    """Count a month by agency and by field, from one query."""
    month = replace(
        asked,
        question=replace(asked.question, period=period),
        until=min(period.last, asked.until),
    )
    agencies: dict[str, _ByCode] = {what: {} for what in _COLUMNS}
    fields: dict[str, _ByCode] = {what: {} for what in _COLUMNS}
    found = month.counted(("agency_id", "procedure_version_id", "channel"))
    for (agency_id, version_id, channel), sums in found.items():
        agency = asked.catalogue.agency_codes[int(agency_id)]
        field = asked.catalogue.offered[int(version_id)].procedure.field.code
        for what, counts in _counts(sums, str(channel)).items():
            _add(agencies[what], agency, counts)
            _add(fields[what], field, counts)
    return {
        what: (
            OpenTable(_agency_rows(asked, period, agencies[what]), agencies[what]),
            OpenTable(_field_rows(asked), fields[what]),
        )
        for what in _COLUMNS
    }


def _counts(sums: Sums, channel: str) -> Mapping[str, Counts]:
    received = sums.get("received", 0)
    return {
        "received": tuple(received if channel == known else 0 for known in CHANNELS),
        "resolved": tuple(sums.get(f"resolved_{timing}", 0) for timing in TIMINGS),
    }


def _add(known: _ByCode, code: str, counts: Counts) -> None:
    before = known.get(code, (0,) * len(counts))
    known[code] = tuple(map(sum, zip(before, counts, strict=True)))


def _agency_rows(asked: Asking, period: Period, counted: _ByCode) -> list[Row]:
    return [
        Row(code, known.name_on(period.last), str(known.level))
        for code, known in sorted(asked.agencies.items())
        if existed(known, period) or any(counted.get(code, ()))
    ]


def _field_rows(asked: Asking) -> list[Row]:
    fields: dict[str, str] = {}
    for offered in asked.catalogue.offered.values():
        fields[offered.procedure.field.code] = offered.procedure.field.name
    return [Row(code, name) for code, name in sorted(fields.items())]
