"""The recount names what is wrong; mergers, closed days and bulk loads keep the books right."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import create_engine

from app.db.figures import FACTS
from app.domain.actor import SYSTEM
from app.domain.periods import Period
from app.domain.question import Question
from app.services import bookkeeping, figures, recounting
from tests.builders import DESK, DISTRICT, MONDAY
from tests.services.office import Office
from tests.services.replays import OFTEN, a_march, play

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture(scope="module")
def played(shared_office: Office) -> Office:
    play(shared_office.owner, a_march(3, 3), odds=OFTEN)
    return shared_office


def test_a_replay_keeps_the_books_in_its_own_transactions(played: Office) -> None:
    assert played.one("SELECT count(*) AS n FROM figure_mark")["n"] == 0

    found = recounting.verify(played.desk, now=played.clock())

    assert (found.dossiers, found.differences) == (138, [])


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ("UPDATE figure_fact SET late_on = received_on, late_why = 'past_due'", "fact"),
        ("UPDATE figure_entry SET received = received + 1", "day"),
        ("UPDATE figure_month SET late = late + 1", "month"),
        ("UPDATE figure_rollup SET handled = handled + 1", "rollup"),
        ("UPDATE dossier SET received_on = received_on - 1", "fact"),
        ("UPDATE intake_day SET last_number = last_number + 1, desk = desk + 1", "number"),
    ],
)
def test_every_difference_is_named(played: Office, wrong: str, what: str) -> None:
    table = wrong.split()[1]
    kept = played.rows(f"SELECT ctid::text AS at, {table}.* FROM {table} LIMIT 1")[0]
    restore = wrong.replace("+ 1", "- 1").replace("received_on - 1", "received_on + 1")
    played.change(f"{wrong} WHERE ctid = CAST(:at AS tid)", at=kept["at"])
    played.change("DELETE FROM figure_mark")
    try:
        found = recounting.verify(played.desk, now=played.clock())

        assert what in {difference["what"] for difference in found.differences}
        last = played.one("SELECT * FROM figure_check ORDER BY id DESC LIMIT 1")
        assert last["differences"] == len(found.differences) > 0
    finally:
        if table == "figure_fact":
            played.change(
                "UPDATE figure_fact SET late_on = :on, late_why = :why WHERE dossier_id = :id",
                on=kept["late_on"],
                why=kept["late_why"],
                id=kept["dossier_id"],
            )
        else:
            where = {
                name: value
                for name, value in kept.items()
                if name in {"recorded_on", "received_month", "month", "day", "agency_id"}
                or name in {"procedure_version_id", "channel", "kind", "span", "since", "part"}
                or (name == "received_on" and table == "figure_entry")
                or (name == "id" and table == "dossier")
            }
            conditions = " AND ".join(f"{name} = :{name}" for name in where)
            played.change(f"{restore} WHERE {conditions}", **where)
            played.change("DELETE FROM figure_mark")
    assert recounting.verify(played.desk, now=played.clock()).is_right


def test_a_fact_of_no_dossier_is_named(played: Office) -> None:
    stray = played.one("SELECT max(dossier_id) AS id FROM figure_fact")["id"] + 1_000_000
    names = ", ".join(FACTS)
    played.change(
        f"INSERT INTO figure_fact (dossier_id, recorded_on, until_on, {names})"
        f" SELECT :stray, recorded_on, until_on, {names} FROM figure_fact LIMIT 1",
        stray=stray,
    )
    try:
        found = recounting.verify(played.desk, now=played.clock())

        told = [each for each in found.differences if each["what"] == "fact"]
        assert [each["recounted"] for each in told] == [dict.fromkeys(told[0]["kept"])]
    finally:
        played.change("DELETE FROM figure_fact WHERE dossier_id = :stray", stray=stray)
    assert recounting.verify(played.desk, now=played.clock()).is_right


def test_a_fault_in_all_facts_is_told_a_hundred_times(played: Office) -> None:
    played.change("UPDATE figure_fact SET status = status || '!'")
    try:
        found = recounting.verify(played.desk, now=played.clock())

        assert [each["what"] for each in found.differences] == ["fact"] * 100
        assert all(
            each["kept"] == {"status": f"{each['recounted']['status']}!"}
            for each in found.differences
        )
    finally:
        played.change("UPDATE figure_fact SET status = rtrim(status, '!')")
    assert recounting.verify(played.desk, now=played.clock()).is_right


def test_it_asks_for_no_more_connections_than_there_are(
    played: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recounting, "_AT_A_TIME", 8)  # a machine of many processors
    url = played.owner.url
    few = create_engine(url, pool_size=1, max_overflow=1, pool_timeout=0)  # none is waited for
    try:
        assert recounting.verify(replace(played.desk, engine=few), now=played.clock()).is_right
    finally:
        few.dispose()


def test_emptied_dossiers_leave_no_books(office: Office) -> None:
    office.take_in(DESK, DISTRICT)
    bookkeeping.bring_up_to_date(office.desk, now=office.clock())
    assert office.one("SELECT sum(received) AS n FROM figure_month")["n"] == 1

    office.change("TRUNCATE dossier, intake_day CASCADE")

    for table in ("figure_fact", "figure_entry", "figure_month", "figure_mark"):
        assert office.one(f"SELECT count(*) AS n FROM {table}")["n"] == 0


def test_what_is_told_after_a_day_was_asked_about_belongs_to_the_next(office: Office) -> None:
    code = office.take_in(DESK, DISTRICT)
    office.clock.at = MONDAY + timedelta(days=1)
    yesterday = Question(OCTOBER, as_of=MONDAY.date())

    before = figures.running(office.desk, yesterday, actor=SYSTEM, now=office.clock())
    office.change(  # an act of yesterday whose machine is slow to commit
        "INSERT INTO payment (reference, dossier_id, purpose, method, amount_vnd, status,"
        " payer_ip, opened_at, paid_at) SELECT 'x', id, 'acceptance', 'platform', 1, 'paid', '',"
        " :at, :at FROM dossier WHERE code = :code",
        code=code,
        at=MONDAY + timedelta(minutes=1),
    )
    after = figures.running(office.desk, yesterday, actor=SYSTEM, now=office.clock())

    assert before.total == after.total
    versions = office.rows("SELECT * FROM figure_fact ORDER BY recorded_on")
    assert [row["recorded_on"] for row in versions] == [date(2026, 10, 5), date(2026, 10, 6)]
    assert [row["is_paid_online"] for row in versions] == [False, True]


def test_a_late_payment_corrects_the_day_of_receipt(office: Office) -> None:
    code = office.submit()
    office.clock.move(days=40)
    office.change(
        "INSERT INTO payment (reference, dossier_id, purpose, method, amount_vnd, status,"
        " payer_ip, opened_at, paid_at) SELECT 'x', id, 'acceptance', 'platform', 1, 'paid', '',"
        " :at, :at FROM dossier WHERE code = :code",
        code=code,
        at=office.clock(),
    )

    now = figures.running(office.desk, Question(OCTOBER), actor=SYSTEM, now=office.clock())
    then = Question(OCTOBER, as_of=OCTOBER.last)
    past = figures.running(office.desk, then, actor=SYSTEM, now=office.clock())
    assert now.total.sums["paid_online"] == 1
    assert past.total.sums.get("paid_online", 0) == 0


def test_the_nightly_recount_is_done_once_a_night(office: Office) -> None:
    night = MONDAY.replace(hour=2, minute=30)

    assert not recounting.verify_nightly(office.desk, now=MONDAY.replace(hour=1))
    assert recounting.verify_nightly(office.desk, now=night)
    assert not recounting.verify_nightly(office.desk, now=night + timedelta(hours=5))
    assert recounting.verify_nightly(office.desk, now=night + timedelta(days=1))


def test_more_than_an_answer_can_wait_for_is_refused_and_never_left_out(office: Office) -> None:
    office.take_in(DESK, DISTRICT)

    with pytest.raises(bookkeeping.FiguresBehind):
        bookkeeping.bring_up_to_date(office.desk, now=office.clock(), batches=0)
