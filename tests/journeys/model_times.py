"""What time and the calendar do in the model's province: sweeps of the worker, changes of days."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import text

from app.db.reference import References
from app.services import drafts, petitions, recomputation, sweeps, warnings
from app.services.desk import Desk
from tests.builders import Api, Json, succeeded
from tests.journeys.model_acts import Doing, carry_out
from tests.journeys.model_calendar import EVERYBODY
from tests.journeys.model_clock import Spans, minute_of
from tests.journeys.model_desk import OPEN, SYSTEM, WAITING, Dossier, Who
from tests.journeys.model_people import AGENCIES, SATURDAY, person
from tests.journeys.model_province import Province, expect

KEEPER = Who("administrator", "H44", "administrator@H44")
SHORT_DAY: Spans = ((450, 690), (780, 990))
MORNING: Spans = ((450, 690),)
_CHANGES = "/v1/calendar/changes"
_letters = count(1)


def desk_of(province: Province) -> Desk:
    desk: Desk = province.api.app.state.doors.desk
    return desk


def open_on_saturdays(province: Province) -> None:
    """Give one office hours of its own: shorter days, and Saturday mornings."""
    hours = {str(day): "07:30-11:30 13:00-16:30" for day in range(1, 6)} | {"6": "07:30-11:30"}
    form = {"source": "Quyết định giờ làm việc", "reason": "Theo quyết định"}
    week = {"agency": SATURDAY, "valid_from": "2026-01-01", "week": hours}
    succeeded(person(province.api, KEEPER).post(_CHANGES, {**form, "hours": [week]}))
    province.calendar.keep_hours(SATURDAY, (*(SHORT_DAY,) * 5, MORNING, ()))


def change_day(province: Province, agency: str, ahead: int, kind: str) -> bool:
    """Change a day, gone or to come, and have the worker derive what follows; say if it was."""
    day = province.today + timedelta(days=ahead)
    entry = {"agency": agency, "day": day.isoformat(), "kind": kind, "name": f"Ngày {kind}"}
    hours = "07:30-11:30" if kind == "hours" else None
    form = {"source": f"Công văn {next(_letters)}", "reason": "Theo công văn"}
    change = {**form, "days": [{**entry, "hours": hours}]}
    keeper = person(province.api, KEEPER)
    preview = keeper.post(f"{_CHANGES}?preview=true&limit=100", change)
    answer = keeper.post(_CHANGES, change)
    if province.calendar.refuses(agency, day, kind):
        expect(preview, "calendar.change_faulty")
        expect(answer, "calendar.change_faulty")
        return False
    succeeded(answer)
    before = _instants(province)
    province.calendar.put(agency, day, kind, hours)
    derive_anew(province)
    after = _instants(province)
    moved = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    assert _previewed(succeeded(preview)["items"]) == moved
    return True


def _instants(province: Province) -> dict[tuple[str, str], int]:
    """Return what a change of the calendar may move: what is due, and first answers."""
    return {
        (each.code, "answer" if each.accepted is None else "due"): each.until
        for each in province.dossiers
        if each.until is not None
        and (each.status == "registered" or (each.accepted is not None and each.status in OPEN))
    }


def _previewed(items: list[Json]) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (item["code"], item["what"]): (
            minute_of(datetime.fromisoformat(item["before"])),
            minute_of(datetime.fromisoformat(item["after"])),
        )
        for item in items
    }


def derive_anew(province: Province) -> None:
    desk, now = desk_of(province), province.api.clock.at
    while recomputation.recompute_open(desk, now=now):
        pass
    while petitions.recompute_open(desk):
        pass
    for dossier in province.dossiers:
        dossier.derive(province.calendar.office(dossier.agency))


def sweep(province: Province) -> None:
    """Let the worker do everything that time alone causes."""
    desk, now = desk_of(province), province.api.clock.at
    unanswered = [each for each in province.dossiers if _is_unanswered(province, each)]
    assert sweeps.stop_unanswered(desk, now=now) == len(unanswered)
    for dossier in unanswered:
        _by_itself(province, dossier, "stop")
    wanted = [each for each in province.dossiers if _is_fetched_online(each)]
    assert sweeps.return_electronic_results(desk, now=now) == len(wanted)
    for dossier in wanted:
        _by_itself(province, dossier, "return_result")
    warnings.raise_due(desk, now=now)
    drafts.forget_untouched(desk, now=now)
    sweeps.forget_answers(desk, now=now)
    province.sent.clear()


def _is_unanswered(province: Province, dossier: Dossier) -> bool:
    """Say whether the last day to answer is over; one that is off ends with the next one."""
    if dossier.status not in WAITING or dossier.reply_on is None:
        return False
    last = province.calendar.office(dossier.agency).working_day_from(dossier.reply_on)
    return last < province.today


def _is_fetched_online(dossier: Dossier) -> bool:
    return dossier.status == "resolved" and dossier.return_way == "online" and dossier.has_file


def _by_itself(province: Province, dossier: Dossier, act: str) -> None:
    doing = Doing(SYSTEM, act, {}, dossier.version, province.api.clock.at)
    carry_out(dossier, doing, province.calendar)


_KEPT = ("calendar_day", "local_day", "office_hours")


class CleanSlate:
    """Brings a province back to where it began: no dossier, the calendar of the seeds."""

    _GONE = (
        *("pace", "warning_reading", "warning", "apology", "due_move", "delivery", "payment"),
        *("rating", "petition_event", "petition", "petition_day", "draft", "delegation"),
        *("document", "dossier_component", "dossier_event", "dossier_search", "dossier"),
        *("intake_day", "idempotency"),
    )

    def __init__(self, api: Api) -> None:
        self._api = api
        self._days = {table: api.rows(f"SELECT * FROM {table}") for table in _KEPT}

    def wipe(self) -> None:
        with self._api.owner.begin() as db:
            for table in (*self._GONE, *_KEPT):
                db.execute(text(f"DELETE FROM {table}"))
            for table, rows in self._days.items():
                if rows:
                    columns = ", ".join(rows[0])
                    values = ", ".join(f":{column}" for column in rows[0])
                    db.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), rows)
            db.execute(text("DELETE FROM calendar_change WHERE id > 1"))
            db.execute(text("UPDATE revision SET value = 1 WHERE name = 'calendar'"))
        doors = self._api.app.state.doors
        desk = replace(doors.desk, references=References())
        self._api.app.state.doors = replace(doors, desk=desk)


def some_agency(choice: int) -> str:
    return [EVERYBODY, EVERYBODY, *AGENCIES][choice % (len(AGENCIES) + 2)]
