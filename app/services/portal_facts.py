"""What the national portal is told of dossiers, read as one of their events left them.

Several dossiers are read at once, each table in one query.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text

from app.db.access import Transaction, acting
from app.db.dossiers import dossier, dossier_event
from app.db.portal import portal_route
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import Generation
from app.domain.documents import seal
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.portal_routes import Route, route_of
from app.domain.procedure import ApplicantKind, Component, FeeKind, FeePhase
from app.integrations.portal import (
    DossierFacts,
    EventFact,
    FeeFact,
    PaperFact,
    PaperOnPaper,
)
from app.services.desk import Desk

_TITLES = {
    Role.APPLICANT: "Người nộp hồ sơ",
    Role.RECEPTIONIST: "Công chức một cửa",
    Role.OFFICER: "Công chức thụ lý",
    Role.APPROVER: "Lãnh đạo",
    Role.PARTNER: "Hệ thống đối tác",
    Role.SYSTEM: "Hệ thống",
}


@dataclass(slots=True)
class _Record:
    """All that is known of one dossier, whenever it came; its events in order, from 1 on."""

    dossier: Row[Any]
    events: list[EventFact] = field(default_factory=list)
    papers: list[Row[Any]] = field(default_factory=list)
    on_paper: list[Row[Any]] = field(default_factory=list)
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Dossiers as they were read, by their keys; what was made of them is made once."""

    desk: Desk
    catalogue: Catalogue
    found: Mapping[int, _Record]
    routes: Sequence[Route]
    made: dict[tuple[int, int], DossierFacts] = field(default_factory=dict)

    def route_of(self, dossier_id: int) -> Route:
        """Return which way a dossier goes: by the agency that received it, and when.

        Another agency that takes it over, an heir for instance, changes nothing in that.
        """
        known = self.found[dossier_id].dossier
        agency = self.catalogue.agency_of(_received_by(known)).code
        return route_of(self.routes, agency, known.received_on)

    def at(self, dossier_id: int, seq: int) -> DossierFacts:
        """Return a dossier as its event `seq` left it."""
        facts = self.made.get((dossier_id, seq))
        if facts is None:
            record = self.found[dossier_id]
            events = record.events[:seq]
            facts = self.made[dossier_id, seq] = _facts(self.desk, record, self.catalogue, events)
        return facts

    def reaches(self, dossier_id: int, seq: int) -> bool:
        """Tell whether a dossier was read when its event `seq` had happened."""
        record = self.found.get(dossier_id)
        return record is not None and len(record.events) >= seq


def facts_of(desk: Desk, dossier_id: int, seq: int) -> DossierFacts:
    """Read one dossier up to and including its event `seq`."""
    return read_records(desk, [dossier_id]).at(dossier_id, seq)


def read_records(desk: Desk, dossier_ids: Sequence[int]) -> Records:
    """Read dossiers with their events, papers and online payments."""
    keys = {"ids": list(dossier_ids)}
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = desk.references.catalogue(tx)
        rows = tx.db.execute(select(dossier).where(dossier.c.id.in_(dossier_ids)))
        found = {row.id: _Record(row) for row in rows}
        for row in tx.db.execute(
            select(dossier_event)
            .where(dossier_event.c.dossier_id.in_(dossier_ids))
            .order_by(dossier_event.c.dossier_id, dossier_event.c.seq)
        ):
            found[row.dossier_id].events.append(_event(row, catalogue))
        _read_papers(tx, keys, found)
        for row in tx.db.execute(_PAID, keys):
            found[row.dossier_id].paid_at = row.paid_at
        routes = [
            Route(row.agency, row.valid_from, Generation(row.generation), row.unit)
            for row in tx.db.execute(select(portal_route))
        ]
    return Records(desk, catalogue, found, routes)


def read_on(desk: Desk, known: Records | None, wanted: Mapping[int, int]) -> Records:
    """Read the dossiers among `wanted` whose event is not in what is `known`; forget the others.

    An event is told as it left its dossier, so what was read after it is as good as new.
    """
    if known is None:
        return read_records(desk, [*wanted])
    kept = {key: known.found[key] for key, seq in wanted.items() if known.reaches(key, seq)}
    if len(kept) == len(wanted):
        return known
    read = read_records(desk, [key for key in wanted if key not in kept])
    made = {place: facts for place, facts in known.made.items() if place[0] in kept}
    return replace(read, found={**kept, **read.found}, made=made)


