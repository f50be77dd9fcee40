"""Notices to people, read: what was told of a dossier, a desk's own list, what is stuck."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, desc, func, or_, select, true

from app.db.access import acting
from app.db.answers import remember
from app.db.dossiers import dossier
from app.db.messages import STAFF, message
from app.db.visibility import own_agencies, visible
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.deliveries import DeliveryState
from app.domain.messages import (
    APPLICANT,
    Channel,
    MessageNotFound,
    MessageNotStuck,
    MessagesRefused,
    masked,
)
from app.domain.once import Once
from app.services.desk import Desk
from app.services.notice_rows import way_of
from app.services.transition import DossierNotFound

STUCK = (DeliveryState.BLOCKED, DeliveryState.DEAD)


def of_dossier(
    desk: Desk, code: str, *, actor: Actor, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return what was told of a dossier, in order: to the applicant and to the reader's own role.

    Addresses are shown whole to the applicant only.
    """
    with acting(desk.engine, actor) as tx:
        found = tx.db.execute(
            select(dossier.c.id).where(dossier.c.code == code, visible(actor))
        ).one_or_none()
        if found is None:
            raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
        mine = (message.c.recipient == actor.role) & (
            message.c.agency_id == func.any(own_agencies())
        )
        rows = tx.db.execute(
            select(message)
            .where(
                message.c.dossier_id == found.id,
                message.c.id > after,
                or_(message.c.recipient == APPLICANT, mine) if _is_staff(actor) else _TO_APPLICANT,
            )
            .order_by(message.c.id)
            .limit(limit)
        ).all()
    return [_view(row, is_owner=actor.role is Role.APPLICANT) | {"code": code} for row in rows]


_TO_APPLICANT = message.c.recipient == APPLICANT


def _is_staff(actor: Actor) -> bool:
    return actor.role in STAFF


def _view(row: Row[Any], *, is_owner: bool = False) -> dict[str, Any]:
    return {
        "id": row.id,
        "topic": row.topic,
        "recipient": row.recipient,
        "channel": row.channel,
        "address": row.address if is_owner else masked(row.address),
        "subject": row.subject,
        "body": row.body,
        "short": row.short,
        "created_at": row.created_at,
        "state": row.state,
        "attempts": row.attempts,
        "next_at": row.next_at if row.state == DeliveryState.WAITING else None,
        "told_at": row.acknowledged_at,
        "tried": row.tried,
        "answer_code": row.answer_code,
        "answer": row.answer if row.state in STUCK else None,
    }


def inbox(desk: Desk, *, actor: Actor, before: int, limit: int) -> list[dict[str, Any]]:
    """Return the notices to the reader's role at their agency and those below, newest first."""
    if actor.agency is None or not _is_staff(actor):
        raise MessagesRefused("Danh sách này dành cho cán bộ của cơ quan.")
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(message, dossier.c.code)
            .outerjoin(dossier, dossier.c.id == message.c.dossier_id)
            .where(
                message.c.channel == Channel.INBOX,
                message.c.recipient == actor.role,
                message.c.agency_id == func.any(own_agencies()),
                message.c.id < before if before else true(),
            )
            .order_by(desc(message.c.id))
            .limit(limit)
        ).all()
    return [_view(row) | {"code": row.code} for row in rows]


def stuck(
    desk: Desk, *, actor: Actor, after: int, limit: int, state: DeliveryState | None
) -> list[dict[str, Any]]:
    """Return notices that reached nobody, for administrators: why, but not what they say."""
    _check(actor)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(message)
            .where(
                message.c.state.in_([state] if state else STUCK),
                message.c.agency_id == func.any(own_agencies()),
                message.c.id > after,
            )
            .order_by(message.c.id)
            .limit(limit)
        ).all()
    with acting(desk.engine, SYSTEM) as tx:  # administrators see no dossiers, but their codes
        found = select(dossier.c.id, dossier.c.code).where(
            dossier.c.id.in_({row.dossier_id for row in rows})
        )
        codes = {row.id: row.code for row in tx.db.execute(found)}
    blank = {"body": "", "short": ""}
    return [_view(row) | blank | {"code": codes.get(row.dossier_id)} for row in rows]


def resend(
    desk: Desk, message_id: int, *, actor: Actor, now: datetime, once: Once | None
) -> dict[str, Any]:
    """Send a stuck notice on, once its cause is mended: over the contact as it is now."""
    _check(actor)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        row = tx.db.execute(
            select(message)
            .where(message.c.id == message_id, message.c.agency_id == func.any(own_agencies()))
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise MessageNotFound(f"Không có thông báo số {message_id}.")
        if row.state not in STUCK:
            raise MessageNotStuck("Thông báo này không bị kẹt, không cần gửi lại.")
        channel, address = way_of(desk, row)
        changed = tx.db.execute(
            message.update()
            .where(message.c.id == row.id)
            .values(
                channel=channel,
                address=address,
                state=DeliveryState.WAITING if address else DeliveryState.ACKNOWLEDGED,
                acknowledged_at=None if address else now,
                attempts=0,
                next_at=now,
                tried=[],
            )
            .returning(message)
        ).one()
        answer = {"id": changed.id, "channel": changed.channel, "state": changed.state}
        remember(tx, once, answer, now)
    return answer


def _check(actor: Actor) -> None:
    if actor.role is not Role.ADMINISTRATOR or actor.agency is None:
        raise MessagesRefused("Chỉ quản trị của cơ quan xem và gửi lại thông báo bị kẹt.")
