"""Notices to people (thông báo): over which channel, when, and what of an address is shown."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum, auto

from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError


class Channel(StrEnum):
    EMAIL = auto()  # thư điện tử
    ZALO = auto()  # Zalo OA
    SMS = auto()  # tin nhắn SMS
    INBOX = auto()  # only in the application: there is no contact, or none is wanted


CALLED = (Channel.EMAIL, Channel.ZALO, Channel.SMS)
"""Channels that call on somebody, in the order in which they are tried."""

APPLICANT = "applicant"
"""The recipient of a notice is the applicant, or else a role of staff."""

_RINGS = frozenset({Channel.ZALO, Channel.SMS})
_CONTACT = {Channel.EMAIL: "email", Channel.ZALO: "phone", Channel.SMS: "phone"}

_FIRST_S, _LONGEST_S, ATTEMPTS = 5, 3600, 36
"""5 s doubling up to an hour: 36 attempts are about a day, jitter included."""

BROKEN_ANSWERS = 5
"""An answer that cannot be read may be a proxy's page: asked so often before a person looks."""


class MessageNotFound(DomainError):
    code = "message.not_found"
    title = "Không tìm thấy thông báo"


class MessageNotStuck(DomainError):
    """Only what is blocked or dead is sent on by hand."""

    code = "message.not_stuck"
    title = "Thông báo không bị kẹt"


class MessagesRefused(DomainError):
    """For administrators: settings of notices, and notices that are stuck."""

    code = "message.role_refused"
    title = "Vai trò không được quản lý thông báo"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which no phone rings (giờ yên lặng); equal ends mean none."""

    since: time = time(21)
    until: time = time(7)

    def holds(self, channel: Channel, at: datetime) -> bool:
        """Tell whether a channel is to keep quiet at an instant; e-mail never has to."""
        if channel not in _RINGS:
            return False
        clock = at.astimezone(LOCAL_ZONE).time()
        if self.since <= self.until:
            return self.since <= clock < self.until
        return clock >= self.since or clock < self.until


def way_to(
    contact: Mapping[str, str],
    preferred: Channel | None,
    available: Sequence[Channel],
    tried: Sequence[str] = (),
) -> tuple[Channel, str | None]:
    """Return the channel and address of a notice: the preferred one first, then the usual order.

    `available` are the channels that the province uses; `tried` those that refused this notice.
    Without any left, and for who prefers it, the notice is only in the application.
    """
    if preferred is Channel.INBOX:
        return Channel.INBOX, None
    order = sorted(CALLED, key=lambda channel: channel is not preferred)
    for channel in order:
        address = contact.get(_CONTACT[channel])
        if address and channel in available and channel not in tried:
            return channel, address
    return Channel.INBOX, None


def retry_in(attempts: int, draw: random.Random) -> timedelta | None:
    """Return how long to wait after `attempts` failed ones, jittered; None: it is dead."""
    if attempts >= ATTEMPTS:
        return None
    longest = min(_FIRST_S * 2 ** (attempts - 1), _LONGEST_S)
    return timedelta(seconds=longest * draw.uniform(0.5, 1.0))


def masked(address: str | None) -> str | None:
    """Return an address as others than its owner may see it: enough to recognise a wrong one."""
    if address is None:
        return None
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{name[:2]}{'*' * max(0, len(name) - 4)}{name[-2:]}"