_PAPERS = text("""
    SELECT document.dossier_id, document.id, document.name, document.kind, document.sha256,
        part.component, part.n, part.added_at
    FROM document
    LEFT JOIN dossier_component AS part ON part.dossier_id = document.dossier_id
        AND part.document_id = document.id
    WHERE document.dossier_id = ANY (:ids)
    ORDER BY document.dossier_id, part.n, document.uploaded_at, document.id
""")
_ON_PAPER = text("""
    SELECT dossier_id, component, n, added_at FROM dossier_component
    WHERE dossier_id = ANY (:ids) AND document_id IS NULL ORDER BY dossier_id, n
""")
_PAID = text("""
    SELECT dossier_id, min(paid_at) AS paid_at FROM payment
    WHERE dossier_id = ANY (:ids) AND method = 'platform' AND status = 'paid'
    GROUP BY dossier_id
""")


def _read_papers(tx: Transaction, keys: dict[str, Any], found: Mapping[int, _Record]) -> None:
    for row in tx.db.execute(_PAPERS, keys):
        found[row.dossier_id].papers.append(row)
    for row in tx.db.execute(_ON_PAPER, keys):
        found[row.dossier_id].on_paper.append(row)


def _received_by(row: Row[Any]) -> int:
    """Return the key of the agency that received a dossier, whoever resolves it today."""
    return int(row.received_agency_id or row.agency_id)


def _facts(
    desk: Desk, record: _Record, catalogue: Catalogue, events: list[EventFact]
) -> DossierFacts:
    row, until = record.dossier, events[-1].at
    offered = catalogue.offered[row.procedure_version_id]
    components = {part.code: part for part in offered.version.components}
    papers, results = _papers(desk, record, components, events)
    received_by = catalogue.agency_of(_received_by(row))
    return DossierFacts(
        code=row.code,
        procedure_code=offered.procedure.code,
        procedure_name=offered.procedure.name,
        field_code=offered.procedure.field.code,
        field_name=offered.procedure.field.name,
        agency_code=received_by.code,
        channel=Channel(row.channel),
        return_way=ReturnWay(row.return_way),
        applicant_kind=ApplicantKind(row.applicant_kind),
        applicant_number=row.applicant_number,
        applicant_name=row.applicant_name,
        address=row.contact.get("address"),
        phone=row.contact.get("phone"),
        email=row.contact.get("email"),
        submitter_name=row.submitter_name,
        submitter_number=row.submitter_number,
        tech_id=row.submitter_tech_id,
        is_verified=bool(row.is_verified),
        is_paid_online=record.paid_at is not None and record.paid_at <= until,
        received_at=row.received_at,
        form=row.form,
        result_code=offered.version.result.code,
        events=events,
        papers=papers,
        on_paper=_on_paper(record, components, until),
        results=results,
        fees=[_fee(fee) for fee in row.fees],
    )


def _fee(fee: Mapping[str, Any]) -> FeeFact:
    return FeeFact(
        fee["code"],
        fee["name"],
        FeeKind(fee["kind"]),
        fee["amount_vnd"],
        FeePhase(fee["phase"]),
    )


def _event(row: Row[Any], catalogue: Catalogue) -> EventFact:
    return EventFact(
        act=Act(row.act),
        target=Status(row.target),
        actor_name=row.actor_name,
        actor_title=_TITLES.get(Role(row.actor_role), ""),
        agency_name=catalogue.agency_of(row.agency_id).name_on(
            row.occurred_at.astimezone(LOCAL_ZONE).date()
        ),
        at=row.occurred_at,
        due_at=row.due_at,
        reason=row.reason,
    )


def _papers(
    desk: Desk,
    record: _Record,
    components: Mapping[str, Component],
    events: Sequence[EventFact],
) -> tuple[list[PaperFact], list[PaperFact]]:
    """Return the papers handed in, and the results given, until the last of `events`."""
    until = events[-1].at
    is_resolved = any(event.act is Act.RESOLVE for event in events)
    handed_in = [row for row in record.papers if _is_in(row, until)]
    last: defaultdict[str, int] = defaultdict(int)
    for row in [*handed_in, *(row for row in record.on_paper if row.added_at <= until)]:
        if row.component is not None:
            last[row.component] = max(last[row.component], row.n)
    papers = [
        _paper(desk, row, components, is_replaced=bool(row.n and row.n < last[row.component]))
        for row in handed_in
    ]
    results = [
        _paper(desk, row, components, is_replaced=False)
        for row in record.papers
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
        row.id, row.name, link, row.sha256, row.component, name, row.added_at, is_replaced
    )


def _on_paper(
    record: _Record, components: Mapping[str, Component], until: datetime
) -> list[PaperOnPaper]:
    found = []
    for row in record.on_paper:
        part = components.get(row.component)
        if part is None or row.added_at > until:
            continue
        is_original = part.originals > 0
        count = part.originals if is_original else part.copies
        found.append(PaperOnPaper(row.component, part.name, count, is_original))
    return found
