"""Reorganisations over HTTP and from the command line, as the administrator's page says."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import clock as real_clock
from app.cli import _app
from app.domain.actor import Role
from app.domain.lifecycle import Status
from app.services import moving
from tests.agencies.ministry import Ministry, at, commune, merge
from tests.builders import DISTRICT, PROVINCE, Api, Person, a_dossier, refused, succeeded
from tests.running import MONDAY

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "administrator.md").read_text("utf-8")
PATH = "/v1/agencies/changes"
NEW = "H44.60"
CHANGE = {
    "source": "Nghị quyết số 01/MAU",
    "on": "2026-10-12",
    "created": [commune(NEW, "UBND phường Mới")],
    "changes": [merge(DISTRICT, into=NEW)],
}


@pytest.fixture
def keeper(own_api: Api) -> Person:
    return own_api.person(Role.ADMINISTRATOR, PROVINCE)


def test_the_page_s_example_is_previewed_and_entered_as_written(
    own_api: Api, keeper: Person
) -> None:
    [example] = re.findall(r"<<'SAPXEP'\n(.*?)\nSAPXEP\n", PAGE, re.DOTALL)
    code = a_dossier(own_api, Status.IN_PROCESS)

    seen = succeeded(keeper.post(f"{PATH}?preview=true", json.loads(example)))
    assert (seen["count"], seen["petitions"], seen["next"]) == (1, 0, None)
    assert seen["routes"] == [{"from": DISTRICT, "to": NEW, "dossiers": 1}]
    [item] = seen["items"]
    assert (item["code"], item["from"], item["to"]) == (code, DISTRICT, NEW)
    entered = keeper.post(PATH, json.loads(example))
    assert entered.status_code == 201
    place = entered.headers["Location"]
    answered = succeeded(keeper.get(place))
    assert answered["state"] == "scheduled"
    assert answered["left"] == 1
    assert answered == entered.json() | {"left": 1}
    assert succeeded(keeper.get(PATH))["items"] == [entered.json()]


def test_the_page_names_every_kind_and_every_command() -> None:
    for kind in ("merge", "rename", "split", "abolish"):
        assert f'"kind": "{kind}"' in PAGE
    for command in ("list", "show", "merge", "rename", "split", "abolish", "apply", "changes"):
        assert f"`motcua agencies {command}" in PAGE
    assert "`motcua agencies withdraw 1`" in PAGE


def test_the_same_key_enters_once_and_another_body_is_refused(own_api: Api, keeper: Person) -> None:
    first = keeper.post(PATH, CHANGE, key="mot-lan")
    again = keeper.post(PATH, CHANGE, key="mot-lan")

    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert len(own_api.rows("SELECT FROM agency_change")) == 1
    refused(
        keeper.post(PATH, CHANGE | {"on": "2026-10-13"}, key="mot-lan"),
        422,
        "idempotency.key_reused",
    )
    refused(keeper.post(PATH, CHANGE), 422, "agency.change_faulty")


def test_pages_of_preview_and_list_are_the_whole_of_it(own_api: Api, keeper: Person) -> None:
    codes = sorted(a_dossier(own_api) for _ in range(3))
    seen: list[str] = []
    path: str | None = f"{PATH}?preview=true&limit=2"
    while path:
        answer = keeper.post(path, CHANGE)
        assert succeeded(answer)["count"] == 3
        seen += [item["code"] for item in answer.json()["items"]]
        link = answer.headers.get("Link")
        path = link[1 : link.index(">")] if link else None
    assert seen == codes

    for n in range(3):
        succeeded(
            keeper.post(
                PATH, {"source": "x", "on": "2026-11-01", "created": [commune(f"H44.7{n}")]}
            )
        )
    page = succeeded(keeper.get(PATH, limit=2))
    rest = succeeded(keeper.get(PATH, limit=2, after=page["next"]))
    assert [item["id"] for item in page["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next"] is None


def test_progress_and_the_agencies_of_a_day_are_told(own_api: Api, keeper: Person) -> None:
    for _ in range(3):
        a_dossier(own_api)
    number = succeeded(keeper.post(PATH, CHANGE))["id"]
    desk = own_api.app.state.doors.desk
    own_api.clock.at = at("2026-10-12T08:00")
    moving.begin_due(desk, now=own_api.clock())
    moving.move_next(desk, now=own_api.clock(), limit=2)

    told = succeeded(keeper.get(f"{PATH}/{number}"))
    assert (told["state"], told["total"], told["moved"], told["left"]) == ("moving", 3, 2, 1)
    while moving.move_next(desk, now=own_api.clock()):
        pass
    told = succeeded(keeper.get(f"{PATH}/{number}"))
    assert (told["state"], told["moved"], told["left"]) == ("done", 3, 0)

    ended = succeeded(own_api.http.get(f"/v1/agencies/{DISTRICT}"))
    assert (ended["valid_to"], ended["heir"]) == ("2026-10-11", NEW)
    for day, present, absent in (("2026-10-11", DISTRICT, NEW), ("2026-10-12", NEW, DISTRICT)):
        found = succeeded(own_api.http.get("/v1/agencies", params={"on": day}))["items"]
        assert present in {item["code"] for item in found}
        assert absent not in {item["code"] for item in found}
        taught = succeeded(own_api.http.get("/v1/procedures/1.001193", params={"on": day}))
        assert present in taught["agencies"]
        assert absent not in taught["agencies"]


def test_a_change_is_withdrawn_once_and_not_by_others(own_api: Api, keeper: Person) -> None:
    number = succeeded(keeper.post(PATH, CHANGE))["id"]
    path = f"{PATH}/{number}/withdrawal"

    for other in (own_api.person(Role.ADMINISTRATOR, DISTRICT), own_api.approver(PROVINCE)):
        refused(other.post(path), 403, "agency.role_refused")
        refused(other.get(PATH), 403, "agency.role_refused")
    assert succeeded(keeper.post(path, key="rut"))["state"] == "withdrawn"
    assert succeeded(keeper.post(path, key="rut"))["state"] == "withdrawn"
    refused(keeper.post(path), 409, "agency.change_begun")
    refused(keeper.post(f"{PATH}/99/withdrawal"), 404, "agency.change_not_found")
    refused(keeper.get(f"{PATH}/99"), 404, "agency.change_not_found")


Run = Callable[..., str]


@pytest.fixture
def run(ministry: Ministry, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `motcua agencies` on the test's database, on a day of the test's own."""
    monkeypatch.setenv("APP_DATABASE_URL", ministry.owner.url.render_as_string(hide_password=False))
    monkeypatch.setenv("APP_DATA_DIR", str(ministry.folder))
    monkeypatch.setattr(real_clock, "now", lambda: MONDAY)
    monkeypatch.setattr(real_clock, "today", MONDAY.date)

    def run(*arguments: str, fails: bool = False) -> str:
        done = CliRunner().invoke(_app, ["agencies", *arguments])
        assert (done.exit_code != 0) is fails, done.output
        return done.output

    return run


