"""Whatever is open and whatever is changed: a preview says exactly what applying does."""

from datetime import date, datetime, time, timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from app.db.books import read_book
from app.domain.calendar import LOCAL_ZONE
from app.domain.calendar_book import CalendarChange, DayEntry, EntryKind, HoursEntry
from app.domain.calendar_faults import CalendarChangeFaulty
from app.domain.deadlines import Stop, due, first_answer_due
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services.clocks import extension_of
from tests.clock.bureau import FULL, JUSTICE, PARTIAL, Bureau, at

DISTRICT, OTHER = "H44.29", "H44.30"
START = date(2026, 10, 1)
NOW = at("2026-10-12T09:00")
MINUTE = timedelta(minutes=1)

minutes = st.integers(0, 8 * 24 * 60).map(lambda n: at("2026-10-01T07:00") + n * MINUTE)
days = st.integers(-5, 40).map(lambda n: START + timedelta(days=n))
agencies = st.sampled_from(["*", "*", "*", DISTRICT, OTHER, JUSTICE])
spans = st.sampled_from(
    [
        ((time(7, 30), time(11, 30)),),
        ((time(8), time(12)), (time(13, 30), time(17, 30))),
        ((time(7), time(9)), (time(10), time(11)), (time(15), time(16, 20))),
    ]
)


def an_entry(
    agency: str, day: date, kind: EntryKind, hours: tuple[tuple[time, time], ...]
) -> DayEntry:
    """Return an entry that is mostly sensible: weekends are worked, weekdays are not."""
    if kind is EntryKind.WORKED:
        day += timedelta(days=5 - day.weekday())
    return DayEntry(agency, day, kind, "Ngày khác thường", hours if kind is EntryKind.HOURS else ())


entries = st.builds(
    an_entry,
    agencies,
    days,
    st.sampled_from([*EntryKind, EntryKind.OFF, EntryKind.OFF, EntryKind.HOURS]),
    spans,
)
weeks = st.builds(
    HoursEntry,
    agencies,
    days,
    st.dictionaries(st.integers(1, 6), spans, min_size=3, max_size=6),
)
changes = st.builds(
    CalendarChange,
    st.just("Văn bản"),
    st.just("Nhập chậm"),
    st.lists(entries, min_size=1, max_size=4, unique_by=lambda e: (e.agency, e.day)).map(tuple),
    st.lists(weeks, max_size=1).map(tuple),
)
lives = st.tuples(
    st.sampled_from(["take_in", "submit"]),
    st.sampled_from([(PARTIAL, DISTRICT), (PARTIAL, OTHER), ("2.000815", DISTRICT)]),
    minutes,
    st.lists(st.integers(1, 600), min_size=4, max_size=4),
    st.sampled_from(["", "start", "ask", "answered", "extended", "paying", "withdrawn"]),
)


def live(bureau: Bureau, life: tuple[str, tuple[str, str], datetime, list[int], str]) -> None:
    """Let a dossier come to where its life says it is."""
    channel, (procedure, agency), now, gaps, until = life
    if channel == "submit":
        code = bureau.submit(now, FULL)
        if until:
            bureau.accept(code, now := now + gaps[0] * MINUTE)
    else:
        code = bureau.take_in(now, procedure, agency)
    if until == "withdrawn":
        bureau.withdraw(code, now + gaps[1] * MINUTE)
    elif until:
        bureau.start(code, now := now + gaps[1] * MINUTE)
        go_on(bureau, code, until, now + gaps[2] * MINUTE, now + (gaps[2] + gaps[3]) * MINUTE)


def go_on(bureau: Bureau, code: str, until: str, now: datetime, then: datetime) -> None:
    if until in {"ask", "answered"}:
        bureau.ask_supplement(code, now)
    if until == "answered":
        bureau.supplement(code, then)
    if until == "paying":
        bureau.ask_payment(code, now)
    if until == "extended" and bureau.due(code) > now:
        bureau.extend(code, now)


