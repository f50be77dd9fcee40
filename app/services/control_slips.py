"""The control slip (form 06): goes with a dossier from hand to hand, so it is issued when asked."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.papers import issued_paper
from app.db.views import paper_view
from app.domain.actor import DESK_ROLES
from app.domain.errors import DomainError
from app.domain.lifecycle import RoleRefused
from app.domain.papers import Form
from app.papers.facts import ControlSlip
from app.services.desk import Desk
from app.services.issuing import Issue, issue, source_of
from app.services.letterheads import in_full
from app.services.paper_facts import Event, common
from app.services.slip_lines import cooperating_agencies, slip_lines
from app.services.stays import stays_of
from app.services.transition import Request, lock


class SlipRefused(DomainError):
    """A dossier that was not accepted has not begun its way through the agencies."""

    code = "paper.slip_refused"
    title = "Chưa lập được phiếu kiểm soát"


def issue_slip(desk: Desk, request: Request) -> Mapping[str, Any]:
    """Issue the slip of a dossier as it stands; of the same version there is only one."""
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        if request.actor.role not in DESK_ROLES:
            raise RoleRefused("Phiếu kiểm soát do cán bộ xử lý hồ sơ lập.")
        dossier = lock(tx, request)
        if dossier.accepted_at is None:
            raise SlipRefused("Hồ sơ chưa được tiếp nhận nên chưa có quá trình để kiểm soát.")
        row = _issued(tx, dossier) or issue(tx, _slip(desk, tx, dossier, request))
        answer = paper_view(dossier.code, row)
        remember(tx, request.once, answer, request.now)
    return answer


def _issued(tx: Transaction, dossier: Row[Any]) -> Row[Any] | None:
    return tx.db.execute(
        select(issued_paper).where(
            issued_paper.c.dossier_id == dossier.id,
            issued_paper.c.form == Form.CONTROL_SLIP,
            issued_paper.c.seq == dossier.version,
        )
    ).one_or_none()


def _slip(desk: Desk, tx: Transaction, dossier: Row[Any], request: Request) -> Issue:
    event = Event(
        seq=dossier.version,
        actor_id=request.actor.id,
        actor_name=request.actor.name,
        agency_id=dossier.at_agency_id,
        occurred_at=request.now,
        due_at=dossier.due_at,
        details={},
    )
    source = source_of(desk, tx, dossier, event)
    catalogue, found = source.catalogue, stays_of(desk, tx, dossier, request.now)
    resolving = catalogue.agency_of(dossier.agency_id)
    facts = ControlSlip(
        **common(Form.CONTROL_SLIP, source, desk=True),
        resolving_agency=in_full(resolving.name),
        cooperating_agencies=tuple(
            in_full(name) for name in cooperating_agencies(tx, catalogue, dossier, found)
        ),
        received_at=dossier.accepted_at,
        due_at=dossier.due_at,
        handovers=slip_lines(catalogue, dossier, found),
    )
    return Issue(form=Form.CONTROL_SLIP, facts=facts, dossier_id=dossier.id, event=event)
