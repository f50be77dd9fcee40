"""Sending one notice to one person: what every channel has in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice as it goes out; the same `id` each time it is sent, whatever became of the last."""

    id: str
    address: str
    topic: str
    subject: str
    body: str
    short: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a channel took a notice over: its own code and number for it."""

    code: str
    number: str


class ChannelUnavailable(Exception):
    """No answer, a temporary refusal, our own account out of order: send the same again later."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code


class ChannelRefused(Exception):
    """The channel does not take this notice; `is_person`: it cannot reach this person at all."""

    def __init__(self, code: str, detail: str = "", *, is_person: bool) -> None:
        super().__init__(detail or code)
        self.code = code
        self.is_person = is_person


class ChannelContractBroken(Exception):
    """An answer we cannot read."""


class Messenger(Protocol):
    """A channel's client."""

    def send(self, letter: Letter) -> Receipt: ...

    def close(self) -> None:
        """Give up connections that are kept."""