def reset(bureau: Bureau) -> None:
    """End what is open and go back to the calendar of the seeds."""
    bureau.do("UPDATE dossier SET ended_at = :now WHERE ended_at IS NULL", now=NOW)
    bureau.do("DELETE FROM local_day")
    bureau.do("DELETE FROM calendar_day WHERE change_id > 1")
    bureau.do("DELETE FROM office_hours WHERE change_id > 1")
    bureau.do("UPDATE revision SET value = value + 1 WHERE name = 'calendar'")


def derived(bureau: Bureau) -> dict[str, datetime | None]:
    """Derive every open dossier's instant from nothing: no filter, no batch."""
    with bureau.owner.connect() as db:
        book = read_book(db)
    rows = bureau.rows("""
        SELECT dossier.*, agency.code AS agency, version.definition -> 'limit' AS law
        FROM dossier JOIN agency ON agency.id = agency_id
        JOIN procedure_version AS version ON version.id = procedure_version_id
        WHERE ended_at IS NULL""")
    found: dict[str, datetime | None] = {}
    for row in rows:
        calendar = book.calendar(row["agency"])
        if row["accepted_at"] is None:
            found[row["code"]] = first_answer_due(row["received_at"], calendar)
            continue
        limit = TimeLimit(row["law"]["count"], LimitUnit(row["law"]["unit"]))
        asked = [e for e in bureau.events(row["code"]) if e["act"] == "request_supplement"]
        answers = [e for e in bureau.events(row["code"]) if e["act"] == "supplement"]
        stops = [
            Stop(a["occurred_at"], b["occurred_at"]) for a, b in zip(asked, answers, strict=False)
        ]
        extension = extension_of(row["extension"])
        found[row["code"]] = due(limit, row["accepted_at"], stops, calendar, extension).due_at
    return found


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(lives, min_size=3, max_size=7), st.lists(changes, min_size=1, max_size=3))
def test_a_preview_says_exactly_what_applying_does(
    bureau: Bureau,
    lived: list[tuple[str, tuple[str, str], datetime, list[int], str]],
    changed: list[CalendarChange],
) -> None:
    reset(bureau)
    for life in lived:
        live(bureau, life)
    for change in changed:
        bureau.do("DELETE FROM due_move")
        promised = bureau.rows("SELECT code, promised_at, version FROM dossier ORDER BY id")
        try:
            said = bureau.preview(change, NOW)
        except CalendarChangeFaulty as refused:
            event(refused.facts["errors"][0]["code"])
            continue
        assert bureau.moves() == {}

        bureau.enter(change, NOW)
        bureau.derive(NOW, limit=2)

        event(f"{min(said.count, 3)} moved")
        assert {move["code"]: (move["before"], move["after"]) for move in said.page} == (
            bureau.moves()
        )
        kept = bureau.rows(
            "SELECT code, accepted_at, answer_due_at, due_at FROM dossier WHERE ended_at IS NULL"
        )
        assert derived(bureau) == {
            row["code"]: row["due_at"] if row["accepted_at"] else row["answer_due_at"]
            for row in kept
        }
        assert bureau.rows("SELECT code, promised_at, version FROM dossier ORDER BY id") == promised


def test_the_zone_of_the_reach_is_the_province_s(bureau: Bureau) -> None:
    """A day begins at local midnight, which is 17:00 of the day before in the database."""
    night = bureau.take_in(at("2026-10-07T23:59"))
    morning = bureau.take_in(at("2026-10-08T00:01"))
    change = CalendarChange("x", None, (DayEntry("*", date(2026, 10, 7), EntryKind.OFF, "Nghỉ"),))
    until = CalendarChange("x", None, (DayEntry("*", date(2026, 10, 12), EntryKind.OFF, "Nghỉ"),))

    assert bureau.preview(change, at("2026-10-06T09:00")).count == 0
    moved = {move["code"] for move in bureau.preview(until, at("2026-10-06T09:00")).page}
    assert moved == {night, morning}
    assert bureau.due(night).astimezone(LOCAL_ZONE) == at("2026-10-12T17:00")
