"""The sample province (Phú Thọ): its catalogue as data files, and the reader of them.

Agencies and report groups are those of the published half-year of 2021; codes, amounts and
process steps of the procedures are samples.
"""

import csv
import json
from datetime import date
from importlib.resources import files
from io import StringIO
from typing import Any

from app.domain.agency import Agency, Level, ReportGroup
from app.domain.procedure import Procedure
from app.domain.procedure_definition import parse_procedure


def read_text(name: str) -> str:
    """Return a seed file by its path below this package, as `agencies.csv`."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def read_agencies() -> list[Agency]:
    """Return the agencies in the order of the file: a parent stands before its children."""
    return [
        Agency(
            code=row["code"],
            name=row["name"],
            level=Level(row["level"]),
            parent=row["parent"] or None,
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            report_group=row["report_group"] or None,
            report_row=int(row["report_row"]) if row["report_row"] else None,
        )
        for row in _rows("agencies.csv")
    ]


def read_report_groups() -> list[ReportGroup]:
    """Return the groups of the published reports in their order."""
    groups = [
        ReportGroup(code=row["code"], name=row["name"], position=int(row["position"]))
        for row in _rows("report_groups.csv")
    ]
    return sorted(groups, key=lambda group: group.position)


def read_procedure_documents() -> list[dict[str, Any]]:
    """Return the definitions as they stand in their files, ordered by code."""
    documents: list[dict[str, Any]] = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in files(__name__).joinpath("procedures").iterdir()
        if file.name.endswith(".json")
    ]
    return sorted(documents, key=lambda document: str(document["code"]))


def read_procedures() -> list[Procedure]:
    """Return the procedures, ordered by code; a faulty definition raises `DefinitionError`."""
    return [parse_procedure(document) for document in read_procedure_documents()]


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(read_text(name))))
