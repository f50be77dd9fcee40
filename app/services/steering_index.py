"""The index for steering public services (KPI B), from sums and the catalogue of that day."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from app import seeds
from app.db.figure_reasons import is_store_used, petitions_due, uncounted
from app.db.figure_sums import Wanted
from app.db.portal_held import portal_held
from app.domain.actor import Actor
from app.domain.agency import Agency
from app.domain.intake import Channel
from app.domain.measures import Sums
from app.domain.procedure import OnlineLevel, ProcedureVersion
from app.domain.question import Group, Question, ScopeRefused
from app.domain.steering import Score, Steering, in_force, parse, score
from app.services.desk import Desk
from app.services.figure_scope import Asking, Part, asking, part_key, parts, total


@dataclass(frozen=True, slots=True)
class PartScore:
    """The index of one part, and the counts it was scored by."""

    code: str
    name: str
    score: Score
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Index:
    question: Question
    steering: Steering
    parts: list[PartScore]
    total: PartScore


@cache
def definitions() -> tuple[Steering, ...]:
    return parse(json.loads(seeds.read_text("steering.json")))


def index(desk: Desk, question: Question, *, actor: Actor, now: datetime) -> Index:
    """Return the index of a period: figures with their points, by parts and of the whole."""
    if question.group is Group.OFFICER:
        raise ScopeRefused("Bộ chỉ số chấm điểm cơ quan, không chia theo công chức.")
    with asking(desk, question, actor=actor, now=now) as asked:
        return index_of(asked)


def index_of(asked: Asking) -> Index:
    """Return the index of a question that is open."""
    steering = in_force(definitions(), asked.question.period.last)
    found = parts(asked)
    usage = _usage(asked)
    if NO_DOSSIER in usage.petitions:
        found = [*found, Part(NO_DOSSIER, "Không gắn với hồ sơ", {})]
    surplus = _at_portal(asked)
    scored = [_scored(asked, steering, part, usage, surplus) for part in found]
    whole = _scored(asked, steering, total(found), usage, surplus)
    return Index(asked.question, steering, scored, whole)


def wanted_for(asked: Asking, figure: str) -> Wanted:
    """Return which dossiers a figure is about: means leave out limits of the other unit."""
    wanted = asked.wanted(())
    if figure not in _MEANS:
        return wanted
    of_unit = [
        known.id
        for known in asked.catalogue.offered.values()
        if known.version.limit.unit.is_working_time == _MEANS[figure]
        and (asked.versions is None or known.id in asked.versions)
    ]
    return replace(wanted, versions=of_unit)


_MEANS = {"2.2": True, "2.2b": False}
"""Figures that are means of handling time, by whether it is working time."""

NO_DOSSIER = "-"
"""Code of the part, by field, procedure or channel, of petitions that are about no dossier."""


def counts_of(sums: Sums) -> dict[str, int]:
    """Return the counts that definitions may name, as far as they are sums of dossiers."""
    counts = dict(sums)
    counts["counted_in_time"] = sums.get("counted", 0) - sums.get("counted_late", 0)
    # The share late and the share displeased are both taken off: who is both counts twice.
    counts["satisfied"] = counts["counted_in_time"] - sums.get("counted_displeased", 0)
    return counts


@dataclass(frozen=True, slots=True)
class _Usage:
    """What is not a sum of points, by part: procedures used, channels, handling time, petitions."""

    used: Mapping[str, set[str]]
    paid: Mapping[str, set[str]]
    channels: Mapping[str, Counter[str]]
    handling: Mapping[str, Counter[str]]
    petitions: Mapping[str, Counter[str]]
    is_store_used: bool
    unknown: frozenset[str]


def _usage(asked: Asking) -> _Usage:
    """Look at each procedure and channel; the whole stands under the empty code."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    paid: defaultdict[str, set[str]] = defaultdict(set)
    channels: defaultdict[str, Counter[str]] = defaultdict(Counter)
    handling: defaultdict[str, Counter[str]] = defaultdict(Counter)
    column = part_key(asked.question.group)
    by = tuple(dict.fromkeys((*column, "procedure_version_id", "channel")))
    for key, counted in asked.received(by).items():
        values = dict(zip(by, key, strict=True))
        code = asked.part_of(values[column[0]]) if column else ""
        offered = asked.catalogue.offered[int(values["procedure_version_id"])]
        procedure, channel = offered.procedure.code, str(values["channel"])
        unit = "working" if offered.version.limit.unit.is_working_time else "days"
        for part in {code, ""}:
            for name in ("finished", "spent"):
                handling[part][f"{name}_{unit}"] += counted.get(name, 0)
            channels[part][channel] += counted.get("received", 0)
            if channel == Channel.ONLINE and counted.get("received", 0):
                used[part].add(procedure)
            if counted.get("paid_online", 0):
                paid[part].add(procedure)
    as_of = asked.question.as_of
    return _Usage(
        *(used, paid, channels, handling, _petitions(asked)),
        is_store_used(asked.tx, as_of),
        uncounted(asked.tx, as_of),
    )


