"""The books of the crash harness: clients' notes, our tables, and what the partners remember."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any, LiteralString

import httpx
import psycopg

from bench.crash_clients import Told

_LOCAL = timezone(timedelta(hours=7))
_WORDS = {"registered": "1", "accepted": "2", "in_process": "4", "resolved": "9", "returned": "10"}
"""CONTRACTS.md 1.1.3; both generations agree on these."""

CUT_SHORT: Sequence[LiteralString] = (
    "UPDATE partner_breaker SET open_until = now() WHERE open_until > now()",
    "UPDATE webhook SET paused_until = NULL WHERE paused_until > now()",
    *(
        f"UPDATE {table} SET next_at = now() WHERE state = 'waiting' AND next_at > now()"
        for table in ("delivery", "message", "webhook_delivery")
    ),
)
UNKNOWN: LiteralString = "SELECT count(*) FROM delivery_attempt WHERE outcome = 'unknown'"
_LEFT: LiteralString = """
    SELECT (SELECT count(*) FROM delivery WHERE state IN ('waiting', 'in_flight')
            AND NOT EXISTS (SELECT FROM delivery AS e WHERE e.dossier_id = delivery.dossier_id
                AND e.partner = delivery.partner AND e.seq < delivery.seq
                AND e.state IN ('blocked', 'dead')))
        + (SELECT count(*) FROM message WHERE state IN ('waiting', 'in_flight'))
        + (SELECT count(*) FROM webhook_delivery WHERE state IN ('waiting', 'in_flight')
            AND NOT EXISTS (SELECT FROM webhook_delivery AS e
                WHERE e.dossier_id = webhook_delivery.dossier_id AND e.id < webhook_delivery.id
                AND e.state IN ('blocked', 'dead')))
        + (SELECT count(*) FROM announcement)
        + (SELECT count(*) FROM notice WHERE state = 'waiting')
"""
_STOOD: LiteralString = """
    SELECT CASE WHEN partner <> 'national_portal' THEN 'payments opened'
        WHEN EXISTS (SELECT FROM portal_dossier WHERE portal_dossier.dossier_id = d.dossier_id)
            THEN 'generation B' ELSE 'generation A' END AS what, count(*),
        count(*) FILTER (WHERE answer_code IS NULL OR answer IS NULL)
    FROM delivery AS d WHERE state IN ('blocked', 'dead') GROUP BY 1
    UNION ALL SELECT 'notices to people', count(*),
        count(*) FILTER (WHERE answer_code IS NULL OR answer IS NULL)
    FROM message WHERE state IN ('blocked', 'dead')
    UNION ALL SELECT 'events to a subscriber', count(*),
        count(*) FILTER (WHERE answer_code IS NULL OR answer IS NULL)
    FROM webhook_delivery WHERE state IN ('blocked', 'dead')
"""


class WithoutReason(Exception):
    """Something stands before a person, who cannot know why."""


@dataclass
class Row:
    """How often each thing is where it should be."""

    what: str
    expected: int = 0
    found: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0

    def compare(self, expected: Sequence[object], found: Sequence[object]) -> None:
        """Count what is missing of a dossier's list, what is there too often, and its order."""
        self.expected += len(expected)
        self.found += len(found)
        missing = Counter(expected) - Counter(found)
        self.lost += missing.total()
        self.doubled += (Counter(found) - Counter(expected)).total()
        there = [each for each in expected if each in found]
        self.reordered += [*dict.fromkeys(found)] != [*dict.fromkeys(there)]

    def cells(self) -> list[int | str]:
        return [self.what, self.expected, self.found, self.lost, self.doubled, self.reordered]


def number(url: str, query: LiteralString) -> int:
    with psycopg.connect(url) as db:
        row = db.execute(query).fetchone()
    return int(row[0]) if row else 0


def left(db: psycopg.Connection[Any]) -> int:
    """Return how much is still to be told, apart from what waits behind what stands."""
    row = db.execute(_LEFT).fetchone()
    return int(row[0]) if row else 0


def let_go_on(db: psycopg.Connection[Any]) -> dict[str, int]:
    """Return how much stands before a person, by what it is, and let all of it be tried again.

    Raises `WithoutReason` if something stands there and does not say why.
    """
    stood = {}
    for what, count, without_reason in db.execute(_STOOD).fetchall():
        if without_reason:
            raise WithoutReason(f"{what}: {without_reason} of {count}")
        stood[what] = int(count)
    for table in ("delivery", "webhook_delivery"):
        db.execute(
            f"UPDATE {table} SET state = 'waiting', attempts = 1, next_at = now()"
            " WHERE state IN ('blocked', 'dead')"
        )
    return stood


def rows(url: str, mocks_url: str, told: Iterable[Told]) -> list[Row]:
    """Hold everything against everything."""
    notes = {each.code: each for each in told}
    with (
        psycopg.connect(url) as db,
        httpx.Client(base_url=mocks_url, trust_env=False, timeout=60) as mocks,
    ):
        events = _events(db)
        acts = Row("acts acknowledged to clients")
        for code in notes.keys() | events.keys():
            known = notes[code].acts if code in notes else []
            acts.compare(known, [act for act, *_ in events.get(code, [])])
        return [
            acts,
            *_portals(db, mocks, events),
            *_payments(db, mocks, notes.values()),
            _subscriber(mocks, events),
            _notices(db, mocks),
        ]


