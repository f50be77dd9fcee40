"""What an administrator does with dossiers of the portal: look, replay, mend, discard.

No content is shown: faults name places and reasons, never values; whole messages are for the
command line alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, text
from sqlalchemy.exc import IntegrityError

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.inbound import inbound, inbound_act, inbound_copy
from app.domain.actor import Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.inbound import (
    ACT_LABELS,
    MOVABLE,
    STATE_LABELS,
    UNSETTLED,
    InboundAct,
    InboundActRefused,
    InboundNotFound,
    InboundRoleRefused,
    InboundState,
    Malformed,
    MendRefused,
    Service,
    mended,
)
from app.domain.once import Once
from app.integrations.portal_inbound import code_of, procedure_of, read_message
from app.services.desk import Desk

_IS_UNSETTLED = f"state IN {tuple(map(str, UNSETTLED))}"
_SILENT = "Cổng chưa trả lời khi tải tệp ({what}); sẽ thử lại lúc {at:%H:%M:%S ngày %d/%m/%Y}."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages; without a state, a code or `every`: those that wait or stand."""

    state: InboundState | None = None
    service: Service | None = None
    code: str | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person does with one message.

    Mended is the message as it counts by then, at the places of `changes`; or `message` takes its
    place, or the copy of that number that the portal sent later.
    """

    act: InboundAct
    reason: str
    actor: Actor
    now: datetime
    once: Once | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] | None = None
    copy: int | None = None


def list_page(
    desk: Desk, wanted: Wanted, *, actor: Actor, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return messages with keys above `after`, oldest first."""
    _check_role(actor)
    given = {"state": wanted.state, "service": wanted.service, "code": wanted.code}
    values = {name: value for name, value in given.items() if value is not None}
    conditions = [f"{name} = :{name}" for name in values]
    if not wanted.every and wanted.state is None and wanted.code is None:
        conditions.append(_IS_UNSETTLED)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            text(f"""
                SELECT * FROM inbound_seen
                WHERE {" AND ".join(["id > :after", *conditions])} ORDER BY id LIMIT :limit
            """),
            {"after": after, "limit": limit, **values},
        ).all()
        return [_view(desk, tx, row) for row in rows]


