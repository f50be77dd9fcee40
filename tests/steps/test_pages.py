"""The pages of clerks and administrators say what is: their examples are sent as written."""

import json
import re
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from app.cli.procedures import procedures
from app.domain.actor import Role
from app.domain.handovers import Outcome
from app.domain.lifecycle import Status
from app.domain.procedure import DECIDABLE, AgencyRule
from tests.builders import PARTIAL, PROVINCE, Api, a_dossier, refused, succeeded
from tests.steps.processes import THROUGH_THE_LEVELS, set_steps

DOCS = Path(__file__).resolve().parents[2] / "docs"
CLERK = (DOCS / "clerk.md").read_text("utf-8")
ADMINISTRATOR = (DOCS / "administrator.md").read_text("utf-8").partition("## Procedures")[2]


def examples(page: str) -> list[Any]:
    return [json.loads(found) for found in re.findall(r"```json\n(.*?)\n```", page, re.DOTALL)]


def test_the_clerk_s_examples_are_done_as_written(own_api: Api) -> None:
    api = own_api
    set_steps(api, PARTIAL, THROUGH_THE_LEVELS)
    back, question = examples(CLERK)
    code = a_dossier(api, Status.IN_PROCESS)

    asked = succeeded(api.officer().post(f"/v1/dossiers/{code}/opinions", question))
    number = asked["opinions"][0]["id"]
    land = api.officer(question["agencies"][0])
    assert succeeded(land.get("/v1/opinions"))["items"]
    assert succeeded(land.get(f"/v1/opinions/{number}"))["excerpt"]
    body = {"position": "agree"}
    assert json.dumps(body) in CLERK
    succeeded(land.post(f"/v1/opinions/{number}/answer", body))
    refused(api.officer().act(code, "handovers"), 409, "opinion.outstanding")
    api.officer().does(code, "handovers", {"without_opinions": "Việc gấp"})
    api.officer("H44.10").does(code, "handovers", back | {"without_opinions": "Việc gấp"})

    for path in re.findall(r"\$API(/v1/dossiers/\$CODE/[a-z-]+)", CLERK):
        assert api.officer().get(path.replace("$CODE", code)).is_success
    assert succeeded(api.officer().get(f"/v1/dossiers/{code}/opinions"))["items"]


def test_every_outcome_refusal_and_rule_is_on_the_pages() -> None:
    for outcome in Outcome:
        assert f"| `{outcome}` |" in CLERK
    for code in ("dossier.not_decided_here", "opinion.outstanding"):
        assert f"`{code}`" in CLERK
    for word in (*AgencyRule, *DECIDABLE, "share_percent", "decides"):
        assert f"`{word}`" in ADMINISTRATOR, word


def test_the_administrator_s_calls_and_example_are_done_as_written(own_api: Api) -> None:
    api, keeper = own_api, own_api.person(Role.ADMINISTRATOR, PROVINCE)
    [begin] = re.findall(r"with `(\{[^`]+\})` begins", ADMINISTRATOR)
    draft = succeeded(keeper.post("/v1/procedure-drafts", json.loads(begin)))
    [step] = examples(ADMINISTRATOR)
    steps = draft["content"]["definition"]["steps"]
    steps[1]["share_percent"] -= step["share_percent"]
    steps.insert(2, step)
    path = f"/v1/procedure-drafts/{draft['id']}"
    changed = keeper.send(
        "PUT", path, json={"content": draft["content"]}, headers={"If-Match": '"1"'}
    )
    seen = succeeded(keeper.get(path))
    assert seen["differences"]
    told = succeeded(keeper.post(f"{path}/check", version=succeeded(changed)["version"]))
    assert told["errors"] == []
    first_day = {"valid_from": "2027-01-01"}
    assert first_day["valid_from"] in ADMINISTRATOR
    succeeded(keeper.post(f"{path}/publication", first_day, version=told["version"]))
    described = api.app.openapi()["paths"]
    for method, call in re.findall(r"`(POST|PUT|DELETE) (/v1/[^`]+)`", ADMINISTRATOR):
        known = call.replace("{id}", "{number}")
        assert method.lower() in described[known], call


def test_every_command_of_the_page_exists() -> None:
    named = set(re.findall(r"`motcua procedures ([a-z]+)", ADMINISTRATOR))
    shown = CliRunner().invoke(procedures, ["--help"]).stdout

    assert named == {"list", "show", "check", "publish", "retire"}
    assert all(name in shown for name in named)
