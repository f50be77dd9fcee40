"""Dossiers that citizens hand in at the national portal: what comes in, and its quarantine."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from app.domain.application import Fault
from app.domain.errors import DomainError
from app.domain.intake import ReturnWay
from app.domain.procedure import ApplicantKind


class Service(StrEnum):
    """The portal's two ways to hand a dossier on, by its own names."""

    DOSSIER = "nhanhsdvcqg"  # hồ sơ nộp trên Cổng
    PROMOTION = "addtthcKhuyenMai"  # thông báo khuyến mại


class InboundState(StrEnum):
    WAITING = auto()  # chờ xử lý
    IN_FLIGHT = auto()  # đang xử lý
    ENTERED = auto()  # đã thành hồ sơ
    QUARANTINED = auto()  # cách ly
    DISCARDED = auto()  # đã loại: nobody will make a dossier of it


class InboundAct(StrEnum):
    """What a person may do with what is no dossier yet."""

    REPLAY = auto()  # xử lý lại
    MEND = auto()  # sửa và xử lý lại
    DISCARD = auto()  # loại


STATE_LABELS = {
    InboundState.WAITING: "Chờ xử lý",
    InboundState.IN_FLIGHT: "Đang xử lý",
    InboundState.ENTERED: "Đã vào sổ",
    InboundState.QUARANTINED: "Cách ly",
    InboundState.DISCARDED: "Đã loại",
}

UNSETTLED = (InboundState.WAITING, InboundState.IN_FLIGHT, InboundState.QUARANTINED)
"""States in which something is still to be done."""

MOVABLE = {
    InboundAct.REPLAY: (InboundState.WAITING, InboundState.QUARANTINED, InboundState.DISCARDED),
    InboundAct.MEND: (InboundState.WAITING, InboundState.QUARANTINED, InboundState.DISCARDED),
    InboundAct.DISCARD: (InboundState.WAITING, InboundState.QUARANTINED),
}
"""From which states each act of a person leads on. What was discarded can be taken up again."""

ACT_LABELS = {
    InboundAct.REPLAY: "xử lý lại",
    InboundAct.MEND: "sửa",
    InboundAct.DISCARD: "loại",
}


class InboundNotFound(DomainError):
    """There is none, or none of the agencies of this person."""

    code = "inbound.not_found"
    title = "Không tìm thấy hồ sơ chuyển đến"


class InboundActRefused(DomainError):
    """It is a dossier already, or it is being worked on at this moment."""

    code = "inbound.act_refused"
    title = "Không thực hiện được với hồ sơ chuyển đến này"


class InboundRoleRefused(DomainError):
    code = "inbound.role_refused"
    title = "Vai trò không được xem hồ sơ chuyển đến"


class MendRefused(DomainError):
    """A pointer leads nowhere, or the mended message has another MaHoSo."""

    code = "inbound.mend_refused"
    title = "Không sửa được như vậy"


@dataclass(frozen=True, slots=True)
class Paper:
    """A file of the message: behind a link or inside; `pointer` is its place in the message.

    `component` is a code, `component_name` a name of the papers of the procedure; a message may
    have neither. `sha256` is what the portal says of the content, if it says so.
    """

    pointer: str
    name: str
    component: str | None = None
    component_name: str | None = None
    url: str | None = None
    content: bytes | None = None
    sha256: str | None = None
    is_main: bool = False  # the application itself, of which a promotion has one


@dataclass(frozen=True, slots=True)
class Submission:
    """A message, read: our words, but for `code` and `procedure`, which are the portal's.

    `agency` is an identifier code, `agency_name` the name of an agency; None: not said.
    `form` is None if the message carries no e-form: it was filled in there and comes as a file.
    `paid` is the portal's own word.
    """

    service: Service
    code: str
    procedure: str
    agency: str | None
    agency_name: str | None
    kind: ApplicantKind
    number: str
    name: str
    phone: str | None
    email: str | None
    address: str | None
    tech_id: str | None
    is_verified: bool
    form: Mapping[str, Any] | None
    papers: tuple[Paper, ...]
    return_way: ReturnWay
    submitted_at: datetime
    paid: str


class Malformed(Exception):
    """A message that cannot be entered as it is: every fault that was found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults = list(faults)


_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{3,59}", re.ASCII)
_DASH = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)


def is_portal_code(value: object) -> bool:
    """Tell whether a value can be a MaHoSo: it is the key under which a message is kept."""
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def bare_procedure(code: str) -> str:
    """Return a procedure's national code without a local suffix: 3.000181 of 3.000181.000..."""
    return ".".join(code.split(".")[:2])


def agency_code_of(unit: str) -> str:
    """Return the identifier code that a unit is named by; an old one is read right to left."""
    parts = unit.strip().split(".")
    if len(parts) > 1 and parts[0].isdigit() and not parts[-1].isdigit():
        return ".".join(part for part in reversed(parts) if part.strip("0"))
    return unit.strip()


def mended(message: Any, changes: Mapping[str, Any]) -> Any:  # noqa: ANN401  (JSON)
    """Return a message with other values at some JSON pointers; null takes a member away."""
    made = deepcopy(message)
    for pointer, value in changes.items():
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")]
        if parts[0] or len(parts) == 1:
            raise MendRefused(f"“{pointer}” không phải JSON pointer, ví dụ đúng: /MaTTHC.")
        _set(made, parts[1:], value, pointer)
    return made


def _set(within: Any, parts: list[str], value: Any, pointer: str) -> None:  # noqa: ANN401  (JSON)
    for part in parts[:-1]:
        within = _step(within, part, pointer)
    last = parts[-1]
    if isinstance(within, dict) and value is None:
        within.pop(last, None)
    elif isinstance(within, dict):
        within[last] = value
    elif isinstance(within, list) and last == "-" and value is not None:
        within.append(value)
    elif isinstance(within, list) and _DASH.fullmatch(last) and int(last) < len(within):
        within[int(last) : int(last) + 1] = [] if value is None else [value]
    else:
        raise MendRefused(f"Bản tin không có chỗ {pointer}.")


def _step(within: Any, part: str, pointer: str) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(within, dict) and part in within:
        return within[part]
    if isinstance(within, list) and _DASH.fullmatch(part) and int(part) < len(within):
        return within[int(part)]
    raise MendRefused(f"Bản tin không có chỗ {pointer}.")
