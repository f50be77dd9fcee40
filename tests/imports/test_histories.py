"""Whatever course the lifecycle allows comes in as it was and is counted as brute force counts."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.lifecycle import STEPS, WAITING, Act, Status, possible_acts
from app.domain.periods import Period
from app.domain.question import Question
from app.domain.running import lines_of
from app.services import figures, recounting
from app.services.desk import Desk as ServiceDesk
from app.services.desk import Partners
from tests.imports.samples import NOW, Desk, a_row, as_objects, counts
from tests.services import brute_force

SPRING = Period(date(2019, 3, 1), date(2019, 5, 31))
_FIRST = datetime(2019, 3, 4, 7, 30, tzinfo=LOCAL_ZONE)
_MOST_PASSED_ON = 3  # hand-overs between the steps of the procedure


class _Province:
    """What brute force counts over."""

    def __init__(self, desk: Desk) -> None:
        self.desk = ServiceDesk(desk.owner, cast(Partners, None))
        self.rows = desk.rows


def _later(at: datetime, draw: Random) -> datetime:
    return at + timedelta(minutes=draw.randrange(1, 3 * 24 * 60))


def _a_history(draw: Random, at: datetime, *, online: bool) -> tuple[list[dict[str, Any]], Status]:
    """Walk through the table at random; return the acts after receipt and where they led."""
    status, before = (Status.REGISTERED if online else Status.ACCEPTED), None
    done: list[dict[str, Any]] = []
    counted = dict.fromkeys(Act, 0)
    for _ in range(draw.randrange(12)):
        acts = [act for act in possible_acts(status) if _may(act, counted, len(done))]
        if not acts:
            break
        act = draw.choice(acts)
        counted[act] += 1
        at = _later(at, draw)
        said: dict[str, Any] = {"act": str(act), "at": at.isoformat(), "reason": "Mẫu"}
        said |= {"legal_ground": "Điều 1"} if act is Act.REQUEST_SUPPLEMENT else {}
        said |= {"amount_vnd": draw.randrange(1, 9) * 1000} if act is Act.REQUEST_PAYMENT else {}
        target = STEPS[status, act].target or before
        assert target is not None
        before = status if target in WAITING else None
        status = target
        done.append(said)
    return done, status


def _may(act: Act, counted: dict[Act, int], done: int) -> bool:
    if act is Act.EXTEND:
        return False  # before the due instant only: the table of faults has it
    if act is Act.PASS_ON:
        return counted[act] < _MOST_PASSED_ON
    is_end = act in {Act.STOP, Act.WITHDRAW, Act.REFUSE}
    return not is_end or done % 4 == 3


def _dossiers(seed: int, count: int) -> list[dict[str, Any]]:
    draw = Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        at = _FIRST + timedelta(minutes=draw.randrange(40 * 24 * 60))
        channel = draw.choice(["online", "online", "desk", "post"])
        history, status = _a_history(draw, at, online=channel == "online")
        row: dict[str, Any] = a_row(
            number,
            code=f"H44.10-{at:%y%m%d}-{number:04}",
            channel=channel,
            received_at=at.isoformat(),
            status=str(status),
        )
        for name in ("due_at", "resolved_at", "returned_at"):
            del row[name]
        rows.append({**row, "history": history})
    return rows


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_random_histories_come_out_as_they_went_in(desk: Desk, seed: int) -> None:
    with desk.owner.begin() as db:
        db.execute(text("TRUNCATE dossier, intake_day, import_run, figure_closing CASCADE"))
    rows = _dossiers(seed, 25)

    found = desk.feed(as_objects(rows), "old.ndjson", batch=10)

    assert counts(found) == (25, 0, 0), found.tally.examples
    for row in rows:
        events = desk.rows(
            "SELECT act, target, occurred_at, details FROM dossier_event AS e"
            " JOIN dossier ON dossier.id = e.dossier_id WHERE code = :code ORDER BY seq",
            code=row["code"],
        )
        told = [event for event in events[1:] if not event["details"].get("derived")]
        assert [event["act"] for event in told] == [said["act"] for said in row["history"]]
        assert [event["occurred_at"] for event in told] == [
            datetime.fromisoformat(said["at"]) for said in row["history"]
        ]
        assert events[-1]["target"] == row["status"]
    _assert_figures(desk)


def _assert_figures(desk: Desk) -> None:
    province = _Province(desk)
    found = recounting.verify(province.desk, now=NOW)
    assert found.differences == []
    expected = brute_force.running(brute_force.cases(province), SPRING, NOW)
    answer = figures.running(province.desk, Question(SPRING), actor=SYSTEM, now=NOW)
    lines = lines_of(answer.total.sums)
    assert {name: lines[name] for name in expected} == dict(expected)


def test_figures_know_imported_dossiers_from_the_day_on_which_they_came(desk: Desk) -> None:
    """An answer about an earlier day stays what it was: it did not know them."""
    province = _Province(desk)
    yesterday = NOW.date() - timedelta(days=1)
    before = figures.running(
        province.desk, Question(SPRING, as_of=yesterday), actor=SYSTEM, now=NOW
    )

    desk.feed(as_objects(_dossiers(1, 10)), "old.ndjson")

    after = figures.running(province.desk, Question(SPRING, as_of=yesterday), actor=SYSTEM, now=NOW)
    assert after.total == before.total
    now = figures.running(province.desk, Question(SPRING), actor=SYSTEM, now=NOW)
    assert lines_of(now.total.sums)["received"] == 10
