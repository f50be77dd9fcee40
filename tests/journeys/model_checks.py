"""What the application shows, held against the model: rows, history, clock, queue, lists, sums."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tests.builders import Json, Person, succeeded
from tests.journeys.model_clock import minute_of
from tests.journeys.model_desk import DESK, OPEN, Dossier, Handover, Who
from tests.journeys.model_people import AGENCIES, person
from tests.journeys.model_province import Province, expect
from tests.journeys.model_queue import TABS, Item, Queue

_ROWS = """
SELECT dossier.*, at.code AS at_code,
    ARRAY(SELECT code FROM agency WHERE id = ANY (agency_ids)) AS touched,
    ARRAY(SELECT seq FROM dossier_event WHERE dossier_id = dossier.id ORDER BY seq) AS seqs,
    (SELECT count(*) FROM delivery WHERE dossier_id = dossier.id) AS told
FROM dossier JOIN agency AS at ON at.id = at_agency_id ORDER BY dossier.id
"""


def check_rows(province: Province) -> None:
    """Every dossier as the database's owner sees it is the model's."""
    rows = province.api.rows(_ROWS)
    assert [row["code"] for row in rows] == [each.code for each in province.dossiers]
    for row, each in zip(rows, province.dossiers, strict=True):
        assert _state(row) == _expected(each), each.code
        assert row["seqs"] == list(range(1, each.version + 1)), each.code


def _state(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("status", "version", "step", "supplements", "claimed_by", "claimed_until")
    return {
        **{name: row[name] for name in (*names, "assigned_to")},
        "before": row["status_before"],
        "at": row["at_code"],
        "touched": set(row["touched"]),
        "reply_on": row["reply_due_on"],
        "left": row["remaining_minutes"],
        "told": row["told"],
        **{
            name: None if row[column] is None else minute_of(row[column])
            for name, column in _INSTANTS.items()
        },
    }


_INSTANTS = {
    "due": "due_at",
    "answer_due": "answer_due_at",
    "promised": "promised_at",
    "accepted": "accepted_at",
    "resolved": "resolved_at",
}


def _expected(each: Dossier) -> dict[str, Any]:
    names = ("status", "version", "step", "supplements", "claimed_by", "claimed_until")
    more = ("assigned_to", "before", "at", "touched", "reply_on", "left", *_INSTANTS)
    return {**{name: getattr(each, name) for name in (*names, *more)}, "told": each.version}


def check_dossier(province: Province, who: Who, each: Dossier) -> None:
    """Somebody who may see a dossier sees what it is; whoever may not, nothing."""
    reader, path = person(province.api, who), f"/v1/dossiers/{each.code}"
    if not each.is_seen_by(who):
        for part in ("", "/events", "/deadline"):
            expect(reader.get(path + part), "dossier.not_found")
        return
    answer = reader.get(path)
    shown = succeeded(answer)
    assert answer.headers["ETag"] == f'"{each.version}"'
    assert (shown["status"], shown["at_agency"]["code"]) == (each.status, each.at)
    assert shown["return_way"] == each.return_way
    _check_history(reader, path, each)
    _check_deadline(reader, path, each)
    if who.role in DESK:
        _check_records(succeeded(reader.get(f"{path}/handovers"))["items"], each)


def _check_history(reader: Person, path: str, each: Dossier) -> None:
    shown = _pages(reader, f"{path}/events", limit=3)
    assert [event["seq"] for event in shown] == list(range(1, each.version + 1))
    told = [
        (
            *(event[name] for name in ("act", "source", "target")),
            *(event["actor"][name] for name in ("role", "name")),
            event["agency"],
            datetime.fromisoformat(event["occurred_at"]),
        )
        for event in shown
    ]
    assert told == [tuple(event) for event in each.events]
    check_handovers(shown, each.handovers)


def check_handovers(events: list[Json], expected: list[Handover]) -> None:
    """Hold what the history says of hand-overs against the model's."""
    told = []
    for event in events:
        if event["act"] == "pass_on":
            kind = "agency" if "to_agency" in event["details"] else "step"
            origin, to = (event["details"][f"{end}_{kind}"] for end in ("from", "to"))
            begins = minute_of(datetime.fromisoformat(event["details"]["begins_at"]))
            told.append(Handover(kind, origin, to, begins))
    assert told == expected


