"""`motcua replay` as it is typed: the real command, killed and started again too."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.db.access import connect
from app.domain.figures import Intake
from app.domain.periods import Period
from tests.domain.past_samples import count, placed, plan, published
from tests.services.replays import PUBLISHED, a_march, books, marks, one

ROOT = Path(__file__).parents[2]
MARCH = Period(date(2021, 3, 1), date(2021, 3, 31))
PERIODS = [
    MARCH,
    Period(date(2021, 3, 8), date(2021, 3, 14)),
    Period(date(2021, 3, 12), date(2021, 4, 11)),
    Period(date(2021, 2, 1), date(2021, 3, 31)),
    Period(date(2021, 3, 13), date(2021, 3, 14)),
    Period(date(2021, 5, 1), date(2021, 5, 31)),
]
"""Contained in each other, overlapping, alone, a weekend, and one in which nothing came."""
CELLS = {
    ("H44.01", date(2021, 3, 2)): Intake(7, 3),
    ("H44.01", date(2021, 3, 10)): Intake(0, 5),
    ("H44.18", date(2021, 3, 13)): Intake(4, 9),
    ("H44.18", date(2021, 2, 3)): Intake(11, 40),
    ("H44.29", date(2021, 3, 30)): Intake(25, 2),
    ("H44.31", date(2021, 4, 9)): Intake(3, 0),
}


@dataclass
class Command:
    """The command on a database of its own."""

    owner: Engine
    environment: Mapping[str, str]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def replay(self, file: Path, *options: str) -> str:
        """Replay a file to the end and return what was said."""
        code, out, err = self.run("replay", str(file), *options)
        assert code == 0, err
        return out

    def annex(self, period: Period) -> str:
        days = ("--from", str(period.first), "--to", str(period.last))
        code, out, err = self.run("annex", *days, "--format", "csv")
        assert code == 0, err
        return out


@pytest.fixture
def command(database: str, tmp_path: Path) -> Iterator[Command]:
    owner = connect(database, as_owner=True)
    environment = os.environ | {
        "APP_DATABASE_URL": database,
        "APP_DATA_DIR": str(tmp_path / "data"),
    }
    yield Command(owner, environment)
    owner.dispose()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return _file(tmp_path, published(CELLS, PERIODS))


def _file(folder: Path, content: str | bytes) -> Path:
    file = folder / "bảng.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_the_annex_gives_the_table_back_byte_for_byte(command: Command, table: Path) -> None:
    said = command.replay(table).splitlines()

    header, *_ = table.read_text(encoding="utf-8").splitlines(keepends=True)
    printed = [command.annex(period).removeprefix(header) for period in PERIODS]
    assert header + "".join(printed) == table.read_text(encoding="utf-8")
    assert re.fullmatch(
        r"Đã phát lại \d+ hồ sơ trong \d+\.\d giây \([\d.]+ hồ sơ/giây\)\.", said[0]
    )
    assert said[1:] == [
        "2021-03: 55 hồ sơ, trong đó 19 trực tuyến, tỷ lệ 34,55 %",
        "2021-03-08..2021-03-14: 18 hồ sơ, trong đó 14 trực tuyến, tỷ lệ 77,78 %",
        "2021-03-12..2021-04-11: 43 hồ sơ, trong đó 11 trực tuyến, tỷ lệ 25,58 %",
        "2021-02..2021-03: 106 hồ sơ, trong đó 59 trực tuyến, tỷ lệ 55,66 %",
        "2021-03-13..2021-03-14: 13 hồ sơ, trong đó 9 trực tuyến, tỷ lệ 69,23 %",
        "2021-05: 0 hồ sơ, trong đó 0 trực tuyến, tỷ lệ chưa có số liệu",
    ]


def test_played_again_it_says_so_and_changes_nothing(command: Command, table: Path) -> None:
    first = command.replay(table).splitlines()
    played = one(command.owner, "SELECT count(*) FROM dossier")
    again = command.replay(table).splitlines()

    assert again[0] == f"Bảng này đã phát lại đủ {played} hồ sơ; không có gì thay đổi."
    assert again[1:] == first[1:]
    assert one(command.owner, "SELECT count(*) FROM dossier") == played


def test_another_table_says_what_is_there_already(command: Command, tmp_path: Path) -> None:
    command.replay(_file(tmp_path, a_march(3, 3)))

    said = command.replay(_file(tmp_path, a_march(1, 1)), "--seed", "5")

    assert said.startswith("Kỳ 2021-03 đã có 138 hồ sơ; bảng này được cộng thêm vào đó.\n")
    assert books(command.owner, MARCH) == {"H44.10": Intake(92, 92)}


def test_a_share_of_the_published_table(command: Command) -> None:
    said = command.replay(PUBLISHED, "--share", "0.001").splitlines()

    dossiers = one(command.owner, "SELECT count(*) FROM dossier")
    assert said[0].startswith(f"Đã phát lại {dossiers} hồ sơ trong ")
    assert said[1].startswith(f"2021-01..2021-06: {dossiers} hồ sơ")
    assert 240 < dossiers < 280


_COPYING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY dossier_event%'
"""


