"""What a dossier's history says about its clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.deadlines import Stop
from app.domain.lifecycle import Act, Status


@dataclass(frozen=True, slots=True)
class Moment:
    """One event as far as the clock cares: what was done, what came of it, when.

    `step` is the step of the process that the event led to, where it says so.
    """

    act: Act
    target: Status
    at: datetime
    step: str | None = None


_REASONS = {
    Status.SUPPLEMENT_REQUESTED: "chờ bổ sung giấy tờ",
    Status.PAYMENT_REQUESTED: "chờ thực hiện nghĩa vụ tài chính",
}


def stops(history: Iterable[Moment], *, payment_stops: bool) -> list[Stop]:
    """List the intervals in which the clock stood, the last one open if it still stands.

    Waiting for a supplement always stops it; waiting for a payment does so where the province
    says so (`payment_stops`): the texts disagree, and figure 2.1 deducts supplement time only.
    """
    found: list[Stop] = []
    waiting: tuple[Status, datetime] | None = None
    for moment in history:
        if moment.act is Act.MOVE:
            continue  # it waits on, elsewhere
        if waiting is not None:
            # Two machines' clocks may differ: an answer never comes before what it answers.
            found.append(Stop(waiting[1], max(waiting[1], moment.at), _REASONS[waiting[0]]))
            waiting = None
        if moment.target is Status.SUPPLEMENT_REQUESTED or (
            moment.target is Status.PAYMENT_REQUESTED and payment_stops
        ):
            waiting = (moment.target, moment.at)
    if waiting is not None:
        found.append(Stop(waiting[1], None, _REASONS[waiting[0]]))
    return found
