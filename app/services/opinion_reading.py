"""Reading opinions: what one's agency is asked, what was answered, the dossier as far as needed.

An agency that is asked has no part in the dossier. It is shown what it needs to answer, by the
opinion and while the opinion waits (purpose limitation, Law 91/2025/QH15); lists, search, history
and papers of the dossier stay closed to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, desc, func, or_, select, tuple_

from app.db.access import Transaction, acting
from app.db.documents import document, stored_file
from app.db.dossiers import dossier, dossier_component
from app.db.steps import opinion, opinion_request
from app.db.views import opinion_view, request_view
from app.db.visibility import own_agencies, visible
from app.domain.actor import DESK_ROLES, SYSTEM, Actor, Role
from app.domain.documents import DocumentNotFound
from app.domain.lifecycle import RoleRefused
from app.domain.opinions import OpinionNotFound, OpinionState, state_at
from app.services.desk import Desk
from app.services.transition import DossierNotFound

Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Page:
    items: list[dict[str, Any]]
    next: Place | None


def asked_of_us(
    desk: Desk,
    state: OpinionState,
    *,
    actor: Actor,
    now: datetime,
    after: Place | None,
    limit: int,
) -> Page:
    """List what one's agency and the units below it are asked: what waits by its deadline.

    What is closed comes with the latest deadline first.
    """
    _let_in(actor)
    is_waiting = state is OpinionState.WAITING
    place = tuple_(opinion.c.due_at, opinion.c.id)
    order = (opinion.c.due_at, opinion.c.id)
    with acting(desk.engine, actor) as tx:
        query = _opinions().where(opinion.c.agency_id == func.any(own_agencies()), _is(state, now))
        if after is not None:
            query = query.where(place > after if is_waiting else place < after)
        rows = tx.db.execute(
            query.order_by(*(order if is_waiting else map(desc, order))).limit(limit + 1)
        ).all()
        codes = desk.references.catalogue(tx).agency_codes
    shown = rows[:limit]
    about = _dossiers(desk, {row.dossier_id for row in shown})
    return Page(
        [_asked(row, codes, now) | {"dossier": about[row.dossier_id]} for row in shown],
        (shown[-1].due_at, shown[-1].id) if len(rows) > limit else None,
    )


def read(desk: Desk, opinion_id: int, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return an opinion; for whoever may answer it now also what there is to look at."""
    row, is_open = _find(desk, opinion_id, actor, now)
    with acting(desk.engine, SYSTEM) as tx:
        codes = desk.references.catalogue(tx).agency_codes
        excerpt = _excerpt(desk, tx, row.dossier_id) if is_open else None
    about = _dossiers(desk, {row.dossier_id})[row.dossier_id]
    return _asked(row, codes, now) | {"dossier": about, "excerpt": excerpt}


