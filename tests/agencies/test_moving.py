"""On the day of a change open dossiers follow their agency's successor; nothing else changes."""

import pytest

from app.db.access import acting
from app.domain.actor import SYSTEM, Role
from app.domain.agency import AgencyEnded
from app.domain.calendar_book import CalendarChange
from app.domain.lifecycle import Act
from app.domain.periods import Period
from app.domain.queue import Tab
from app.services import (
    dossiers,
    figures,
    moving,
    processing,
    queue,
    reception,
    recomputation,
    search,
)
from app.services.transition import DossierElsewhere, DossierNotFound, Request, VersionStale
from tests.agencies.ministry import Ministry, at, change, commune, merge, staff
from tests.clock.bureau import half

OLD, OTHER, NEW = "H44.29", "H44.30", "H44.60"
MERGED = change(
    "2026-10-12", merge(OLD, OTHER, into=NEW), created=[commune(NEW, "UBND phường Việt Trì")]
)
BEFORE, DAY = at("2026-10-05T08:30"), at("2026-10-12T00:00")


def a_few(ministry: Ministry) -> dict[str, str]:
    """Bring dossiers of two agencies into all statuses that are open, and some to their end."""
    made = {name: ministry.take_in(BEFORE) for name in ("accepted", "started", "asked", "passed")}
    made["other"] = ministry.take_in(BEFORE, agency=OTHER)
    made["online"] = ministry.submit(BEFORE, "1.001193")
    for name in ("started", "asked", "passed"):
        ministry.start(made[name], at("2026-10-05T09:00"))
    ministry.ask_supplement(made["asked"], at("2026-10-05T10:00"))
    ministry.hand_to(made["passed"], "H44.10", at("2026-10-05T10:00"))
    for name in ("resolved", "paid"):
        made[name] = ministry.take_in(BEFORE)
        ministry.start(made[name], at("2026-10-05T09:00"))
    ministry.resolve(made["resolved"], at("2026-10-06T09:00"))
    ministry.ask_payment(made["paid"], at("2026-10-06T09:00"))
    made["withdrawn"] = ministry.submit(BEFORE, "1.001193")
    ministry.withdraw(made["withdrawn"], at("2026-10-06T09:00"))
    return made


def test_open_dossiers_move_with_an_event_each_and_keep_code_clock_and_work(
    ministry: Ministry,
) -> None:
    made = a_few(ministry)
    kept, versions = ministry.kept(), {code: len(ministry.events(code)) for code in made.values()}
    number = ministry.enter_change(MERGED, BEFORE)
    assert ministry.work(at("2026-10-11T23:59")) == 0

    assert ministry.work(DAY, limit=3) == len(made) - 1

    assert ministry.state(number) == "done"
    assert ministry.kept() == kept
    places = ministry.places()
    assert places.pop(made["withdrawn"]) == (OLD, OLD)
    assert places.pop(made["passed"]) == (NEW, "H44.10")
    assert set(places.values()) == {(NEW, NEW)}
    for name, code in made.items():
        events = ministry.events(code)
        assert len(events) == versions[code] + (name != "withdrawn")
        assert ministry.dossier(code)["version"] == len(events)
    event = ministry.events(made["asked"])[-1]
    assert (event["act"], event["source"], event["target"]) == (
        Act.MOVE,
        "supplement_requested",
        "supplement_requested",
    )
    assert event["reason"] == (
        "UBND Thành phố Việt Trì sáp nhập vào UBND phường Việt Trì từ ngày 12/10/2026."
    )
    assert event["legal_ground"] == "Nghị quyết số 01/MAU"
    assert event["details"] == {
        "from_agency": OLD,
        "to_agency": NEW,
        "from_owner": OLD,
        "to_owner": NEW,
        "agency_change": number,
        "kind": "merge",
        "on": "2026-10-12",
    }


def test_whoever_works_there_now_goes_on_with_all_of_it(ministry: Ministry) -> None:
    made = a_few(ministry)
    ministry.enter_change(MERGED, BEFORE)
    ministry.work(DAY)
    now = at("2026-10-12T08:00")
    people = {role: staff(role, NEW) for role in (Role.RECEPTIONIST, Role.OFFICER, Role.APPROVER)}

    processing.start(ministry.desk, Request(made["accepted"], people[Role.OFFICER], now))
    ministry.supplement(made["asked"], now)
    reception.accept(ministry.desk, Request(made["online"], people[Role.RECEPTIONIST], now))
    seen = dossiers.read(ministry.desk, made["withdrawn"], actor=people[Role.OFFICER])
    assert seen["agency"]["code"] == OLD

    counts = queue.counts(ministry.desk, actor=people[Role.OFFICER], hours=None, now=now)
    assert counts.tabs[Tab.AGENCY].count == len(made) - 2
    found = search.find(
        ministry.desk,
        search.Wanted(words="tran thi mau"),
        actor=people[Role.OFFICER],
        after=None,
        limit=50,
        now=now,
    )
    assert {item["code"] for item in found.dossiers} == set(made.values())


