"""`motcua calendar`: show, preview, apply, on the province's own database.

The days lie so far ahead that the date on which the tests run does not matter.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.calendar import calendar
from tests.clock.bureau import Bureau, at

LETTER = {
    "source": "Công văn số 1/VPCP",
    "days": [
        {"day": "2095-10-06", "kind": "off", "name": "Nghỉ hoán đổi"},
        {"day": "2095-10-15", "kind": "worked", "name": "Làm bù"},
    ],
}
Run = Callable[..., Result]
MONDAY = at("2095-10-03T10:00")  # three working days: due Thursday 6 October 10:00


@pytest.fixture
def run(module_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("APP_DATABASE_URL", module_database)
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path))

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(calendar, arguments)

    return call


def in_a_file(tmp_path: Path, content: object, name: str = "thay-doi.json") -> str:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def test_a_change_is_previewed_then_entered_and_told_as_a_table(
    bureau: Bureau,
    run: Run,
    tmp_path: Path,
) -> None:
    code = bureau.take_in(MONDAY)
    file = in_a_file(tmp_path, LETTER)

    preview = run("preview", file)
    assert (preview.exit_code, preview.stderr) == (0, "")
    assert "1 hồ sơ thay đổi hạn. Chưa có gì được ghi." in preview.stdout
    for told in (code, "H44.29", "hẹn trả", "10:00 06/10/2095", "10:00 07/10/2095"):
        assert told in preview.stdout
    assert bureau.moves() == {}

    entered = run("apply", file, "--by", "Đỗ Văn Quản")
    assert (entered.exit_code, entered.stderr) == (0, "")
    assert "1 hồ sơ thay đổi hạn. Ngày hẹn đã in trên giấy được giữ nguyên." in entered.stdout
    assert bureau.due(code) == at("2095-10-07T10:00")
    change = bureau.one("SELECT entered_name, source FROM calendar_change ORDER BY id DESC LIMIT 1")
    assert change == {"entered_name": "Đỗ Văn Quản", "source": "Công văn số 1/VPCP"}

    shown = run("show", "--year", "2095")
    assert "Nghỉ hoán đổi" in shown.stdout
    assert "T5 06/10/2095" in shown.stdout
    assert "Đỗ Văn Quản" in shown.stdout
    assert "07:30-11:30" in shown.stdout


def test_a_table_of_a_year_is_entered_for_one_office(
    bureau: Bureau,
    run: Run,
    tmp_path: Path,
) -> None:
    table = "day,kind,name,source\n2095-10-05,hours 07:30-11:30,Mất điện,\n"
    file = in_a_file(tmp_path, table, "nam.csv")
    here, there = bureau.take_in(MONDAY), bureau.take_in(MONDAY, agency="H44.30")

    assert run("apply", file, "--agency", "H44.29").exit_code == 1  # without a source
    entered = run("apply", file, "--agency", "H44.29", "--source", "Thông báo 5")

    assert entered.exit_code == 0, entered.stderr
    assert set(bureau.moves()) == {here}
    assert bureau.due(there) == at("2095-10-06T10:00")
    assert (
        "giờ riêng (riêng) 07:30-11:30"
        in run("show", "--year", "2095", "--agency", "H44.29").stdout
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "Tệp không đọc được"),
        ({"source": "x", "days": [{"day": "2095-13-01", "kind": "off"}]}, "/days/0/day"),
        ({"source": "x"}, "không nêu ngày"),
        (
            {
                "source": "x",
                "days": [
                    {"day": "2020-01-06", "kind": "off", "name": "x"},
                    {"day": "2095-10-06", "kind": "off", "name": "x", "agency": "H44.99"},
                ],
            },
            "/days/0/day: Ngày 06/01/2020 đã qua",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_entered(
    bureau: Bureau,
    run: Run,
    tmp_path: Path,
    content: object,
    told: str,
) -> None:
    result = run("apply", in_a_file(tmp_path, content))

    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert len(bureau.rows("SELECT FROM calendar_change")) == 1
