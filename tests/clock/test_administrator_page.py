"""docs/administrator.md says what is: its example is entered, its calls answer."""

import json
import re
from pathlib import Path

from app.domain.actor import Role
from tests.builders import PROVINCE, Api, succeeded

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "administrator.md").read_text("utf-8")


def test_the_example_is_previewed_and_entered_as_written(own_api: Api) -> None:
    [example] = re.findall(r"<<'JSON'\n(.*?)\nJSON\n", PAGE, re.DOTALL)
    change = json.loads(example)
    keeper = own_api.person(Role.ADMINISTRATOR, PROVINCE)

    seen = succeeded(keeper.post("/v1/calendar/changes?preview=true", change))
    assert seen["revision"] == 1
    entered = succeeded(keeper.post("/v1/calendar/changes", change, version=1))
    assert [day["kind"] for day in entered["days"]] == ["off", "worked", "hours"]


def test_every_call_of_the_page_answers(own_api: Api) -> None:
    keeper = own_api.person(Role.ADMINISTRATOR, PROVINCE)
    change = {"source": "x", "days": [{"day": "2026-12-24", "kind": "off", "name": "Nghỉ"}]}
    succeeded(keeper.post("/v1/calendar/changes", change))

    calls = re.findall(r"`GET (/v1/[^`]+)`", PAGE)
    assert len(calls) >= 4
    for path in calls:
        succeeded(keeper.send("GET", path))


def test_every_kind_of_day_and_every_setting_is_on_the_page() -> None:
    for word in ("off", "worked", "hours", "usual"):
        assert f"| `{word}` |" in PAGE
    operations = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
    for setting in ("WARN_BEFORE_HOURS", "ESCALATE_BEFORE_HOURS"):
        assert f"APP_{setting}" in PAGE
        assert f"`{setting}`" in operations
