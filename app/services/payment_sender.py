"""Telling the payment platform: a payment to open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.domain.deliveries import DeliveryState
from app.integrations.payment_platform import PlatformContractBroken, PlatformUnavailable
from app.services.desk import Desk
from app.services.payment_facts import order_of, record_not_opened, record_opened
from app.services.results import Result, broken, silence

MOST = 1
"""Payments that one call opens."""

_GIVEN_UP = {DeliveryState.BLOCKED, DeliveryState.DEAD}


def send(desk: Desk, rows: Sequence[Row[Any]], now: datetime) -> list[Result]:
    """Open the payments of some rows; one result each, in order."""
    return [_open(desk, row, now) for row in rows]


def given_up(desk: Desk, row: Row[Any], result: Result) -> None:
    """Let another payment be opened where this one never will be."""
    if result.state in _GIVEN_UP:
        record_not_opened(desk, row.subject, result.code)


def _open(desk: Desk, row: Row[Any], now: datetime) -> Result:
    order = order_of(desk, row.subject)
    if order is None:
        return Result(
            DeliveryState.ACKNOWLEDGED,
            "not_needed",
            "Khoản này không còn chờ mở.",
            is_answered=None,
        )
    try:
        address = desk.partners.payment.open(order, now)
    except PlatformUnavailable as error:
        return silence("unavailable", str(error))
    except PlatformContractBroken as error:
        return broken(row.tries, str(error))
    record_opened(desk, row.subject, address)
    return Result(DeliveryState.ACKNOWLEDGED, "00", address)
