"""The switchboard of faults: which request of which partner goes wrong, and how."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from random import Random
from typing import Any

from starlette.types import ASGIApp

from app.mocks.fields import (
    Check,
    Table,
    faults_of,
    may,
    must,
    one_of,
    text,
)
from app.mocks.switches import Switches
from app.mocks.wire import Malformed


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: how long it lasts when asked for by hand, and when drawn at random."""

    seconds: float | None = None
    chaos_seconds: float | None = None
    is_in_chaos: bool = True


KINDS = {
    "delay": Kind(seconds=1.0, chaos_seconds=0.2),
    "hang": Kind(seconds=None, chaos_seconds=2.0),
    "http_500": Kind(),
    "http_503": Kind(),
    "reset_before": Kind(),
    "reset_after": Kind(),
    "wrong_json": Kind(),
    "html_page": Kind(),
    "duplicate": Kind(),
    "out_of_order": Kind(seconds=2.0, chaos_seconds=0.2),
    "quota": Kind(seconds=1.0, chaos_seconds=1.0),
    # known to some partners only
    "expired_session": Kind(),
    "already_exists": Kind(),
    "busy": Kind(),
    "refused": Kind(is_in_chaos=False),  # as below
    "error_code": Kind(is_in_chaos=False),  # a lasting refusal is an answer, not bad luck
}


@dataclass(slots=True)
class Fault:
    """A fault that waits for its request; `times` counts down, None stays until removed."""

    kind: str
    service: str | None = None
    times: int | None = 1
    seconds: float | None = None
    error_code: int | str = -1
    message: str = "Lỗi hệ thống, vui lòng thử lại sau"
    id: int = field(default=0)


Deliver = Callable[[], Awaitable[bytes]]
"""Lets the partner handle and remember the message; returns the body of its true answer."""


@dataclass(frozen=True, slots=True)
class Special:
    """A fault that only this partner knows: the services it can hit, and the answer it gives.

    A partner that speaks something else than HTTP sees to the answer itself.
    """

    services: frozenset[str]
    answer: Callable[[Fault, Deliver], Awaitable[dict[str, Any]]] | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's stand-in, as the switchboard sees it."""

    name: str
    app: ASGIApp
    services: frozenset[str]
    service_of: Callable[[str, bytes], str]
    switches: Switches
    special: Mapping[str, Special] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    @property
    def kinds(self) -> list[str]:
        """Faults that this partner can have."""
        return [
            kind
            for kind in KINDS
            if kind not in self.without and (kind not in _SPECIAL or kind in self.special)
        ]


_SPECIAL = {"expired_session", "already_exists", "error_code", "busy", "refused"}


class Switchboard:
    """The faults of one partner, in the order in which they were asked for."""

    def __init__(self, partner: Partner, seed: int) -> None:
        self.partner = partner
        self._faults: list[Fault] = []
        self._hits: Counter[str] = Counter()
        self._ids = count(1)
        self._random = Random(f"{seed}:{partner.name}")  # noqa: S311  (repeatable, not secret)

    @property
    def is_quiet(self) -> bool:
        """Whether no request can be hit at present."""
        return not self._faults and not self.partner.switches.number("chaos")

    def add(self, body: dict[str, Any]) -> Fault:
        """Add a fault as described over HTTP; raises Malformed."""
        faults = faults_of(_request_table(self.partner), body, "")
        if faults:
            raise Malformed("; ".join(faults))
        fault = Fault(**body)
        special = self.partner.special.get(fault.kind)
        if special and fault.service is not None and fault.service not in special.services:
            allowed = ", ".join(sorted(special.services))
            raise Malformed(f"{fault.kind} chỉ có ở: {allowed}")
        if fault.seconds is None:
            fault.seconds = KINDS[fault.kind].seconds
        fault.id = next(self._ids)
        self._faults.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> int:
        """Remove one fault, or all of them; return how many went."""
        before = len(self._faults)
        self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]
        return before - len(self._faults)

    def listed(self) -> dict[str, Any]:
        """Return the waiting faults, and how often each kind has struck."""
        return {"faults": [asdict(fault) for fault in self._faults], "hits": dict(self._hits)}

    def draw(self, service: str) -> Fault | None:
        """Return the fault that hits this request, if one does."""
        fault = self._asked(service) or self._by_chance(service)
        if fault is not None:
            self._hits[fault.kind] += 1
        return fault

    def _asked(self, service: str) -> Fault | None:
        for fault in self._faults:
            if fault.service in {None, service} and self._can_hit(fault.kind, service):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                return fault
        return None

    def _by_chance(self, service: str) -> Fault | None:
        if self._random.random() >= self.partner.switches.number("chaos"):
            return None
        possible = [
            kind
            for kind in self.partner.kinds
            if KINDS[kind].is_in_chaos and self._can_hit(kind, service)
        ]
        kind = self._random.choice(possible)
        return Fault(kind, seconds=KINDS[kind].chaos_seconds)

    def _can_hit(self, kind: str, service: str) -> bool:
        special = self.partner.special.get(kind)
        return special is None or service in special.services


def _request_table(partner: Partner) -> Table:
    return {
        "kind": must(one_of(*partner.kinds)),
        "service": may(_or_null(one_of(*sorted(partner.services)))),
        "times": may(_or_null(_number(1, whole=True))),
        "seconds": may(_or_null(_number(0))),
        "error_code": may(_code),
        "message": may(text()),
    }


def _or_null(check: Check) -> Check:
    return lambda value, where: [] if value is None else check(value, where)


def _number(least: float, *, whole: bool = False) -> Check:
    def check(value: object, where: str) -> list[str]:
        kinds = int if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and value >= least:
            return []
        return [f"{where}: phải là số từ {least}"]

    return check


def _code(value: object, where: str) -> list[str]:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return []
    return [f"{where}: phải là số nguyên hoặc chuỗi"]
