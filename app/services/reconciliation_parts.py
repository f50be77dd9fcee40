"""A part of a reconciliation: read our books, ask the portal, say how the two compare."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from app.db.access import acting
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM
from app.domain.deliveries import DeliveryState
from app.domain.numbering import dossier_code
from app.domain.reconciliation import Cause, Ledger, Outcome, PartKind, judge, place_of
from app.integrations.portal import Asker, FieldDifference, Found, Unmapped
from app.services.desk import Desk
from app.services.pace import Gate, NoAnswer
from app.services.portal_facts import Records, read_records

_LOOKS = 3
"""A dossier that is acted on while it is asked about is looked at again."""

_MOST_FOLLOWING = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one dossier; `held`: the portal holds it, in whatever state."""

    code: str
    dossier_id: int | None
    agency_id: int
    month: date
    outcome: Outcome
    cause: Cause | None = None
    held: bool = False
    told: int = 0
    stage: int | None = None
    detail: str | None = None
    differences: Sequence[FieldDifference] = ()

    @property
    def is_listed(self) -> bool:
        """Whether a person finds it in the list; the others are only counted."""
        return self.outcome is not Outcome.EQUAL and (
            self.outcome is not Outcome.CANNOT_BE_ASKED or self.cause is not None
        )


def find(desk: Desk, gate: Gate, kind: PartKind, keys: Sequence[Any]) -> Iterator[Finding]:
    """Ask about a part's keys, and say what was found of each."""
    gate.look_again()
    if kind is PartKind.OURS:
        yield from _Ours(desk, gate).find(keys)
    elif kind is PartKind.FOLLOWING:
        yield from _following(desk, gate, keys)
    else:
        yield from _listed(desk, gate, keys)


_LEDGER = text("""
    SELECT dossier_id, min(seq) AS first_seq, max(seq) AS last_seq,
        min(seq) FILTER (WHERE state <> 'acknowledged') AS head_seq,
        (array_agg(state ORDER BY seq) FILTER (WHERE state <> 'acknowledged'))[1] AS head,
        (array_agg(coalesce(answer, '') ORDER BY seq)
            FILTER (WHERE state <> 'acknowledged'))[1] AS said
    FROM delivery WHERE partner = 'national_portal' AND dossier_id = ANY (:ids)
    GROUP BY dossier_id
""")
_REGISTERED = text("""
    SELECT dossier_id FROM portal_dossier
    WHERE portal_id IS NOT NULL AND dossier_id = ANY (:ids)
""")


@dataclass(frozen=True, slots=True)
class _Ours:
    desk: Desk
    gate: Gate

    def find(self, ids: Sequence[int]) -> Iterator[Finding]:
        """Ask about dossiers; what is acted on or told meanwhile is looked at again."""
        for looks_left in reversed(range(_LOOKS)):
            looked = dict(self._look(ids))
            moved = self._moved(looked) if looks_left else []
            yield from (found for key, (_, found) in looked.items() if key not in moved)
            if not moved:
                return
            ids = moved

    def _moved(self, looked: Mapping[int, tuple[Ledger, Finding]]) -> list[int]:
        """Return what did not compare equal and is no longer as our books said before asking."""
        settled = {Outcome.EQUAL, Outcome.UNASKED}
        ids = [key for key, (_, found) in looked.items() if found.outcome not in settled]
        if not ids:
            return []
        rows, _ = self._books(ids)
        events = self._versions(ids)
        return [key for key in ids if _ledger(rows.get(key), events[key]) != looked[key][0]]

    def _versions(self, ids: Sequence[int]) -> dict[int, int]:
        with acting(self.desk.engine, SYSTEM) as tx:
            rows = tx.db.execute(
                text("SELECT id, version FROM dossier WHERE id = ANY (:ids)"), {"ids": list(ids)}
            )
            return {row.id: row.version for row in rows}

    def _books(self, ids: Sequence[int]) -> tuple[dict[int, Row[Any]], set[int]]:
        with acting(self.desk.engine, SYSTEM) as tx:
            keys = {"ids": list(ids)}
            rows = {row.dossier_id: row for row in tx.db.execute(_LEDGER, keys)}
            return rows, set(tx.db.scalars(_REGISTERED, keys))

    def _look(self, ids: Sequence[int]) -> Iterator[tuple[int, tuple[Ledger, Finding]]]:
        rows, registered = self._books(ids)  # first: what is read after it knows every event told
        records = read_records(self.desk, ids)
        for key in ids:
            row = records.found[key].dossier
            ledger = _ledger(rows.get(key), records.last(key))
            plain = Finding(
                row.code,
                key,
                int(row.received_agency_id or row.agency_id),
                row.received_on.replace(day=1),
                Outcome.UNASKED,
                told=ledger.told,
                detail=rows[key].said or None if ledger.cause and key in rows else None,
            )
            asker = self.desk.partners.portals[records.route_of(key).generation].asker
            if asker is None or records.is_promotion(key):
                is_there = key in registered or asker is not None  # it was handed in there
                yield key, (ledger, _unaskable(plain, ledger, is_registered=is_there))
            else:
                yield key, (ledger, self._asked(asker, records, plain, ledger))

    def _asked(self, asker: Asker, records: Records, plain: Finding, ledger: Ledger) -> Finding:
        answer = self.gate.ask(lambda: asker.look_up(records.portal_code(plain.dossier_id or 0)))
        if isinstance(answer, NoAnswer):
            cause = Cause.REFUSED if answer.is_refused else Cause.SILENT
            return replace(plain, cause=cause, detail=answer.reason)
        if answer is None:
            outcome, cause_of = judge(ledger, is_there=False, stage=None, differs=False)
            return replace(plain, outcome=outcome, cause=cause_of)
        return _compared(asker, records, plain, ledger, answer)


