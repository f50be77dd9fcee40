"""A mixed stretch of work, drawn from one seed: everything a province does, most of it useful."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.journeys.model_citizens import PETITION_ACTS
from tests.journeys.model_days import AHEAD, EDGES, HOLDS, KINDS, MARGINS, Days
from tests.journeys.model_desk import ACTS
from tests.journeys.model_people import AGENCIES, CITIZENS, EVERYBODY, PLACES, STAFF


def _number(chance: Random) -> int:
    return chance.randrange(1000)


_Draw = Callable[[Random], Any]
_WHO: dict[str, _Draw] = {
    "who": lambda chance: chance.choice(EVERYBODY),
    "to": lambda chance: chance.choice(STAFF),
}
_BOOKS: tuple[tuple[int, str, dict[str, _Draw]], ...] = (
    (
        4,
        "somebody_submits",
        {
            "place": lambda chance: chance.choice(PLACES),
            "who": lambda chance: chance.choice(CITIZENS[:2]),
            "applicant": lambda chance: chance.choice([CITIZENS[0], *CITIZENS[:2]]),
            "ways": _number,
        },
    ),
    (
        3,
        "the_desk_takes_in",
        {
            "place": lambda chance: chance.choice(PLACES),
            "by": _number,
            "channel": lambda chance: chance.choice(["desk", "post"]),
        },
    ),
    (
        14,
        "minutes_pass",
        {
            "minutes": lambda chance: chance.choice([1, 5, 29, 31, chance.randrange(1, 600)]),
            "seconds": lambda chance: chance.choice([0, 0, 30]),
        },
    ),
    (
        7,
        "days_pass",
        {
            "days": lambda chance: chance.choice(AHEAD),
            "edge": lambda chance: chance.choice(EDGES),
        },
    ),
    (3, "the_worker_sweeps", {}),
    (
        4,
        "the_calendar_changes",
        {
            "who": _number,
            "ahead": lambda chance: chance.randint(-9, 25),
            "kind": lambda chance: chance.choice(KINDS),
        },
    ),
    (1, "an_inspector_looks_at_everything", {}),
    (
        2,
        "somebody_delegates",
        {
            **_WHO,
            "first": lambda chance: chance.randint(-3, 5),
            "length": lambda chance: chance.randint(-1, 9),
        },
    ),
    (
        3,
        "somebody_complains",
        {
            "who": lambda chance: chance.choice([*CITIZENS, STAFF[1]]),
            "agency": lambda chance: chance.choice(AGENCIES),
            "which": _number,
        },
    ),
)
_NEEDING: tuple[tuple[int, str, str, dict[str, _Draw]], ...] = (
    (
        44,
        "opened",
        "somebody_carries_on",
        {"which": _number, "choice": _number, "twist": _number},
    ),
    (
        7,
        "opened",
        "something_comes_due",
        {"which": _number, "before": lambda chance: chance.choice(MARGINS)},
    ),
    (
        10,
        "dossiers",
        "anybody_tries_anything",
        {
            "who": _WHO["who"],
            "which": _number,
            "act": lambda chance: chance.choice(ACTS),
            "twist": _number,
            "stale": lambda chance: chance.choice([0, 0, -1, 1]),
        },
    ),
    (
        4,
        "dossiers",
        "many_at_once",
        {
            "which": lambda chance: [_number(chance) for _ in range(chance.randint(1, 6))],
            "who": _WHO["to"],
            "ways": _number,
        },
    ),
    (
        3,
        "sent",
        "a_request_comes_again",
        {"choice": _number, "changed": lambda chance: chance.random() < 0.3},
    ),
    (
        9,
        "dossiers",
        "somebody_holds",
        {
            **_WHO,
            "which": _number,
            "what": lambda chance: chance.choice(HOLDS),
            "is_anybody": lambda chance: chance.random() < 0.3,
        },
    ),
    (
        3,
        "dossiers",
        "somebody_rates",
        {
            "who": lambda chance: chance.choice([*CITIZENS, *CITIZENS, *STAFF[:3]]),
            "which": _number,
            "score": lambda chance: chance.randint(1, 5),
        },
    ),
    (
        4,
        "petitions",
        "somebody_deals_with_a_petition",
        {
            "which": _number,
            "act": lambda chance: chance.choice(PETITION_ACTS),
            "who": _WHO["who"],
            "ways": lambda chance: chance.randrange(100),
        },
    ),
)


def play(days: Days, chance: Random) -> None:
    """Let one thing happen."""
    there = {
        "opened": days.opened(),
        "dossiers": days.province.dossiers,
        "sent": days.province.sent,
        "petitions": days.petitions,
    }
    possible = [*_BOOKS, *((w, name, draws) for w, need, name, draws in _NEEDING if there[need])]
    weights = [weight for weight, *_ in possible]
    [(_, name, draws)] = chance.choices(possible, weights)
    getattr(days, name)(**{argument: draw(chance) for argument, draw in draws.items()})
