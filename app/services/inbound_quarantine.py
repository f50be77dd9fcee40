"""Quarantine of what came from the portal: put down with its faults."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.db.access import Transaction
from app.db.inbound import inbound
from app.domain.application import Fault
from app.domain.deliveries import DeliveryState
from app.domain.inbound import InboundState
from app.services.errands import Result, standing
from app.services.inbound_faults import faults_view

_SAID = {
    DeliveryState.DEAD: Fault(
        "", "file.unavailable", "Không tải được tệp từ Cổng trong khoảng một ngày."
    ),
    "contract_broken": Fault(
        "", "file.unreadable", "Cổng nhiều lần trả về thứ khác thay vì tệp (trang HTML, mã 4xx)."
    ),
    "fault": Fault("", "inbound.fault", "Lỗi của hệ thống khi xử lý; xem nhật ký của tiến trình."),
}
"""Faults of what was quarantined without one of its own."""


def put_down(tx: Transaction, row: Row[Any], result: Result, now: datetime) -> None:
    """Record how an attempt ended, unless the claim was lost to another worker meanwhile."""
    is_waiting = result.state is DeliveryState.WAITING
    faults = result.found.get("faults", [])
    if not is_waiting and not faults:
        fault = _SAID.get(result.state) or _SAID.get(result.code or "") or _SAID["fault"]
        faults = faults_view([fault])
    stands = standing(row, result, now)
    tx.db.execute(
        inbound.update()
        .where(
            inbound.c.id == row.id,
            inbound.c.lease == row.lease,
            inbound.c.state == InboundState.IN_FLIGHT,
        )
        .values(
            state=InboundState.WAITING if is_waiting else InboundState.QUARANTINED,
            next_at=stands["next_at"],
            lease=None,
            leased_until=None,
            answer_code=stands["code"],
            answer=stands["answer"],
            faults=faults,
        )
    )
