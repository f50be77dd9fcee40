"""Extractions as files: the same numbers as everywhere else, whole or not there, going on."""

import csv
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyarrow import dataset, types
from typer.testing import CliRunner

from app.cli import _app as motcua
from app.cli import annex_report
from app.cli.extract_folder import JOURNAL, Folder, FolderUnusable, faults, opened
from app.cli.extract_report import fill
from app.domain.actor import SYSTEM
from app.domain.data_dictionary import DOSSIER, OPEN_DATA
from app.domain.extraction import MANIFEST, ExtractionFaulty, Kind, Wanted
from app.domain.periods import Period
from app.domain.question import Question
from app.services.figures import annex_of
from tests.builders import PROVINCE, succeeded
from tests.extraction.conftest import AGENCIES, HOSTILE, SPRING, TODAY, Province, wanted
from tests.services import brute_force

ASKED = {"from": str(SPRING.first), "to": str(SPRING.last)}
ROOT = Path(__file__).resolve().parents[2]


def extracted(province: Province, asked: Wanted, out: Path) -> Path:
    with opened(out, asked, TODAY) as folder:
        if not folder.is_complete:
            fill(province.desk, asked, folder, TODAY)
    assert list(faults(out)) == []
    return out


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def annex_over_http(province: Province) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = succeeded(
        province.api.person("analyst", PROVINCE).get("/v1/figures/annex", **ASKED)
    )["rows"]
    return rows


