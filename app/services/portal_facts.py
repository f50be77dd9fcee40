"""What the national portal is told of a dossier, read as one of its events left it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app.db.access import Transaction, acting
from app.db.dossiers import dossier, dossier_event
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.documents import seal
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.procedure import ApplicantKind, FeeKind, FeePhase
from app.integrations.portal_messages import DossierFacts, EventFact, FeeFact, PaperFact
from app.services.desk import Desk

_TITLES = {
    Role.APPLICANT: "Người nộp hồ sơ",
    Role.RECEPTIONIST: "Công chức một cửa",
    Role.OFFICER: "Công chức thụ lý",
    Role.APPROVER: "Lãnh đạo",
    Role.PARTNER: "Hệ thống đối tác",
    Role.SYSTEM: "Hệ thống",
}


def facts_of(desk: Desk, dossier_id: int, seq: int) -> DossierFacts:
    """Read a dossier up to and including its event `seq`."""
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = desk.references.catalogue(tx)
        row = tx.db.execute(select(dossier).where(dossier.c.id == dossier_id)).one()
        events = [
            _event(event, catalogue)
            for event in tx.db.execute(
                select(dossier_event)
                .where(dossier_event.c.dossier_id == dossier_id, dossier_event.c.seq <= seq)
                .order_by(dossier_event.c.seq)
            )
        ]
        papers, results = _papers(desk, tx, dossier_id, events)
        is_paid = _is_paid_online(tx, dossier_id, events[-1].at)
    return _facts(row, catalogue, events, papers, results, is_paid_online=is_paid)


def _facts(
    row: Row[Any],
    catalogue: Catalogue,
    events: list[EventFact],
    papers: list[PaperFact],
    results: list[PaperFact],
    *,
    is_paid_online: bool,
) -> DossierFacts:
    offered = catalogue.offered[row.procedure_version_id]
    return DossierFacts(
        code=row.code,
        procedure_code=offered.procedure.code,
        procedure_name=offered.procedure.name,
        field_code=offered.procedure.field.code,
        field_name=offered.procedure.field.name,
        agency_name=catalogue.agency_of(row.agency_id).name,
        channel=Channel(row.channel),
        return_way=ReturnWay(row.return_way),
        applicant_kind=ApplicantKind(row.applicant_kind),
        applicant_number=row.applicant_number,
        applicant_name=row.applicant_name,
        phone=row.contact.get("phone"),
        email=row.contact.get("email"),
        tech_id=row.submitter_tech_id,
        is_verified=bool(row.is_verified),
        is_paid_online=is_paid_online,
        received_at=row.received_at,
        events=events,
        papers=papers,
        results=results,
        fees=[
            FeeFact(
                fee["code"],
                fee["name"],
                FeeKind(fee["kind"]),
                fee["amount_vnd"],
                FeePhase(fee["phase"]),
            )
            for fee in row.fees
        ],
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
    desk: Desk, tx: Transaction, dossier_id: int, events: list[EventFact]
) -> tuple[list[PaperFact], list[PaperFact]]:
    """Return the papers handed in, and the results given, until the last of `events`."""
    rows = tx.db.execute(
        text("""
            SELECT document.id, document.name, document.kind, part.added_at
            FROM document
            LEFT JOIN dossier_component AS part ON part.dossier_id = document.dossier_id
                AND part.document_id = document.id
            WHERE document.dossier_id = :id
            ORDER BY part.n, document.uploaded_at, document.id
        """),
        {"id": dossier_id},
    ).all()
    until = events[-1].at
    is_resolved = any(event.act is Act.RESOLVE for event in events)
    papers = [
        _paper(desk, row.id, row.name) for row in rows if _is_in(row.kind, row.added_at, until)
    ]
    results = [_paper(desk, row.id, row.name) for row in rows if row.kind == "result"]
    return papers, results if is_resolved else []


def _is_in(kind: str, added_at: datetime | None, until: datetime) -> bool:
    return kind == "component" and (added_at is None or added_at <= until)


def _paper(desk: Desk, document_id: UUID, name: str) -> PaperFact:
    mark = seal(document_id, desk.partners.link_key)
    link = f"{desk.partners.web_url}/v1/shared-documents/{document_id}/{mark}"
    return PaperFact(document_id, name, link)


def _is_paid_online(tx: Transaction, dossier_id: int, until: datetime) -> bool:
    return bool(
        tx.db.scalar(
            text("""
                SELECT EXISTS (SELECT FROM payment WHERE dossier_id = :id
                    AND method = 'platform' AND status = 'paid' AND paid_at <= :until)
            """),
            {"id": dossier_id, "until": until},
        )
    )