def document_of(
    desk: Desk, opinion_id: int, document_id: UUID, *, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Return a file of the dossier for whoever may answer the opinion now, and for nobody else."""
    row, is_open = _find(desk, opinion_id, actor, now)
    with acting(desk.engine, SYSTEM) as tx:
        excerpt = _excerpt(desk, tx, row.dossier_id) if is_open else {"components": []}
    for part in excerpt["components"]:
        known = part["document"]
        if known is not None and known["id"] == document_id:
            return dict(known)
    raise DocumentNotFound("Không tìm thấy tài liệu này.")


def of_dossier(desk: Desk, code: str, *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Return what was asked about a dossier, and the answers, in order."""
    _let_in(actor)
    with acting(desk.engine, actor) as tx:
        known = tx.db.execute(
            select(dossier.c.id).where(dossier.c.code == code, visible(actor))
        ).scalar_one_or_none()
        if known is None:
            raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
        codes = desk.references.catalogue(tx).agency_codes
        answers: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for row in tx.db.execute(
            select(opinion).where(opinion.c.dossier_id == known).order_by(opinion.c.id)
        ):
            answers[row.request_id].append(row)
        requests = tx.db.execute(
            select(opinion_request)
            .where(opinion_request.c.dossier_id == known)
            .order_by(opinion_request.c.id)
        )
        return [request_view(row, answers[row.id], codes, now) for row in requests]


def _let_in(actor: Actor) -> None:
    if actor.role not in DESK_ROLES:
        raise RoleRefused(
            "Ý kiến phối hợp là việc nội bộ của các cơ quan xử lý.", roles=sorted(DESK_ROLES)
        )


def _opinions() -> Any:  # noqa: ANN401  (a statement of both tables)
    return select(
        opinion,
        opinion_request.c.question,
        opinion_request.c.step,
        opinion_request.c.asked_at,
        opinion_request.c.asked_name,
        opinion_request.c.agency_id.label("asking_agency_id"),
        (opinion.c.agency_id == func.any(own_agencies())).label("is_ours"),
    ).join(opinion_request, opinion_request.c.id == opinion.c.request_id)


def _is(state: OpinionState, now: datetime) -> ColumnElement[bool]:
    """Return the condition that an opinion is in a state at this moment."""
    waits = opinion.c.state == OpinionState.WAITING
    if state is OpinionState.WAITING:
        return and_(waits, opinion.c.due_at >= now)
    if state is OpinionState.UNANSWERED:
        return or_(opinion.c.state == state, and_(waits, opinion.c.due_at < now))
    return opinion.c.state == state


def _find(desk: Desk, opinion_id: int, actor: Actor, now: datetime) -> tuple[Row[Any], bool]:
    """Return an opinion that the actor may see, and whether they may answer it now."""
    _let_in(actor)
    with acting(desk.engine, actor) as tx:
        row = tx.db.execute(_opinions().where(opinion.c.id == opinion_id)).one_or_none()
    if row is None:
        raise OpinionNotFound("Không tìm thấy yêu cầu ý kiến này.")
    waits = state_at(OpinionState(row.state), row.due_at, now) is OpinionState.WAITING
    return row, waits and row.is_ours and actor.role is not Role.RECEPTIONIST


def _asked(row: Row[Any], codes: Mapping[int, str], now: datetime) -> dict[str, Any]:
    return {
        **opinion_view(row, codes, now),
        "question": row.question,
        "asked_at": row.asked_at,
        "asked_by": {"agency": codes[row.asking_agency_id], "name": row.asked_name},
        "step": row.step,
    }


def _dossiers(desk: Desk, keys: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return code and procedure of dossiers: enough to know what is asked about, no person."""
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = desk.references.catalogue(tx)
        return {
            row.id: {
                "code": row.code,
                "procedure": catalogue.offered[row.procedure_version_id].procedure.name,
            }
            for row in tx.db.execute(
                select(dossier.c.id, dossier.c.code, dossier.c.procedure_version_id).where(
                    dossier.c.id.in_(list(keys))
                )
            )
        }


def _excerpt(desk: Desk, tx: Transaction, dossier_id: int) -> dict[str, Any]:
    """Return what an agency needs to answer: whom it is about, the e-form, the papers."""
    row = tx.db.execute(select(dossier).where(dossier.c.id == dossier_id)).one()
    version = desk.references.catalogue(tx).offered[row.procedure_version_id].version
    names = {component.code: component.name for component in version.components}
    parts = tx.db.execute(
        select(
            dossier_component.c.component,
            document.c.id,
            document.c.name,
            document.c.sha256,
            stored_file.c.media_type,
            stored_file.c.size_bytes,
        )
        .outerjoin(document, document.c.id == dossier_component.c.document_id)
        .outerjoin(stored_file, stored_file.c.sha256 == document.c.sha256)
        .where(dossier_component.c.dossier_id == dossier_id)
        .order_by(dossier_component.c.n)
    )
    return {
        "applicant_name": row.applicant_name,
        "form": row.form,
        "components": [
            {
                "component": part.component,
                "name": names.get(part.component, part.component),
                "document": None
                if part.id is None
                else {
                    "id": part.id,
                    "name": part.name,
                    "sha256": part.sha256,
                    "media_type": part.media_type,
                    "size_bytes": part.size_bytes,
                },
            }
            for part in parts
        ],
    }
