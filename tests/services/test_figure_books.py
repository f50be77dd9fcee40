"""Random histories: sums, recount and brute force agree, and an earlier day's answer stays."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.db.access import acting
from app.db.figure_memberships import MEMBERSHIPS
from app.domain.actor import SYSTEM
from app.domain.periods import Period
from app.domain.question import Group, Question
from app.domain.reasons import Page, Reason, weight
from app.domain.running import lines_of
from app.services import durations, figures, reasons, recounting
from app.services.figure_scope import Part
from tests.builders import DISTRICT, MONDAY
from tests.services import brute_force
from tests.services.figure_play import FIRST_DAYS, OCTOBER, STEPS, Play, told
from tests.services.office import Office

_COMPARED = (
    *("opening", "received", "open", "overdue", "waiting_supplement", "waiting_payment"),
    *("returned", "resolved_early", "resolved_on_time", "resolved_late", "refused"),
    *("withdrawn", "stopped", "closed", "in_time"),
    *("answered", "answered_late", "answered_in_time"),
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS, FIRST_DAYS, st.integers(0, 45))
@example(told("desk start request_supplement supplement request_supplement"), MONDAY.date(), 3)
@example(told("desk start request_supplement look+400"), MONDAY.date(), 30)
@example(told("desk start+400 request_supplement+9 supplement+9 resolve"), MONDAY.date(), 30)
@example(told("desk start request_payment+400 settle+9 resolve+9"), MONDAY.date(), 60)
@example(told("desk start request_payment+400 withdraw+9"), MONDAY.date(), 60)
@example(told("online accept+9 start+9 resolve+30 look+25 return_result look+25"), MONDAY.date(), 2)
@example(told("online+9 withdraw+400"), MONDAY.date(), 30)
@example(told("online request_supplement+9 supplement+100 accept start stop"), MONDAY.date(), 9)
@example(
    told("again again scan start resolve rate+2 look+25 complain+100 look+25"), MONDAY.date(), 9
)
@example(
    told("scan start+9 request_supplement+9 supplement+30 resolve+400 rate"), MONDAY.date(), 60
)
@example(
    [*told("desk start resolve"), ("complain", 1, 1), ("reply", 2, 400), *told("look+25")],
    MONDAY.date(),
    45,
)
def test_sums_are_what_counting_every_dossier_gives(
    office: Office, steps: list[tuple[str, int, int]], first: date, days: int
) -> None:
    with office.owner.begin() as db:
        db.exec_driver_sql("TRUNCATE dossier, intake_day, figure_closing CASCADE")
    office.clock.at = MONDAY
    play = Play(office)
    for step in steps:
        play.step(*step)
    now = office.clock()
    known = brute_force.cases(office)
    for period in (Period(first, first + timedelta(days=days)), OCTOBER):
        question = Question(period)
        running, counted = play.answered(question)
        expected = brute_force.running(known, period, now)
        assert {name: running[name] for name in _COMPARED} == {
            name: expected[name] for name in _COMPARED
        }
        expected_index = brute_force.steering(known, period, now)
        expected_index["5.2"] = brute_force.petitions(office, period)
        for figure, numbers in expected_index.items():
            assert counted.get(figure) == numbers, figure
            if period == OCTOBER and figure in MEMBERSHIPS:
                _check_reasons(play, question, figure, numbers)
        _check_late(play, question, known)
        _check_officers(play, question, known)
        _check_parts(play, question)
    _check_losses(play, Question(OCTOBER))

    assert recounting.verify(office.desk, now=now).differences == []
    for question, answer in play.given.items():
        assert play.answered(question) == answer
        _check_changes(play, question)


def _check_parts(play: Play, question: Question) -> None:
    for group in Group:
        asked = Question(question.period, group=group)
        answer = figures.running(play.office.desk, asked, actor=SYSTEM, now=play.office.clock())
        _balances(answer.total)
        for part in answer.parts:
            _balances(part)
        summed = [lines_of(part.sums) for part in answer.parts]
        whole = lines_of(answer.total.sums)
        assert {name: sum(lines[name] for lines in summed) for name in whole} == whole


def _check_reasons(play: Play, question: Question, figure: str, numbers: tuple[int, int]) -> None:
    """The dossiers listed are those counted, each missing one with its reason."""
    desk, now = play.office.desk, play.office.clock()

    def listed(which: str) -> tuple[list[str], Mapping[Reason | None, int]]:
        page = Page(which, limit=100)
        found = reasons.why(desk, question, figure, page, actor=SYSTEM, now=now)
        assert all((one.reason is None) == (which == "numerator") for one in found.page)
        return [one.code for one in found.page], found.by_reason

    counted, by_reason = listed("numerator")
    missing, _ = listed("missing")
    twice = by_reason.get(Reason.LATE_AND_DISPLEASED, 0)
    assert (len(counted) - twice, len(counted) + len(missing)) == numbers
    assert sum(by_reason.values()) == numbers[1]
    assert by_reason.get(None, 0) - twice == numbers[0]
    assert not set(counted) & set(missing)


def _check_losses(play: Play, question: Question) -> None:
    desk, now = play.office.desk, play.office.clock()
    found = reasons.losses(desk, question, actor=SYSTEM, now=now)
    for one in found.score.figures:
        if one.definition.id in MEMBERSHIPS and one.lost is not None:
            shares = [loss for loss in found.losses if loss.figure.id == one.definition.id]
            assert sum(loss.points_lost for loss in shares) == one.lost
    mended = reasons.what_if(desk, question, list(Reason), actor=SYSTEM, now=now).then
    for one in mended.figures:
        if one.definition.id in MEMBERSHIPS and one.rate is not None:
            assert one.rate == 1


def _check_late(play: Play, question: Question, known: list[brute_force.Case]) -> None:
    desk, now = play.office.desk, play.office.clock()
    with acting(desk.engine, SYSTEM) as tx:
        calendar = desk.references.calendar(tx, DISTRICT)
    expected = brute_force.late_by_days(known, question.period, now, calendar)
    rows, total = durations.late(
        desk, replace(question, group=Group.OFFICER), actor=SYSTEM, now=now
    )
    for counts, days in ((total.resolved, expected["resolved"]), (total.open, expected["open"])):
        for n, (first, last) in enumerate(durations.BUCKETS):
            within = (count for day, count in days.items() if first <= day <= (last or day))
            assert counts[n] == sum(within)
    for n in range(len(durations.BUCKETS)):
        assert sum(row.open[n] for row in rows) == total.open[n]
    lines = lines_of(figures.running(desk, question, actor=SYSTEM, now=now).total.sums)
    assert (sum(total.resolved), sum(total.open)) == (lines["resolved_late"], lines["overdue"])


def _check_officers(play: Play, question: Question, known: list[brute_force.Case]) -> None:
    desk, now = play.office.desk, play.office.clock()
    asked = replace(question, group=Group.OFFICER)
    parts = {p.code: p for p in figures.running(desk, asked, actor=SYSTEM, now=now).parts}
    for officer, cases in brute_force.by_officer(known).items():
        part = parts.get(officer or "-")
        lines = lines_of(part.sums if part else {})
        expected = brute_force.running(cases, question.period, now)
        assert {name: lines[name] for name in _COMPARED} == {
            name: expected[name] for name in _COMPARED
        }


def _check_changes(play: Play, question: Question) -> None:
    """What an earlier answer was, and every change since, make the answer of now."""
    desk, now = play.office.desk, play.office.clock()

    def counts(is_in: bool, reason: Reason | None) -> int:  # noqa: FBT001  (a pair of a change)
        return is_in and 1 - (weight(reason) if reason else 0)

    for figure in MEMBERSHIPS.keys() - {"4.4"}:  # the shared store has given no file yet
        page = Page(limit=100)
        found = reasons.changed_since(desk, question, figure, page, actor=SYSTEM, now=now)
        done = sum(
            counts(c.is_in, c.reason_now) - counts(c.was_in, c.reason_then) for c in found.page
        )
        every = sum(c.is_in - c.was_in for c in found.page)
        assert (found.then.numerator or 0) + done == (found.now.numerator or 0), figure
        assert (found.then.denominator or 0) + every == (found.now.denominator or 0), figure


def _balances(part: Part) -> None:
    lines: Mapping[str, int] = lines_of(part.sums)
    brought = lines["opening"] + lines["received"] + lines["moved_in"] - lines["moved_out"]
    assert brought == lines["closed"] + lines["open"]
    assert min(lines.values()) >= 0
