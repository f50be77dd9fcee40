"""The same act on many dossiers: each through the door on its own, with a result of its own.

No transaction spans two dossiers. Sent again under the same key, what was done is answered as it
was done, and what was not is done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.access import acting
from app.db.answers import remember
from app.domain.actor import Actor
from app.domain.errors import DomainError
from app.domain.once import Once
from app.services.desk import Desk
from app.services.transition import Outcome, Request

LARGEST = 1_000


class TooMany(DomainError):
    """More at once than anybody can look after."""

    code = "bulk.too_many"
    title = "Quá nhiều hồ sơ trong một lần"


@dataclass(frozen=True, slots=True)
class Item:
    code: str
    version: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one dossier: an outcome, or why not."""

    code: str
    outcome: Outcome | None = None
    refusal: DomainError | None = None


def each(
    desk: Desk,
    items: Sequence[Item],
    act: Callable[[Request], Outcome],
    *,
    actor: Actor,
    now: datetime,
    once: Once,
) -> list[Result]:
    """Let `actor` do `act` on each dossier in the order given; a refusal stops none of the others.

    Raises `TooMany`, and `KeyReused` for a key that came with another body.
    """
    if len(items) > LARGEST:
        raise TooMany(f"Mỗi lần tối đa {LARGEST} hồ sơ, yêu cầu này có {len(items)}.", most=LARGEST)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is None:
            remember(tx, once, {}, now)
    return [_one(item, act, actor, now, once) for item in items]


def _one(
    item: Item, act: Callable[[Request], Outcome], actor: Actor, now: datetime, once: Once
) -> Result:
    own = Once(once.key, f"{once.route} {item.code}", once.fingerprint)
    try:
        outcome = act(Request(item.code, actor, now, item.version, own))
    except DomainError as refusal:
        return Result(item.code, refusal=refusal)
    return Result(item.code, outcome)
