"""Papers of a dossier as the national portal is told of them, up to one of its events."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.domain.documents import seal
from app.domain.lifecycle import Act
from app.domain.procedure import Component
from app.integrations.portal_dossier import EventFact, PaperFact, PaperOnPaper
from app.services.desk import Desk


def papers_of(
    desk: Desk,
    files: Sequence[Row[Any]],
    on_paper: Sequence[Row[Any]],
    components: Mapping[str, Component],
    events: Sequence[EventFact],
) -> tuple[list[PaperFact], list[PaperFact]]:
    """Return the papers handed in, and the results given, until the last of `events`."""
    until = events[-1].at
    is_resolved = any(event.act is Act.RESOLVE for event in events)
    handed_in = [row for row in files if _is_in(row, until)]
    last: defaultdict[str, int] = defaultdict(int)
    for row in [*handed_in, *(row for row in on_paper if row.added_at <= until)]:
        if row.component is not None:
            last[row.component] = max(last[row.component], row.n)
    papers = [
        _paper(desk, row, components, is_replaced=bool(row.n and row.n < last[row.component]))
        for row in handed_in
    ]
    results = [
        _paper(desk, row, components, is_replaced=False)
        for row in files
        if row.kind == "result" and is_resolved
    ]
    return papers, results


def _is_in(row: Row[Any], until: datetime) -> bool:
    return row.kind == "component" and (row.added_at is None or row.added_at <= until)


def _paper(
    desk: Desk, row: Row[Any], components: Mapping[str, Component], *, is_replaced: bool
) -> PaperFact:
    mark = seal(row.id, desk.partners.link_key)
    link = f"{desk.partners.web_url}/v1/shared-documents/{row.id}/{mark}"
    part = components.get(row.component)
    name = part.name if part else None
    return PaperFact(
        *(row.id, row.name, link, row.sha256, row.component, name, row.added_at, is_replaced),
        result_code=row.source_code,
    )


def paper_on_paper(
    rows: Sequence[Row[Any]], components: Mapping[str, Component], until: datetime
) -> list[PaperOnPaper]:
    """Return the components that were handed in as paper until then."""
    found = []
    for row in rows:
        part = components.get(row.component)
        if part is None or row.added_at > until:
            continue
        is_original = part.originals > 0
        count = part.originals if is_original else part.copies
        found.append(PaperOnPaper(row.component, part.name, count, is_original))
    return found
