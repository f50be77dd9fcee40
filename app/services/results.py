"""What became of one attempt to tell a partner something: what every sender answers with."""

from dataclasses import dataclass
from datetime import timedelta

from app.domain.deliveries import DeliveryState


@dataclass(frozen=True, slots=True)
class Result:
    """`is_answered`: the partner read it, whatever it said; None: it was not asked.

    `wait` is how long to the next attempt, if there is one.
    """

    state: DeliveryState
    code: str | None
    answer: str
    body_sha256: str | None = None
    payload_version: int | None = None
    is_answered: bool | None = True
    wait: timedelta = timedelta()


def silence(code: str, reason: str, *, state: DeliveryState = DeliveryState.WAITING) -> Result:
    """Return the result of a call that got no answer, or none that can be read."""
    return Result(state, code, reason, is_answered=False)


def fault(error: Exception) -> Result:
    """Return the result of a message that we could not put into words."""
    return Result(DeliveryState.BLOCKED, "fault", repr(error), is_answered=None)


BROKEN_ANSWERS = 5
"""An answer that cannot be read may be a proxy's page: asked so often before a person looks."""


def broken(attempts: int, reason: str) -> Result:
    """Return the result of an answer that breaks the contract."""
    again = attempts < BROKEN_ANSWERS
    state = DeliveryState.WAITING if again else DeliveryState.BLOCKED
    return silence("contract_broken", reason, state=state)
