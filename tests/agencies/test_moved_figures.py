"""Figures across reorganisations: each agency keeps its past, the province's sums do not change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from app.db.reference import References
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.errors import DomainError
from app.domain.periods import Period
from app.domain.question import Group, Question
from app.domain.reasons import Page
from app.domain.running import lines_of
from app.services import bookkeeping, figures, reasons, recounting, steering_index
from tests.agencies.ministry import Ministry, at, change, commune, merge
from tests.clock.bureau import PARTIAL
from tests.services import brute_force

MONDAY = at("2026-10-05T08:00")
AGENCIES = ["H44.28", "H44.29", "H44.30"]
COMPARED = (
    *("opening", "received", "moved_in", "moved_out", "closed", "open", "overdue", "returned"),
    *("waiting_supplement", "waiting_payment", "resolved_late", "withdrawn"),
)
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))

ACTS = ("start", "ask_supplement", "supplement", "ask_payment", "settle", "resolve", "withdraw")
KINDS = st.sampled_from([*["take_in"] * 3, *ACTS * 2, *["merge"] * 3, "look"])
STEPS = st.lists(
    st.tuples(KINDS, st.integers(0, 20), st.sampled_from([1, 9, 30, 200])), min_size=4, max_size=20
)


class Play:
    """Plays steps in a province whose agencies change; what is not possible does not happen."""

    def __init__(self, ministry: Ministry) -> None:
        self.ministry = ministry
        self.now = MONDAY
        self.codes: list[str] = []
        self.living = list(AGENCIES)
        self.given: dict[Question, Any] = {}

    def step(self, kind: str, which: int, hours: int) -> None:
        self.now += timedelta(hours=hours)
        if kind == "take_in":
            agency = self.living[which % len(self.living)]
            self.codes.append(self.ministry.take_in(self.now, PARTIAL, agency))
        elif kind == "merge":
            self._merge(which)
        elif kind == "look":
            self._look()
        elif self.codes:
            act: Callable[[str, datetime], None] = getattr(self.ministry, kind)
            try:
                act(self.codes[which % len(self.codes)], self.now)
            except DomainError:
                return

    def _merge(self, which: int) -> None:
        """Merge an agency into another, a new one where it is the last; at midnight it holds."""
        agency = self.living.pop(which % len(self.living))
        created = []
        if not self.living:
            self.living = [f"H44.{60 + which}"]
            created = [commune(self.living[0], "UBND xã còn lại")]
        into = self.living[which % len(self.living)]
        day = self.now.date() + timedelta(days=1)
        made = change(str(day), merge(agency, into=into), created=created)
        try:
            self.ministry.enter_change(made, self.now)
        except DomainError:
            self.living = [agency] if created else [*self.living, agency]
            return
        self.now = datetime.combine(day, time(), LOCAL_ZONE)
        self.ministry.work(self.now, limit=2)

    def _look(self) -> None:
        """Ask what was known yesterday, and remember the answer."""
        question = Question(OCTOBER, group=Group.AGENCY, as_of=self.now.date() - timedelta(days=1))
        self.given[question] = self.lines(question)

    def lines(self, question: Question) -> dict[str, dict[str, int]]:
        answer = figures.running(self.ministry.desk, question, actor=SYSTEM, now=self.now)
        lines = {part.code: dict(lines_of(part.sums)) for part in answer.parts}
        return {code: counted for code, counted in lines.items() if any(counted.values())}


def _told(story: str) -> list[tuple[str, int, int]]:
    """Read steps about one dossier of one agency, each an hour after the one before."""
    return [(kind, 0, 1) for kind in story.split()]


@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # making it smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS, st.integers(1, 20), st.integers(0, 30))
@example(_told("take_in start ask_supplement merge supplement merge resolve merge look"), 5, 2)
@example(_told("take_in start ask_payment merge merge settle look resolve merge"), 6, 0)
@example([*_told("take_in start"), ("resolve", 0, 400), *_told("merge merge look")], 5, 30)
@example([*_told("take_in start"), ("merge", 0, 600), *_told("merge withdraw look")], 20, 30)
def test_each_agency_s_sums_are_what_counting_every_dossier_gives(
    ministry: Ministry, steps: list[tuple[str, int, int]], first: int, days: int
) -> None:
    ministry.empty()
    ministry.do("TRUNCATE figure_closing")
    # What an example before this one made of the agencies is not remembered.
    play = Play(replace(ministry, desk=replace(ministry.desk, references=References())))
    for step in steps:
        play.step(*step)

    known = brute_force.cases(ministry)
    begin = date(2026, 10, first)
    for period in (Period(begin, begin + timedelta(days=days)), OCTOBER, YEAR):
        _check_running(play, known, period)
        _check_index(play, known, period)
    assert recounting.verify(ministry.desk, now=play.now).differences == []
    for question, answer in play.given.items():
        assert play.lines(question) == answer


def _check_running(play: Play, known: list[brute_force.Case], period: Period) -> None:
    found = play.lines(Question(period, group=Group.AGENCY))
    agencies = {move["details"]["to_owner"] for case in known for move in case.moves}
    for agency in {*AGENCIES, *agencies, *found}:
        expected = brute_force.running(known, period, play.now, agency)
        lines = found.get(agency, dict.fromkeys(COMPARED, 0))
        assert {name: lines[name] for name in COMPARED} == {
            name: expected[name] for name in COMPARED
        }, agency
        brought = lines["opening"] + lines["received"] + lines["moved_in"]
        assert brought == lines["closed"] + lines["open"] + lines["moved_out"]
    whole = brute_force.running(known, period, play.now)
    for name in COMPARED:
        assert sum(lines[name] for lines in found.values()) == whole[name], name
    assert whole["moved_in"] == whole["moved_out"]


def _check_index(play: Play, known: list[brute_force.Case], period: Period) -> None:
    desk, question = play.ministry.desk, Question(period, group=Group.AGENCY)
    answer = steering_index.index(desk, question, actor=SYSTEM, now=play.now)
    for part in (*answer.parts, answer.total):
        scored = part.score.figures
        counted = {one.definition.id: (one.numerator, one.denominator) for one in scored}
        expected = brute_force.steering(known, period, play.now, part.code or None)
        for figure, numbers in expected.items():
            assert counted[figure] == numbers, (part.code, figure)
        if part.code in AGENCIES:
            _check_listed(play, Question(period, agency=part.code), expected.get("2.1", (0, 0))[1])


def _check_listed(play: Play, question: Question, expected: int) -> None:
    page = Page("denominator", limit=100)
    found = reasons.why(play.ministry.desk, question, "2.1", page, actor=SYSTEM, now=play.now)
    assert len(found.page) == expected


def test_a_dossier_whose_owner_the_books_do_not_know_is_named(ministry: Ministry) -> None:
    code = ministry.take_in(MONDAY, PARTIAL, AGENCIES[0])
    bookkeeping.bring_up_to_date(ministry.desk, now=MONDAY)
    ministry.do(
        "UPDATE dossier SET received_agency_id = agency_id, version = version + 1, agency_id ="
        " (SELECT id FROM agency WHERE code = :other) WHERE code = :code",
        code=code,
        other=AGENCIES[1],
    )

    found = recounting.verify(ministry.desk, now=MONDAY)

    assert [(one["what"], one["dossier"]) for one in found.differences] == [("owner", code)]


def test_after_a_merger_annexes_of_the_past_name_and_count_who_received(
    ministry: Ministry,
) -> None:
    ministry.take_in(MONDAY, PARTIAL, AGENCIES[0])
    september = ministry.annex("2026-10-01", "2026-10-10")
    ministry.enter_change(change("2026-10-12", merge(AGENCIES[0], into=AGENCIES[1])), MONDAY)

    assert ministry.work(at("2026-10-12T00:00")) == 1

    assert ministry.annex("2026-10-01", "2026-10-10") == september
    play = Play(ministry)
    play.now = at("2026-10-12T09:00")
    after = play.lines(Question(Period(date(2026, 10, 12), date(2026, 10, 31)), group=Group.AGENCY))
    assert {code: (row["moved_out"], row["moved_in"]) for code, row in after.items()} == {
        AGENCIES[0]: (1, 0),
        AGENCIES[1]: (0, 1),
    }
