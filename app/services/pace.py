"""Asking a partner many things at a rate that it bears: paced, and patient with its silence.

A silent partner slows every thread and is noted with the breaker that all workers share; while
that is open nobody asks, then one question tries. Silent for longer than our patience, it is given
up: what was not asked is said to be so.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Engine

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.deliveries import Partner
from app.integrations.portal import (
    PortalBusy,
    PortalContractBroken,
    PortalRefused,
    PortalUnavailable,
)
from app.services.breakers import hold, is_half_open, note_answer, note_silence

_SLOWEST_S = 1.0
_LOOK_AGAIN_S = 0.25
_PROBE = timedelta(seconds=30)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why a question has none; `is_refused`: the partner read it and will not say."""

    reason: str
    is_refused: bool = False


@dataclass
class Pace:
    """The turns of all threads that ask; `per_second` 0 is as fast as it answers."""

    per_second: float
    _gap_s: float = 0.0
    _next_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._gap_s = self._least_s

    @property
    def _least_s(self) -> float:
        return 1 / self.per_second if self.per_second else 0.0

    def turn(self) -> float:
        """Take the next turn; return how many seconds away it is."""
        if not self._gap_s:
            return 0.0
        with self._lock:
            now = time.monotonic()
            at = max(self._next_at, now)
            self._next_at = at + self._gap_s
        return at - now

    def hindered(self) -> None:
        """Ask half as often: the partner does not keep up."""
        with self._lock:
            self._gap_s = min(max(self._gap_s * 2, 0.005), _SLOWEST_S)

    def rest(self, wait_s: float) -> None:
        """Let everybody wait: our quota is used up."""
        self.hindered()
        with self._lock:
            self._next_at = max(self._next_at, time.monotonic() + wait_s)

    def answered(self) -> None:
        """Ask a little more often, up to the set rate."""
        if self._gap_s > self._least_s:
            with self._lock:
                faster = self._gap_s * 0.95
                self._gap_s = faster if faster > max(self._least_s, 0.001) else self._least_s


@dataclass
class Gate:
    """One run's way to the portal, shared by its threads."""

    engine: Engine
    pace: Pace
    now: Callable[[], datetime]
    tries: int
    patience_s: float
    closing: threading.Event = field(default_factory=threading.Event)
    is_given_up: bool = False
    _is_suspect: bool = True  # somebody else may have met its silence before us
    _answered_at: float = field(default_factory=time.monotonic)

    def ask(self, question: Callable[[], Answer]) -> Answer | NoAnswer:
        """Ask, some times if there is no answer; never raises for what the partner does."""
        said, attempt = "không gọi được", 0
        while attempt < self.tries:
            is_probe = self._admitted()
            if is_probe is None or self._closes_within(self.pace.turn()):
                break
            try:
                found = question()
            except PortalBusy as busy:
                said = str(busy)
                self._rest(busy.wait_s)
            except (PortalUnavailable, PortalContractBroken) as error:
                said = str(error)
                self._silent(said, attempt, is_probe=is_probe)
                attempt += not is_probe  # to see whether it answers at all is no try
            except PortalRefused as refusal:
                self._heard()
                return NoAnswer(f"{refusal.code}: {refusal.message}", is_refused=True)
            else:
                self._heard()
                return found
        return NoAnswer(said)

    def look_again(self) -> None:
        """Look at the shared breaker before the next question."""
        self._is_suspect = True

    def _admitted(self) -> bool | None:
        """Wait until the breaker lets us ask: True as its probe; None when it is time to go."""
        while not (self.closing.is_set() or self.is_given_up):
            if not self._is_suspect:
                return False
            is_probe = self._asked_breaker()
            if is_probe is not None:
                self._is_suspect = is_probe
                return is_probe
            if time.monotonic() - self._answered_at > self.patience_s:
                self.is_given_up = True
                return None
            self.closing.wait(_LOOK_AGAIN_S)
        return None

    def _closes_within(self, seconds: float) -> bool:
        return seconds > 0 and self.closing.wait(seconds)

    def _asked_breaker(self) -> bool | None:
        now = self.now()
        with acting(self.engine, SYSTEM) as tx:
            is_probe = is_half_open(tx, Partner.NATIONAL_PORTAL, now)
            if is_probe:
                hold(tx, Partner.NATIONAL_PORTAL, now + _PROBE)
        return is_probe

    def _silent(self, reason: str, attempt: int, *, is_probe: bool) -> None:
        self.pace.hindered()
        with acting(self.engine, SYSTEM) as tx:
            note_silence(tx, Partner.NATIONAL_PORTAL, reason, self.now(), is_probe=is_probe)
        self._is_suspect = True
        if not is_probe:
            longest = min(0.1 * 2**attempt, 5.0)
            self.closing.wait(longest * random.uniform(0.5, 1.0))  # noqa: S311  (jitter)

    def _rest(self, wait_s: float) -> None:
        """Keep to the quota; the partner lives, so that the breaker is not for this."""
        if time.monotonic() - self._answered_at > self.patience_s:
            self.is_given_up = True
        self.pace.rest(wait_s)

    def _heard(self) -> None:
        self._answered_at = time.monotonic()
        self.pace.answered()
        if self._is_suspect:
            with acting(self.engine, SYSTEM) as tx:
                note_answer(tx, Partner.NATIONAL_PORTAL)
            self._is_suspect = False