def test_killed_at_any_moment_and_started_again_it_neither_doubles_nor_loses(
    command: Command,
) -> None:
    replay = ("replay", str(PUBLISHED), "--share", "0.05")
    owner = command.owner

    _kill_when(lambda: bool(one(owner, _COPYING)), command.start(*replay))  # inside a batch
    for _ in range(2):
        _kill_when(partial(_has_more_marks, owner, marks(owner)), command.start(*replay))
    assert marks(owner) >= 2
    code, out, err = command.run(*replay)

    assert code == 0, err
    assert out.startswith("Phát tiếp: đã có ")
    half_year = Period(date(2021, 1, 1), date(2021, 6, 30))
    cells = placed(plan(PUBLISHED.read_text(encoding="utf-8"), share="0.05"))
    assert books(owner, half_year) == count(cells, half_year)
    assert one(owner, "SELECT sum(dossiers) FROM replay_batch") == sum(
        intake.received for intake in cells.values()
    )
    alone = "SELECT count(*) FROM {} AS part LEFT JOIN dossier ON dossier.id = dossier_id"
    for part in ("dossier_event", "dossier_component", "delivery"):
        assert one(owner, alone.format(part) + " WHERE dossier.id IS NULL") == 0
    without = "SELECT count(*) FROM dossier WHERE NOT EXISTS (SELECT FROM {} WHERE dossier_id = id)"
    assert one(owner, without.format("dossier_event")) == 0


def _has_more_marks(owner: Engine, before: int) -> bool:
    return marks(owner) > before


def _kill_when(is_time: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    while not is_time():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    process.kill()
    process.communicate()


def test_a_table_that_contradicts_itself_is_refused_with_its_rows(
    command: Command, tmp_path: Path
) -> None:
    text = PUBLISHED.read_text(encoding="utf-8")
    wrong = text.replace("Sở Y tế,1305,375,930,71.26", "Sở Y Tế,1305,375,930,71.20")

    code, out, err = command.run("replay", str(_file(tmp_path, wrong)))

    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "motcua: Bảng số liệu có 2 lỗi:",
        "  dòng 4 (Sở Y Tế): không có cơ quan này trong danh mục.",
        "  dòng 4 (Sở Y Tế): online_rate_percent phải là 71.26, không phải “71.20”.",
    ]
    assert one(command.owner, "SELECT count(*) FROM dossier") == 0


def test_notes_come_first(command: Command, tmp_path: Path) -> None:
    text = a_march(1, 0).decode().replace("province,10,Sở Tư pháp", "province,99,Sở Tư pháp")

    said = command.replay(_file(tmp_path, text))

    assert said.startswith(
        "Lưu ý: Số thứ tự khác danh mục ở dòng 12; phụ lục in theo danh mục.\nĐã phát lại 23 hồ sơ"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("không-có.csv",),
        (".",),
        (str(PUBLISHED), "--share", "-1"),
        (str(PUBLISHED), "--share", "101"),
        (str(PUBLISHED), "--seed", "x"),
        (),
    ],
)
def test_what_cannot_be_is_a_mistake_of_the_command_line(
    command: Command, arguments: tuple[str, ...]
) -> None:
    code, out, err = command.run("replay", *arguments)

    assert (code, out) == (2, "")
    assert "Usage" in err
