"""Answers about figures as tables to read, CSV or JSON."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import ready
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.domain.actor import SYSTEM
from app.domain.errors import DomainError
from app.domain.periods import Period
from app.domain.question import LEVEL_NAMES, Question
from app.domain.rates import percent, rate_of, rounded
from app.domain.running import RUNNING, lines_of
from app.domain.steering import State
from app.domain.supply import Aim, Standing
from app.services import figures, recounting
from app.services import steering_index as steering
from app.services import supply as supply_service
from app.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: names for machines, headings for people, rows of plain values."""

    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    upright: bool = False  # few rows with many columns: printed as lines


def refuse(refusal: DomainError) -> NoReturn:
    typer.echo(f"motcua: {refusal.detail}", err=True)
    raise typer.Exit(2) from None


def question(first: date, last: date, **wanted: Any) -> Question:  # noqa: ANN401  (fields of Question)
    try:
        return Question(Period(first, last), **wanted)
    except DomainError as refusal:
        refuse(refusal)


@contextmanager
def desk() -> Iterator[Desk]:
    """Give what services work with; a refusal of a question ends the command with its reason."""
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=4)
        try:
            yield desk_of(settings, engine)
        except DomainError as refusal:
            refuse(refusal)
        finally:
            engine.dispose()


def running(asked: Question, form: str) -> None:
    with desk() as found:
        answer = figures.running(found, asked, actor=SYSTEM, now=clock.now())
    rows = [
        {"code": part.code, "name": part.name, **lines_of(part.sums)}
        for part in (*(answer.parts if asked.group != "none" else ()), answer.total)
    ]
    columns = {"code": "Mã", "name": "Nội dung", **RUNNING}
    show(Sheet(f"Tình hình giải quyết hồ sơ {asked.period}", columns, rows, upright=True), form)


def index(asked: Question, form: str) -> None:
    with desk() as found:
        answer = steering.index(found, asked, actor=SYSTEM, now=clock.now())
    parts = [*(answer.parts if asked.group != "none" else ()), answer.total]
    rows = [row for part in parts for row in _index_rows(part)]
    show(Sheet(f"{answer.steering.source}, {asked.period}", _INDEX, rows), form)


_INDEX = {
    "part": "Phạm vi",
    "id": "Mã",
    "name": "Chỉ số",
    "numerator": "Tử số",
    "denominator": "Mẫu số",
    "rate_percent": "Tỷ lệ (%)",
    "mean": "Trung bình",
    "points": "Điểm",
    "points_full": "Tối đa",
    "state": "Nguồn",
}
_STATES = {
    State.COUNTED: "",
    State.NO_DATA: "không phát sinh",
    State.NO_SOURCE: "chưa có nguồn",
}


def _index_rows(part: steering.PartScore) -> Iterator[dict[str, Any]]:
    for one in part.score.figures:
        yield {
            "part": part.name,
            "id": one.definition.id,
            "name": one.definition.name,
            "numerator": one.numerator,
            "denominator": one.denominator,
            "rate_percent": percent(one.share),
            "mean": None
            if one.mean is None
            else f"{number(rounded(one.mean))} {one.definition.unit}",
            "points": None if one.points is None else rounded(one.points),
            "points_full": rounded(one.definition.points),
            "state": _STATES[one.state],
        }
    yield {
        "part": part.name,
        "id": "",
        "name": "Tổng điểm các chỉ số có số liệu",
        "points": rounded(part.score.points),
        "points_full": rounded(part.score.attainable),
        "state": "",
    }


def supply(asked: Question, form: str) -> None:
    with desk() as found:
        answer = supply_service.supply(found, asked, actor=SYSTEM, now=clock.now())
    shares = [
        {
            "name": row.name,
            "procedures": row.procedures,
            **{f"level_{n}": count for n, count in row.by_online_level.items()},
            **{
                f"share_{n}": percent(rate_of(count, row.procedures))
                for n, count in row.by_online_level.items()
            },
            "with_online": row.with_online,
            "share_with_online": percent(rate_of(row.with_online, row.procedures)),
        }
        for row in answer.rows
    ]
    aims = [_aim_row(one, aim) for one in answer.standings for aim in one.aims or (None,)]
    title = f"Mức độ cung cấp dịch vụ công ngày {answer.day:%d/%m/%Y}"
    if form == "json":
        _write_json({"supply": shares, "targets": aims})
        return
    show(Sheet(title, _SUPPLY, shares), form)
    show(Sheet("So với mục tiêu", _TARGETS, aims), form)