def test_who_still_comes_with_the_old_agency_is_told_the_new_one(ministry: Ministry) -> None:
    made = a_few(ministry)
    ministry.enter_change(MERGED, BEFORE)
    ministry.work(DAY)

    with pytest.raises(AgencyEnded, match="UBND phường Việt Trì") as refusal:
        dossiers.read(ministry.desk, made["accepted"], actor=staff(Role.OFFICER, OLD))
    assert refusal.value.facts["heir"] == NEW
    with pytest.raises(DossierElsewhere):
        processing.start(ministry.desk, Request(made["passed"], staff(Role.OFFICER, NEW), DAY))


def test_whoever_had_opened_it_before_is_told_of_the_move(ministry: Ministry) -> None:
    code = ministry.take_in(BEFORE)
    ministry.enter_change(MERGED, BEFORE)
    ministry.work(DAY)

    with pytest.raises(VersionStale) as refusal:
        processing.start(ministry.desk, Request(code, staff(Role.OFFICER, NEW), DAY, version=1))
    assert [came["act"] for came in refusal.value.facts["changes"]] == [Act.MOVE]


def _week(agency: str) -> CalendarChange:
    days = tuple(half(f"2026-10-{day}", agency) for day in range(12, 17))
    return CalendarChange("Thông báo số 1", None, days)


def test_a_clock_that_began_keeps_its_calendar_and_a_new_one_takes_the_successors(
    ministry: Ministry,
) -> None:
    old, waits = ministry.take_in(BEFORE), ministry.submit(BEFORE, "1.001193")
    ministry.enter_change(MERGED, BEFORE)
    ministry.enter(_week(NEW), BEFORE)
    ministry.derive(BEFORE)
    due = ministry.due(old)
    ministry.work(DAY)
    assert ministry.due(old) == due

    # Stopped and set going again there, its time is still that of the office that promised it.
    now = at("2026-10-12T09:00")
    officer = staff(Role.OFFICER, NEW)
    processing.start(ministry.desk, Request(old, officer, now))
    ministry.ask_supplement(old, now)
    ministry.supplement(old, now)
    assert ministry.due(old) == due
    explained = dossiers.explain_deadline(ministry.desk, old, actor=officer, now=now)
    assert explained is not None
    assert explained.deadline.due_at == due

    # What is accepted there begins to run there: five mornings are two days and a half.
    reception.accept(ministry.desk, Request(waits, staff(Role.RECEPTIONIST, NEW), now))
    assert ministry.dossier(waits)["clock_agency_id"] is None
    fresh = ministry.take_in(now, "1.001193", agency=NEW)
    assert ministry.due(waits) == ministry.due(fresh)

    # Nothing moves afterwards by itself.
    due_then = ministry.due(waits)
    ministry.enter(_week("H44.10"), now)
    while recomputation.recompute_open(ministry.desk, now=now):
        pass
    assert (ministry.due(old), ministry.due(waits)) == (due, due_then)


def test_figures_of_the_past_stay_with_the_agency_of_that_day(ministry: Ministry) -> None:
    a_few(ministry)
    past = ministry.annex("2026-10-01", "2026-10-11")
    across = Period(at("2026-10-01").date(), at("2026-10-31").date())
    ministry.enter_change(MERGED, BEFORE)
    ministry.work(DAY)
    ministry.take_in(at("2026-10-12T08:00"), agency=NEW)

    assert ministry.annex("2026-10-01", "2026-10-11") == past
    with acting(ministry.desk.engine, SYSTEM) as tx:
        assert figures.recount(tx, across) == figures.received(tx, across)
        assert figures.received(tx, across)[NEW].received == 1