def _petitions(asked: Asking) -> dict[str, Counter[str]]:
    """Count petitions due and answered in time; the whole stands under the empty code."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    column = part_key(asked.question.group)
    for agency_id, version_id, channel, due, in_time in petitions_due(
        asked.tx, asked.wanted(()), asked.now
    ):
        keys = {"agency_id": agency_id, "procedure_version_id": version_id, "channel": channel}
        key = keys[column[0]] if column else ""
        code = NO_DOSSIER if key is None else asked.part_of(key)
        for part in {code, ""}:
            found[part].update(petitions_due=due, petitions_in_time=in_time)
    return dict(found)


def _at_portal(asked: Asking) -> Counter[str]:
    """Count by part how many more dossiers the portal holds than were received (figure 1.4).

    Reconciliations tell it by agency alone; what they do not cover counts as the same on both
    sides. The whole stands under the empty code.
    """
    found: Counter[str] = Counter()
    question = asked.question
    column = part_key(question.group)
    if asked.versions is None and question.channel is None and column in {(), ("agency_id",)}:
        months = portal_held(asked.tx, question.period, asked.agency_ids, as_of=question.as_of)
        for (agency_id, _), held in months.items():
            for code in {asked.part_of(agency_id) if column else "", ""}:
                found[code] += held.surplus
    return found


def _scored(
    asked: Asking, steering: Steering, part: Part, usage: _Usage, surplus: Counter[str]
) -> PartScore:
    counts = counts_of(part.sums)
    counts["received_by_either"] = counts.get("received", 0) + max(0, surplus[part.code])
    channels = usage.channels.get(part.code, Counter[str]())
    counts["at_counter"] = channels[Channel.DESK]
    counts["by_post"] = channels[Channel.POST]
    counts["store"] = int(usage.is_store_used)
    for more in (usage.handling, usage.petitions):
        counts |= more.get(part.code, {})
    counts |= _supplied(asked, part.code, usage)
    return PartScore(part.code, part.name, score(steering, counts, usage.unknown), counts)


def _supplied(asked: Asking, code: str, usage: _Usage) -> dict[str, int]:
    """Count procedures (figures 3.1, 3.2, 3.5b) as they stood on the period's last day."""
    offered = dict(offered_in(asked, _agencies_of(asked, code), code))
    online = {name for name, version in offered.items() if version.online_level.accepts_online}
    full = {name for name, version in offered.items() if version.online_level is OnlineLevel.FULL}
    with_fee = {
        name for name, version in offered.items() if any(fee.amount_vnd for fee in version.fees)
    }
    eligible = {name for name, version in offered.items() if is_eligible_for_full(version)}
    return {
        "procedures": len(offered),
        "procedures_online": len(online),
        "procedures_full": len(full & eligible),
        "procedures_eligible": len(eligible),
        "procedures_used": len(online & usage.used.get(code, set())),
        "procedures_with_fee": len(with_fee),
        "procedures_paid": len(with_fee & usage.paid.get(code, set())),
    }


def is_eligible_for_full(version: ProcedureVersion) -> bool:
    """Tell whether nothing forces the applicant to appear: every paper required may be a file."""
    return all(part.electronic for part in version.components if part.required)


def offered_in(
    asked: Asking, agencies: Iterable[Agency], code: str = ""
) -> Iterable[tuple[str, ProcedureVersion]]:
    """Yield the procedures that agencies offer on the period's last day, by code."""
    day = asked.question.period.last
    existing = [known for known in agencies if known.is_valid_on(day)]
    group = asked.question.group
    for known in asked.catalogue.procedures.values():
        version = known.version_on(day)
        if version is None or not any(version.is_resolved_by(agency, day) for agency in existing):
            continue
        offered = asked.catalogue.version_ids[known.code, version.version]
        if asked.versions is not None and offered not in asked.versions:
            continue
        belongs = {Group.FIELD: known.field.code, Group.PROCEDURE: known.code}.get(group)
        if not code or belongs in {None, code}:
            yield known.code, version


def _agencies_of(asked: Asking, code: str) -> list[Agency]:
    group = asked.question.group
    return [
        known
        for known in asked.agencies.values()
        if not code
        or group not in {Group.AGENCY, Group.LEVEL}
        or code in {known.code, str(known.level)}
    ]
