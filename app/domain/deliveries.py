"""The ledger to partners: who is told what, the life of a row, and when to try again."""

import random
from datetime import timedelta
from enum import StrEnum, auto

from app.domain.errors import DomainError


class Partner(StrEnum):
    NATIONAL_PORTAL = auto()  # Cổng Dịch vụ công quốc gia
    PAYMENT_PLATFORM = auto()  # nền tảng thanh toán


class Generation(StrEnum):
    """Generations of the national portal, each with messages of its own."""

    MAPI = auto()  # thế hệ A: "mapi" sau bộ chuyển đổi
    CENTRAL = auto()  # thế hệ B: cổng tập trung, 2026


class Kind(StrEnum):
    DOSSIER_EVENT = auto()  # the dossier as an event left it, and the event as progress
    PAYMENT_OPENING = auto()  # a payment to open (INIT)


class DeliveryState(StrEnum):
    WAITING = auto()
    IN_FLIGHT = auto()
    ACKNOWLEDGED = auto()
    BLOCKED = auto()  # a value has no mapping, the partner refused it, or a person parked it
    DEAD = auto()  # tried for about a day


class DeliveryAct(StrEnum):
    """What a person may do with a delivery."""

    RETRY = auto()  # gửi lại
    PARK = auto()  # tạm gác
    UNPARK = auto()  # bỏ tạm gác
    MEND = auto()  # gửi lại sau đối chiếu: the partner has lost what it acknowledged


class NoticeState(StrEnum):
    WAITING = auto()
    APPLIED = auto()
    REJECTED = auto()


class DeliveryNotFound(DomainError):
    """There is none, or none of the agencies of this person."""

    code = "delivery.not_found"
    title = "Không tìm thấy bản tin"


class DeliveryActRefused(DomainError):
    """Not in this state: what is told already, or is being told, is not touched."""

    code = "delivery.act_refused"
    title = "Không thực hiện được với bản tin này"


class DeliveryRoleRefused(DomainError):
    code = "delivery.role_refused"
    title = "Vai trò không được xem sổ gửi đối tác"


PAYLOAD_VERSION = 1

STATE_LABELS = {
    DeliveryState.WAITING: "Chờ gửi",
    DeliveryState.IN_FLIGHT: "Đang gửi",
    DeliveryState.ACKNOWLEDGED: "Đã nhận",
    DeliveryState.BLOCKED: "Bị chặn",
    DeliveryState.DEAD: "Ngừng gửi",
}
PARTNER_LABELS = {
    Partner.NATIONAL_PORTAL: "Cổng Dịch vụ công quốc gia",
    Partner.PAYMENT_PLATFORM: "Nền tảng thanh toán",
}
UNKNOWN = "unknown"
"""Outcome of an attempt whose worker never came back."""

_ALLOWED = {
    DeliveryAct.RETRY: {DeliveryState.WAITING, DeliveryState.BLOCKED, DeliveryState.DEAD},
    DeliveryAct.PARK: {DeliveryState.WAITING, DeliveryState.BLOCKED, DeliveryState.DEAD},
    DeliveryAct.UNPARK: {DeliveryState.BLOCKED},
    DeliveryAct.MEND: {DeliveryState.ACKNOWLEDGED},
}

_FIRST_S, _LONGEST_S, ATTEMPTS = 2, 3600, 44
"""2 s doubling up to an hour: 44 attempts are a little over a day, jitter included."""

BREAKS_AFTER = 5
"""Calls without an answer, one after the other, until a partner is left alone for a while."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1, 60


def retry_in(attempts: int, draw: random.Random) -> timedelta | None:
    """Return how long to wait after `attempts` failed ones, jittered; None: it is dead."""
    if attempts >= ATTEMPTS:
        return None
    longest = min(_FIRST_S * 2 ** (attempts - 1), _LONGEST_S)
    return timedelta(seconds=longest * draw.uniform(0.5, 1.0))


def pause_after(failures: int, draw: random.Random) -> timedelta | None:
    """Return for how long a partner is left alone after so many failed calls; None: not at all."""
    if failures < BREAKS_AFTER:
        return None
    doublings = min(failures - BREAKS_AFTER, 10)
    longest = min(_FIRST_PAUSE_S * 2**doublings, _LONGEST_PAUSE_S)
    return timedelta(seconds=longest * draw.uniform(0.5, 1.0))


def check_act(act: DeliveryAct, state: DeliveryState, *, is_parked: bool) -> None:
    """Refuse what a person cannot do with a delivery in this state."""
    if state not in _ALLOWED[act]:
        raise DeliveryActRefused(
            f"Bản tin đang ở trạng thái “{STATE_LABELS[state]}”, không thực hiện được."
        )
    if is_parked and act is not DeliveryAct.UNPARK:
        raise DeliveryActRefused("Bản tin đang tạm gác. Hãy bỏ tạm gác trước.")
    if not is_parked and act is DeliveryAct.UNPARK:
        raise DeliveryActRefused("Bản tin không bị tạm gác.")
