"""Figure 1.4: what the portal holds more than was received counts, and stays as it was known."""

from datetime import date, timedelta
from fractions import Fraction

from app.db.access import acting
from app.db.portal_held import PortalHeld, portal_held
from app.domain.actor import SYSTEM
from app.domain.lifecycle import Act
from app.domain.periods import Period
from app.domain.question import Group, Question
from app.domain.reasons import Reason
from app.domain.reconciliation import Span
from app.services import reasons, reconciling, steering_index
from tests.builders import JUSTICE
from tests.services.office import Office
from tests.services.reconciled import Ticking, asking, drop, plant

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))


def _counts(office: Office, **asked: object) -> tuple[int | None, int | None]:
    question = Question(OCTOBER, **asked)  # type: ignore[arg-type]
    index = steering_index.index(office.desk, question, actor=SYSTEM, now=office.clock())
    found = index.total.score.figure("1.4")
    for part in index.parts:
        assert part.score.figure("1.4").denominator is not None
    return found.numerator, found.denominator


def _reconcile(office: Office, first: date, last: date, agency: str | None = None) -> None:
    desk = asking(office.desk)
    run = reconciling.begin(desk, Span(first, last, agency), actor=SYSTEM, now=office.clock())
    assert run is not None
    assert reconciling.work(desk, run, Ticking(office.clock()))


def test_the_denominator_is_the_greater_of_both_sides_as_it_was_known(office: Office) -> None:
    code = office.walk(Act.SUBMIT, Act.ACCEPT)
    for _ in range(2):
        office.submit()
    office.settle()
    assert _counts(office) == (3, 3)
    day = office.clock().date()
    unknown = [f"{code[:-1]}{n}" for n in (4, 5)]
    for one in unknown:
        plant(office, code, one)

    _reconcile(office, OCTOBER.first, OCTOBER.last)

    assert _counts(office) == (3, 5)
    assert _counts(office, group=Group.AGENCY) == (3, 5)
    assert _counts(office, agency=JUSTICE) == (3, 5)
    assert _counts(office, agency="H44.29") == (0, 0)
    assert _counts(office, group=Group.CHANNEL) == (3, 3)  # not known by channel
    lost = reasons.losses(office.desk, Question(OCTOBER), actor=SYSTEM, now=office.clock())
    [loss] = [one for one in lost.losses if one.figure.id == "1.4"]
    assert (loss.reason, loss.dossiers) == (Reason.UNKNOWN_HERE, 2)
    assert loss.points_lost == lost.score.figure("1.4").lost == Fraction(6 * 2, 5)

    office.clock.move(days=1)
    for one in unknown:
        drop(office, one)
    assert _counts(office, as_of=day) == (3, 5)
    _reconcile(office, OCTOBER.first, OCTOBER.last)
    assert _counts(office) == (3, 3)
    assert _counts(office, as_of=day) == (3, 5)


def test_the_run_that_covers_most_of_a_month_counts_then_the_newest(office: Office) -> None:
    day, first = office.clock().date(), OCTOBER.first
    code = office.submit()
    office.settle()
    _reconcile(office, first, day)
    plant(office, code, f"{code[:-1]}2")
    _reconcile(office, day, day)  # not from the month's first day: no part of a month
    _reconcile(office, first, day - timedelta(days=1))

    def held(as_of: date | None = None, period: Period = OCTOBER) -> list[PortalHeld]:
        with acting(office.desk.engine, SYSTEM) as tx:
            ids = list(office.desk.references.catalogue(tx).agency_ids.values())
            return list(portal_held(tx, period, ids, as_of=as_of).values())

    assert [(one.received, one.held, one.unknown_here) for one in held()] == [(1, 1, 0)]
    _reconcile(office, first, day, agency=JUSTICE)
    assert [(one.received, one.surplus) for one in held()] == [(1, 1)]
    assert held(as_of=day - timedelta(days=1)) == []
    assert held(period=Period(first + timedelta(days=1), OCTOBER.last)) == []
    assert held(period=Period(first, day - timedelta(days=2))) == []