def _compared(
    asker: Asker, records: Records, plain: Finding, ledger: Ledger, found: Found
) -> Finding:
    key = plain.dossier_id or 0
    try:
        holding = asker.compare(found, lambda seq: records.at(key, seq), ledger.told, ledger.events)
    except Unmapped as error:
        return replace(plain, cause=Cause.UNMAPPED, detail=error.name, held=True)
    outcome, cause = judge(
        ledger, is_there=True, stage=holding.stage, differs=bool(holding.differences)
    )
    tells = outcome in {Outcome.BEHIND, Outcome.DIFFERENT}
    return replace(
        plain,
        outcome=outcome,
        cause=cause,
        held=True,
        stage=holding.stage,
        differences=holding.differences if tells else (),
    )


def _ledger(row: Row[Any] | None, events: int) -> Ledger:
    if row is None or row.first_seq > 1:
        return Ledger(0, events, None)  # imported untold, and perhaps acted on here since
    if row.head is None:
        return Ledger(row.last_seq, events, None)
    return Ledger(row.head_seq - 1, events, DeliveryState(row.head))


def _unaskable(plain: Finding, ledger: Ledger, *, is_registered: bool) -> Finding:
    """Say of a dossier that the portal cannot be asked about what our own registry says."""
    cause = ledger.cause
    if cause is None and ledger.told and not is_registered:
        cause = Cause.UNREGISTERED
    return replace(plain, outcome=Outcome.CANNOT_BE_ASKED, cause=cause, held=is_registered)


def _following(desk: Desk, gate: Gate, keys: Sequence[Any]) -> Iterator[Finding]:
    """Try the numbers after the last one of agencies' days, on and on while one is found."""
    asker = _asker(desk)
    found: dict[str, tuple[int, date, Found]] = {}
    for agency_id, agency, said, last in keys:
        day = date.fromisoformat(said)
        number, misses = int(last), 0
        while misses < desk.rules.asking.ahead and number - last < _MOST_FOLLOWING:
            number += 1
            code = dossier_code(agency, day, number)
            answer = gate.ask(lambda code=code: asker.look_up(code))  # type: ignore[misc]
            if isinstance(answer, NoAnswer):
                break
            misses += 1
            if answer is not None:
                found[code] = int(agency_id), day, answer
                misses = 0
    ours = _known(desk, found)
    for code, (agency_id, day, held) in found.items():
        if code not in ours:
            yield _unknown(asker, code, (agency_id, day), Cause.FOLLOWING, held)


_HANDED_IN = text("""
    SELECT code FROM inbound WHERE state <> 'entered' AND code = ANY (:codes)
""")


def _listed(desk: Desk, gate: Gate, codes: Sequence[str]) -> Iterator[Finding]:
    """Ask about codes that the portal is said to hold and that are none of ours."""
    asker, ours = _asker(desk), _known(desk, codes)
    with acting(desk.engine, SYSTEM) as tx:
        catalogue = desk.references.catalogue(tx)
        handed_in = set(tx.db.scalars(_HANDED_IN, {"codes": list(codes)}))
    for code in codes:
        if code in ours:
            continue
        answer = gate.ask(lambda code=code: asker.look_up(code))  # type: ignore[misc]
        if answer is None:
            continue
        held = answer if not isinstance(answer, NoAnswer) else {}
        cause = Cause.HANDED_IN if code in handed_in else Cause.LISTED
        found = _unknown(asker, code, _placed(catalogue, code), cause, held)
        said = answer.reason if isinstance(answer, NoAnswer) else None
        yield replace(found, detail=said)


def _asker(desk: Desk) -> Asker:
    return next(
        portal.asker for portal in desk.partners.portals.values() if portal.asker is not None
    )


def _known(desk: Desk, codes: Mapping[str, Any] | Sequence[str]) -> set[str]:
    """Return which of these codes are dossiers of ours, whatever a portal calls them."""
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.scalars(
            text("""
                SELECT code FROM dossier WHERE code = ANY (:codes)
                UNION ALL SELECT number FROM portal_dossier WHERE number = ANY (:codes)
                UNION ALL SELECT code FROM portal_origin WHERE code = ANY (:codes)
            """),
            {"codes": list(codes)},
        )
        return set(rows)


def _placed(catalogue: Catalogue, code: str) -> tuple[int, date]:
    """Return whose and of when a code is; one that names no agency of ours is the province's."""
    agency, day = place_of(code) or ("", date(1970, 1, 1))
    while agency and agency not in catalogue.agency_ids:
        agency = agency.rpartition(".")[0]
    root = next(code for code, known in catalogue.agencies.items() if known.parent is None)
    return catalogue.agency_ids[agency or root], day


def _unknown(
    asker: Asker, code: str, place: tuple[int, date], cause: Cause, held: Found
) -> Finding:
    agency_id, day = place
    return Finding(
        code,
        None,
        agency_id,
        day.replace(day=1),
        Outcome.UNKNOWN_HERE,
        cause,
        held=True,
        differences=asker.describe(held),
    )
