"""The acts of an old dossier in their order: from its columns of instants, or from its history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.calendar import Calendar
from app.domain.former_acts import FormerAct
from app.domain.former_cells import Cells
from app.domain.former_columns import CellFault
from app.domain.former_listed import Listed
from app.domain.former_mapping import FormerMapping
from app.domain.former_values import usual_instant
from app.domain.intake import Channel
from app.domain.lifecycle import Act, Status

_OF_COLUMN: Final = {
    "accepted_at": Act.ACCEPT,
    "started_at": Act.START,
    "supplement_requested_at": Act.REQUEST_SUPPLEMENT,
    "supplemented_at": Act.SUPPLEMENT,
    "resolved_at": Act.RESOLVE,
    "returned_at": Act.RETURN_RESULT,
}
_ENDED_BY: Final = {
    Status.REFUSED: Act.REFUSE,
    Status.WITHDRAWN: Act.WITHDRAW,
    Status.STOPPED: Act.STOP,
}
_ORDER: Final = {act: n for n, act in enumerate(Act)}
_AT_OPENING: Final = frozenset(
    {"received_at", "accepted_at", "started_at", "supplement_requested_at", "paid_at"}
)
_NEEDED: Final = {
    Status.SUPPLEMENT_REQUESTED: ("supplement_requested_at",),
    Status.RESOLVED: ("resolved_at",),
    Status.RETURNED: ("resolved_at", "returned_at"),
    **dict.fromkeys(_ENDED_BY, ("ended_at",)),
}
_ACCEPTED: Final = frozenset(
    {Status.ACCEPTED, Status.IN_PROCESS, Status.RESOLVED, Status.RETURNED, Status.STOPPED}
)


@dataclass(frozen=True, slots=True)
class Told:
    """When a dossier was received, what was done to it later, and its other instants."""

    received_at: datetime
    later: tuple[FormerAct, ...]
    promised_at: datetime | None
    paid_at: datetime | None
    told_at: datetime | None


def history_of(
    cells: Cells,
    calendar: Calendar,
    mapping: FormerMapping,
    now: datetime,
    faults: list[CellFault],
) -> Told:
    """Put the acts in order; what is missing or cannot be is added to `faults`."""
    at = {name: _instant(name, cells, calendar) for name in cells.instants}
    at |= {name: min(instant, now) for name, instant in at.items() if name != "due_at"}
    received_at = at["received_at"]
    for name, instant in at.items():
        if instant < received_at:
            faults.append(CellFault(name, "instant.before_received", "Trước lúc tiếp nhận."))
    if cells.channel is not Channel.ONLINE:
        _check_accepted(cells, at, faults)
    if cells.history is None:
        later = _from_columns(cells, at, faults)
    else:
        columns = _OF_COLUMN | {"ended_at": _ENDED_BY.get(cells.status or Status.DRAFT)}
        later = Listed(cells, calendar, mapping, now, faults).acts(at, columns)
    return Told(received_at, later, at.get("due_at"), at.get("paid_at"), at.get("told_at"))


def _instant(name: str, cells: Cells, calendar: Calendar) -> datetime:
    """Return the instant of a column; a day alone begins or ends with the office's hours."""
    found = cells.instants[name]
    if found.at is not None:
        return found.at
    timed = [other.at for other in cells.instants.values() if other.at and other.day == found.day]
    usual = usual_instant(found, calendar, opening=name in _AT_OPENING)
    if name not in _AT_OPENING:
        return max([usual, *timed])
    received = cells.instants["received_at"]
    return max(usual, received.at) if received.at and received.day == found.day else usual


def _check_accepted(cells: Cells, at: dict[str, datetime], faults: list[CellFault]) -> None:
    """At the desk, taking in is accepting: one instant."""
    accepted, received = cells.instants.get("accepted_at"), cells.instants["received_at"]
    if accepted is None:
        return
    is_same = accepted.day == received.day and (
        accepted.at is None
        or received.at is None
        or abs((accepted.at - received.at).total_seconds()) < 60  # noqa: PLR2004  (a minute)
    )
    if not is_same:
        detail = "Hồ sơ nhận tại quầy, qua bưu chính được tiếp nhận ngay: hai lúc phải như nhau."
        faults.append(CellFault("accepted_at", "accepted.differs", detail))
    del at["accepted_at"]


def _from_columns(
    cells: Cells, at: Mapping[str, datetime], faults: list[CellFault]
) -> tuple[FormerAct, ...]:
    status = cells.status
    if status is None:
        return ()
    if status is Status.PAYMENT_REQUESTED:
        detail = "Tình trạng này cần cột history nói các thao tác."
        faults.append(CellFault("status", "status.needs_history", detail))
    needed = _NEEDED.get(status, ())
    if cells.channel is Channel.ONLINE and status in _ACCEPTED:
        needed = ("accepted_at", *needed)
    faults += [
        CellFault(name, "value.missing", f"Tình trạng {status} phải có giá trị này.")
        for name in needed
        if name not in cells.instants
    ]
    if "ended_at" in at and status not in _ENDED_BY:
        detail = f"Chỉ dùng khi từ chối, rút hoặc dừng, không phải {status}."
        faults.append(CellFault("ended_at", "value.not_fitting", detail))
    acts = [
        _of_column(act, at[name], name, cells) for name, act in _OF_COLUMN.items() if name in at
    ]
    if "ended_at" in at and status in _ENDED_BY:
        acts.append(_of_column(_ENDED_BY[status], at["ended_at"], "ended_at", cells))
    return tuple(sorted(acts, key=lambda said: (said.at, _ORDER[said.act])))


def _of_column(act: Act, at: datetime, name: str, cells: Cells) -> FormerAct:
    says_why = act in _ENDED_BY.values() or (act is Act.RESOLVE and not cells.granted)
    return FormerAct(
        *(act, at, name),
        reason=cells.reason if says_why else None,
        ground=cells.ground if says_why else None,
        granted=cells.granted,
    )
