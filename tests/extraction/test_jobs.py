"""Extractions that workers make: asked for over HTTP or by a schedule, each made once."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.db.access import acting
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.extraction import Kind
from app.domain.schedules import Every, next_due, period_before
from app.services import extraction_schedules, extraction_work
from tests.builders import DISTRICT, OTHER_DISTRICT, PROVINCE, Person, refused, succeeded
from tests.extraction.conftest import SPRING, TODAY, Province

BODY = {"kind": "dossiers", "from": str(SPRING.first), "to": str(SPRING.last)}


@pytest.fixture(autouse=True)
def nothing_asked(province: Province) -> None:
    province.api.clock.at = TODAY
    with province.api.owner.begin() as db:
        db.exec_driver_sql("TRUNCATE extraction, extraction_schedule CASCADE")


def analyst(province: Province, agency: str = PROVINCE) -> Person:
    return province.api.person(Role.ANALYST, agency)


def asked(province: Province, agency: str = PROVINCE, **changes: str) -> str:
    body = {**BODY, **changes}
    return str(succeeded(analyst(province, agency).post("/v1/extractions", body))["id"])


def worked(
    province: Province, now: Callable[[], datetime] | None = None, closing: Event | None = None
) -> int:
    return extraction_work.work(
        province.desk, now or province.api.clock, closing=closing or Event()
    )


def shown(province: Province, key: str, agency: str = PROVINCE) -> dict[str, Any]:
    return succeeded(analyst(province, agency).get(f"/v1/extractions/{key}"))


def test_what_is_asked_for_is_made_by_a_worker_and_fetched_as_the_manifest_says(
    province: Province,
) -> None:
    who = analyst(province)
    made = succeeded(who.post("/v1/extractions", BODY))
    assert (made["state"], made["files"]) == ("waiting", [])
    refused(
        who.get(f"/v1/extractions/{made['id']}/files/manifest.json"), 409, "extraction.not_ready"
    )

    assert worked(province) == 1
    assert worked(province) == 0

    found = shown(province, made["id"])
    assert found["state"] == "done"
    assert found["parts_done"] == found["parts_total"] == 4
    assert found["rows_done"] == found["rows_total"] > 100
    manifest = succeeded(who.get(f"/v1/extractions/{made['id']}/files/manifest.json"))
    assert manifest["period"]["from"] == BODY["from"]
    files = {file["name"]: file for file in found["files"]}
    assert {file["name"] for file in manifest["files"]} == files.keys() - {"manifest.json"}
    for file in manifest["files"]:
        answer = who.get(files[file["name"]]["href"])
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
        assert len(answer.content) == file["size_bytes"] == int(answer.headers["Content-Length"])
    missing = who.get(f"/v1/extractions/{made['id']}/files/la.csv")
    refused(missing, 404, "extraction.file_not_found")


def test_parts_in_folders_are_fetched_by_their_whole_name(province: Province) -> None:
    key = asked(province, kind="parquet", agency=DISTRICT)
    worked(province)

    names = [file["name"] for file in shown(province, key)["files"]]
    [name] = [name for name in names if name.startswith("month=2021-03/")]
    answer = analyst(province).get(f"/v1/extractions/{key}/files/{name}")

    assert name == f"month=2021-03/agency={DISTRICT}/part-0.parquet"
    assert answer.content[:4] == b"PAR1"


def test_a_long_list_is_read_page_by_page(province: Province) -> None:
    keys = [asked(province, PROVINCE) for _ in range(3)]
    who, found, after = analyst(province), list[str](), dict[str, str]()

    while True:
        page = succeeded(who.get("/v1/extractions", limit=1, **after))
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert sorted(found) == sorted(keys)
    for nonsense in ("x", "WzEsMl0", "WyIyMDI2LTEwLTA1IiwgIngiXQ"):
        refused(who.get("/v1/extractions", after=nonsense), 400, "cursor.refused")


def test_the_same_request_is_the_same_extraction(province: Province) -> None:
    key = str(uuid4())
    who = analyst(province)

    first, second = (succeeded(who.post("/v1/extractions", BODY, key=key))["id"] for _ in range(2))

    assert first == second
    assert len(succeeded(who.get("/v1/extractions"))["items"]) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ANALYST, Role.SYSTEM}))
def test_extractions_are_for_analysts(province: Province, role: Role) -> None:
    agency = None if role in {Role.APPLICANT, Role.PARTNER} else PROVINCE
    who = province.api.person(role, agency)
    schedule = {"kind": "annex", "every": "month"}

    for answer in (
        who.post("/v1/extractions", BODY),
        who.get("/v1/extractions"),
        who.get(f"/v1/extractions/{uuid4()}"),
        who.get(f"/v1/extractions/{uuid4()}/files/manifest.json"),
        who.post("/v1/extraction-schedules", schedule),
        who.get("/v1/extraction-schedules"),
        who.send("DELETE", f"/v1/extraction-schedules/{uuid4()}"),
    ):
        refused(answer, 403, "extraction.refused")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"from": "2021-05-01"}, 422, "period.refused"),
        ({"agency": PROVINCE}, 403, "figures.role_refused"),
        ({"agency": OTHER_DISTRICT}, 403, "figures.role_refused"),
        ({"as_of": "2999-01-01"}, 422, "figures.as_of_refused"),
        ({"kind": "open_data"}, 403, "extraction.refused"),
        ({"kind": "open_data", "from": "2021-03-02"}, 422, "extraction.faulty"),
    ],
)
def test_what_cannot_be_made_for_an_analyst_of_a_district_is_refused_at_once(
    province: Province, changes: dict[str, str], status: int, code: str
) -> None:
    answer = analyst(province, DISTRICT).post("/v1/extractions", {**BODY, **changes})

    refused(answer, status, code)
    assert province.rows("SELECT id FROM extraction") == []


def test_an_analyst_of_a_district_gets_the_districts_dossiers_and_the_whole_annex(
    province: Province,
) -> None:
    dossiers, annex = (asked(province, DISTRICT, kind=kind) for kind in ("dossiers", "annex"))
    while worked(province):
        pass

    who = analyst(province, DISTRICT)
    lines = who.get(f"/v1/extractions/{dossiers}/files/dossiers-2021-03.csv").text.splitlines()
    assert len(lines) > 1
    assert all(line.startswith(f"{DISTRICT}-") for line in lines[1:])
    assert "Sở Công Thương" in who.get(f"/v1/extractions/{annex}/files/annex.csv").text


def test_each_analyst_sees_what_their_own_agency_and_those_below_asked_for(
    province: Province,
) -> None:
    keys = {agency: asked(province, agency) for agency in (PROVINCE, DISTRICT, OTHER_DISTRICT)}
    for agency in keys:
        body = {"kind": "report", "every": "year"}
        succeeded(analyst(province, agency).post("/v1/extraction-schedules", body))
    while worked(province):
        pass

    for agency in keys:
        own = {one for one in keys if f"{one}.".startswith(f"{agency}.")}
        who = analyst(province, agency)
        listed = succeeded(who.get("/v1/extractions"))["items"]
        assert {one["id"] for one in listed} == {keys[one] for one in own}
        assert len(succeeded(who.get("/v1/extraction-schedules"))["items"]) == len(own)
        for other in keys.keys() - own:
            refused(who.get(f"/v1/extractions/{keys[other]}"), 404, "extraction.not_found")
            path = f"/v1/extractions/{keys[other]}/files/manifest.json"
            refused(who.get(path), 404, "extraction.not_found")
        with acting(province.desk.engine, _actor(Role.ANALYST, agency)) as tx:
            for table in ("extraction", "extraction_file", "extraction_chunk"):
                column = "id" if table == "extraction" else "extraction_id"
                seen = set(tx.db.scalars(text(f"SELECT {column} FROM {table}")))
                assert seen == {UUID(keys[one]) for one in own}, table
            assert tx.db.scalar(text("SELECT count(*) FROM extraction_schedule")) == len(own)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ANALYST, Role.SYSTEM}))
def test_the_database_shows_extractions_to_no_other_role(province: Province, role: Role) -> None:
    asked(province)
    worked(province)

    with acting(province.desk.engine, _actor(role, PROVINCE)) as tx:
        for table in ("extraction", "extraction_file", "extraction_chunk", "extraction_schedule"):
            assert tx.db.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def _actor(role: Role, agency: str) -> Actor:
    return Actor(f"{role}@{agency}", role, "Cán bộ", None if role is Role.APPLICANT else agency)


def test_a_worker_that_ends_hands_over_and_the_other_makes_only_what_is_missing(
    province: Province,
) -> None:
    key = asked(province)
    closing = Event()
    closing.set()

    assert worked(province, closing=closing) == 1
    found = shown(province, key)
    assert (found["state"], found["parts_done"]) == ("waiting", 1)
    before = _pieces(province)
    assert len(before) == 1

    worked(province)

    assert shown(province, key)["state"] == "done"
    assert before.items() <= _pieces(province).items()
    assert province.api.row("SELECT attempts FROM extraction")["attempts"] == 1


def _pieces(province: Province) -> dict[str, str]:
    """Return by which transaction each file's first piece was written."""
    rows = province.rows("SELECT name, xmin::text AS by FROM extraction_chunk WHERE n = 0")
    return {row["name"]: row["by"] for row in rows}


