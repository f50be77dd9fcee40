"""Figures counted the slow way: plain Python over the rows of every dossier, one after the other.

Nothing here knows of points, sums or facts: each figure is the sentence of its definition, asked
of each dossier as it stood at the end of the period, with all that is known of it now.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from app.domain.calendar import Calendar
from app.domain.periods import Period
from app.seeds import read_procedures
from tests.services.brute_cases import Case, Province, cases, end_of, local, minute

__all__ = [
    "Case",
    "by_officer",
    "cases",
    "late_by_days",
    "local",
    "petitions",
    "running",
    "steering",
]

_BLINK = timedelta(microseconds=1)  # what happens now has happened
PAPER = {
    (procedure.code, version.version): version.result.paper_required
    for procedure in read_procedures()
    for version in procedure.versions
}


def running(
    known: Iterable[Case], period: Period, now: datetime, agency: str | None = None
) -> Counter[str]:
    """Count the running figures of a period, looked at no later than now, of all or one agency."""
    begin, end = end_of(period.first - timedelta(days=1)), end_of(period.last)
    looked_at = min(end, now + _BLINK)
    found: Counter[str] = Counter()
    for case in known:
        had = agency in {None, case.owner(begin)}
        has = agency in {None, case.owner(end)}
        found["opening"] += had and case.is_open(begin)
        came = period.first <= case.received_on <= period.last
        found["received"] += came and agency in {None, case.received_by}
        found["open"] += has and case.is_open(end)
        found["overdue"] += has and case.is_overdue(looked_at) and case.is_open(end)
        found["waiting_supplement"] += has and case.waits(end, "request_supplement", "supplement")
        found["waiting_payment"] += has and case.waits(end, "request_payment", "settle")
        found["returned"] += sum(
            begin <= at < end and agency in {None, case.owner(at)}
            for at in case.at("return_result")
        )
        if case.ended and begin <= case.ended < end and agency in {None, case.owner(case.ended)}:
            found[_timing(case)] += 1
            found["closed"] += 1
        found.update(_moved(case, begin, end, agency))
        found.update(_answered(case, begin, end, agency))
    found["in_time"] = found["open"] - found["overdue"]
    return found


def _answered(case: Case, begin: datetime, end: datetime, agency: str | None) -> Counter[str]:
    """Count the first answer to what was handed in online."""
    at = next(
        (
            e["occurred_at"]
            for e in case.events
            if e["source"] == "registered"
            and e["act"] in {"accept", "refuse", "request_supplement"}
        ),
        None,
    )
    if at is None or not begin <= at < end or agency not in {None, case.owner(at)}:
        return Counter()
    is_late = minute(at) > case.row["answer_due_at"]
    return Counter(answered=1, answered_late=is_late, answered_in_time=not is_late)


def late_by_days(
    known: Iterable[Case], period: Period, now: datetime, calendar: Calendar
) -> dict[str, Counter[int]]:
    """Count what was resolved late in a period, and what is overdue at its end, by working days."""
    begin, end = end_of(period.first - timedelta(days=1)), end_of(period.last)
    looked_at = min(end, now + _BLINK)
    found: dict[str, Counter[int]] = {"resolved": Counter(), "open": Counter()}
    for case in known:
        ended, due_at = case.ended, case.row["due_at"]
        if ended and begin <= ended < end and _timing(case) == "resolved_late":
            found["resolved"][_days_late(due_at, ended, calendar)] += 1
        if case.is_overdue(looked_at) and case.is_open(end):
            stood = case.ended or case.asked_without_answer
            if case.row["status"] == "payment_requested":
                stood = case.at("request_payment")[-1]
            at = min(looked_at, stood or looked_at)
            found["open"][_days_late(due_at, at, calendar)] += 1
    return found


def _days_late(due_at: datetime, at: datetime, calendar: Calendar) -> int:
    full_day = calendar.hours_on(local(due_at)).full_day_minutes
    return max(1, -(-calendar.minutes_between(due_at, at) // full_day))


def by_officer(known: Iterable[Case]) -> dict[str | None, list[Case]]:
    """Give each dossier to the officer who had it in hand last."""
    found: dict[str | None, list[Case]] = {}
    for case in known:
        officers = [e["actor_id"] for e in case.events if e["actor_role"] == "officer"]
        found.setdefault(officers[-1] if officers else None, []).append(case)
    return found


def petitions(office: Province, period: Period) -> tuple[int, int]:
    """Count figure 5.2: petitions answered within 15 working days, and those due in a period."""
    due = in_time = 0
    for row in office.rows("SELECT * FROM petition"):
        if row["status"] in {"refused", "withdrawn"} or row["due_at"] is None:
            continue
        if period.first <= local(row["due_at"]) <= period.last:
            due += 1
            in_time += (
                row["answered_at"] is not None and minute(row["answered_at"]) <= row["due_at"]
            )
    return in_time, due


def _moved(case: Case, begin: datetime, end: datetime, agency: str | None) -> Counter[str]:
    """Count what changed hands while it was open."""
    found: Counter[str] = Counter()
    for move in case.moves:
        at, told = move["occurred_at"], move["details"]
        if begin <= at < end and (case.ended is None or at <= case.ended):
            found["moved_out"] += agency in {None, told["from_owner"]}
            found["moved_in"] += agency in {None, told["to_owner"]}
    return found


def _timing(case: Case) -> str:
    if case.outcome != "resolved" or case.ended is None:
        return str(case.outcome)
    due = case.row["due_at"]
    if local(case.ended) < local(due):
        return "resolved_early"
    return "resolved_on_time" if minute(case.ended) <= due else "resolved_late"


def steering(
    known: Iterable[Case], period: Period, now: datetime, agency: str | None = None
) -> dict[str, tuple[int, int]]:
    """Count numerator and denominator of the index's figures about dossiers."""
    found: dict[str, list[int]] = {}

    def count(figure: str, *, is_in: bool, is_done: bool) -> None:
        numbers = found.setdefault(figure, [0, 0])
        numbers[0] += is_in and is_done
        numbers[1] += is_in

    looked_at = min(end_of(period.last), now + _BLINK)
    for case in known:
        came = period.first <= case.received_on <= period.last
        mine = agency in {None, case.received_by}
        done = case.handled
        handled = (
            done is not None
            and period.first <= local(done) <= period.last
            and agency in {None, case.owner(done)}
        )
        is_in, in_time = mine if came else handled, not case.is_late(looked_at)
        count("2.1", is_in=is_in, is_done=in_time)
        count("5.4", is_in=is_in, is_done=in_time)
        found["5.4"][0] -= is_in and case.is_displeased
        for figure in ("2.2", "2.2b"):
            is_mean = case.unit.is_working_time == (figure == "2.2") and case.spent is not None
            count(figure, is_in=came and mine and is_mean, is_done=False)
            found[figure][0] += (case.spent or 0) if came and mine and is_mean else 0
        for figure, (is_in, is_done) in _of_receipt(case).items():
            count(figure, is_in=came and mine and is_in, is_done=is_done)
    return {figure: (done, every) for figure, (done, every) in found.items()}


def _of_receipt(case: Case) -> dict[str, tuple[bool, bool]]:
    row = case.row
    paper = PAPER[row["procedure"], row["procedure_version"]]
    has_result = case.results > 0
    latest = {part["component"]: part["document_id"] for part in case.parts}
    files = bool(latest) and None not in latest.values()
    is_paid = any(p["method"] == "platform" and p["status"] == "paid" for p in case.payments)
    is_due = any(fee["amount_vnd"] for fee in row["fees"])
    online = row["channel"] == "online"
    return {
        "1.4": (True, case.sync == "acknowledged"),
        "3.3": (True, online and (has_result or not paper)),
        "3.3b": (True, row["channel"] == "desk"),
        "3.3c": (True, row["channel"] == "post"),
        "3.6": (is_due, is_paid),
        "4.1": (paper, has_result),
        "4.2": (True, files and (has_result or not paper)),
        "4.3": (True, case.is_reused),
        "4.5": (True, row["is_verified"] == 1),
    }
