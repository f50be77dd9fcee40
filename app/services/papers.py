"""Official papers of a dossier, put together from its history: printed again they are the same."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction, acting
from app.db.dossiers import dossier, dossier_component, dossier_event
from app.db.reference import Catalogue
from app.db.visibility import visible
from app.domain.actor import DESK_ROLES, Actor
from app.domain.errors import DomainError
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act, RoleRefused
from app.domain.procedure import ProcedureVersion
from app.papers.facts import Component, ControlSlip, Dossier, Form, Office, Receipt
from app.papers.rendering import render
from app.services.desk import Desk
from app.services.slip_lines import cooperating_agencies, slip_lines
from app.services.stays import stays_of
from app.services.transition import DossierNotFound

_DESK = "Bộ phận Tiếp nhận và Trả kết quả"
_BOOK = "Sổ theo dõi hồ sơ"
_WAYS = {
    ReturnWay.DESK: "trực tiếp tại Bộ phận Tiếp nhận và Trả kết quả",
    ReturnWay.ONLINE: "trực tuyến, vào tài khoản của người nộp",
    ReturnWay.POST: "qua dịch vụ bưu chính công ích",
}


class PaperNotThere(DomainError):
    """Nothing has happened yet that the paper would be about."""

    code = "paper.not_there"
    title = "Chưa có giấy tờ này"


def receipt(desk: Desk, code: str, *, actor: Actor) -> bytes:
    """Print the receipt and appointment (form 01) as it was given at acceptance, as PDF."""
    with acting(desk.engine, actor) as tx:
        row = _find(tx, code)
        catalogue = desk.references.catalogue(tx)
        accepted = _accepting_event(tx, row)
        facts = Receipt(
            office=_office(catalogue, row),
            issued_at=accepted.occurred_at,
            number=_number(row.code),
            symbol="TNHS",
            dossier=_dossier(desk, catalogue, row),
            components=_components(tx, catalogue, row, accepted.occurred_at),
            sets=1,
            time_limit=_version(catalogue, row).limit.label,
            received_at=accepted.occurred_at,
            due_at=row.promised_at,
            result_place=_DESK,
            result_way=_WAYS[ReturnWay(row.return_way)],
            register_book=_BOOK,
            register_number=_number(row.code),
            submitter=row.submitter_name if _is_online(row) else row.applicant_name,
            receptionist=accepted.actor_name,
        )
    return render(Form.RECEIPT, facts)


def control_slip(desk: Desk, code: str, *, actor: Actor, now: datetime) -> bytes:
    """Print the control slip (form 06), drawn from the hand-overs as they stand, as PDF."""
    if actor.role not in DESK_ROLES:
        raise RoleRefused(
            "Phiếu kiểm soát là giấy tờ nội bộ của các cơ quan xử lý.", roles=sorted(DESK_ROLES)
        )
    with acting(desk.engine, actor) as tx:
        row = _find(tx, code)
        catalogue = desk.references.catalogue(tx)
        found = stays_of(desk, tx, row, now)
        if not found:
            raise PaperNotThere("Hồ sơ chưa được tiếp nhận nên chưa có phiếu kiểm soát.")
        facts = ControlSlip(
            office=_office(catalogue, row),
            issued_at=row.ended_at or now,
            number=_number(row.code),
            symbol="PKS",
            dossier=_dossier(desk, catalogue, row),
            resolving_agency=catalogue.agency_of(row.agency_id).name,
            cooperating_agencies=cooperating_agencies(tx, catalogue, row, found),
            received_at=row.accepted_at,
            due_at=row.promised_at or row.due_at,
            handovers=slip_lines(catalogue, row, found),
        )
    return render(Form.CONTROL_SLIP, facts)


def _find(tx: Transaction, code: str) -> Row[Any]:
    row = tx.db.execute(
        select(dossier).where(dossier.c.code == code, visible(tx.actor))
    ).one_or_none()
    if row is None:
        raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
    return row


def _accepting_event(tx: Transaction, row: Row[Any]) -> Row[Any]:
    found = tx.db.execute(
        select(dossier_event)
        .where(
            dossier_event.c.dossier_id == row.id,
            dossier_event.c.act.in_([Act.ACCEPT, Act.TAKE_IN]),
        )
        .order_by(dossier_event.c.seq)
    ).first()
    if found is None:
        raise PaperNotThere("Hồ sơ chưa được tiếp nhận nên chưa có giấy tiếp nhận.")
    return found


def _office(catalogue: Catalogue, row: Row[Any]) -> Office:
    agency = catalogue.agency_of(row.agency_id)
    parent = catalogue.agencies.get(agency.parent or "")
    province = agency.code.split(".", 1)[0]
    place = catalogue.agencies[province].name if province in catalogue.agencies else agency.name
    return Office(
        parent_agency=parent.name if parent else None,
        agency=agency.name,
        desk=_DESK,
        place=place.removeprefix("UBND tỉnh ").removeprefix("UBND "),
    )


def _dossier(desk: Desk, catalogue: Catalogue, row: Row[Any]) -> Dossier:
    return Dossier(
        code=row.code,
        applicant=row.applicant_name,
        address=row.contact.get("address"),
        phone=row.contact.get("phone"),
        email=row.contact.get("email"),
        procedure=catalogue.offered[row.procedure_version_id].procedure.name,
        tracking_url=f"{desk.partners.web_url}/v1/tracking/{row.code}",
    )


def _components(
    tx: Transaction, catalogue: Catalogue, row: Row[Any], until: datetime
) -> tuple[Component, ...]:
    """List what was handed in by then: on paper as the procedure wants it, or as files."""
    files: Counter[str] = Counter()
    papers: set[str] = set()
    for part in tx.db.execute(
        select(dossier_component)
        .where(dossier_component.c.dossier_id == row.id, dossier_component.c.added_at <= until)
        .order_by(dossier_component.c.n)
    ):
        if part.document_id is None:
            papers.add(part.component)
        else:
            files[part.component] += 1
    return tuple(
        Component(
            name=known.name,
            originals=known.originals if known.code in papers else 0,
            copies=known.copies if known.code in papers else 0,
            electronic=files[known.code],
        )
        for known in _version(catalogue, row).components
        if known.code in papers or files[known.code]
    )


def _version(catalogue: Catalogue, row: Row[Any]) -> ProcedureVersion:
    return catalogue.offered[row.procedure_version_id].version


def _number(code: str) -> int:
    """Return the dossier's number of its day, which is also its number in the register."""
    return int(code.rsplit("-", 1)[1])


def _is_online(row: Row[Any]) -> bool:
    return Channel(row.channel) is Channel.ONLINE
