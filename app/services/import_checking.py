"""Checking batches of rows: what is good, what is there already, and every fault of the others."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from app.db.reference import Catalogue
from app.domain.calendar import LOCAL_ZONE
from app.domain.former_columns import CellFault
from app.domain.former_dossier import FormerDossier, FormerRowFaulty, FormerRules, check
from app.domain.former_values import unquoted
from app.services.import_reading import FormerFile, Record
from app.services.import_writing import TAKEN, Good, known_codes
from app.services.past_rows import RowMaker, Told, json_text, payment_row

_SEEN = "CREATE TEMPORARY TABLE seen_code (code text PRIMARY KEY, line bigint NOT NULL)"
_NO_FORM = "{}"


@dataclass(slots=True)
class Tally:
    """What was found so far; of good rows by status and channel, of faults by code."""

    rows: int = 0
    good: int = 0
    already: int = 0
    faulty: int = 0
    promises_kept: int = 0
    promises_other: int = 0
    open_untold: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_channel: Counter[str] = field(default_factory=Counter)
    by_fault: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def blame(self, record: Record, faults: Sequence[CellFault]) -> None:
        self.faulty += 1
        for key in dict.fromkeys((fault.column, fault.code) for fault in faults):
            self.by_fault[key] += 1
        for fault in faults:
            self.examples.setdefault((fault.column, fault.code), (record.line, fault.detail))

    def count(self, dossier: FormerDossier, *, tell: bool) -> None:
        past = dossier.past
        self.open_untold += past.ended_at is None and dossier.told_at is None and not tell
        self.good += 1
        self.by_status[str(past.status)] += 1
        self.by_channel[str(past.channel)] += 1
        if dossier.promise_given:
            self.promises_kept += 1
            derived = next((event.due_at for event in past.events if event.due_at), None)
            self.promises_other += past.promised_at != derived


class Checker:
    """Checks rows against the rules, the file itself and what is there."""

    def __init__(
        self,
        file: FormerFile,
        rules: FormerRules,
        catalogue: Catalogue,
        calendar_revision: int,
        db: psycopg.Connection,
    ) -> None:
        self._file, self._rules, self._db = file, rules, db
        self._ids = catalogue.agency_ids
        self._maker = RowMaker(catalogue, calendar_revision, rules.now, "import")
        self._fees: dict[tuple[Any, ...], str] = {}
        db.execute("DROP TABLE IF EXISTS seen_code")
        db.execute(_SEEN)

    def check(
        self, records: Sequence[Record], tally: Tally, *, tell: bool
    ) -> tuple[list[Good], list[tuple[Record, Sequence[CellFault]]]]:
        """Return the rows to write and the faulty ones; those there already are only counted."""
        said = [{} if record.fault else self._file.values(record) for record in records]
        codes = [_code(values) for values in said]
        first, known = (
            self._first_lines(records, codes),
            known_codes(self._db, [code for code in codes if code]),
        )
        goods: list[Good] = []
        faulty: list[tuple[Record, Sequence[CellFault]]] = []
        for record, values, code in zip(records, said, codes, strict=True):
            tally.rows += 1
            digest = b"" if record.fault else digest_of(values)
            repeated = first.get(code, record.line)
            if code in known and known[code] == digest and repeated == record.line:
                tally.already += 1
                continue
            found, faults = self._checked(record, values)
            if repeated != record.line:
                detail = f"Mã này đã có ở dòng {repeated} của tệp."
                faults.append(CellFault("code", "code.repeated", detail))
            elif code in known:
                faults.append(CellFault("code", "code.taken", TAKEN))
            if faults or found is None:
                tally.blame(record, faults)
                faulty.append((record, faults))
            else:
                tally.count(found, tell=tell)
                goods.append(self._good(record, found, digest, tell=tell))
        return goods, faulty

    def _checked(
        self, record: Record, values: Mapping[str, Any]
    ) -> tuple[FormerDossier | None, list[CellFault]]:
        if record.fault is not None:
            return None, [record.fault]
        try:
            return check(values, self._rules), []
        except FormerRowFaulty as refusal:
            return None, refusal.faults

    def _first_lines(self, records: Sequence[Record], codes: Sequence[str]) -> dict[str, int]:
        """Return the line on which each code stands first in the file."""
        lines: dict[str, int] = {}
        for record, code in zip(records, codes, strict=True):
            if code:
                lines.setdefault(code, record.line)
        with self._db.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO seen_code SELECT * FROM unnest(%s::text[], %s::bigint[])
                ON CONFLICT DO NOTHING RETURNING code
                """,
                (list(lines), list(lines.values())),
            )
            new = {code for (code,) in cursor.fetchall()}
            before = [code for code in lines if code not in new]
            if before:
                cursor.execute("SELECT code, line FROM seen_code WHERE code = ANY (%s)", (before,))
                lines |= dict(cursor.fetchall())
        return lines

    def _good(self, record: Record, found: FormerDossier, digest: bytes, *, tell: bool) -> Good:
        past, agency_id = found.past, self._ids[found.agency.code]
        is_known = found.told_at is not None
        told = Told(tell and not is_known, is_known=is_known, at=found.told_at)
        rows = self._maker.rows(past, agency_id, _NO_FORM, self._fee_text(found), told)
        if found.payments:
            rows = rows.paid([payment_row(payment) for payment in found.payments])
        day = past.received_at.astimezone(LOCAL_ZONE).date()
        return Good(
            *(record, found.code, digest, agency_id, day),
            channel=past.channel,
            promise_given=found.promise_given,
            rows=rows,
        )

    def _fee_text(self, found: FormerDossier) -> str:
        key = (found.past.offer, tuple(line["amount_vnd"] for line in found.fees))
        text = self._fees.get(key)
        if text is None:
            text = json_text(list(found.fees))
            if len(self._fees) < 10_000:  # noqa: PLR2004  (a file may name as many amounts)
                self._fees[key] = text
        return text


def digest_of(values: Mapping[str, Any]) -> bytes:
    """Return what two rows have in common that say the same, in whatever order and file."""
    parts = []
    for name in sorted(values):
        value = values[name]
        if name == "history":
            value = _canonical(value)
        parts.append(f"{name}={value if isinstance(value, str) else json.dumps(value)}")
    text = "\x1f".join(parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _canonical(history: Any) -> str:  # noqa: ANN401  (text or JSON)
    try:
        said = json.loads(history) if isinstance(history, str) else history
        return json.dumps(said, sort_keys=True)
    except (ValueError, RecursionError):
        return str(history)


def _code(values: Mapping[str, Any]) -> str:
    """Return a row's code as far as it can be looked for."""
    code = values.get("code")
    if not isinstance(code, str):
        return ""
    code = unquoted(code)[:200]
    return code if code.isascii() and "\0" not in code else ""
