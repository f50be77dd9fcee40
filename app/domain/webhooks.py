"""Events for other systems: CloudEvents 1.0 in JSON, signed as Standard Webhooks says.

An event says which dossier came into which status, nothing of any person.
"""

import base64
import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from uuid import NAMESPACE_URL, uuid5

from app.domain.errors import DomainError
from app.domain.lifecycle import LABELS, Act, Status

PREFIX = "vn.motcua.dossier."

_NAMES = {
    Act.SUBMIT: "submitted",
    Act.TAKE_IN: "taken_in",
    Act.ACCEPT: "accepted",
    Act.REFUSE: "refused",
    Act.REQUEST_SUPPLEMENT: "supplement_requested",
    Act.SUPPLEMENT: "supplemented",
    Act.START: "started",
    Act.PASS_ON: "passed_on",
    Act.REQUEST_PAYMENT: "payment_requested",
    Act.SETTLE: "settled",
    Act.EXTEND: "extended",
    Act.RESOLVE: "resolved",
    Act.STOP: "stopped",
    Act.WITHDRAW: "withdrawn",
    Act.RETURN_RESULT: "returned",
}
EVENT_TYPES = tuple(PREFIX + name for name in _NAMES.values())

SECRET_PREFIX = "whsec_"  # noqa: S105  (the standard's mark, not a secret)
SECRET_BYTES = 32


class WebhookState(StrEnum):
    ACTIVE = auto()
    DISABLED = auto()  # by a person, or after failing for long: what comes is kept
    ENDED = auto()


class WebhookNotFound(DomainError):
    code = "webhook.not_found"
    title = "Không tìm thấy điểm nhận sự kiện"


class WebhookRefused(DomainError):
    """For administrators, each for their agency and those below it."""

    code = "webhook.role_refused"
    title = "Vai trò không được quản lý điểm nhận sự kiện"


@dataclass(frozen=True, slots=True)
class Event:
    """One act on a dossier, as other systems may know it; `seq` counts within the dossier."""

    code: str
    seq: int
    type: str
    status: Status
    agency: str
    occurred_at: datetime


def type_of(act: Act) -> str:
    """Return the type of an event: reverse-DNS, the act in the past tense."""
    return PREFIX + _NAMES[act]


def event_id(code: str, seq: int) -> str:
    """Return an event's identifier: the same however often it is sent, without full stops."""
    return f"evt_{uuid5(NAMESPACE_URL, f'{_source(code)}/{code}#{seq}').hex}"


def _source(code: str) -> str:
    """Return where events come from (a URI reference): the province that the code begins with."""
    return f"/{code.partition('.')[0].partition('-')[0]}/dossiers"


def cloud_event(event: Event) -> bytes:
    """Write an event in the structured JSON format of CloudEvents 1.0: the same bytes each time.

    `sequence` is CloudEvents' extension of that name: it orders the events of a dossier.
    """
    content = {
        "specversion": "1.0",
        "id": event_id(event.code, event.seq),
        "source": _source(event.code),
        "type": event.type,
        "subject": event.code,
        "time": event.occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "sequence": f"{event.seq:010}",
        "data": {
            "code": event.code,
            "status": event.status,
            "status_label": LABELS[event.status],
            "version": event.seq,
            "agency": event.agency,
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secrets: Sequence[str], message_id: str, sent_at: datetime, body: bytes) -> str:
    """Return the header `webhook-signature`: one v1 signature per secret that is valid now.

    Each secret is `whsec_` and Base64; signed is `id.timestamp.body` (Standard Webhooks).
    """
    signed = f"{message_id}.{int(sent_at.timestamp())}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in secrets]
    marks = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return " ".join(f"v1,{mark}" for mark in marks)


_FIRST_S, _LONGEST_S, ATTEMPTS = 5, 3600, 36
_LONGEST_PAUSE_S = 300


def retry_in(attempts: int, draw: random.Random) -> timedelta | None:
    """Return when to try an event again that was refused; None after about a day: it is dead."""
    if attempts >= ATTEMPTS:
        return None
    return _doubling(_FIRST_S, attempts, _LONGEST_S, draw)


def pause_after(failures: int, draw: random.Random) -> timedelta:
    """Return how long to leave an endpoint alone that is away: up to five minutes, for ever."""
    return _doubling(1, failures, _LONGEST_PAUSE_S, draw)


def _doubling(first_s: int, times: int, longest_s: int, draw: random.Random) -> timedelta:
    longest = min(first_s * 2 ** min(times - 1, 20), longest_s)
    return timedelta(seconds=longest * draw.uniform(0.5, 1.0))
