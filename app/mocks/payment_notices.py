"""Notices of the payment platform (CONFIRM): the right one, the wrong ones, and their courier."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from app.mocks.clock import stamp
from app.mocks.config import MockConfig
from app.mocks.payment_memory import DueNotice, Order, OrderStatus, PaymentMemory
from app.mocks.payment_signature import sign
from app.mocks.wire import Malformed, parse_object

CODES = {
    OrderStatus.PAID: "00",
    OrderStatus.WAITING: "01",  # (derived), as are all but 00
    OrderStatus.CANCELLED: "02",
    OrderStatus.FAILED: "99",
}
_BATCH = 20
_LONGEST_WAIT_S = 60.0
_TIMEOUT_S = 10.0
_LATE = timedelta(days=3)
_RAISED_VND = 1000

Notice = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NoticeWriter:
    """Writes notices about orders, signed as the contract says."""

    config: MockConfig

    def confirm(
        self, order: Order, status: OrderStatus, at: datetime, **changes: str | int
    ) -> Notice:
        """Return the notice of an outcome; `changes` replace fields before it is signed."""
        notice: Notice = {
            "LoaiBanTin": "CONFIRM",
            "MaLoi": CODES[status],
            "MaDoiTac": self.config.payment_partner,
            "MaThamChieu": order.reference,
            "SoTien": order.amount_vnd,
            "MaTienTe": "VND",
            "MaGiaoDich": order.transaction,
            "MaNganHang": order.bank,
            "ThoiGianGD": stamp(at),
            "ThongTinGiaoDich": order.init["ThongTinGiaoDich"],
            **changes,
        }
        return notice | {"MaXacThuc": self.signature(notice)}

    def signature(self, message: Mapping[str, Any]) -> str:
        """Return the signature that this platform gives to a message."""
        return sign(message, self.config.payment_secret, self.config.payment_signature)

    def wrong(self, fault: str | None, order: Order, now: datetime) -> list[Notice]:
        """Return the notices of a fault, in the order of sending; without a fault the right one."""
        return _FAULTY[fault](self, order, now)


def _right(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    return [writer.confirm(order, OrderStatus.PAID, order.settled_at or now)]


def _wrong_signature(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    notice = _right(writer, order, now)[0]
    return [notice | {"MaXacThuc": notice["MaXacThuc"][::-1]}]


def _wrong_amount(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    wrong = order.amount_vnd + _RAISED_VND
    return [writer.confirm(order, OrderStatus.PAID, now, SoTien=wrong)]


def _wrong_order(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    wrong = order.reference + "-khac"
    return [writer.confirm(order, OrderStatus.PAID, now, MaThamChieu=wrong)]


def _wrong_merchant(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    wrong = writer.config.payment_partner + "X"
    return [writer.confirm(order, OrderStatus.PAID, now, MaDoiTac=wrong)]


def _wrong_currency(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    return [writer.confirm(order, OrderStatus.PAID, now, MaTienTe="USD")]


def _duplicate(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    return _right(writer, order, now) * 2


def _late(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    return [writer.confirm(order, OrderStatus.PAID, now - _LATE)]


def _failed_then_paid(writer: NoticeWriter, order: Order, now: datetime) -> list[Notice]:
    failed = writer.confirm(order, OrderStatus.FAILED, now - timedelta(minutes=1))
    return [failed, *_right(writer, order, now)]


_FAULTY: dict[str | None, Callable[[NoticeWriter, Order, datetime], list[Notice]]] = {
    None: _right,
    "wrong_signature": _wrong_signature,
    "wrong_amount": _wrong_amount,
    "wrong_order": _wrong_order,
    "wrong_merchant": _wrong_merchant,
    "wrong_currency": _wrong_currency,
    "duplicate": _duplicate,
    "late": _late,
    "failed_then_paid": _failed_then_paid,
}
NOTICE_FAULTS = tuple(name for name in _FAULTY if name)
SETTLING = frozenset({None, "duplicate", "late", "failed_then_paid"})
"""Notices that tell the truth about a payment: with them the order is paid here too."""


class Courier:
    """Sends notices to the receiver, again and again until it acknowledges them."""

    def __init__(
        self, config: MockConfig, memory: PaymentMemory, now: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._memory = memory
        self._now = now
        self._wake = asyncio.Event()
        self._http: httpx.AsyncClient | None = None  # made when first needed: that takes 20 ms

    def wake(self) -> None:
        """Say that there may be a notice to send."""
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, for ever; what was due before a restart too."""
        while True:
            self._wake.clear()
            due = self._memory.due(self._now(), _BATCH)
            if due:
                await asyncio.gather(*map(self._try, due))
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._wait_s())

    async def close(self) -> None:
        """Close the connections; what is not acknowledged is sent after the next start."""
        if self._http is not None:
            await self._http.aclose()

    async def send_by_hand(
        self, order: Order, fault: str | None, notices: list[Notice]
    ) -> list[dict[str, Any]]:
        """Send notices once each, one after the other; return what the receiver answered."""
        answers = []
        for notice in notices:
            sequence = self._memory.add_notice(
                order.reference, notice, next_at=None, fault=fault or "by_hand"
            )
            answer = await self._send(notice)
            self._record(sequence, notice, answer, next_at=None)
            answers.append(answer)
        return answers

    async def _try(self, due: DueNotice) -> None:
        answer = await self._send(due.notice)
        wait_s = min(self._config.notice_backoff_s * 2**due.attempts, _LONGEST_WAIT_S)
        again_at = self._now() + timedelta(seconds=wait_s)
        is_done = _is_acknowledged(answer, due.notice)
        self._record(due.sequence, due.notice, answer, next_at=None if is_done else again_at)

    def _record(
        self, sequence: int, notice: Notice, answer: dict[str, Any], *, next_at: datetime | None
    ) -> None:
        acknowledged_at = self._now() if _is_acknowledged(answer, notice) else None
        self._memory.record_answer(
            sequence, answer, acknowledged_at=acknowledged_at, next_at=next_at
        )

    async def _send(self, notice: Notice) -> dict[str, Any]:
        at = self._now().isoformat()
        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=_TIMEOUT_S, trust_env=False
            )  # loopback: no proxy
        try:
            response = await self._http.post(self._config.payment_confirm_url, json=notice)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return {"at": at, "status": None, "body": f"{type(error).__name__}: {error}"}
        body: object = response.text
        with suppress(Malformed):
            body = parse_object(response.content)
        return {"at": at, "status": response.status_code, "body": body}

    def _wait_s(self) -> float | None:
        """Return how long nothing is due; None means until woken."""
        next_due = self._memory.next_due()
        return None if next_due is None else max(0.0, next_due - self._now().timestamp())


def _is_acknowledged(answer: Mapping[str, Any], notice: Mapping[str, Any]) -> bool:
    """Tell whether the receiver took the notice.

    The contract does not say which fields of the answer are signed, in which order: only the
    presence of the signature is asked for.
    """
    body = answer["body"]
    return (
        answer["status"] == httpx.codes.OK
        and isinstance(body, dict)
        and body.get("MaLoi") == "00"
        and body.get("MaThamChieu") == notice["MaThamChieu"]
        and body.get("MaDoiTac") == notice["MaDoiTac"]
        and bool(body.get("MaXacThuc"))
    )
