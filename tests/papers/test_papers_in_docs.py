"""docs/clerk.md and docs/citizen.md say what is: their calls about papers are made as written."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli.papers import papers
from app.cli.register import register
from app.domain.lifecycle import Status
from app.domain.papers import ISSUED_BY, written_number
from tests.builders import Api, a_dossier, succeeded

DOCS = Path(__file__).resolve().parents[2] / "docs"
SECTION = (DOCS / "clerk.md").read_text("utf-8").split("\n## Papers\n")[1].split("\n## ")[0]


def test_every_call_of_the_clerks_page_answers(own_api: Api) -> None:
    code = a_dossier(own_api, Status.IN_PROCESS)
    [paper] = succeeded(own_api.officer().get(f"/v1/dossiers/{code}/papers"))["items"]
    calls = re.findall(r"`(GET|POST) (/v1/[^`]+)`", SECTION)
    assert len(calls) == 8
    order = {"agency": "H44.29", "first_on": "2026-10-01", "last_on": "2026-10-31"}
    who, issued = own_api.officer(), ""

    for method, path in calls:
        asked = path.replace("{code}", code).replace("{id}", str(paper["id"]))
        asked = asked.replace("{register}", issued)
        body = order if asked == "/v1/registers" else None
        answer = who.post(asked, body) if method == "POST" else who.get(asked)
        assert answer.is_success, (asked, answer.text)
        issued = str(answer.json()["id"]) if body else issued

    assert written_number(5, ISSUED_BY[next(iter(ISSUED_BY))]) in SECTION


def test_every_command_of_the_clerks_page_works(
    own_api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = a_dossier(own_api, Status.IN_PROCESS)
    [paper] = succeeded(own_api.officer().get(f"/v1/dossiers/{code}/papers"))["items"]
    assert own_api.settings.database_url is not None
    monkeypatch.setenv("APP_DATABASE_URL", own_api.settings.database_url.get_secret_value())
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    command = typer.Typer()
    command.command()(register)
    command.command()(papers)
    lines = [line for line in SECTION.splitlines() if line.startswith(".venv/bin/motcua")]
    assert len(lines) == 3

    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        told = [code if word.startswith("H44.29-") else word for word in words]
        if "--print" in told:
            told[told.index("--print") + 1] = str(paper["id"])
        done = CliRunner().invoke(command, told)
        assert done.exit_code == 0, (line, done.output)

    assert {path.suffix for path in tmp_path.iterdir()} >= {".xlsx", ".pdf"}


def test_the_citizens_calls_answer(own_api: Api) -> None:
    page = (DOCS / "citizen.md").read_text("utf-8")
    code = a_dossier(own_api, Status.STOPPED)
    for path in ("/v1/dossiers/{code}/receipt", "/v1/dossiers/{code}/papers"):
        assert f"`GET {path}`" in page

    listed = own_api.citizen().get(f"/v1/dossiers/{code}/papers")

    for paper in succeeded(listed)["items"]:
        assert own_api.citizen().get(paper["href"]).is_success
    assert own_api.citizen().get(f"/v1/dossiers/{code}/receipt").is_success
