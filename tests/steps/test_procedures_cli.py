"""`motcua procedures`: list, show, check, publish, retire, on the province's own database.

The days lie so far ahead that the date on which the tests run does not matter.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli.procedures import procedures

CODE = "1.001193"
Run = Callable[..., Result]


@pytest.fixture
def run(module_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("APP_DATABASE_URL", module_database)
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path))

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(procedures, arguments)

    return call


def said(result: Result) -> str:
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    return result.stdout


def in_a_file(tmp_path: Path, content: object) -> str:
    path = tmp_path / "du-thao.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def a_draft(run: Run, days: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(run("show", CODE, "--json")))
    found["definition"]["limit"]["count"] = days
    return found


def test_a_version_is_shown_changed_checked_and_published(run: Run, tmp_path: Path) -> None:
    shown = said(run("show", CODE))
    assert "Đăng ký khai sinh" in shown
    assert "appraisal" in shown
    assert "nơi đang giữ hồ sơ" in shown
    file = in_a_file(tmp_path, a_draft(run, 4))

    checked = said(run("check", file))
    assert "/definition/limit/count" in checked
    assert "Chưa có gì được ghi." in checked
    before = said(run("list"))
    assert "2095" not in before

    published = said(run("publish", file, "--valid-from", "2095-01-01", "--by", "Đỗ Văn Quản"))
    assert "phiên bản 3, hiệu lực từ 01/01/2095" in published
    listed = said(run("list"))
    assert "từ 01/01/2022 đến 31/12/2094" in listed
    assert "từ 01/01/2095" in listed
    assert "4 ngày làm việc" in said(run("show", CODE))
    assert "1 ngày làm việc" in said(run("show", CODE, "--version", "2"))

    again = run("publish", file, "--valid-from", "2095-01-01")
    assert again.exit_code == 1
    assert "/valid_from: Chồng lên phiên bản 3" in again.stderr
    assert "Dự thảo có 1 lỗi" in again.stderr
    assert "Dự thảo │" not in said(run("list"))

    ended = said(run("retire", CODE, "--last-day", "2096-12-31"))
    assert "hết hiệu lực sau ngày 31/12/2096" in ended


def test_faults_are_told_with_their_places_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    draft = a_draft(run, 4)
    draft["definition"]["steps"][1] |= {"agency": "H44.99", "decides": ["pass_on"]}

    for command in (["check"], ["publish", "--valid-from", "2099-01-01"]):
        told = run(*command, in_a_file(tmp_path, draft))
        assert told.exit_code == 1
        assert "/definition/steps/1/agency: Không có cơ quan H44.99." in told.stderr
    assert "2099" not in said(run("list"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "không đọc được"),
        ("[]", "đối tượng"),
        ("{}", "code"),
        ('{"code": "1.001193", "name": 1}', "/name"),
    ],
)
def test_a_file_that_is_no_draft_is_refused_in_one_sentence(
    run: Run, tmp_path: Path, content: str, says: str
) -> None:
    told = run("check", in_a_file(tmp_path, content))

    assert told.exit_code == 1
    assert says in told.stderr
    assert told.stderr.count("\n") == 1


def test_what_is_not_there_is_said(run: Run) -> None:
    for arguments in (("show", "1.000001"), ("show", CODE, "--version", "99")):
        told = run(*arguments)
        assert told.exit_code == 1
        assert "không có thủ tục" in told.stderr
    assert run("retire", CODE, "--last-day", "2001-01-01").exit_code == 1
