"""The ledger to partners: who is told what, the life of a row, and when to try again."""

import random
from datetime import timedelta
from enum import StrEnum, auto


class Partner(StrEnum):
    NATIONAL_PORTAL = auto()  # Cổng Dịch vụ công quốc gia
    PAYMENT_PLATFORM = auto()  # nền tảng thanh toán


class Kind(StrEnum):
    DOSSIER_EVENT = auto()  # the dossier as an event left it, and the event as progress
    PAYMENT_OPENING = auto()  # a payment to open (INIT)


class DeliveryState(StrEnum):
    WAITING = auto()
    IN_FLIGHT = auto()
    ACKNOWLEDGED = auto()
    BLOCKED = auto()  # a value has no mapping, or the partner refused it: a person looks
    DEAD = auto()  # tried for about a day


class NoticeState(StrEnum):
    WAITING = auto()
    APPLIED = auto()
    REJECTED = auto()


PAYLOAD_VERSION = 1

_FIRST_S, _LONGEST_S, ATTEMPTS = 2, 3600, 44
"""2 s doubling up to an hour: 44 attempts are a little over a day, jitter included."""


def retry_in(attempts: int, draw: random.Random) -> timedelta | None:
    """Return how long to wait after `attempts` failed ones, jittered; None: it is dead."""
    if attempts >= ATTEMPTS:
        return None
    longest = min(_FIRST_S * 2 ** (attempts - 1), _LONGEST_S)
    return timedelta(seconds=longest * draw.uniform(0.5, 1.0))
