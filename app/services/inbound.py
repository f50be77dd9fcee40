"""Dossiers that the national portal hands on: verified, kept once as received, answered.

Nothing is judged here beyond what the answer needs: a worker does the rest (`inbound_work`).
"""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import Transaction, acting
from app.db.inbound import inbound, inbound_copy
from app.domain.actor import SYSTEM
from app.domain.application import Fault
from app.domain.inbound import InboundState, Malformed, Service
from app.integrations.portal_inbound import Code, answer, code_of, procedure_of, read_message
from app.services.desk import Desk
from app.services.inbound_faults import faults_view

log = logging.getLogger(__name__)


def lets_in(desk: Desk, authorization: str | None) -> bool:
    """Tell whether a caller is the portal; who is not leaves a line in the log."""
    is_known = desk.partners.portal_gate.lets_in(authorization)
    if not is_known:
        log.warning("inbound dossier refused: wrong or missing bearer token")
    return is_known


def refused() -> dict[str, Any]:
    """Return the answer to somebody who is not the portal."""
    return answer(Code.FAILED, "Không xác thực được bên gửi.")


def receive(desk: Desk, service: Service, raw: bytes, *, now: datetime) -> dict[str, Any]:
    """Keep a message under its MaHoSo and return the answer: 0 taken, 1 duplicate, -1 error.

    Taken means that it is ours to see to, whatever is wrong with it. What cannot be kept under a
    MaHoSo is an error to the portal, and kept all the same.
    """
    row = {
        "service": service,
        "body": raw,
        "sha256": hashlib.sha256(raw).hexdigest(),
        "received_at": now,
        "attempts": 0,
        "next_at": now,
    }
    try:
        message = read_message(raw)
        code = code_of(message)
    except Malformed as malformed:
        return _keep_unreadable(desk, row, malformed.faults)
    row |= {"code": code, "procedure": procedure_of(message), "state": InboundState.WAITING}
    with acting(desk.engine, SYSTEM) as tx:
        if _insert(tx, row, ["code"]) is None:
            return _duplicate(tx, row)
    desk.wake()
    return answer(Code.TAKEN, f"Đã nhận hồ sơ {code}.")


def _insert(tx: Transaction, row: Mapping[str, Any], unique: list[str]) -> int | None:
    """Add a row; None if one is there already, committed by whoever was first."""
    where = inbound.c.code.is_(None) if unique == ["sha256"] else None
    found: int | None = tx.db.scalar(
        upsert(inbound)
        .values(**row)
        .on_conflict_do_nothing(index_elements=unique, index_where=where)
        .returning(inbound.c.id)
    )
    return found


def _keep_unreadable(desk: Desk, row: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    row |= {"state": InboundState.QUARANTINED, "faults": faults_view(faults)}
    with acting(desk.engine, SYSTEM) as tx:
        _insert(tx, row, ["sha256"])
    return answer(Code.FAILED, faults[0].detail)


def _duplicate(tx: Transaction, row: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a MaHoSo that is here already; another content under it is kept beside the first."""
    first = tx.db.execute(
        select(inbound.c.id, inbound.c.sha256)
        .where(inbound.c.code == row["code"])
        .with_for_update()
    ).one()
    said = f"Hồ sơ {row['code']} đã được tiếp nhận trước đó"
    if first.sha256 == row["sha256"]:
        return answer(Code.DUPLICATE, f"{said}.")
    copies = tx.db.scalar(
        select(func.count()).select_from(inbound_copy).where(inbound_copy.c.inbound_id == first.id)
    )
    tx.db.execute(
        upsert(inbound_copy)
        .values(
            inbound_id=first.id,
            n=(copies or 0) + 1,
            body=row["body"],
            sha256=row["sha256"],
            received_at=row["received_at"],
        )
        .on_conflict_do_nothing(constraint="uq_inbound_copy_inbound_id_sha256")
    )
    return answer(
        Code.DUPLICATE,
        f"{said} với nội dung khác: nội dung lần đầu có hiệu lực, lần này được giữ để đối chiếu.",
    )