_Events = dict[str, list[tuple[str, str, datetime]]]


def _events(db: psycopg.Connection[Any]) -> _Events:
    found: _Events = {}
    for code, act, target, at in db.execute("""
        SELECT code, act, target, occurred_at FROM dossier_event
        JOIN dossier ON dossier.id = dossier_id ORDER BY dossier_id, seq
    """):
        found.setdefault(code, []).append((act, target, at.astimezone(_LOCAL)))
    return found


def _portals(db: psycopg.Connection[Any], mocks: httpx.Client, events: _Events) -> list[Row]:
    numbers: dict[str, str] = dict(
        db.execute(
            "SELECT code, number FROM portal_dossier JOIN dossier ON dossier.id = dossier_id"
        ).fetchall()
    )
    first, second = Row("generation A"), Row("generation B")
    for code, own in events.items():
        words = [_WORDS[target] for _, target, _ in own]
        if code in numbers:
            known = mocks.get(f"/central-portal/_dossiers/{numbers[code]}").json()
            stamps = [at.isoformat(timespec="milliseconds") for *_, at in own]
            row = second
        else:
            known = mocks.get(f"/national-portal/_dossiers/{code}").json()
            stamps = [f"{at:%Y%m%d%H%M%S}" for *_, at in own]
            row = first
        progress = [(each["TrangThai"], each["ThoiDiemXuLy"]) for each in known.get("progress", [])]
        row.compare(list(zip(words, stamps, strict=True)), progress)
        _compare_states(row, words, known.get("told", []))
    for row, where in ((first, "national-portal"), (second, "central-portal")):
        there = mocks.get(f"/{where}/_stats").json()["dossiers"]
        ours = len(numbers) if row is second else len(events) - len(numbers)
        row.doubled += max(0, there - ours)
    return [first, second]


def _compare_states(row: Row, words: list[str], told: list[dict[str, Any]]) -> None:
    """Hold the states that a portal was told against ours; a fault may have said one twice.

    An act that changes nothing that the portal sees need not be told as a state.
    """
    own = [word for word, _ in groupby(words)]
    states = [word for word, _ in groupby(each["status"] for each in told)]
    row.lost += (Counter(own) - Counter(states)).total()
    row.doubled += (Counter(states) - Counter(own)).total()
    row.doubled += max(0, sum(not each["by_fault"] for each in told) - len(words))
    row.reordered += Counter(own) == Counter(states) and own != states


def _payments(db: psycopg.Connection[Any], mocks: httpx.Client, notes: Iterable[Told]) -> list[Row]:
    ours = db.execute("SELECT reference, status FROM payment WHERE method = 'platform'").fetchall()
    there, after = [], ""
    while True:
        page = mocks.get("/payment/_orders", params={"after": after}).json()
        there += page["orders"]
        after = page["next"]
        if not after:
            break
    opened, paid = Row("payments opened"), Row("payments paid")
    opened.compare(
        sorted(str(each.payment) for each in notes if each.payment),
        sorted(reference for reference, _ in ours),
    )
    opened.doubled += len(there) - len({each["reference"] for each in there})
    paid.compare(
        sorted(each["reference"] for each in there if each["status"] == "paid"),
        sorted(reference for reference, status in ours if status == "paid"),
    )
    return [opened, paid]


def _subscriber(mocks: httpx.Client, events: _Events) -> Row:
    """Every version of every dossier, in order; one that comes again after that is no news."""
    row, heard = Row("events to a subscriber"), dict[str, list[int]]()
    after: int | str | None = ""
    while after is not None:
        page = mocks.get("/hooks/_events/kho", params={"after": after, "limit": 1000}).json()
        for event in page["events"]:
            versions = heard.setdefault(event["subject"], [])
            if event["version"] not in versions:
                versions.append(event["version"])
        after = page["next"] or None
    for code in heard.keys() | events.keys():
        row.compare([*range(1, len(events.get(code, [])) + 1)], heard.get(code, []))
    return row


def _notices(db: psycopg.Connection[Any], mocks: httpx.Client) -> Row:
    """Look for what we hold for acknowledged at the gateways and in the mailboxes."""
    row = Row("notices to people")
    expected = [
        f"notice-{key}-{channel}"
        for key, channel in db.execute(
            "SELECT id, channel FROM message WHERE state = 'acknowledged' AND channel <> 'inbox'"
        )
    ]
    found: set[str] = set()
    for where in ("mail", "sms", "zalo"):
        after = ""
        while True:
            page = mocks.get(f"/{where}/_messages", params={"after": after, "limit": 1000}).json()
            found |= {
                each["message_id"].split("@")[0][1:] if where == "mail" else each["number"]
                for each in page["messages"]
            }
            after = page["next"]
            if not after:
                break
    row.compare(sorted(expected), sorted(found & set(expected)))
    return row
