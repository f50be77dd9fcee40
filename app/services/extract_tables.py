"""The annex and the report of resolved procedures as files, from the sums of one question."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Final

from app.domain.agency import Agency, Level
from app.domain.extraction import Part, Wanted
from app.domain.intake import Channel
from app.domain.question import LEVEL_NAMES
from app.domain.resolution_report import (
    HEADINGS,
    Block,
    Line,
    Tally,
    counts_of,
    lines_of,
    tally_of,
    total_of,
)
from app.papers.figure_sheets import Stamp, write_annex_sheet, write_report_sheets
from app.papers.plain_tables import Value, annex_values, write_annex, write_table
from app.services.annexes import annex_rows
from app.services.extract_parts import CSV, XLSX, counted_part
from app.services.figure_scope import Asking, existed

_REPORT_HEAD: Final = ("by", "row", "code", "name", *(heading.name for heading in HEADINGS))
_WHOLE: Final = "Tổng số"


def annex_parts(asked: Asking, wanted: Wanted) -> list[Part]:
    """Return the annex as a sheet and as the CSV that is published."""
    only = None if wanted.agency is None else asked.agencies.keys()
    rows, period = annex_rows(asked, only), wanted.period
    stamp = Stamp(period, asked.question.as_of, asked.now)
    content = [annex_values(period, row) for row in rows]
    return [
        counted_part("annex.xlsx", XLSX, content, lambda out: write_annex_sheet(out, stamp, rows)),
        counted_part("annex.csv", CSV, content, lambda out: write_annex(out, period, rows)),
    ]


def report_parts(asked: Asking, wanted: Wanted) -> list[Part]:
    """Return the report as a workbook of three sheets and as CSV."""
    blocks = report_blocks(asked)
    stamp = Stamp(wanted.period, asked.question.as_of, asked.now)
    rows = [row for block in blocks for row in _records(block)]
    return [
        counted_part(
            "report.xlsx", XLSX, rows, lambda out: write_report_sheets(out, stamp, blocks)
        ),
        counted_part("report.csv", CSV, rows, lambda out: write_table(out, _REPORT_HEAD, rows)),
    ]


def _records(block: Block) -> Iterator[Sequence[Value]]:
    for line in block.lines:
        number = "total" if line.number is None else str(line.number)
        yield block.by, number, line.code, line.name, *counts_of(line.tally)


def report_blocks(asked: Asking) -> list[Block]:
    """Return the report by agency (in levels), by field and by level; one query for all of it."""
    by_agency: defaultdict[str, Tally] = defaultdict(Tally)
    by_field: defaultdict[str, Tally] = defaultdict(Tally)
    fields: dict[str, str] = {}
    found = asked.sums(("agency_id", "procedure_version_id", "channel"))
    for (agency_id, version_id, channel), sums in found.items():
        tally = tally_of(sums, is_online=channel == Channel.ONLINE)
        field = asked.catalogue.offered[int(version_id)].procedure.field
        by_agency[asked.catalogue.agency_codes[int(agency_id)]] += tally
        by_field[field.code] += tally
        fields[field.code] = field.name
    agencies = _reporting(asked, by_agency)
    in_levels = _in_levels(agencies, by_agency, asked)
    levels = [line for line in in_levels if line.number is None]
    of_fields = lines_of(sorted(fields.items()), by_field)
    whole = total_of(_WHOLE, levels)
    return [
        Block("agency", "Theo cơ quan", "Cơ quan, đơn vị", [*in_levels, whole]),
        Block("field", "Theo lĩnh vực", "Lĩnh vực", [*of_fields, total_of(_WHOLE, of_fields)]),
        Block("level", "Theo cấp", "Cấp", [*_numbered(levels), whole]),
    ]


def _reporting(asked: Asking, tallies: Mapping[str, Tally]) -> list[Agency]:
    """Return the agencies that have a row: those of the published reports, and who had dossiers."""
    period = asked.question.period
    return [
        known
        for code, known in sorted(asked.agencies.items())
        if any(astuple(tallies.get(code, Tally())))
        or (known.report_row is not None and existed(known, period))
    ]


def _in_levels(
    agencies: Sequence[Agency], tallies: Mapping[str, Tally], asked: Asking
) -> list[Line]:
    found: list[Line] = []
    for level in Level:
        names = [
            (known.code, known.name_on(asked.question.period.last))
            for known in agencies
            if known.level is level
        ]
        lines = lines_of(names, tallies)
        if lines:
            found += [total_of(LEVEL_NAMES[level], lines, str(level)), *lines]
    return found


def _numbered(levels: Sequence[Line]) -> list[Line]:
    return [Line(number, line.code, line.name, line.tally) for number, line in enumerate(levels, 1)]
