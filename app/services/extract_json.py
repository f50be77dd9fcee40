"""Figures as one JSON document: for the province's reporting system and its operations centre.

The envelope says what was asked and when it was read; below it stand the annex, the running
figures and the index, each as the API shows it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import IO, Any, Final

from app.domain.agency import Agency
from app.domain.calendar import LOCAL_ZONE
from app.domain.extraction import Part, Wanted, Watch
from app.domain.figures import AnnexRow
from app.domain.measures import Sums
from app.domain.question import Group
from app.domain.rates import percent, rounded
from app.domain.running import RUNNING
from app.domain.running import lines_of as running_lines
from app.domain.steering import NotDefined
from app.services.annexes import annex_rows
from app.services.extract_parts import JSON, fingerprint
from app.services.figure_scope import Asking, existed
from app.services.steering_index import PartScore, index_of

FORMAT: Final = "motcua.figures/1"


def json_parts(asked: Asking, wanted: Wanted) -> list[Part]:
    """Return the document as the one part."""
    only = None if wanted.agency is None else asked.agencies.keys()
    annex = [_annex_row(row) for row in annex_rows(asked, only)]
    running = _running(asked)
    content = {"annex": annex, "running": running, "index": _index(asked)}
    envelope = {
        "format": FORMAT,
        "province": _province(asked),
        **wanted.described(),
        "read_at": asked.now.astimezone(LOCAL_ZONE).isoformat(timespec="seconds"),
        "unit": "hồ sơ",
    }
    rows = len(annex) + len(running["agencies"]) + len(running["fields"])

    def write(out: IO[bytes], watch: Watch) -> int:
        out.write(json.dumps({**envelope, **content}, ensure_ascii=False, indent=1).encode())
        out.write(b"\n")
        watch(rows)
        return rows

    return [Part("figures.json", JSON, fingerprint(content), rows, write)]


def _province(asked: Asking) -> dict[str, str]:
    root = next(known for known in asked.catalogue.agencies.values() if known.parent is None)
    return {"code": root.code, "name": root.name_on(asked.question.period.last)}


def _annex_row(row: AnnexRow) -> dict[str, Any]:
    rate = row.intake.online_rate
    return {
        "group": row.group,
        "row": row.row,
        "agency": row.agency,
        "agency_code": row.agency_code,
        "total": row.intake.received,
        "at_desk": row.intake.at_desk,
        "online": row.intake.online,
        "online_rate_percent": None if rate is None else str(rate),
    }


def _running(asked: Asking) -> dict[str, Any]:
    """Return the running figures by agency and by field, from one query: both have one total."""
    agencies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    fields: defaultdict[str, Counter[str]] = defaultdict(Counter)
    whole: Counter[str] = Counter()
    for (agency_id, version_id), sums in asked.sums(("agency_id", "procedure_version_id")).items():
        field = asked.catalogue.offered[int(version_id)].procedure.field
        agencies[asked.catalogue.agency_codes[int(agency_id)]].update(sums)
        fields[field.code].update(sums)
        whole.update(sums)
    names = {
        offered.procedure.field.code: offered.procedure.field.name
        for offered in asked.catalogue.offered.values()
    }
    return {
        "labels": dict(RUNNING),
        "total": running_lines(whole),
        "agencies": [
            _agency_row(asked, known, agencies.get(code, {}))
            for code, known in sorted(asked.agencies.items())
            if code in agencies or existed(known, asked.question.period)
        ],
        "fields": [
            {"code": code, "name": names[code], "counts": running_lines(sums)}
            for code, sums in sorted(fields.items())
        ],
    }


def _agency_row(asked: Asking, known: Agency, sums: Sums) -> dict[str, Any]:
    return {
        "code": known.code,
        "name": known.name_on(asked.question.period.last),
        "level": str(known.level),
        "counts": running_lines(sums),
    }


def _index(asked: Asking) -> Mapping[str, Any] | None:
    """Return the index by agency; None where no definitions were in force."""
    by_agency = replace(asked, question=replace(asked.question, group=Group.AGENCY))
    try:
        found = index_of(by_agency)
    except NotDefined:
        return None
    return {
        "definitions": found.steering.source,
        "total": _score_row(found.total),
        "agencies": [_score_row(part) for part in found.parts],
    }


def _score_row(part: PartScore) -> dict[str, Any]:
    return {
        "code": part.code,
        "name": part.name,
        "points": _text(part.score.points),
        "attainable": _text(part.score.attainable),
        "figures": {
            one.definition.id: {
                "state": str(one.state),
                "numerator": one.numerator,
                "denominator": one.denominator,
                "rate_percent": _as_text(percent(one.rate)),
                "points": None if one.points is None else _text(one.points),
            }
            for one in part.score.figures
        },
    }


def _text(value: Fraction) -> str:
    return str(rounded(value))


def _as_text(value: object | None) -> str | None:
    return None if value is None else str(value)
