"""`motcua due` against a second clock that walks minute by minute: thousands of cases, fixed ones.

Offices open on Saturdays or not, have half-days and make-up days of their own; options are written
as a clerk types them. The second clock shares nothing with the application.
"""

import json
import random
from datetime import date, timedelta
from typing import NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from app import seeds
from app.cli.due import due as command
from app.cli.due_report import read_question
from app.domain.calendar import Calendar
from app.domain.calendar_csv import calendar_from_csv
from app.domain.deadlines import due
from tests.journeys.model_calendar import Calendar as ModelCalendar
from tests.journeys.model_clock import (
    BASE,
    DAY,
    USUAL,
    Limit,
    Office,
    Spans,
    length,
    midnight,
    minute_of,
)

BATCHES, OFFICES, CASES = 8, 12, 40
DAYS: list[Spans] = [USUAL, USUAL, ((420, 690), (810, 1035)), ((450, 690),), ((480, 960),)]
UNITS = {
    "working_days": ("working days", "ngày làm việc", 25),
    "working_hours": ("working hours", "giờ làm việc", 60),
    "calendar_days": ("calendar days", "ngày", 45),
    "months": ("months", "tháng", 4),
}
EDGES = [0, 449, 450, 451, 689, 690, 691, 779, 780, 900, 901, 1019, 1020, 1021, 1439]
app = typer.Typer()
app.command()(command)


class Case(NamedTuple):
    """What is asked, as typed, and what the model makes of it; `due` of None: the clock stands."""

    accepted: str
    limit: str
    stops: list[str]
    extension: str | None
    due: int | None
    remaining: int | None


def a_case(chance: random.Random, office: Office, first: date) -> Case:
    start = midnight(first) + chance.randrange(200) * DAY + _minute(chance)
    limit, extension = _limit(chance), _limit(chance) if chance.random() < 0.3 else None
    closed, since = _stops(chance, start)
    end = office.due(limit, start, closed, extension)
    stands = since is not None and since < end
    return Case(
        _typed(chance, start),
        _words(chance, limit),
        [f"{_typed(chance, begin)}..{_typed(chance, over)}" for begin, over in closed]
        + ([f"{_typed(chance, since)}.."] if since is not None else []),
        _words(chance, extension) if extension else None,
        None if stands else end,
        office.between(since, end) if since is not None and stands else None,
    )


def _stops(chance: random.Random, start: int) -> tuple[tuple[tuple[int, int], ...], int | None]:
    """Return stops one after the other, and maybe when one began that still lasts."""
    found, at = [], start
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        begin = at + chance.choice([0, chance.randrange(6 * DAY), chance.randrange(300)])
        at = begin + chance.choice([1, chance.randrange(1, 9 * DAY), chance.randrange(1, 500)])
        found.append((begin, at))
        at += 1
    since = at + chance.randrange(9 * DAY) if chance.random() < 0.2 else None
    return tuple(found), since


def _minute(chance: random.Random) -> int:
    return chance.choice(EDGES) if chance.random() < 0.5 else chance.randrange(DAY)


def _limit(chance: random.Random) -> Limit:
    unit = chance.choice(list(UNITS))
    return chance.randint(1, UNITS[unit][2]), unit


def _words(chance: random.Random, limit: Limit) -> str:
    return f"{limit[0]} {chance.choice(UNITS[limit[1]][:2])}"


def _typed(chance: random.Random, minute: int) -> str:
    """Write an instant as somebody might: with seconds, in universal time, with a blank."""
    local = BASE + timedelta(minutes=minute)
    return chance.choice(
        [
            f"{local:%Y-%m-%dT%H:%M}",
            f"{local:%Y-%m-%d %H:%M}",
            f"{local:%Y-%m-%dT%H:%M:59}+07:00",
            f"{local - timedelta(hours=7):%Y-%m-%dT%H:%M}Z",
        ]
    )


def an_office(chance: random.Random, first: date) -> tuple[Office, Calendar]:
    """Return an office with days of its own as the model knows it, and read from its tables."""
    usual, saturday = chance.choice(DAYS), chance.choice([(), (), ((450, 690),), USUAL])
    week: list[Spans] = [usual] * 5 + [saturday, ()]
    rules = ["day,kind,name,source"]
    days: dict[date, Spans] = {}
    for _ in range(chance.randrange(40)):
        day = first + timedelta(days=chance.randrange(400))
        if day in days:
            continue
        kind = chance.choice(["off", "off", "worked", "hours"])
        own: Spans = ((480, 690),) if kind == "hours" else ()
        days[day] = max(week, key=length) if kind == "worked" else own
        rules.append(f"{day},{'hours 08:00-11:30' if kind == 'hours' else kind},Ngày {kind},CV")
    hours = ["agency,valid_from,weekday,start,end"]
    hours += [
        f"*,2020-01-01,{weekday},{_clock(opens)},{_clock(closes)}"
        for weekday, spans in enumerate(week, 1)
        for opens, closes in spans
    ]
    return Office(week, days), calendar_from_csv("\n".join(rules), "\n".join(hours))


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_due_instant_is_the_walked_one_on_any_calendar(batch: int) -> None:
    chance, first = random.Random(batch), date(2026, 1, 5) + timedelta(days=60 * batch)
    for _ in range(OFFICES):
        office, calendar = an_office(chance, first)
        for _ in range(CASES):
            case = a_case(chance, office, first)
            asked = read_question(case.accepted, case.limit, case.stops, case.extension, "*")

            told = due(asked.limit, asked.accepted_at, asked.stops, calendar, asked.extension)

            assert (told.due_at and minute_of(told.due_at)) == case.due, case
            assert case.remaining in {None, told.remaining_minutes}, case


def test_the_command_prints_the_walked_instant_on_the_calendar_it_comes_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("APP_DATABASE_URL", raising=False)
    assert seeds.read_text("calendar.csv")
    chance, office = random.Random(2026), ModelCalendar().office("*")
    runner = CliRunner()
    for _ in range(120):
        case = a_case(chance, office, date(2026, 1, 1))
        options = ["--accepted", case.accepted, "--limit", case.limit, "--json"]
        options += [part for stop in case.stops for part in ("--stop", stop)]
        options += ["--extension", case.extension] if case.extension else []

        result = runner.invoke(app, options)

        assert result.exit_code == 0, (case, result.stderr)
        told = json.loads(result.stdout)
        expected = None
        if case.due is not None:
            expected = f"{BASE + timedelta(minutes=case.due):%Y-%m-%dT%H:%M}+07:00"
        assert told["due_at"] == expected, case