def read(desk: Desk, inbound_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return one message with its faults and what persons did, without its content."""
    _check_role(actor)
    with acting(desk.engine, actor) as tx:
        row = _find(tx, inbound_id)
        return _view(desk, tx, row) | {"acts": row.acts}


def message_of(desk: Desk, inbound_id: int, *, actor: Actor, copy: int | None = None) -> bytes:
    """Return a message as it counts, or a later copy as received: for our own commands only."""
    if not actor.is_internal:
        raise InboundRoleRefused("Nội dung hồ sơ chỉ xem được trên máy chủ.")
    with acting(desk.engine, actor) as tx:
        if copy is not None:
            return _copy(tx, inbound_id, copy)
        row = tx.db.execute(select(inbound).where(inbound.c.id == inbound_id)).one_or_none()
    if row is None:
        raise _not_found(inbound_id)
    return bytes(row.body) if row.corrected is None else _written(row.corrected)


def act(desk: Desk, inbound_id: int, deed: Deed) -> dict[str, Any]:
    """Let a message be worked on anew, as it is or mended, or discard it; keep who and why.

    Done twice, or while a worker has it, it changes nothing: a dossier is never made of it again.
    """
    _check_role(deed.actor)
    with acting(desk.engine, deed.actor) as tx:
        _find(tx, inbound_id)  # in the actor's own eyes; what follows is the system's to write
    try:
        with acting(desk.engine, replace(deed.actor, is_internal=True), deed.once) as tx:
            if tx.seen is not None:
                return dict(tx.seen)
            _move(tx, inbound_id, deed)
            answer = _as_json(_view(desk, tx, _find(tx, inbound_id)))
            remember(tx, deed.once, answer, deed.now)
    except IntegrityError as error:
        if "uq_inbound_code" not in str(error.orig):
            raise
        raise MendRefused("Đã có bản tin khác mang MaHoSo này.") from error
    desk.wake()
    return answer


def _move(tx: Transaction, inbound_id: int, deed: Deed) -> None:
    row = tx.db.execute(select(inbound).where(inbound.c.id == inbound_id).with_for_update()).one()
    state = InboundState(row.state)
    if state not in MOVABLE[deed.act]:
        detail = (
            f"Bản tin đang ở trạng thái “{STATE_LABELS[state]}”, không {ACT_LABELS[deed.act]} được."
        )
        raise InboundActRefused(detail)
    values: dict[str, Any] = {}
    changed: list[str] = []
    if deed.act is InboundAct.MEND:
        message = _mended(tx, row, deed)
        changed = sorted(deed.changes) or [""]
        values = {"corrected": message, "procedure": procedure_of(message), "agency_id": None}
        values |= {"code": _code_of(row, message)}
    elif deed.act is InboundAct.REPLAY and row.code is None:
        raise InboundActRefused("Bản tin không đọc được MaHoSo: phải sửa trước khi xử lý lại.")
    if deed.act is InboundAct.DISCARD:
        values = {"state": InboundState.DISCARDED}  # its faults stay: they are why
    else:
        values |= {"state": InboundState.WAITING, "attempts": 0, "next_at": deed.now}
        values |= {"faults": [], "answer_code": None, "answer": None}
    tx.db.execute(inbound.update().where(inbound.c.id == inbound_id).values(values))
    tx.db.execute(
        insert(inbound_act).values(
            inbound_id=inbound_id,
            act=deed.act,
            reason=deed.reason,
            changed=changed,
            content=values.get("corrected"),
            actor_id=deed.actor.id,
            actor_name=deed.actor.name,
            actor_role=deed.actor.role,
            acted_at=deed.now,
        )
    )


def _mended(tx: Transaction, row: Row[Any], deed: Deed) -> dict[str, Any]:
    """Return the message that counts from now on; raises `MendRefused`."""
    ways = [bool(deed.changes), deed.message is not None, deed.copy is not None]
    if sum(ways) != 1:
        raise MendRefused("Hãy sửa bằng đúng một cách: changes, message hoặc copy.")
    try:
        if deed.message is not None:
            message = read_message(_written(deed.message))
        elif deed.copy is not None:
            message = read_message(_copy(tx, row.id, deed.copy))
        else:
            standing = row.corrected or read_message(bytes(row.body))
            message = read_message(_written(mended(standing, deed.changes)))
    except Malformed as malformed:
        raise MendRefused(malformed.faults[0].detail) from malformed
    return message


def _code_of(row: Row[Any], message: Mapping[str, Any]) -> str:
    try:
        code = code_of(message)
    except Malformed as malformed:
        raise MendRefused(malformed.faults[0].detail) from malformed
    if row.code not in {None, code}:
        raise MendRefused("MaHoSo là tên của bản tin, không sửa được.")
    return code


def _copy(tx: Transaction, inbound_id: int, n: int) -> bytes:
    body = tx.db.scalar(
        select(inbound_copy.c.body).where(
            inbound_copy.c.inbound_id == inbound_id, inbound_copy.c.n == n
        )
    )
    if body is None:
        raise MendRefused(f"Bản tin {inbound_id} không có bản gửi lại số {n}.")
    return bytes(body)


def _written(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, indent=2).encode()


def _check_role(actor: Actor) -> None:
    if actor.role is not Role.ADMINISTRATOR and not actor.is_internal:
        raise InboundRoleRefused("Hồ sơ chuyển đến từ Cổng dành cho quản trị.")


def _find(tx: Transaction, inbound_id: int) -> Row[Any]:
    found = tx.db.execute(
        text("SELECT * FROM inbound_seen WHERE id = :id"), {"id": inbound_id}
    ).one_or_none()
    if found is None:
        raise _not_found(inbound_id)
    return found


def _not_found(inbound_id: int) -> InboundNotFound:
    return InboundNotFound(f"Không có hồ sơ chuyển đến số {inbound_id}.")


def _view(desk: Desk, tx: Transaction, row: Row[Any]) -> dict[str, Any]:
    codes = desk.references.catalogue(tx).agency_codes
    state = InboundState(row.state)
    is_waiting = state is InboundState.WAITING
    reason = row.faults[0]["detail"] if row.faults else None
    if is_waiting and row.answer is not None:
        reason = _SILENT.format(what=row.answer, at=row.next_at.astimezone(LOCAL_ZONE))
    return {
        "id": row.id,
        "service": row.service,
        "portal_code": row.code,
        "procedure": row.procedure,
        "agency": codes.get(row.agency_id),
        "state": row.state,
        "state_label": STATE_LABELS[state],
        "reason": reason,
        "faults": row.faults,
        "received_at": row.received_at,
        "attempts": row.attempts,
        "next_at": row.next_at if is_waiting else None,
        "is_corrected": row.is_corrected,
        "copies": row.copies,
        "dossier": row.dossier_code,
        "entered_at": row.entered_at,
    }


def _as_json(view: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in view.items()
    }
