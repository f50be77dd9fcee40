"""What the national portal is told of dossiers, read as one of their events left them.

Several dossiers are read at once, each table in one query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text

from app.db.access import Transaction, acting
from app.db.dossiers import dossier, dossier_event
from app.db.inbound import portal_origin
from app.db.portal import portal_route
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import Generation
from app.domain.inbound import Service
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.lookups import Source
from app.domain.portal_routes import USUAL, Route, route_of
from app.domain.procedure import ApplicantKind, FeeKind, FeePhase
from app.integrations.portal_dossier import DossierFacts, EventFact, FeeFact, Origin
from app.services.desk import Desk
from app.services.portal_papers import paper_on_paper, papers_of

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
    asked: list[Row[Any]] = field(default_factory=list)
    origin: Row[Any] | None = None


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

        Another agency that takes it over, an heir for instance, changes nothing in that. What was
        handed in at the portal goes back to where it was: generation A, the only one that hands on.
        """
        record = self.found[dossier_id]
        known = record.dossier
        agency = self.catalogue.agency_of(_received_by(known)).code
        if record.origin is not None:
            return USUAL
        return route_of(self.routes, agency, known.received_on)

    def portal_code(self, dossier_id: int) -> str:
        """Return the MaHoSo under which the portal knows a dossier: its own, or ours."""
        known = self.found[dossier_id]
        return str(known.origin.code if known.origin is not None else known.dossier.code)

    def is_promotion(self, dossier_id: int) -> bool:
        """Tell whether it is told by a service of its own, which keeps nothing to be asked for."""
        origin = _origin(self.found[dossier_id].origin)
        return origin is not None and origin.is_promotion

    def last(self, dossier_id: int) -> int:
        """Return the number of a dossier's last event, as it was read."""
        return len(self.found[dossier_id].events)

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
    """Read dossiers with their events, papers, online payments and databases asked."""
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
        for row in tx.db.execute(_ASKED, keys):
            found[row.dossier_id].asked.append(row)
        origins = select(portal_origin).where(portal_origin.c.dossier_id.in_(dossier_ids))
        for row in tx.db.execute(origins):
            found[row.dossier_id].origin = row
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
        document.source_code,
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


_ASKED = text("""
    SELECT dossier_id, source, min(answered_at) AS answered_at FROM lookup
    WHERE dossier_id = ANY (:ids) AND answered_at IS NOT NULL
    GROUP BY dossier_id, source ORDER BY dossier_id, source
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
    papers, results = papers_of(desk, record.papers, record.on_paper, components, events)
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
        on_paper=paper_on_paper(record.on_paper, components, until),
        results=results,
        fees=[_fee(fee) for fee in row.fees],
        asked=[Source(one.source) for one in record.asked if one.answered_at <= until],
        origin=_origin(record.origin),
    )


def _origin(row: Row[Any] | None) -> Origin | None:
    if row is None:
        return None
    is_promotion = row.service == Service.PROMOTION
    return Origin(row.code, row.procedure, row.submitted_at, row.paid, is_promotion)


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
