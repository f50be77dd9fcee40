"""The port to the national portal: one for every generation of it, an adapter for each.

An adapter gets dossiers as our facts and answers with a verdict for each; it never raises for what
a partner does. Our words become a partner's in the adapter and nowhere else: a word without a
mapping is `Unmapped` and stops that message with its name, it is never sent empty.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Any, Protocol, TypeVar

from app.integrations.portal_dossier import DossierFacts


class PortalUnavailable(Exception):
    """No answer, a 5xx, a quota, no session: try later.

    Whether the message arrived is unknown: ask before sending it again.
    """


class PortalBusy(PortalUnavailable):
    """Our quota is used up: it lives, and wants to be asked again after `wait_s`."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class PortalContractBroken(Exception):
    """An answer that cannot be read: a person looks."""


class PortalRefused(Exception):
    """The portal read the message and does not take it: `code` and its words."""

    def __init__(self, code: str, message: str, raw: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.raw = raw


class PortalOutOfTime(Exception):
    """The claim of the message ends soon: nothing more is sent, another worker may have it."""


class Unmapped(Exception):
    """One of our values has no word at the portal: `name` is that value."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Telling:
    """One event of one dossier that is to be told.

    `before` are the facts as the event before left them, which the portal holds by the order of
    the ledger; `is_sure` says that it does, because nothing of this event was sent before. `unit`
    is the code under which a portal that numbers dossiers itself numbers this one.
    """

    dossier_id: int
    facts: DossierFacts
    before: DossierFacts | None
    is_sure: bool
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the portal said to a message that it took."""

    code: str
    raw: str


class Ending(StrEnum):
    """How one attempt ended."""

    TAKEN = auto()
    REFUSED = auto()  # the partner read it and does not take it
    UNAVAILABLE = auto()  # no answer: whether it arrived is unknown
    UNREADABLE = auto()  # an answer that breaks the contract
    UNMAPPED = auto()  # a value of ours has no word there; nothing was sent
    OUT_OF_TIME = auto()  # not all of it was sent while its claim lasted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a telling; `raw` is the partner's answer or, without one, the reason."""

    ending: Ending
    code: str
    raw: str
    body_sha256: str | None = None

    @property
    def is_taken(self) -> bool:
        return self.ending is Ending.TAKEN


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field that the portal holds otherwise than we would tell it; values are JSON."""

    field: str
    ours: Any
    theirs: Any
    is_personal: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """How a dossier there compares with ours: up to which event, and what differs all the same.

    `stage` None: it went a course there that it never went here.
    """

    stage: int | None
    differences: Sequence[FieldDifference] = ()


Found = Mapping[str, Any]
"""A dossier as the portal holds it, in its own words: for its adapter alone to read."""


class Asker(Protocol):
    """What a generation offers that can be asked what it holds."""

    def look_up(self, code: str) -> Found | None:
        """Return what the portal holds under a code, None if it holds nothing.

        Raises `PortalUnavailable`, `PortalContractBroken`, `PortalRefused`.
        """

    def compare(
        self, found: Found, at: Callable[[int], DossierFacts], told: int, events: int
    ) -> Holding:
        """Compare with our dossier `at` each of its events; `told` is the last acknowledged one.

        Raises `Unmapped` if even that one cannot be put into words.
        """

    def describe(self, found: Found) -> list[FieldDifference]:
        """Say of a dossier that is none of ours what it is about."""


InTime = Callable[[], bool]
"""Tells whether another call may begin: it must be over when the claim of the messages ends."""


class Portal(Protocol):
    """A generation of the national portal; the tellings of one call are of different dossiers."""

    @property
    def asker(self) -> Asker | None:
        """How to ask what it holds; None where the contract has no call for that."""

    @property
    def payload_version(self) -> int:
        """The version of the messages that the adapter writes."""

    def tell(self, tellings: Sequence[Telling], now: datetime, in_time: InTime) -> list[Verdict]:
        """Tell events, several at once where the portal can; one verdict each, in order.

        What is not begun `in_time` is not told: by then it is no longer ours to tell.
        """

    def close(self) -> None:
        """Close the client's connections."""


def verdict_of(error: Exception) -> Verdict:
    """Return what an error means for the message that met it."""
    if isinstance(error, PortalRefused):
        return Verdict(Ending.REFUSED, error.code, error.raw or error.message)
    if isinstance(error, Unmapped):
        return Verdict(Ending.UNMAPPED, "unmapped", f"Chưa có ánh xạ cho {error.name}")
    if isinstance(error, PortalOutOfTime):
        return Verdict(Ending.OUT_OF_TIME, "out_of_time", "Hết thời gian giữ bản tin, sẽ gửi lại.")
    if isinstance(error, PortalContractBroken):
        return Verdict(Ending.UNREADABLE, "contract_broken", str(error))
    return Verdict(Ending.UNAVAILABLE, "unavailable", str(error))


PORTAL_ERRORS = (
    PortalUnavailable,
    PortalContractBroken,
    PortalRefused,
    PortalOutOfTime,
    Unmapped,
)


def check_time(in_time: InTime) -> None:
    """Raise `PortalOutOfTime` unless another call may begin."""
    if not in_time():
        raise PortalOutOfTime


def word(table: Mapping[Any, str], value: Any) -> str:  # noqa: ANN401  (any of our enums)
    """Return the portal's word for one of ours; raises `Unmapped`."""
    try:
        return table[value]
    except KeyError as error:
        raise Unmapped(f"{type(value).__name__}.{value}") from error


Item = TypeVar("Item")


def in_pieces(
    items: Sequence[Item],
    size: int,
    together: Callable[[Sequence[Item]], Answer],
    alone: Callable[[Item, bool], Answer],
    in_time: InTime,
) -> Iterator[tuple[Item, Verdict]]:
    """Send items in calls of at most `size`; yield each with its verdict.

    A refusal of several is nobody's verdict: each of them is then sent alone. `alone` is told
    whether that was so, because a part of what was refused may have been taken after all.
    """
    for start in range(0, len(items), size):
        piece = items[start : start + size]
        if len(piece) == 1:
            yield piece[0], _answered(lambda: alone(piece[0], False), in_time)  # noqa: B023, FBT003
            continue
        verdict = _answered(lambda: together(piece), in_time)  # noqa: B023  (called at once)
        for item in piece:
            if verdict.ending is Ending.REFUSED:
                yield item, _answered(lambda: alone(item, True), in_time)  # noqa: B023, FBT003
            else:
                yield item, verdict


def _answered(call: Callable[[], Answer], in_time: InTime) -> Verdict:
    try:
        check_time(in_time)
        answer = call()
    except PORTAL_ERRORS as error:
        return verdict_of(error)
    return Verdict(Ending.TAKEN, answer.code, answer.raw)