def test_a_split_gives_procedures_and_dossiers_to_whom_it_says(ministry: Ministry) -> None:
    paper = [ministry.take_in(BEFORE) for _ in range(3)]
    births = [ministry.take_in(BEFORE, "1.001193") for _ in range(2)]
    ended = ministry.submit(BEFORE, "1.001193")
    ministry.withdraw(ended, at("2026-10-05T10:00"))
    split = change(
        "2026-10-12",
        {
            "kind": "split",
            "agency": OLD,
            "into": NEW,
            "procedures": {"1.001193": "H44.61"},
            "dossiers": {paper[2]: "H44.62", births[1]: NEW},
        },
        created=[commune(NEW), commune("H44.61"), commune("H44.62")],
    )
    ministry.enter_change(split, BEFORE)
    ministry.work(DAY, limit=1)

    goes_to = dict(zip((*paper, *births), (NEW, NEW, "H44.62", "H44.61", NEW), strict=True))
    assert {code: owner for code, (owner, _) in ministry.places().items() if code != ended} == (
        goes_to
    )
    for agency in (NEW, "H44.61"):  # the heir keeps the archive; who took it over sees it too
        assert dossiers.read(ministry.desk, ended, actor=staff(Role.OFFICER, agency))
    with pytest.raises(DossierNotFound):
        dossiers.read(ministry.desk, ended, actor=staff(Role.OFFICER, "H44.62"))
    assert ministry.take_in(at("2026-10-12T08:00"), "1.001193", agency="H44.61")
    assert ministry.take_in(at("2026-10-12T08:00"), agency=NEW)


def test_a_renamed_agency_keeps_everything_but_its_name_from_that_day_on(
    ministry: Ministry,
) -> None:
    code = ministry.take_in(BEFORE)
    past = ministry.annex("2026-10-01", "2026-10-11")
    made = change("2026-10-12", {"kind": "rename", "agency": OLD, "name": "UBND Việt Trì mới"})
    ministry.enter_change(made, BEFORE)
    assert b"UBND Vi\xe1\xbb\x87t Tr\xc3\xac m" not in ministry.annex("2026-10-01", "2026-10-31")

    assert ministry.work(DAY) == 0

    assert ministry.annex("2026-10-01", "2026-10-11") == past
    assert "UBND Việt Trì mới".encode() in ministry.annex("2026-10-01", "2026-10-31")
    assert len(ministry.events(code)) == 1
    seen = dossiers.read(ministry.desk, code, actor=staff(Role.OFFICER, OLD))
    assert seen["agency"]["name"] == "UBND Việt Trì mới"


def test_chains_of_changes_lead_to_who_is_there_at_last(ministry: Ministry) -> None:
    code = ministry.take_in(BEFORE)
    ministry.enter_change(MERGED, BEFORE)
    ministry.enter_change(
        change("2026-10-19", merge(NEW, into="H44.61"), created=[commune("H44.61")]), BEFORE
    )

    ministry.work(at("2026-10-20T08:00"))

    assert ministry.places()[code] == ("H44.61", "H44.61")
    assert ministry.acts(code)[-2:] == [Act.MOVE, Act.MOVE]
    last = staff(Role.OFFICER, "H44.61")
    assert dossiers.read(ministry.desk, code, actor=last)
    with pytest.raises(AgencyEnded) as refusal:
        dossiers.read(ministry.desk, code, actor=staff(Role.OFFICER, OLD))
    assert refusal.value.facts["heir"] == "H44.61"


def test_what_still_came_to_an_ended_agency_is_moved_too(ministry: Ministry) -> None:
    number = ministry.enter_change(MERGED, BEFORE)
    ministry.work(DAY)
    ministry.do("UPDATE agency SET valid_to = NULL WHERE code = :code", code=OLD)
    ministry.do("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'")
    ministry.do("DELETE FROM agency_heir")
    code = ministry.take_in(at("2026-10-12T08:00"))  # entered just as the day began

    assert moving.reopen_late(ministry.desk) == 1
    ministry.work(at("2026-10-12T08:01"))

    assert ministry.places()[code] == (NEW, NEW)
    assert ministry.state(number) == "done"
    assert moving.reopen_late(ministry.desk) == 0


def test_a_calendar_change_of_the_old_office_still_finds_the_clocks_it_promised(
    ministry: Ministry,
) -> None:
    code = ministry.take_in(BEFORE)
    ministry.enter_change(MERGED, BEFORE)
    ministry.work(DAY)
    late = CalendarChange("Thông báo số 2", "Nhập muộn", (half("2026-10-06", OLD, "09:00"),))

    seen = ministry.preview(late, DAY)

    assert [move["code"] for move in seen.page] == [code]
    due = ministry.due(code)
    ministry.enter(late, DAY)
    ministry.derive(DAY)
    assert ministry.due(code) > due
