"""Random histories: sums, recount and brute force agree, and an earlier day's answer stays."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.db.figure_reasons import MEMBERSHIPS
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.intake import Channel
from app.domain.lifecycle import Act, Status, possible_acts
from app.domain.periods import Period
from app.domain.question import Group, Question
from app.domain.reasons import Reason
from app.domain.running import lines_of
from app.services import figures, reasons, recounting
from app.services import steering_index as steering
from app.services.figure_scope import Part
from tests.builders import DESK, DISTRICT, MONDAY, OTHER_DISTRICT
from tests.services import brute_force
from tests.services.office import Office

_COMPARED = (
    *("opening", "received", "open", "overdue", "waiting_supplement", "waiting_payment"),
    *("returned", "resolved_early", "resolved_on_time", "resolved_late", "refused"),
    *("withdrawn", "stopped", "closed", "in_time"),
)
_ENDING = {Act.REFUSE, Act.WITHDRAW, Act.STOP, Act.RESOLVE, Act.PASS_ON, Act.EXTEND}
HOURS = st.sampled_from([0, 0, 2, 9, 16, 25, 100, 400])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("online", "desk", "post", "drain", "pay", "calendar", "look", "block"),
                *["act"] * 12,
            ]
        ),
        st.integers(0, 59),
        HOURS,
    ),
    min_size=1,
    max_size=20,
)
FIRST_DAYS = st.integers(-3, 40).map(lambda n: date(2026, 10, 5) + timedelta(days=n))


class Play:
    """Plays steps in an office; what is not possible at that moment does not happen."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.codes: list[str] = []
        self.given: dict[Question, Any] = {}

    def step(self, kind: str, which: int, hours: int) -> None:
        office = self.office
        office.clock.move(hours=hours)
        if kind == "online":
            self.codes.append(office.submit())
        elif kind in {"desk", "post"}:
            agency = (DISTRICT, OTHER_DISTRICT)[which % 2]
            self.codes.append(office.take_in(DESK, agency, Channel(kind)))
        elif self.codes:
            code = self.codes[which % len(self.codes)]
            if kind == "act":
                self._act(code, which // len(self.codes))
            elif kind in set(Act):
                self._do(code, Act(kind))
            else:
                getattr(self, f"_{kind}")(code)

    def _act(self, code: str, choice: int) -> None:
        possible = [
            act
            for act in possible_acts(Status(self.office.dossier(code)["status"]))
            for _ in range(1 if act in _ENDING else 4)  # most histories are longer than two acts
        ]
        if possible:
            self._do(code, possible[choice % len(possible)])

    def _do(self, code: str, act: Act) -> None:
        try:
            self.office.act(code, act)
        except DomainError:
            return  # extended too late, a second time ...

    def _drain(self, _code: str) -> None:
        self.office.drain()

    def _block(self, code: str) -> None:
        self.office.change(
            "UPDATE delivery SET state = 'blocked', answer_code = '-1' FROM dossier"
            " WHERE dossier.id = dossier_id AND code = :code AND seq = 1 AND state = 'waiting'",
            code=code,
        )

    def _pay(self, code: str) -> None:
        """A payment that the platform confirms, however late."""
        self.office.change(
            "INSERT INTO payment (reference, dossier_id, purpose, method, amount_vnd, status,"
            " payer_ip, opened_at, paid_at) SELECT :code, id, 'acceptance', 'platform', 1, 'paid',"
            " '', :now, :now FROM dossier WHERE code = :code ON CONFLICT DO NOTHING",
            code=code,
            now=self.office.clock(),
        )

    def _calendar(self, code: str) -> None:
        """A day off declared late: the due instant of an open dossier moves."""
        self.office.change(
            "UPDATE dossier SET due_at = due_at + interval '1 day'"
            " WHERE code = :code AND ended_at IS NULL AND status_before IS NULL",
            code=code,
        )

    def _look(self, _code: str) -> None:
        """Ask what was known yesterday, and remember the answer."""
        day = brute_force.local(self.office.clock()) - timedelta(days=1)
        question = Question(OCTOBER, as_of=day)
        self.given[question] = self.answered(question)

    def answered(self, question: Question) -> tuple[Any, Any]:
        desk, now = self.office.desk, self.office.clock()
        lines = figures.running(desk, question, actor=SYSTEM, now=now).total
        index = steering.index(desk, question, actor=SYSTEM, now=now).total
        return lines_of(lines.sums), _counted(index)


def _told(story: str) -> list[tuple[str, int, int]]:
    """Read steps about one dossier: `withdraw+9` is done 9 hours after the one before."""
    parts = (part.partition("+") for part in story.split())
    return [(kind, 0, int(hours or 0)) for kind, _, hours in parts]


OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))


def _counted(part: steering.PartScore) -> dict[str, tuple[int, int]]:
    return {
        one.definition.id: (one.numerator, one.denominator)
        for one in part.score.figures
        if one.numerator is not None and one.denominator is not None
    }


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS, FIRST_DAYS, st.integers(0, 45))
@example(_told("desk start request_supplement supplement request_supplement"), MONDAY.date(), 3)
@example(_told("desk start request_supplement look+400"), MONDAY.date(), 30)
@example(_told("desk start+400 request_supplement+9 supplement+9 resolve"), MONDAY.date(), 30)
@example(_told("desk start request_payment+400 settle+9 resolve+9"), MONDAY.date(), 60)
@example(_told("desk start request_payment+400 withdraw+9"), MONDAY.date(), 60)
@example(
    _told("online accept+9 start+9 resolve+30 look+25 return_result look+25"), MONDAY.date(), 2
)
@example(_told("online+9 withdraw+400"), MONDAY.date(), 30)
@example(_told("online request_supplement+9 supplement+100 accept start stop"), MONDAY.date(), 9)
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
        for figure, numbers in brute_force.steering(known, period, now).items():
            assert counted[figure] == numbers, figure
            if period == OCTOBER:
                _check_reasons(play, question, figure, numbers)
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
        page = reasons.Page(which, limit=100)
        found = reasons.why(desk, question, figure, page, actor=SYSTEM, now=now)
        assert all((one.reason is None) == (which == "numerator") for one in found.page)
        return [one.code for one in found.page], found.by_reason

    counted, by_reason = listed("numerator")
    missing, _ = listed("missing")
    assert (len(counted), len(counted) + len(missing)) == numbers
    assert sum(by_reason.values()) == numbers[1]
    assert by_reason.get(None, 0) == numbers[0]
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


def _check_changes(play: Play, question: Question) -> None:
    """What an earlier answer was, and every change since, make the answer of now."""
    desk, now = play.office.desk, play.office.clock()
    for figure in MEMBERSHIPS:
        page = reasons.Page(limit=100)
        found = reasons.changed_since(desk, question, figure, page, actor=SYSTEM, now=now)
        done = sum(
            (c.is_in and not c.reason_now) - (c.was_in and not c.reason_then) for c in found.page
        )
        every = sum(c.is_in - c.was_in for c in found.page)
        assert (found.then.numerator or 0) + done == (found.now.numerator or 0), figure
        assert (found.then.denominator or 0) + every == (found.now.denominator or 0), figure


def _balances(part: Part) -> None:
    lines: Mapping[str, int] = lines_of(part.sums)
    brought = lines["opening"] + lines["received"] + lines["moved_in"] - lines["moved_out"]
    assert brought == lines["closed"] + lines["open"]
    assert min(lines.values()) >= 0