def _check_records(records: list[Json], each: Dossier) -> None:
    """Hold the records of hand-overs against the model's: nobody has a dossier twice, or not."""
    if each.accepted is None:
        assert records == []
        return
    passed = [event.act == "pass_on" for event in each.events]
    kept = {record["seq"]: record for record in records}
    seqs = [seq for seq, is_passed in enumerate(passed, 1) if is_passed]
    for seq, expected in zip(seqs, each.handovers, strict=True):
        record = kept[seq]
        assert record["giver"][expected.kind] == expected.origin
        assert record["receiver"][expected.kind] == expected.to
        assert minute_of(datetime.fromisoformat(record["received_at"])) == expected.begins
    sent = [record["sent_at"] for record in records]
    assert [record["left_at"] for record in records[:-1]] == sent[1:]
    assert sent == sorted(sent)


def _check_deadline(reader: Person, path: str, each: Dossier) -> None:
    clock = succeeded(reader.get(f"{path}/deadline"))
    assert clock["has_begun"] == (each.accepted is not None)
    if each.accepted is None or each.status not in OPEN or each.status == "resolved":
        return  # once it is over, what is told is what was kept
    stands = each.is_stopped_in_time
    until = clock["due_at"] and minute_of(datetime.fromisoformat(clock["due_at"]))
    assert until == (None if stands else each.due)
    if stands:
        assert clock["remaining_minutes"] == each.left
    spent, total = clock["spent_minutes"], clock["days"][-1]["total"]
    assert total == (spent if stands else spent + clock["remaining_minutes"])


def check_queue(province: Province, who: Who, *, tabs: int, limit: int) -> None:
    """Hold the pages of some tabs, bit by bit of `tabs`, and all counts against the model's."""
    reader = person(province.api, who)
    queue = Queue(
        who,
        province.api.clock.at,
        province.dossiers,
        province.calendar,
        list(province.delegations.values()),
    )
    for n, tab in enumerate(TABS):
        if tabs >> n & 1:
            shown = _pages(reader, "/v1/queue", tab=tab, limit=limit)
            assert [_item(line) for line in shown] == queue.tab(tab), (who, tab)
    counts = succeeded(reader.get("/v1/queue/counts"))
    assert counts["tabs"] == {tab: _count(len(queue.of(tab))) for tab in TABS}, who
    whole = queue.of("agency")
    for name, told in (
        ("statuses", Counter(each.status for each in whole)),
        ("procedures", Counter(each.procedure for each in whole)),
        ("steps", Counter(each.version_of["steps"][each.step]["code"] for each in whole)),
    ):
        assert counts[name] == {each: _count(number) for each, number in told.items()}, who


def _count(number: int) -> dict[str, Any]:
    return {"count": number, "exact": True}


def _item(line: Json) -> Item:
    return Item(
        line["code"],
        line["version"],
        line["status"],
        line["clock"],
        None if line["until"] is None else minute_of(datetime.fromisoformat(line["until"])),
        line["remaining_minutes"],
        line["in_words"],
        line["claimed_by"],
        line["assigned_to"],
        frozenset(line["possible_acts"]),
    )


def check_list(province: Province, who: Who) -> None:
    """The newest first, of what somebody's list holds."""
    shown = _pages(person(province.api, who), "/v1/dossiers", limit=4)
    theirs = [each for each in province.dossiers if each.is_listed_for(who)]
    theirs.sort(key=lambda each: (each.received, each.n), reverse=True)
    assert [line["code"] for line in shown] == [each.code for each in theirs], who


def check_annex(province: Province, who: Who, first: date, last: date) -> None:
    """The published figure: received per agency, online and not."""
    reader = person(province.api, who)
    answer = reader.get("/v1/figures/annex", **{"from": first, "to": last})
    rows = {row["agency_code"]: row for row in succeeded(answer)["rows"]}
    for agency in AGENCIES:
        if agency in rows:
            online, at_desk = (
                sum(
                    number
                    for (where, day, is_online), number in province.received.items()
                    if where == agency and first <= day <= last and is_online is wanted
                )
                for wanted in (True, False)
            )
            told = rows[agency]
            assert (told["online"], told["at_desk"]) == (online, at_desk), agency
            assert told["total"] == online + at_desk


def _pages(reader: Person, path: str, **query: Any) -> list[Json]:  # noqa: ANN401  (JSON values)
    """Return the items of a list, page by page along its Links."""
    response = reader.get(path, **query)
    found: list[Json] = []
    while True:
        page = succeeded(response)
        found += page["items"]
        assert len(page["items"]) <= query["limit"]
        if page["next"] is None:
            return found
        link = response.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
        response = reader.send("GET", link)
