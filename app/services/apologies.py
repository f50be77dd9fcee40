"""Apologising for a dossier that is late already (form 04), with a new appointment.

This is no act of the lifecycle: status, due instant and version stay, the dossier stays late. An
extension, before the due instant, is one (`processing.extend`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.clock import apology
from app.db.dossiers import dossier as dossier_table
from app.db.visibility import visible
from app.domain.actor import Actor, Role
from app.domain.calendar import local_minute
from app.domain.deadlines import TimeLimit, due
from app.domain.errors import DomainError
from app.domain.lifecycle import RoleRefused, Status
from app.services.clocks import calendar_of, running_statuses
from app.services.desk import Desk
from app.services.issuing import issue_apologies
from app.services.transition import DossierElsewhere, DossierNotFound, Request, lock


class ApologyRefused(DomainError):
    """Not late, done, standing still, or an appointment given in an apology has not passed yet."""

    code = "apology.refused"
    title = "Chưa phải xin lỗi và hẹn lại"


def apologise(desk: Desk, request: Request, *, by: TimeLimit, reason: str) -> Mapping[str, Any]:
    """Put an apology on record; the new appointment lies `by` after now."""
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        if request.actor.role is not Role.APPROVER:
            raise RoleRefused("Xin lỗi và hẹn lại do lãnh đạo ký.", roles=[Role.APPROVER])
        dossier = lock(tx, request)
        if not dossier.is_here:
            raise DossierElsewhere("Hồ sơ đang do cơ quan khác xử lý.")
        missed_at = _missed(desk, tx, dossier, request.now)
        new_due_at = due(by, request.now, (), calendar_of(desk, tx, dossier)).due_at
        made = tx.db.execute(
            insert(apology)
            .values(
                dossier_id=dossier.id,
                missed_at=missed_at,
                new_due_at=new_due_at,
                reason=reason,
                agency_id=dossier.at_agency_id,
                signed_by=request.actor.id,
                signed_name=request.actor.name,
                signed_at=request.now,
            )
            .returning(apology)
        ).one()
        issue_apologies(desk, tx, dossier)
        answer = _view(desk, tx, dossier.code, made)
        remember(tx, request.once, answer, request.now)
    return answer


def _missed(desk: Desk, tx: Transaction, dossier: Row[Any], now: datetime) -> datetime:
    """Return the appointment that was missed: the due instant, or the last one given since."""
    if Status(dossier.status) not in running_statuses(desk):
        raise ApologyRefused("Hồ sơ đã kết thúc, chưa tiếp nhận hoặc đang dừng tính thời hạn.")
    if local_minute(now) <= dossier.due_at:
        raise ApologyRefused("Hồ sơ chưa quá hạn. Trước khi hết hạn thì gia hạn.")
    given: datetime | None = tx.db.scalar(
        select(func.max(apology.c.new_due_at)).where(apology.c.dossier_id == dossier.id)
    )
    missed_at: datetime = max(dossier.due_at, given or dossier.due_at)
    if local_minute(now) <= missed_at:
        raise ApologyRefused(
            "Đã xin lỗi và hẹn lại, ngày hẹn ấy chưa đến.", new_due_at=missed_at.isoformat()
        )
    return missed_at


def listed(
    desk: Desk, code: str, *, actor: Actor, after: int, limit: int
) -> list[Mapping[str, Any]]:
    """Return the apologies for a dossier that the actor may see, in order."""
    with acting(desk.engine, actor) as tx:
        dossier_id = tx.db.scalar(
            select(dossier_table.c.id).where(dossier_table.c.code == code, visible(actor))
        )
        if dossier_id is None:
            raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
        rows = tx.db.execute(
            select(apology)
            .where(apology.c.dossier_id == dossier_id, apology.c.id > after)
            .order_by(apology.c.id)
            .limit(limit)
        )
        return [_view(desk, tx, code, row) for row in rows]


def _view(desk: Desk, tx: Transaction, code: str, row: Row[Any]) -> dict[str, Any]:
    agency = desk.references.catalogue(tx).agency_of(row.agency_id)
    return {
        "id": row.id,
        "code": code,
        "agency": agency.code,
        "missed_at": row.missed_at.isoformat(),
        "new_due_at": row.new_due_at.isoformat(),
        "reason": row.reason,
        "signed_by": row.signed_name,
        "signed_at": row.signed_at.isoformat(),
    }