def test_a_merge_of_today_is_carried_out_by_the_command(ministry: Ministry, run: Run) -> None:
    code = ministry.take_in(at("2026-10-02T09:00"))
    merged = ("merge", DISTRICT, "--into", NEW, "--name", "UBND phường Mới", "--on", "2026-10-05")

    assert "1 hồ sơ chưa xong sẽ chuyển. Chưa có gì được ghi." in run(*merged, "--preview")
    assert ministry.places()[code] == (DISTRICT, DISTRICT)
    done = run(*merged, "--source", "NQ 01")

    assert "Đã chuyển 1 hồ sơ" in done
    assert ministry.places()[code] == (NEW, NEW)
    assert NEW in run("list")
    assert DISTRICT not in run("list")
    assert DISTRICT in run("list", "--all")
    assert f"Kế thừa của: {DISTRICT}" in run("show", NEW)
    assert "đã xong" in run("changes")
    assert "kết thúc hoạt động" in run("abolish", DISTRICT, "--on", "2026-11-01", fails=True)


def test_a_change_to_come_waits_and_is_withdrawn(
    ministry: Ministry, run: Run, tmp_path: Path
) -> None:
    code = ministry.take_in(at("2026-10-02T09:00"))
    file = tmp_path / "sap-xep.json"
    file.write_text(json.dumps(CHANGE), encoding="utf-8")

    assert "Hệ thống nền sẽ thực hiện vào ngày ấy" in run("apply", str(file))
    assert "chờ đến ngày" in run("changes")
    number = ministry.one("SELECT max(id) AS id FROM agency_change")["id"]
    run("withdraw", str(number))
    assert "đã rút" in run("changes")
    assert ministry.places()[code] == (DISTRICT, DISTRICT)
    file.write_text("{", encoding="utf-8")
    assert "không đọc được" in run("apply", str(file), fails=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("split", DISTRICT, "--into", "H44.30", "--procedure", "x"), "MÃ=CƠ QUAN"),
        (("split", DISTRICT, "--into", "H44.30", "--procedure", "9.9=H44.30"), "Không có thủ tục"),
        (("rename", DISTRICT, "--name", "UBND Thành phố Việt Trì"), "Tên mới trùng"),
        (("rename", DISTRICT, "--name", "Mới", "--code", DISTRICT), "đã được dùng"),
        (("abolish", "H44"), "cấp tỉnh"),
        (("merge", DISTRICT, "--into", "H44.99"), "Không có cơ quan H44.99"),
    ],
)
def test_what_cannot_be_is_said_by_the_command(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    assert said in run(*arguments, "--on", "2026-11-01", fails=True)


def test_rules_of_a_split_come_from_options(ministry: Ministry, run: Run) -> None:
    codes: list[Any] = [
        ministry.take_in(at("2026-10-02T09:00"), p) for p in ("1.004873", "1.001193", "1.001193")
    ]
    rules = ("--procedure", "1.001193=H44.10", "--dossier", f"{codes[2]}=H44.31")
    run("split", DISTRICT, "--into", "H44.30", *rules, "--on", "2026-10-05")

    owners = [ministry.places()[code][0] for code in codes]
    assert owners == ["H44.30", "H44.10", "H44.31"]
    run("rename", "H44.30", "--name", "UBND Phù Ninh mới", "--on", "2026-10-05")
    assert "UBND Phù Ninh mới" in run("list")