def test_what_a_killed_worker_had_in_hand_is_taken_over_after_its_lease(
    province: Province,
) -> None:
    key = asked(province)
    with acting(province.desk.engine, SYSTEM) as tx:
        tx.db.execute(
            text(
                "UPDATE extraction SET state = 'running', lease = 'chet', attempts = 1,"
                " leased_until = :until"
            ),
            {"until": TODAY + timedelta(seconds=60)},
        )

    assert worked(province) == 0
    province.api.clock.at = TODAY + timedelta(seconds=61)
    assert worked(province) == 1
    assert shown(province, key)["state"] == "done"


def test_a_worker_that_was_too_slow_writes_nothing_into_what_another_has_taken_over(
    province: Province,
) -> None:
    asked(province)
    looks = iter(range(100))

    def now() -> datetime:
        if next(looks) == 2:  # it has claimed and planned
            with province.api.owner.begin() as db:
                db.exec_driver_sql("UPDATE extraction SET lease = 'khac'")
        return province.api.clock()

    assert worked(province, now=now) == 1

    [row] = province.rows("SELECT state, lease FROM extraction")
    assert (row["state"], row["lease"]) == ("running", "khac")
    assert _pieces(province) == {}


def test_several_workers_make_each_extraction_once(province: Province) -> None:
    for _ in range(3):
        asked(province, kind="report")

    with ThreadPoolExecutor(3) as pool:
        claimed = sum(pool.map(lambda _n: worked(province), range(6)))

    assert claimed == 3
    rows = province.rows("SELECT state, attempts FROM extraction")
    assert [(row["state"], row["attempts"]) for row in rows] == [("done", 1)] * 3