def test_the_annex_is_the_same_in_the_sheet_the_csv_the_command_and_the_api(
    province: Province, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = extracted(province, wanted(Kind.ANNEX), tmp_path / "annex")

    capsys.readouterr()
    rows = annex_of(province.desk, Question(SPRING), actor=SYSTEM, now=TODAY)
    annex_report.as_csv(SPRING, rows)
    assert (out / "annex.csv").read_text() == capsys.readouterr().out
    told = records(out / "annex.csv")
    sheet = list(openpyxl.load_workbook(out / "annex.xlsx")["Phụ lục"].iter_rows(min_row=7))
    asked = annex_over_http(province)
    assert len(sheet) == len(told) == len(asked) > 30
    for cells, line, row in zip(sheet, told, asked, strict=True):
        name, *numbers = (cell.value for cell in cells[1:])
        assert name == row["agency"] == line["agency"].removeprefix("'")
        counts = [str(row[column]) for column in ("total", "at_desk", "online")]
        rate = row["online_rate_percent"] or "0.00"
        assert [*map(str, numbers[:3]), f"{numbers[3]:.2f}"] == [*counts, rate]
        assert [line[c] for c in ("total", "at_desk", "online", "online_rate_percent")] == [
            *counts,
            rate,
        ]
        assert cells[5].number_format == "0.00"


def test_the_sheets_are_printed_landscape_one_page_wide_with_their_heads_repeated(
    province: Province, tmp_path: Path
) -> None:
    out = extracted(province, wanted(Kind.REPORT), tmp_path / "report")

    book = openpyxl.load_workbook(out / "report.xlsx")
    assert book.sheetnames == ["Theo cơ quan", "Theo lĩnh vực", "Theo cấp"]
    for page in book:
        assert page.page_setup.orientation == "landscape"
        assert page.page_setup.fitToHeight == 0
        assert page.print_title_rows == "$5:$7"
        assert page["A2"].value == "Kỳ báo cáo: từ ngày 01/03/2021 đến ngày 30/04/2021"
    assert book["Theo cơ quan"]["C5"].value == "Hồ sơ phải giải quyết"


def test_no_name_becomes_a_formula(province: Province, tmp_path: Path) -> None:
    annex = extracted(province, wanted(Kind.ANNEX), tmp_path / "annex")
    dossiers = extracted(province, wanted(Kind.DOSSIERS), tmp_path / "dossiers")

    page = openpyxl.load_workbook(annex / "annex.xlsx")["Phụ lục"]
    [cell] = [cell for row in page.iter_rows() for cell in row if cell.value == HOSTILE]
    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert f"'{HOSTILE}" in {line["agency"] for line in records(annex / "annex.csv")}
    lines = [line for path in dossiers.glob("dossiers-*.csv") for line in records(path)]
    assert {line["agency_name"] for line in lines if line["agency_code"] == "H44.02"} == {
        f"'{HOSTILE}"
    }
    assert all(line["field_name"].startswith("'@") for line in lines)


def test_the_report_is_what_counting_every_dossier_gives_and_adds_up(
    province: Province, tmp_path: Path
) -> None:
    april = Period(date(2021, 4, 1), SPRING.last)  # with a balance carried over
    out = extracted(province, wanted(Kind.REPORT, period=april), tmp_path / "report")
    known = brute_force.cases(province)

    lines = records(out / "report.csv")
    agencies = {line["code"]: _counts(line) for line in lines if line["row"] != "total"}
    for code in AGENCIES:
        expected = brute_force.running(known, april, TODAY, code)
        found = agencies[code]
        assert found["online"] + found["direct"] == expected["received"]
        for name, theirs in _SAME.items():
            assert found[name] == expected[theirs], (code, name)
    for line in lines:
        counts = _counts(line)
        brought = counts["online"] + counts["direct"] + counts["opening"]
        brought += counts["moved_in"] - counts["moved_out"]
        ended = counts["refused"] + counts["withdrawn"] + counts["stopped"]
        assert brought == counts["brought"] == counts["resolved"] + ended + counts["in_process"]
    _check_totals(lines)


_SAME = {
    **{name: name for name in ("opening", "refused", "withdrawn", "stopped", "in_time", "overdue")},
    **{name: f"resolved_{name}" for name in ("early", "on_time", "late")},
    "in_process": "open",
}


def _counts(line: dict[str, str]) -> Counter[str]:
    return Counter({name: int(text) for name, text in line.items() if text.lstrip("-").isdigit()})


def _check_totals(lines: list[dict[str, str]]) -> None:
    """Levels, fields and agencies each add up to the one total; `row` is no count."""
    wholes = []
    for by in ("agency", "field", "level"):
        of_it = [line for line in lines if line["by"] == by]
        wholes.append(_counts({**of_it[-1], "row": ""}))
        summed: Counter[str] = Counter()
        for line in of_it:
            if line["row"] != "total":
                summed.update(_counts({**line, "row": ""}))
        assert summed == wholes[-1], by
    assert wholes[0] == wholes[1] == wholes[2]
    assert wholes[0]["brought"] > wholes[0]["opening"] > 0


def test_the_rows_are_as_many_as_the_figures_say_and_hold_no_person(
    province: Province, tmp_path: Path
) -> None:
    out = extracted(province, wanted(Kind.DOSSIERS), tmp_path / "dossiers")

    months = sorted(path.name for path in out.glob("dossiers-*.csv"))
    assert months == ["dossiers-2021-03.csv", "dossiers-2021-04.csv"]
    lines = [line for name in months for line in records(out / name)]
    assert list(lines[0]) == [column.name for column in DOSSIER]
    counted = Counter((line["agency_code"], line["channel"] == "online") for line in lines)
    for row in annex_over_http(province):
        if row["row"] != "total":
            assert counted[row["agency_code"], True] == row["online"]
            assert counted[row["agency_code"], False] == row["at_desk"]
    text = "".join((out / name).read_text() for name in months)
    for row in province.rows("SELECT applicant_name, applicant_number FROM dossier"):
        assert row["applicant_name"] not in text
        assert row["applicant_number"] not in text


def test_parquet_is_read_back_with_its_types_and_the_same_rows(
    province: Province, tmp_path: Path
) -> None:
    out = extracted(province, wanted(Kind.PARQUET), tmp_path / "parquet")
    plain = extracted(province, wanted(Kind.DOSSIERS), tmp_path / "dossiers")

    table = dataset.dataset(out, format="parquet", partitioning="hive", exclude_invalid_files=True)
    schema = table.schema
    assert types.is_date32(schema.field("received_on").type)
    assert types.is_int64(schema.field("fee_vnd").type)
    assert types.is_boolean(schema.field("is_paid_online").type)
    assert str(schema.field("due_at").type) == "timestamp[us, tz=UTC]"
    rows = {row["code"]: row for row in table.to_table().to_pylist()}
    lines = [line for path in plain.glob("dossiers-*.csv") for line in records(path)]
    assert rows.keys() == {line["code"] for line in lines}
    for line in lines:
        row = rows[line["code"]]
        assert row["month"] == line["received_on"][:7]
        assert row["agency"] == row["agency_code"] == line["agency_code"]
        for column in DOSSIER:
            assert _text(row[column.name]) == line[column.name].removeprefix("'"), column.name
    [due] = province.rows("""
        SELECT sum((fee ->> 'amount_vnd')::bigint) AS n
        FROM dossier, jsonb_array_elements(fees) AS fee
        WHERE received_on BETWEEN '2021-03-01' AND '2021-04-30'
    """)
    assert sum(row["fee_vnd"] for row in rows.values()) == due["n"] > 0


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(TODAY.tzinfo).isoformat()
    return "" if value is None else str(value)


def test_the_json_holds_what_the_api_answers(province: Province, tmp_path: Path) -> None:
    out = extracted(province, wanted(Kind.JSON), tmp_path / "json")

    found = json.loads((out / "figures.json").read_text())
    analyst = province.api.person("analyst", PROVINCE)
    running = succeeded(analyst.get("/v1/figures/running", group="agency", **ASKED))
    assert found["annex"] == annex_over_http(province)
    assert found["running"]["total"] == running["total"]["counts"]
    assert {row["code"]: row["counts"] for row in found["running"]["agencies"]} == {
        row["code"]: row["counts"] for row in running["rows"]
    }
    assert found["format"] == "motcua.figures/1"
    assert found["period"]["label"] == "2021-03..2021-04"


def test_open_data_shows_no_small_count_and_agrees_with_the_figures_where_it_shows_any(
    province: Province, tmp_path: Path
) -> None:
    out = extracted(province, wanted(Kind.OPEN_DATA), tmp_path / "open")

    hidden = 0
    for name, columns in OPEN_DATA.items():
        lines = records(out / name)
        assert list(lines[0]) == [column.name for column in columns]
        for line in lines:
            counts = [line[column.name] for column in columns if column.type == "integer"]
            assert not {"1", "2", "3", "4"} & set(counts)
            hidden += counts.count("")
    assert hidden
    months = records(out / "received-by-agency.csv")
    totals = {row["agency_code"]: row["total"] for row in annex_over_http(province)}
    for code in AGENCIES:
        shown = [line["total"] for line in months if line["code"] == code]
        if "" not in shown:
            assert sum(map(int, shown)) == totals[code]
    dictionary = records(out / "data-dictionary.csv")
    assert {(line["file"], line["column"]) for line in dictionary} == {
        (name, column.name) for name, columns in OPEN_DATA.items() for column in columns
    }
    assert all(line["type"] and line["meaning"] and line["source"] for line in dictionary)


@pytest.mark.parametrize(
    "changes",
    [
        {"period": Period(date(2021, 3, 1), date(2021, 3, 30))},
        {"period": Period(date(1, 1, 1), date(9999, 12, 31))},
        {"agency": "H44.01"},
    ],
)
def test_open_data_are_of_whole_months_not_too_many_and_of_everybody(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(ExtractionFaulty):
        wanted(Kind.OPEN_DATA, **changes)


@pytest.mark.parametrize("kind", Kind)
def test_a_period_without_dossiers_gives_valid_files_without_rows(
    province: Province, tmp_path: Path, kind: Kind
) -> None:
    nothing = Period(date(2019, 2, 1), date(2019, 2, 28))
    out = extracted(province, wanted(kind, period=nothing), tmp_path / "out")

    told = json.loads((out / MANIFEST).read_text())
    assert told["files"]
    if kind is Kind.DOSSIERS:
        assert records(out / "dossiers-2019-02.csv") == []
    if kind is Kind.PARQUET:
        table = dataset.dataset(out / "month=2019-02", format="parquet").to_table()
        assert table.num_rows == 0
        assert table.schema.names == [column.name for column in DOSSIER]


def test_a_period_of_all_times_is_extracted_like_any_other(
    province: Province, tmp_path: Path
) -> None:
    always = Period(date.min, date.max)
    out = extracted(province, wanted(Kind.DOSSIERS, period=always), tmp_path / "dossiers")
    extracted(province, wanted(Kind.REPORT, period=always), tmp_path / "report")

    [count] = province.rows("SELECT count(*) AS n FROM dossier")
    assert sum(file["rows"] for file in _data_files(out)) == count["n"]


def test_as_of_a_day_the_rows_are_what_was_known_then_whatever_came_later(
    province: Province, tmp_path: Path
) -> None:
    asked = wanted(Kind.DOSSIERS, as_of=date(2026, 11, 22))
    before = extracted(province, asked, tmp_path / "before")
    with province.api.owner.begin() as db:
        db.exec_driver_sql(
            "UPDATE dossier SET due_at = due_at + interval '9 day' WHERE received_on < '2021-05-01'"
        )
    now_too = extracted(province, wanted(Kind.DOSSIERS), tmp_path / "now")
    after = extracted(province, asked, tmp_path / "after")

    name = "dossiers-2021-03.csv"
    assert (before / name).read_bytes() == (after / name).read_bytes()
    assert (before / name).read_bytes() != (now_too / name).read_bytes()
    nothing = extracted(province, replace(asked, as_of=date(2026, 11, 20)), tmp_path / "earlier")
    assert sum(file["rows"] for file in _data_files(nothing)) == 0


def _data_files(out: Path) -> list[dict[str, Any]]:
    told = json.loads((out / MANIFEST).read_text())
    return [file for file in told["files"] if file["role"] == "data"]


@contextmanager
def a_process(province: Province, out: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    url = province.api.settings.database_url
    assert url is not None
    environment = {
        "PATH": os.environ["PATH"],
        "APP_DATABASE_URL": url.get_secret_value(),
        "APP_DATA_DIR": str(province.api.settings.data_dir),
    }
    asked = ["--from", str(SPRING.first), "--to", str(SPRING.last), "--out", str(out)]
    command = [sys.executable, "-m", "app.cli", "extract", *options, *asked]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_killed_in_the_middle_it_goes_on_and_the_files_are_those_of_an_undisturbed_run(
    province: Province, tmp_path: Path
) -> None:
    undisturbed = extracted(province, wanted(Kind.PARQUET), tmp_path / "undisturbed")
    out = tmp_path / "killed"
    with a_process(province, out, "parquet") as process:
        journal, limit = out / JOURNAL, time.monotonic() + 60
        while not journal.exists() or journal.read_bytes().count(b"\n") < 4:
            assert time.monotonic() < limit
            assert process.poll() is None
        process.kill()
        process.wait()
    if (out / MANIFEST).exists():
        pytest.fail("it was done before it was killed: give it more to do")
    done = [json.loads(line)["name"] for line in journal.read_text().splitlines()[1:]]
    made_at = {name: (out / name).stat().st_mtime_ns for name in done}
    (out / ".half.part").write_bytes(b"half")

    extracted(province, wanted(Kind.PARQUET), out)

    assert {name: (out / name).stat().st_mtime_ns for name in done} == made_at
    assert _content(out) == _content(undisturbed)


def _content(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_what_changed_since_is_made_anew_when_it_goes_on(
    province: Province, tmp_path: Path
) -> None:
    asked = wanted(Kind.DOSSIERS)
    with opened(tmp_path, asked, TODAY) as folder:
        _make_first(province, asked, folder)
    change = (
        "UPDATE dossier SET due_at = due_at + interval '1 day' WHERE received_on = '2021-03-01'"
    )
    with province.api.owner.begin() as db:
        assert db.exec_driver_sql(change).rowcount

    extracted(province, asked, tmp_path)
    whole = extracted(province, asked, tmp_path.parent / "whole")

    assert _content(tmp_path) == _content(whole)


def _make_first(province: Province, asked: Wanted, folder: Folder) -> None:
    from app.services.extracting import planned  # noqa: PLC0415  (only here)

    with planned(province.desk, asked, actor=SYSTEM, now=TODAY) as plan:
        folder.make(plan.parts[0], lambda _rows: None)


def test_a_full_disk_leaves_no_half_file_and_the_next_run_goes_on(
    province: Province, tmp_path: Path
) -> None:
    asked = wanted(Kind.DOSSIERS)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(FolderUnusable), opened(tmp_path, asked, TODAY) as folder:
            fill(province.desk, asked, folder, TODAY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name for path in tmp_path.iterdir()} == {JOURNAL}

    extracted(province, asked, tmp_path)

    assert sum(file["rows"] for file in _data_files(tmp_path)) > 100


def test_a_folder_is_one_extractions_alone(province: Province, tmp_path: Path) -> None:
    asked = wanted(Kind.ANNEX)
    out = extracted(province, asked, tmp_path / "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thu.txt").write_text("thư")

    for path, other in (
        (out, wanted(Kind.REPORT)),
        (out, replace(asked, agency="H44.01")),
        (tmp_path / "other", asked),
        (tmp_path / "other" / "thu.txt" / "x", asked),
    ):
        with pytest.raises(FolderUnusable), opened(path, other, TODAY):
            pass
    (tmp_path / "other" / MANIFEST).write_text('{"format": "khác"}')
    with pytest.raises(FolderUnusable), opened(tmp_path / "other", asked, TODAY):
        pass
    with opened(tmp_path / "held", asked, TODAY):  # noqa: SIM117  (the second is refused)
        with pytest.raises(FolderUnusable), opened(tmp_path / "held", asked, TODAY):
            pass


def test_verify_names_what_is_missing_changed_or_does_not_belong(
    province: Province, tmp_path: Path
) -> None:
    out = extracted(province, wanted(Kind.DOSSIERS), tmp_path / "out")
    (out / "dossiers-2021-03.csv").unlink()
    with (out / "dossiers-2021-04.csv").open("a") as file:
        file.write("thêm\n")
    (out / "la.txt").write_text("lạ")

    assert list(faults(out)) == [
        "dossiers-2021-03.csv: không có.",
        "dossiers-2021-04.csv: nội dung khác với lúc trích xuất.",
        "la.txt: không thuộc bản trích xuất.",
    ]
    assert list(faults(tmp_path)) == [f"{tmp_path}: không có {MANIFEST}, bản trích xuất chưa xong."]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--from", "2021-04-01", "--to", "2021-03-01"], "kết thúc"),
        (["--from", "2021-03-01", "--to", "2021-04-30", "--agency", "H44.99"], "Không có cơ quan"),
        (["--from", "2021-03-01", "--to", "2021-04-30", "--as-of", "2999-01-01"], "chưa tới"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    province: Province,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    sentence: str,
) -> None:
    url = province.api.settings.database_url
    assert url is not None
    monkeypatch.setenv("APP_DATABASE_URL", url.get_secret_value())
    monkeypatch.setenv("APP_DATA_DIR", str(province.api.settings.data_dir))

    found = CliRunner().invoke(
        motcua, ["extract", "parquet", *options, "--out", str(tmp_path / "out")]
    )

    assert found.exit_code == 2
    assert sentence in found.stderr
    assert found.stderr.count("\n") == 1
    assert not list(tmp_path.rglob("*.*"))


def test_a_day_later_the_same_command_finds_what_it_had_made(
    province: Province, tmp_path: Path
) -> None:
    out = extracted(province, wanted(Kind.REPORT), tmp_path / "out")
    told = (out / MANIFEST).read_bytes()

    with opened(out, wanted(Kind.REPORT), TODAY + timedelta(days=1)) as folder:
        assert folder.is_complete

    assert (out / MANIFEST).read_bytes() == told
