"""Files of a former system, as tests make and feed them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from app.domain.former_columns import COLUMNS
from app.domain.former_mapping import FormerMapping, read_mapping
from app.services.desk import Rules
from app.services.importing import Import, ImportWishes, importing

NOW = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)  # 10:00 in Vietnam
HEADER = tuple(column.name for column in COLUMNS)

Row = dict[str, str]


def a_row(number: int = 1, **changed: str) -> Row:
    """A dossier of 4 March 2019 that was returned in time, as the former system has it."""
    return {
        "code": f"H44.10-190304-{number:04}",
        "procedure": "2.000488",
        "agency": "H44.10",
        "channel": "desk",
        "applicant_kind": "citizen",
        "applicant_number": "025099000017",
        "applicant_name": "Nguyễn Văn Mẫu",
        "received_at": "04/03/2019 08:15",
        "due_at": "18/03/2019",
        "resolved_at": "13/03/2019 16:40",
        "returned_at": "14/03/2019 09:05",
        "status": "returned",
    } | changed


def as_csv(rows: Sequence[Mapping[str, str]], header: Sequence[str] = HEADER) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_objects(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


@dataclass
class Desk:
    """A database that files are imported into, and a folder that they lie in."""

    owner: Engine
    folder: Path

    def feed(
        self,
        data: bytes,
        name: str = "old.csv",
        mapping: FormerMapping | None = None,
        **wishes: Any,  # noqa: ANN401  (each has its own type)
    ) -> Import:
        """Import a file and return what came of it."""
        path = self.folder / name
        path.write_bytes(data)
        wished = ImportWishes(faults=self.faults_of(name), **wishes)
        used = mapping or read_mapping({})
        with importing(*(self.owner, path, wished), mapping=used, rules=Rules(), now=NOW) as found:
            for _ in found.go():
                pass
        return found

    def faults_of(self, name: str) -> Path:
        return self.folder / f"{name}.faults"

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401  (bound)
        with self.owner.connect() as db:
            return [dict(row) for row in db.execute(text(query), values).mappings()]

    def one(self, query: str, **values: Any) -> Any:  # noqa: ANN401  (any scalar)
        with self.owner.connect() as db:
            return db.scalar(text(query), values)

    def count(self) -> int:
        return int(self.one("SELECT count(*) FROM dossier"))


def counts(found: Import) -> tuple[int, int, int]:
    """Return how many rows went in, were there already, and are faulty."""
    return found.written, found.tally.already, found.tally.faulty


def codes_of(found: Import) -> set[tuple[str, str]]:
    return set(found.tally.by_fault)
