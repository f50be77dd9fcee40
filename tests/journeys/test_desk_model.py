"""Everybody at the desk at random, over HTTP, against a model of the rules.

By default the same few hundred steps each time. `MOTCUA_MODEL_EXAMPLES=500` plays that many other
days; `--hypothesis-seed=N` plays one of them again.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.builders import PROVINCE, Api, running_api
from tests.journeys.model_checks import (
    check_annex,
    check_dossier,
    check_list,
    check_queue,
    check_rows,
)
from tests.journeys.model_citizens import check_petition, check_ratings
from tests.journeys.model_clock import HANOI
from tests.journeys.model_days import LAST, Days
from tests.journeys.model_desk import Who
from tests.journeys.model_people import (
    CITIZENS,
    EVERYBODY,
    STAFF,
)
from tests.journeys.model_play import play
from tests.journeys.model_province import Province
from tests.journeys.model_times import (
    CleanSlate,
    open_on_saturdays,
)

EXAMPLES = os.environ.get("MOTCUA_MODEL_EXAMPLES")
SHRINK = os.environ.get("MOTCUA_MODEL_SHRINK")
STARTS = [
    "2026-10-05T09:00",  # a Monday in a quiet month
    "2026-11-20T16:30",  # a Friday before a week with a holiday
    "2026-12-31T14:59",
    "2027-01-29T10:00",  # the Friday before Tết
]
STRETCH = 90


class Checked(Days):
    """Days after each of whose steps everything must agree."""

    slate: CleanSlate

    def __init__(self) -> None:
        super().__init__()
        self.slate.wipe()
        self.province = Province(self.api)
        self.petitions = []
        self.touched = None
        self.turns = count()

    @initialize(
        start=st.sampled_from(STARTS),
        seed=st.integers(0, 2**32),
        steps=st.integers(STRETCH - 30, STRETCH),
    )
    def a_stretch_of_work(self, start: str, seed: int, steps: int) -> None:
        self.api.clock.at = datetime.fromisoformat(start).replace(tzinfo=HANOI)
        open_on_saturdays(self.province)
        chance = Random(f"{start} {seed}")
        for _ in range(steps):
            play(self, chance)
            self.the_books_agree()
            self.what_somebody_sees_agrees()

    # -- what must agree ----------------------------------------------------------------------

    @invariant()
    def the_books_agree(self) -> None:
        check_rows(self.province)

    @invariant()
    def what_somebody_sees_agrees(self) -> None:
        turn = next(self.turns)
        everything = [who for who in STAFF if who.agency == PROVINCE]
        who = everything[turn // 2 % 3] if turn % 2 else STAFF[turn * 7 % len(STAFF)]
        check_queue(self.province, who, tabs=1 << turn % 8 | 1 << turn // 3 % 8, limit=turn % 4 + 1)
        if self.touched is not None:
            had = sorted(self.touched.touched)
            holder = Who("officer", self.touched.at, f"officer@{self.touched.at}")
            former = Who("officer", had[turn % len(had)], f"officer@{had[turn % len(had)]}")
            for reader in dict.fromkeys((holder, former, EVERYBODY[turn * 5 % len(EVERYBODY)])):
                check_dossier(self.province, reader, self.touched)
            check_queue(self.province, holder, tabs=1 << turn % 8, limit=3)
            self.touched = None
        if turn % 5 == 0:
            check_list(self.province, EVERYBODY[turn // 5 * 3 % len(EVERYBODY)])
            check_annex(self.province, STAFF[0], self.province.today, self.province.today)

    @rule()
    def an_inspector_looks_at_everything(self) -> None:
        of_province = [who for who in STAFF if who.agency == PROVINCE]
        for who in (*of_province, STAFF[0], STAFF[1]):
            check_queue(self.province, who, tabs=255, limit=100)
        for who in (*CITIZENS, *of_province[:1], STAFF[3]):
            check_list(self.province, who)
        first = datetime.fromisoformat(STARTS[0]).date()
        check_annex(self.province, of_province[0], first, LAST.date())
        check_ratings(self.province, of_province[0], first, LAST.date())
        for n, petition in enumerate(self.petitions):
            check_petition(self.province, petition, EVERYBODY[n % len(EVERYBODY)])
            check_petition(self.province, petition, of_province[n % 3])


@pytest.fixture
def api(database: str, tmp_path: Path) -> Iterator[Api]:
    with running_api(database, tmp_path) as running:
        yield running


def test_whatever_people_do_the_application_agrees_with_the_model(api: Api) -> None:
    class Here(Checked):
        pass

    Here.api, Here.slate = api, CleanSlate(api)
    plan = settings(
        max_examples=int(EXAMPLES or 6),
        stateful_step_count=50 if EXAMPLES else 10,
        derandomize=EXAMPLES is None,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,),
    )
    run_state_machine_as_test(Here, settings=plan)