_ONLINE_LEVELS = {1: "Mức 1", 2: "Mức 2", 3: "Mức 3, một phần", 4: "Mức 4, toàn trình"}
_SUPPLY = {
    "name": "Cấp",
    "procedures": "Thủ tục",
    **{f"level_{n}": name for n, name in _ONLINE_LEVELS.items()},
    **{f"share_{n}": f"{name} (%)" for n, name in _ONLINE_LEVELS.items()},
    "with_online": "Có hồ sơ trực tuyến",
    "share_with_online": "Có hồ sơ trực tuyến (%)",
}
_TARGETS = {
    "indicator": "Chỉ tiêu",
    "level": "Cấp",
    "reached": "Đã đạt",
    "value": "Hiện nay",
    "year": "Năm",
    "target": "Mục tiêu",
    "gap": "Còn thiếu",
    "months_left": "Số tháng còn lại",
    "pace": "Mỗi tháng cần",
}


_LEVELS = {supply_service.ALL: "Toàn tỉnh", **{str(level): n for level, n in LEVEL_NAMES.items()}}
_INDICATORS = {
    **{
        f"share of procedures offered online at level {n}": f"Thủ tục trực tuyến từ mức {n}"
        for n in (2, 3, 4)
    },
    "share of dossiers resolved online": "Hồ sơ giải quyết trực tuyến",
    "communes running the one-stop system": "Xã có Bộ phận Một cửa",
    "districts running the one-stop system": "Huyện có Bộ phận Một cửa",
    "departments running the one-stop system": "Sở, ngành có Bộ phận Một cửa",
}


def _aim_row(one: Standing, aim: Aim | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "indicator": _INDICATORS.get(one.target.indicator, one.target.indicator),
        "level": _LEVELS[one.target.level],
        "reached": _reached(one),
        "value": None if one.value is None else rounded(one.value),
    }
    if aim is not None:
        row |= {
            "year": str(aim.year),
            "target": rounded(aim.target),
            "gap": rounded(aim.gap),
            "months_left": aim.months_left,
            "pace": None if aim.pace is None else rounded(aim.pace),
        }
    return row


def _reached(one: Standing) -> str:
    """Say what was published of the last year before the targets."""
    year = max(one.target.reached, default=None)
    return "" if year is None else f"{number(rounded(one.target.reached[year]))} ({year})"


def verify() -> None:
    """Recount and say what was found; the exit status tells scripts."""
    with desk() as found:
        result = recounting.verify(found, now=clock.now())
    typer.echo(f"Đã đếm lại {number(result.dossiers)} hồ sơ trong {result.seconds:.1f} giây.")
    for difference in result.differences:
        typer.echo(json.dumps(difference, ensure_ascii=False, default=str))
    if not result.is_right:
        typer.echo(f"Có {len(result.differences)} điểm khác với sổ số liệu.", err=True)
        raise typer.Exit(1)
    typer.echo("Số liệu đúng với lịch sử từng hồ sơ.")


def show(sheet: Sheet, form: str) -> None:
    _WRITERS[form](sheet)


def _as_csv(sheet: Sheet) -> None:
    writer = csv.DictWriter(sys.stdout, list(sheet.columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(sheet.rows)


def _as_json(sheet: Sheet) -> None:
    _write_json(list(sheet.rows))


def _write_json(value: Any) -> None:  # noqa: ANN401  (any JSON value)
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1, default=str)
    sys.stdout.write("\n")


def _as_table(sheet: Sheet) -> None:
    made = Table(title=sheet.title)
    if sheet.upright:
        made.add_column("")
        for row in sheet.rows:
            made.add_column(str(row["name"]), justify="right")
        for name, label in list(sheet.columns.items())[2:]:
            made.add_row(label, *(number(row[name]) for row in sheet.rows))
    else:
        for name, label in sheet.columns.items():
            is_number = any(not isinstance(row.get(name), str) for row in sheet.rows)
            made.add_column(label, justify="right" if is_number else "left")
        for row in sheet.rows:
            made.add_row(*(number(row.get(name)) for name in sheet.columns))
    Console().print(made)


def number(value: Any) -> str:  # noqa: ANN401  (any cell)
    """Write a cell as people read it here: dots between thousands, a decimal comma."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    return str(value).replace(".", ",") if not isinstance(value, str) else value


_WRITERS: dict[str, Callable[[Sheet], None]] = {
    "table": _as_table,
    "csv": _as_csv,
    "json": _as_json,
}

REPORTS: dict[str, Callable[..., None]] = {
    "running": running,
    "index": index,
    "supply": supply,
}
