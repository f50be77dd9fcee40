"""What becomes of an act in the model: why it is refused, or what it does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.journeys.model_calendar import Calendar
from tests.journeys.model_clock import Office, day_of, minute_of
from tests.journeys.model_desk import (
    BACK,
    DESK,
    LEASE,
    OPEN,
    TABLE,
    WAITING,
    Dossier,
    Event,
    Handover,
    Who,
)

_CLAIM_STAYS = {"start", "extend"}
_ASSIGNMENT_STAYS = _CLAIM_STAYS | {
    *("request_supplement", "supplement", "request_payment", "settle"),
}


class Doing(NamedTuple):
    """An act that somebody wants to do: with what body, in which version, when."""

    who: Who
    act: str
    body: Mapping[str, Any]
    version: int
    now: datetime


def refusal(dossier: Dossier, doing: Doing, agencies: set[str]) -> str | None:
    """Say why an act is refused, in the order in which somebody looks; None: it is done."""
    checks = (_out_of_reach, _out_of_the_table, _SPECIAL.get(doing.act, _nothing))
    return next((found for check in checks if (found := check(dossier, doing, agencies))), None)


def _out_of_reach(dossier: Dossier, doing: Doing, _agencies: set[str]) -> str | None:
    who = doing.who
    if not dossier.is_seen_by(who):
        return "dossier.not_found"
    if doing.version != dossier.version:
        return "dossier.version_stale"
    if who.role not in DESK:
        return None
    if not who.within(dossier.at):
        return "dossier.elsewhere"
    is_others = dossier.claimed_by != who.account and dossier.is_claimed(doing.now)
    return "dossier.claimed" if is_others else None


def _out_of_the_table(dossier: Dossier, doing: Doing, _agencies: set[str]) -> str | None:
    row = TABLE.get((dossier.status, doing.act))
    if row is None:
        return "dossier.step_refused"
    return None if doing.who.role in row[1] else "dossier.role_refused"


def _nothing(_dossier: Dossier, _doing: Doing, _agencies: set[str]) -> str | None:
    return None


def _second_supplement(dossier: Dossier, doing: Doing, _agencies: set[str]) -> str | None:
    known = {part["code"] for part in dossier.version_of["components"]}
    if not known.issuperset(doing.body["components"]):
        return "supplement.unknown_components"
    is_second = dossier.supplements > 0 and not doing.body.get("legal_ground")
    return "supplement.second_without_ground" if is_second else None


def _answer(dossier: Dossier, doing: Doing, _agencies: set[str]) -> str | None:
    handed_in = [part["component"] for part in doing.body["components"]]
    return None if set(handed_in) == set(dossier.asked) else "application.faulty"


def _hand_over(dossier: Dossier, doing: Doing, agencies: set[str]) -> str | None:
    agency = doing.body.get("agency")
    if agency is None:
        is_last = dossier.step + 1 >= len(dossier.version_of["steps"])
        return "handover.refused" if is_last else None
    is_possible = agency in agencies and agency != dossier.at and doing.body.get("reason")
    return None if is_possible else "handover.refused"


def _extend(dossier: Dossier, doing: Doing, _agencies: set[str]) -> str | None:
    is_late = dossier.due is not None and minute_of(doing.now) > dossier.due
    return "extension.refused" if dossier.extension is not None or is_late else None


def _resolve(dossier: Dossier, doing: Doing, _agencies: set[str]) -> str | None:
    if not doing.body["granted"]:
        return None if doing.body.get("reason") else "resolution.reason_missing"
    needs_file = dossier.version_of["result"]["electronic"] and not doing.body.get("documents")
    return "resolution.result_missing" if needs_file else None


_SPECIAL = {
    "request_supplement": _second_supplement,
    "supplement": _answer,
    "pass_on": _hand_over,
    "extend": _extend,
    "resolve": _resolve,
}


def carry_out(dossier: Dossier, doing: Doing, calendar: Calendar) -> None:
    """Let an act have its effects; it was not refused."""
    minute, source, had_it = minute_of(doing.now), dossier.status, dossier.at
    target = "stopped" if doing.act == "stop" else TABLE[source, doing.act][0]
    dossier.status = dossier.before or "" if target == BACK else target
    _stop_or_go_on(dossier, source, minute)
    effect = _EFFECTS.get(doing.act)
    if effect:
        effect(dossier, doing, calendar.office(dossier.agency))
    _hold(dossier, doing)
    dossier.events.append(
        Event(doing.act, source, dossier.status, doing.who.role, doing.who.name, had_it, doing.now)
    )
    dossier.derive(calendar.office(dossier.agency))


def _stop_or_go_on(dossier: Dossier, source: str, minute: int) -> None:
    if dossier.status in WAITING:
        dossier.before, dossier.stands_since = source, minute
        return
    if dossier.stands_since is not None and minute > dossier.stands_since:
        dossier.stops.append((dossier.stands_since, minute))
    dossier.before = dossier.stands_since = dossier.reply_on = dossier.left = None


def _hold(dossier: Dossier, doing: Doing) -> None:
    is_over = dossier.status not in OPEN
    if dossier.claimed_by is not None and (is_over or doing.who.role in DESK):
        is_own = dossier.claimed_by == doing.who.account
        if is_own and not is_over and doing.act in _CLAIM_STAYS:
            dossier.claimed_until = doing.now + LEASE
        else:
            dossier.claimed_by = dossier.claimed_until = None
    if is_over or doing.act not in _ASSIGNMENT_STAYS:
        dossier.assigned_to = None


def _accepted(dossier: Dossier, doing: Doing, office: Office) -> None:
    dossier.accepted, dossier.stops = minute_of(doing.now), []
    dossier.derive(office)
    dossier.promised = dossier.due


def _asked(dossier: Dossier, doing: Doing, _office: Office) -> None:
    dossier.asked = tuple(doing.body["components"])
    dossier.supplements += dossier.accepted is not None
    days = timedelta(days=dossier.version_of["supplement_days"])
    dossier.reply_on = day_of(minute_of(doing.now)) + days


def _to_pay(dossier: Dossier, doing: Doing, _office: Office) -> None:
    days = timedelta(days=dossier.version_of["payment_days"])
    dossier.reply_on = day_of(minute_of(doing.now)) + days


def _started(dossier: Dossier, _doing: Doing, _office: Office) -> None:
    dossier.step = min(dossier.step + 1, len(dossier.version_of["steps"]) - 1)


def _handed_on(dossier: Dossier, doing: Doing, office: Office) -> None:
    begins, agency = office.hand_on_from(minute_of(doing.now)), doing.body.get("agency")
    if agency is None:
        codes = [step["code"] for step in dossier.version_of["steps"]]
        hand = Handover("step", codes[dossier.step], codes[dossier.step + 1], begins)
        dossier.step += 1
    else:
        hand = Handover("agency", dossier.at, agency, begins)
        dossier.at = agency
        dossier.touched.add(agency)
    dossier.handovers.append(hand)


def _extended(dossier: Dossier, doing: Doing, _office: Office) -> None:
    dossier.extension = doing.body["count"], doing.body["unit"]


def _resolved(dossier: Dossier, doing: Doing, _office: Office) -> None:
    dossier.resolved = minute_of(doing.now)
    dossier.has_file = bool(doing.body.get("documents"))


_EFFECTS = {
    "accept": _accepted,
    "request_supplement": _asked,
    "request_payment": _to_pay,
    "start": _started,
    "pass_on": _handed_on,
    "extend": _extended,
    "resolve": _resolved,
}
