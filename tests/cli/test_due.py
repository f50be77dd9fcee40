"""`motcua due` as a clerk and as a script use it."""

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli.due import due

app = typer.Typer()
app.command()(due)

SUPPLEMENT = "2026-11-02T11:00..2026-11-05T14:00"


def run(*options: str) -> Result:
    return CliRunner().invoke(app, options)


@pytest.mark.parametrize(
    ("accepted", "limit", "more", "expected"),
    [
        ("2026-02-13T10:00", "3 working days", [], "2026-02-25T10:00+07:00"),
        ("2026-01-01T09:00", "1 working day", [], "2026-01-05T17:00+07:00"),
        ("2026-08-21T16:00", "1 working day", [], "2026-08-22T16:00+07:00"),
        ("2026-11-02T09:00", "2 working days", ["--stop", SUPPLEMENT], "2026-11-09T10:30+07:00"),
        ("2026-02-13T03:00Z", "3 ngày làm việc", [], "2026-02-25T10:00+07:00"),
        ("2026-02-13T12:00:45+09:00", "3 working days", [], "2026-02-25T10:00+07:00"),
        ("2026-02-13 10:00", "24 working hours", [], "2026-02-25T10:00+07:00"),
        ("2026-11-02T09:00", "5 calendar days", [], "2026-11-09T17:00+07:00"),
        ("2026-11-02T09:00", "1 month", [], "2026-12-02T17:00+07:00"),
        (
            "2026-02-13T10:00",
            "1 working day",
            ["--extension", "2 working days"],
            "2026-02-25T10:00+07:00",
        ),
        (
            "2026-11-02T09:00",
            "1 working day",
            [
                *("--stop", "2026-11-02T10:00..2026-11-02T11:00"),
                *("--stop", "2026-11-02T03:30Z..2026-11-02T14:00+07:00"),
            ],
            "2026-11-03T11:30+07:00",
        ),
    ],
)
def test_it_prints_the_due_instant_and_nothing_else(
    accepted: str, limit: str, more: list[str], expected: str
) -> None:
    result = run("--accepted", accepted, "--limit", limit, *more)

    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{expected}\n", "")


def test_an_explanation_follows_the_due_instant_a_line_for_each_day() -> None:
    result = run("--accepted", "2026-02-13T10:00", "--limit", "3 working days", "--explain")

    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "2026-02-25T10:00+07:00"
    assert lines[1] == "Ngày Loại ngày Giờ làm việc Phút Lũy kế Ghi chú"
    hours = "07:30-11:30, 13:00-17:00"
    assert lines[2] == f"T6 13/02/2026 ngày làm việc {hours} 330 330 tiếp nhận lúc 10:00"
    assert lines[6] == "T3 17/02/2026 nghỉ: Tết Nguyên Đán 0 330"
    assert lines[14] == f"T4 25/02/2026 ngày làm việc {hours} 150 1440 đến hạn lúc 10:00"
    assert lines[15].startswith("Tổng cộng: 1440 phút làm việc. Nguồn: ")
    assert len(lines) == 16


def test_days_of_the_year_are_numbered() -> None:
    result = run("--accepted", "2026-11-02T09:00", "--limit", "2 ngày", "--explain")

    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[1] == "Ngày Loại ngày Giờ làm việc Phút Lũy kế Đếm Ghi chú"
    assert lines[4].endswith("480 1350 2 đến hạn lúc 17:00")


def test_while_the_clock_stands_it_says_what_is_left() -> None:
    result = run(
        *("--accepted", "2026-11-02T09:00", "--limit", "2 working days"),
        *("--stop", "2026-11-02T11:00.."),
    )

    assert result.exit_code == 0
    assert result.stdout == (
        "Đồng hồ đang dừng: còn 1 ngày 6 giờ, tức 840 phút làm việc, tính từ khi chạy tiếp.\n"
    )


def test_machines_get_the_same_as_json() -> None:
    result = run(
        *("--accepted", "2026-11-02T09:00", "--limit", "2 working days", "--stop", SUPPLEMENT),
        *("--explain", "--json"),
    )

    answer = json.loads(result.stdout)
    days = answer.pop("days")
    source = answer.pop("calendar")
    assert answer == {
        "due_at": "2026-11-09T10:30+07:00",
        "accepted_at": "2026-11-02T09:00+07:00",
        "limit": "2 ngày làm việc",
        "extension": None,
        "spent_minutes": 120,
        "remaining_minutes": 840,
        "budget_minutes": 960,
    }
    assert source
    assert [day["minutes"] for day in days] == [120, 0, 0, 180, 480, 0, 0, 180]
    assert days[0] == {
        "day": "2026-11-02",
        "nature": "working",
        "why": "ngày làm việc",
        "intervals": [
            ["2026-11-02T07:30+07:00", "2026-11-02T11:30+07:00"],
            ["2026-11-02T13:00+07:00", "2026-11-02T17:00+07:00"],
        ],
        "minutes": 120,
        "total": 120,
        "day_number": None,
        "notes": ["tiếp nhận lúc 09:00", "dừng từ 11:00"],
    }


def test_json_has_no_due_instant_while_the_clock_stands() -> None:
    result = run(
        *("--accepted", "2026-11-02T09:00", "--limit", "2 working days"),
        *("--stop", "2026-11-02T11:00..", "--extension", "1 working day", "--json"),
    )

    answer = json.loads(result.stdout)
    assert answer["due_at"] is None
    assert answer["extension"] == "1 ngày làm việc"
    assert answer["remaining_minutes"] == 1320
    assert "days" not in answer


@pytest.mark.parametrize(
    ("accepted", "limit", "more", "told"),
    [
        ("yesterday", "3 working days", [], "Không đọc được thời điểm “yesterday”"),
        ("2026-02-30T10:00", "3 working days", [], "Không đọc được thời điểm"),
        ("2026-02-13", "3 working days", [], "Cần ngày và giờ"),
        ("", "3 working days", [], "Không đọc được thời điểm"),
        ("2026-02-13T10:00", "3 days", [], "Không đọc được thời hạn “3 days”"),
        ("2026-02-13T10:00", "0 months", [], "Thời hạn phải từ 1"),
        ("2026-02-13T10:00", "1 month", ["--extension", "more"], "Không đọc được thời hạn “more”"),
        ("2026-02-13T10:00", "1 month", ["--stop", "2026-02-14T10:00"], "Cần TỪ..ĐẾN"),
        ("2026-02-13T10:00", "1 month", ["--stop", ".."], "Không đọc được thời điểm"),
        (
            "2026-02-13T10:00",
            "1 month",
            ["--stop", "2026-02-14T10:00..2026-02-13T10:00"],
            "trước khi bắt đầu",
        ),
        ("1989-12-31T10:00", "1 working day", [], "Lịch làm việc chỉ tính được từ 01/01/1990"),
        ("0001-01-01T00:00+14:00", "1 month", [], "Lịch làm việc chỉ tính được từ 01/01/1990"),
        ("2100-12-30T10:00", "1 month", [], "đến 31/12/2100"),
    ],
)
def test_bad_input_is_answered_by_one_sentence(
    accepted: str, limit: str, more: list[str], told: str
) -> None:
    result = run("--accepted", accepted, "--limit", limit, *more)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
