"""`motcua figures`: a replayed month as tables, CSV and pictures, and what is refused."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import _app
from app.db.access import connect
from tests.services.replays import OFTEN, a_march, play

Run = Callable[..., str]
MARCH = ("--from", "2021-03-01", "--to", "2021-03-31")


@pytest.fixture(scope="module")
def _played(module_database: str) -> None:
    """A month of two agencies; outcomes that are rare otherwise come often."""
    owner = connect(module_database, as_owner=True)
    play(owner, a_march(3, 3), odds=OFTEN)
    owner.dispose()


@pytest.fixture
def run(
    module_database: str, _played: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Type a command and return what it said; it must end as it is told to."""
    monkeypatch.setenv("APP_DATABASE_URL", module_database)
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "240")

    def typed(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(_app, ["figures", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    return typed


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_late_dossiers_add_up_to_the_running_figures(run: Run) -> None:
    rows = _rows(run("late", *MARCH, "--format", "csv"))
    [running] = _rows(run("running", *MARCH, "--format", "csv"))

    total = rows[-1]
    assert (total["resolved"], total["open"]) == (running["resolved_late"], running["overdue"])
    assert int(running["resolved_late"]) > 0
    assert sum(int(row["resolved"]) for row in rows[:-1]) == int(total["resolved"])


def test_running_figures_go_by_officer_and_balance_for_each(run: Run) -> None:
    rows = _rows(run("running", *MARCH, "--group", "officer", "--format", "csv"))

    *officers, total = rows
    assert len(officers) > 1
    for row in rows:
        assert int(row["opening"]) + int(row["received"]) == int(row["closed"]) + int(row["open"])
    assert sum(int(row["received"]) for row in officers) == int(total["received"])


def test_mean_handling_times_are_those_of_the_index(run: Run) -> None:
    rows = _rows(run("handling", *MARCH, "--format", "csv"))
    index = {row["id"]: row for row in json.loads(run("index", *MARCH, "--format", "json"))}

    told = {row["unit"]: row["mean"] for row in rows if not row["code"]}
    assert index["2.2"]["mean"] == f"{told['ngày làm việc'].replace('.', ',')} ngày làm việc"
    assert int(index["2.2"]["denominator"]) == sum(
        int(row["finished"]) for row in rows if row["code"] and row["unit"] != "ngày"
    )
    listed = run("why", "2.2", *MARCH)
    assert "Thời gian giải quyết" in listed


@pytest.mark.parametrize("form", ["svg", "png"])
def test_charts_are_files_in_a_folder_that_is_made(run: Run, tmp_path: Path, form: str) -> None:
    folder = tmp_path / "biểu đồ"

    said = run("chart", "--out", str(folder), *MARCH, "--format", form).split("\n")

    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{name}-2021-03.{form}" for name in _CHARTS]
    assert sorted(line.rpartition("/")[2] for line in said if line) == names
    assert all(path.stat().st_size > 1000 for path in folder.iterdir())


_CHARTS = ("diem-mat", "theo-thang", "ty-le-truc-tuyen")


@pytest.mark.parametrize(
    "asked",
    [
        ("late", "--from", "2021-03-02", "--to", "2021-03-01"),
        ("handling", *MARCH, "--agency", "H44.99"),
        ("handling", *MARCH, "--group", "officer"),
        ("index", *MARCH, "--group", "officer"),
        ("running", *MARCH, "--as-of", "2999-01-01"),
        ("why", "9.9", *MARCH),
        ("chart", "--out", "x", "--from", "2021-03-02", "--to", "2021-03-01"),
    ],
    ids=lambda asked: " ".join(asked[:1]),
)
def test_a_question_without_an_answer_ends_with_status_2(run: Run, asked: tuple[str, ...]) -> None:
    assert "motcua: " in run(*asked, code=2)
