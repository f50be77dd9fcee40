"""Opinions of other agencies (xin ý kiến phối hợp): asking several at once, answering, giving up.

Neither is an act on the dossier: it keeps its status, its version and its clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, text, update

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.steps import opinion, opinion_request
from app.db.views import opinion_view, request_view
from app.db.visibility import own_agencies
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.deadlines import due
from app.domain.lifecycle import LABELS, RoleRefused, Status, StepRefused, possible_acts
from app.domain.once import Once
from app.domain.opinions import (
    OpinionClosed,
    OpinionNotFound,
    OpinionRefused,
    OpinionState,
    Position,
    check_asked,
    check_deadline,
    state_at,
)
from app.domain.time_limits import TimeLimit
from app.services.clocks import calendar_of, version_of
from app.services.desk import Desk
from app.services.holds import refuse_claimed
from app.services.transition import Request, lock, refuse_elsewhere

_WORKING = frozenset({Role.OFFICER, Role.APPROVER})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of whom, and how long they have: counted on the dossier's calendar."""

    question: str
    agencies: tuple[str, ...]
    limit: TimeLimit


@dataclass(frozen=True, slots=True)
class Answer:
    position: Position
    content: str | None = None


def ask(desk: Desk, request: Request, asked: Question) -> Mapping[str, Any]:
    """Ask several agencies at once; they see the dossier until they answered, for that alone."""
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        _let_in(request.actor)
        dossier = lock(tx, request)
        refuse_elsewhere(dossier)
        refuse_claimed(dossier, request.actor, request.now)
        _refuse_unless_in_process(dossier)
        made = _write(desk, tx, dossier, request, asked)
        codes = desk.references.catalogue(tx).agency_codes
        opinions = tx.db.execute(
            select(opinion).where(opinion.c.request_id == made.id).order_by(opinion.c.id)
        ).all()
        answer = request_view(made, opinions, codes, request.now)
        remember(tx, request.once, answer, request.now)
    return answer


def _write(
    desk: Desk, tx: Transaction, dossier: Row[Any], request: Request, asked: Question
) -> Row[Any]:
    catalogue, now = desk.references.catalogue(tx), request.now
    here = catalogue.agency_codes[dossier.at_agency_id]
    today = now.astimezone(LOCAL_ZONE).date()
    check_asked(asked.agencies, here=here, agencies=catalogue.agencies, today=today)
    due_at = due(asked.limit, now, (), calendar_of(desk, tx, dossier)).due_at
    if due_at is None:
        raise ValueError("a clock without stops does not stand")
    check_deadline(due_at, dossier_due_at=dossier.due_at, now=now)
    made = tx.db.execute(
        insert(opinion_request)
        .values(
            dossier_id=dossier.id,
            agency_id=dossier.at_agency_id,
            step=version_of(desk, tx, dossier).steps[dossier.step].code,
            question=asked.question,
            asked_at=now,
            asked_by=request.actor.id,
            asked_name=request.actor.name,
            due_at=due_at,
        )
        .returning(opinion_request)
    ).one()
    tx.db.execute(
        insert(opinion),
        [
            {
                "request_id": made.id,
                "dossier_id": dossier.id,
                "agency_id": catalogue.agency_ids[agency],
                "due_at": due_at,
                "state": OpinionState.WAITING,
            }
            for agency in asked.agencies
        ],
    )
    return made


def answer(
    desk: Desk, opinion_id: int, given: Answer, *, actor: Actor, now: datetime, once: Once | None
) -> Mapping[str, Any]:
    """Answer for one's agency, once; after the deadline it is recorded that nobody did."""
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        _let_in(actor)
        row = tx.db.execute(
            select(opinion)
            .where(opinion.c.id == opinion_id, opinion.c.agency_id == func.any(own_agencies()))
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise OpinionNotFound("Không có yêu cầu ý kiến này gửi cơ quan bạn.")
        state = state_at(OpinionState(row.state), row.due_at, now)
        if state is not OpinionState.WAITING:
            raise OpinionClosed(_CLOSED[state], state=state)
        if given.position is not Position.AGREE and not given.content:
            raise OpinionRefused("Không đồng ý hoặc có ý kiến khác thì phải nêu nội dung.")
        changed = tx.db.execute(
            update(opinion)
            .where(opinion.c.id == row.id)
            .values(
                state=OpinionState.ANSWERED,
                position=given.position,
                content=given.content,
                closed_at=now,
                answered_by=actor.id,
                answered_name=actor.name,
            )
            .returning(opinion)
        ).one()
        told = opinion_view(changed, desk.references.catalogue(tx).agency_codes, now)
        remember(tx, once, told, now)
    return told


_CLOSED = {
    OpinionState.ANSWERED: "Cơ quan bạn đã trả lời yêu cầu này.",
    OpinionState.UNANSWERED: "Đã hết hạn trả lời: đã ghi nhận cơ quan không trả lời.",
    OpinionState.DROPPED: "Hồ sơ đã kết thúc, không còn cần ý kiến.",
}


def give_up(desk: Desk, *, now: datetime, limit: int = 500) -> int:
    """Record that nobody answered by the deadline; return of how many."""
    with acting(desk.engine, SYSTEM) as tx:
        done = tx.db.execute(
            text("""
                UPDATE opinion SET state = 'unanswered', closed_at = due_at
                WHERE id IN (
                    SELECT id FROM opinion WHERE state = 'waiting' AND due_at < :now
                    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
            """),
            {"now": now, "limit": limit},
        )
        return done.rowcount


def _let_in(actor: Actor) -> None:
    if actor.role not in _WORKING:
        raise RoleRefused(
            "Xin và cho ý kiến là việc của công chức thụ lý và lãnh đạo.", roles=sorted(_WORKING)
        )


def _refuse_unless_in_process(dossier: Row[Any]) -> None:
    status = Status(dossier.status)
    if status is not Status.IN_PROCESS:
        raise StepRefused(
            f"Không xin ý kiến khi hồ sơ đang ở trạng thái “{LABELS[status].lower()}”.",
            dossier_status=status,
            possible_acts=[str(act) for act in possible_acts(status)],
        )