def test_what_cannot_be_made_says_why_and_holds_up_no_other(province: Province) -> None:
    lost = asked(province)
    with province.api.owner.begin() as db:
        db.exec_driver_sql("UPDATE extraction SET agency = 'H44.98'")
    kept = asked(province, kind="report")
    for _ in range(8):
        while worked(province):
            pass
        province.api.clock.move(hours=1)

    assert shown(province, kept)["state"] == "done"
    found = shown(province, lost)
    assert (found["state"], found["fault"]) == ("failed", "Không có cơ quan H44.98.")


def test_too_many_at_once_are_refused(province: Province) -> None:
    asked(province)
    with province.api.owner.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO extraction SELECT (jsonb_populate_record(extraction, jsonb_build_object("
            "'id', gen_random_uuid()))).* FROM extraction, generate_series(1, 19)"
        )

    refused(analyst(province).post("/v1/extractions", BODY), 409, "extraction.too_many")


def test_files_are_kept_for_so_many_days_and_then_gone(province: Province) -> None:
    key = asked(province, kind="report")
    worked(province)
    kept = province.desk.rules.extraction_kept

    assert extraction_work.forget(province.desk, now=TODAY + kept - timedelta(seconds=1)) == 0
    assert extraction_work.forget(province.desk, now=TODAY + kept) == 1

    found = shown(province, key)
    assert (found["state"], found["files"]) == ("expired", [])
    assert province.rows("SELECT 1 FROM extraction_chunk") == []
    path = f"/v1/extractions/{key}/files/report.csv"
    refused(analyst(province).get(path), 409, "extraction.not_ready")


def test_a_schedule_is_kept_once_for_each_period_also_for_those_missed(
    province: Province,
) -> None:
    who = analyst(province)
    body = {"kind": "annex", "every": "month"}
    made = succeeded(who.post("/v1/extraction-schedules", body))
    again = who.post("/v1/extraction-schedules", body)
    refused(again, 409, "extraction.schedule_exists")
    assert made["next_on"] == "2026-12-01"
    assert extraction_schedules.ask_due(province.desk, now=TODAY) == 0

    later = datetime(2027, 2, 1, 0, 0, tzinfo=LOCAL_ZONE)
    with ThreadPoolExecutor(3) as pool:
        found = pool.map(
            lambda _n: extraction_schedules.ask_due(province.desk, now=later), range(3)
        )
        assert sum(found) == 3
    assert extraction_schedules.ask_due(province.desk, now=later) == 0

    rows = province.rows("SELECT * FROM extraction ORDER BY first_on")
    assert [(row["first_on"], row["last_on"], row["as_of"]) for row in rows] == [
        (date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 30)),
        (date(2026, 12, 1), date(2026, 12, 31), date(2026, 12, 31)),
        (date(2027, 1, 1), date(2027, 1, 31), date(2027, 1, 31)),
    ]
    province.api.clock.at = later
    while worked(province):
        pass
    assert {one["state"] for one in succeeded(who.get("/v1/extractions"))["items"]} == {"done"}
    ended = succeeded(who.send("DELETE", f"/v1/extraction-schedules/{made['id']}"))
    assert ended["ended_at"]
    much_later = later + timedelta(days=90)
    assert extraction_schedules.ask_due(province.desk, now=much_later) == 0
    assert succeeded(who.get("/v1/extraction-schedules"))["items"] == []


def test_the_same_period_is_not_asked_for_twice_even_if_the_schedule_forgot(
    province: Province,
) -> None:
    succeeded(
        analyst(province).post("/v1/extraction-schedules", {"kind": "annex", "every": "month"})
    )
    later = datetime(2026, 12, 1, 8, 0, tzinfo=LOCAL_ZONE)
    extraction_schedules.ask_due(province.desk, now=later)
    with province.api.owner.begin() as db:
        db.exec_driver_sql("UPDATE extraction_schedule SET next_on = '2026-12-01'")

    extraction_schedules.ask_due(province.desk, now=later)

    assert len(province.rows("SELECT 1 FROM extraction")) == 1


@pytest.mark.parametrize(
    ("every", "day", "due", "first"),
    [
        (Every.MONTH, "2026-11-30", "2026-12-01", "2026-11-01"),
        (Every.MONTH, "2026-12-01", "2027-01-01", "2026-12-01"),
        (Every.QUARTER, "2026-11-30", "2027-01-01", "2026-10-01"),
        (Every.HALF_YEAR, "2026-06-30", "2026-07-01", "2026-01-01"),
        (Every.YEAR, "2026-01-01", "2027-01-01", "2026-01-01"),
    ],
)
def test_a_period_is_due_on_the_day_after_it(every: Every, day: str, due: str, first: str) -> None:
    due_on = next_due(every, date.fromisoformat(day))

    assert str(due_on) == due
    period = period_before(every, due_on)
    assert (str(period.first), period.last) == (first, due_on - timedelta(days=1))


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_made_over_http(province: Province, kind: Kind) -> None:
    key = asked(province, kind=kind)
    worked(province)

    assert shown(province, key)["state"] == "done"
