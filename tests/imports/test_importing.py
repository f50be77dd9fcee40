"""Old dossiers come in whole, once, marked, and as everything else is: found, counted, seen."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.former_columns import FormerFileRefused
from app.domain.former_mapping import read_mapping
from app.domain.periods import Period, parse_period
from app.services.figures import received, recount
from app.services.importing import runs
from tests.imports.samples import NOW, Desk, a_row, as_csv, as_objects, codes_of, counts

MARCH = parse_period("2019-03")

MAPPING: Mapping[str, Any] = {
    "source": "Một cửa cũ",
    "delimiter": ";",
    "date_formats": ["%H:%M %d.%m.%Y", "%d.%m.%Y"],
    "columns": {"code": "Số hồ sơ", "status": "Tình trạng", "received_at": "Ngày nhận"},
    "values": {"status": {"Đã trả": "returned"}, "agency": {"Sở Tư pháp": "H44.10"}},
    "defaults": {"channel": "post", "applicant_kind": "citizen"},
}


def _history(desk: Desk, code: str) -> list[tuple[str, str, str]]:
    return [
        (row["act"], row["target"], row["actor_role"])
        for row in desk.rows(
            "SELECT e.* FROM dossier_event AS e JOIN dossier ON dossier.id = dossier_id"
            " WHERE code = :code ORDER BY seq",
            code=code,
        )
    ]


def test_a_row_becomes_a_dossier_with_its_acts_and_marks(desk: Desk) -> None:
    found = desk.feed(as_csv([a_row()]), mapping=read_mapping({"source": "Hệ cũ"}))

    assert counts(found) == (1, 0, 0)
    dossier = desk.rows("SELECT * FROM dossier")[0]
    assert dossier["code"] == "H44.10-190304-0001"
    assert (dossier["origin"], dossier["status"], dossier["channel"]) == (
        *("import", "returned", "desk"),
    )
    assert _history(desk, dossier["code"]) == [
        ("take_in", "accepted", "receptionist"),
        ("start", "in_process", "officer"),
        ("resolve", "resolved", "approver"),
        ("return_result", "returned", "receptionist"),
    ]
    # Ten working days from Monday 08:15 are derived; the appointment stays as it was given.
    assert f"{dossier['due_at']:%Y-%m-%d %H:%M}" == "2019-03-18 01:15"
    assert f"{dossier['promised_at']:%Y-%m-%d %H:%M}" == "2019-03-18 10:00"
    mark = desk.rows("SELECT * FROM import_row JOIN import_run ON import_run.id = run_id")[0]
    assert (mark["source"], mark["file"], mark["line"], mark["promise_given"]) == (
        *("Hệ cũ", "old.csv", 2, True),
    )
    assert desk.one("SELECT count(*) FROM delivery") == 0  # the portal is not told


def test_the_same_file_again_and_the_same_rows_elsewhere_are_not_doubled(desk: Desk) -> None:
    rows = [a_row(n) for n in range(1, 8)]
    assert counts(desk.feed(as_csv(rows), batch=3)) == (7, 0, 0)
    before = desk.rows("SELECT * FROM dossier ORDER BY id")

    assert counts(desk.feed(as_csv(rows), batch=3)) == (0, 7, 0)
    assert counts(desk.feed(as_csv(rows[::-1], [*a_row()]), "other.csv")) == (0, 7, 0)
    assert counts(desk.feed(as_objects(rows), "other.ndjson")) == (0, 7, 0)
    assert desk.rows("SELECT * FROM dossier ORDER BY id") == before
    assert [(row.file, row.written) for row in runs(desk.owner)][-1] == ("old.csv", 7)


def test_under_a_code_that_is_taken_nothing_else_comes_in(desk: Desk) -> None:
    desk.feed(as_csv([a_row()]))

    found = desk.feed(as_csv([a_row(applicant_name="Người khác"), a_row(2), a_row(2)]), "b.csv")

    assert counts(found) == (1, 0, 2)
    assert codes_of(found) == {("code", "code.taken"), ("code", "code.repeated")}
    assert desk.one("SELECT applicant_name FROM dossier ORDER BY id LIMIT 1") == "Nguyễn Văn Mẫu"


@pytest.mark.parametrize("stop_after", [1, 2])
def test_stopped_in_the_middle_it_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    from app.services import import_writing  # noqa: PLC0415

    rows = as_csv([a_row(n) for n in range(1, 13)])
    enter = vars(import_writing)["enter_facts"]
    done: list[None] = []

    def killed(*args: Any, **more: Any) -> None:  # noqa: ANN401  (as the original)
        if len(done) == stop_after:
            raise KeyboardInterrupt
        done.append(None)
        enter(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(import_writing, "enter_facts", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.feed(rows, batch=3)
    assert desk.count() == 3 * stop_after
    assert runs(desk.owner)[0].ended_at is None

    found = desk.feed(rows, batch=3)

    assert counts(found) == (12 - 3 * stop_after, 3 * stop_after, 0)
    [run] = runs(desk.owner)
    assert (run.written, run.lines, run.faulty) == (12, 12, 0)
    _assert_counted(desk, MARCH)


def test_two_imports_at_once_write_every_row_once(desk: Desk) -> None:
    rows = [a_row(n) for n in range(1, 61)]
    files = [as_csv(rows), as_csv(rows[::-1])]

    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda n: desk.feed(files[n], f"{n}.csv", batch=7), range(2)))

    assert desk.count() == 60
    assert sum(each.written for each in found) == 60
    assert [each.tally.faulty for each in found] == [0, 0]
    _assert_counted(desk, MARCH)


def test_a_dry_run_says_the_same_and_writes_nothing(desk: Desk) -> None:
    rows = as_csv([a_row(1), a_row(2, status="nonsense"), a_row(1)])

    dry = desk.feed(rows, write=False)
    assert (desk.count(), runs(desk.owner)) == (0, [])
    wet = desk.feed(rows)

    assert dry.tally == wet.tally
    assert (dry.written, wet.written) == (0, 1)


@pytest.mark.parametrize(("tolerated", "written"), [(0.0, 0), (0.3, 0), (0.4, 2), (1.0, 2)])
def test_more_faults_than_tolerated_keep_every_row_out(
    desk: Desk, tolerated: float, written: int
) -> None:
    rows = as_csv([a_row(1), a_row(2), a_row(3, agency="H44.99")])

    found = desk.feed(rows, tolerated=tolerated)

    assert (desk.count(), found.written, found.is_refused) == (written, written, written == 0)
    assert found.tally.faulty == 1


def test_a_mapping_translates_columns_words_and_days(desk: Desk) -> None:
    data = (
        "\ufeffSố hồ sơ;Ngày nhận;procedure;agency;applicant_number;applicant_name;Tình trạng;"
        "resolved_at;returned_at;Ghi chú\r\n"
        "H44.10-190304-0005;08:15 04.03.2019;2.000488;Sở tư pháp;'025099000017;"
        '"=SUM(1;2)\nhai dòng";ĐÃ TRẢ;13.03.2019;14.03.2019;bỏ qua\r\n'
    ).encode()

    found = desk.feed(data, mapping=read_mapping(MAPPING))

    assert counts(found) == (1, 0, 0)
    assert found.ignored == ("Ghi chú",)
    [dossier] = desk.rows("SELECT * FROM dossier")
    assert (dossier["channel"], dossier["applicant_number"]) == ("post", "025099000017")
    assert dossier["applicant_name"] == "=SUM(1;2)\nhai dòng"  # kept as it stands
    assert f"{dossier['resolved_at']:%H:%M}" == "10:00"  # a day alone: when the office closed


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"columns": {"mã": "x"}}, "không có cột mã"),
        ({"values": {"status": {"Xong": "done"}}}, "status không có giá trị done"),
        ({"defaults": {"channel": "phone"}}, "channel không có giá trị phone"),
        ({"delimiter": "x"}, "delimiter"),
        ({"nonsense": 1}, "không có mục nonsense"),
        ({"date_formats": "%d"}, "date_formats"),
        ([], "đối tượng"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_its_faults(said: Any, named: str) -> None:  # noqa: ANN401
    with pytest.raises(FormerFileRefused, match=named):
        read_mapping(said)


def test_a_history_in_full_with_fees_and_payments(desk: Desk) -> None:
    history: list[dict[str, Any]] = [
        {"act": "request_supplement", "at": "2019-03-05T09:00", "components": ["GT02"]},
        {"act": "supplement", "at": "2019-03-07T09:00", "components": ["GT02"]},
        {"act": "accept", "at": "2019-03-07T10:00", "by": "Trần Thị Mẫu"},
        {"act": "start", "at": "2019-03-07T14:00"},
        {"act": "pass_on", "at": "2019-03-08"},
        {"act": "request_payment", "at": "2019-03-11T08:00", "amount_vnd": 5000, "reason": "Thuế"},
        {"act": "settle", "at": "2019-03-12T08:00"},
        {"act": "extend", "at": "2019-03-13T08:00", "extension": "5 working days"},
        {"act": "resolve", "at": "2019-03-14T08:00", "granted": False, "reason": "Thiếu"},
    ]
    row = a_row(channel="online", status="resolved", paid_at="04/03/2019 08:20")
    said: dict[str, Any] = {
        **row,
        "history": history,
        "fee_vnd": 150_000,
        "paid_by": "platform",
        "told_at": "2019-03-05",
        "verified": True,
    }
    for name in ("resolved_at", "returned_at", "due_at"):
        del said[name]

    found = desk.feed(as_objects([said]), "old.ndjson")

    assert counts(found) == (1, 0, 0), found.tally.examples
    acts = ["submit", *(act["act"] for act in history)]
    assert [act for act, _, _ in _history(desk, row["code"])] == acts
    [dossier] = desk.rows("SELECT * FROM dossier")
    assert (dossier["status"], dossier["result_granted"], dossier["supplements"]) == (
        *("resolved", 0, 0),
    )
    assert [fee["amount_vnd"] for fee in dossier["fees"]] == [150_000]
    assert desk.rows("SELECT reference, amount_vnd, method, status FROM payment") == [
        {
            "reference": f"{row['code']}-1",
            "amount_vnd": 150_000,
            "method": "platform",
            "status": "paid",
        }
    ]
    assert desk.one("SELECT count(*) FROM delivery WHERE state = 'acknowledged'") == len(acts)
    assert desk.one("SELECT count(*) FROM figure_mark") == 0
    fact = desk.rows("SELECT * FROM figure_fact")[0]
    assert (fact["is_paid_online"], fact["sync_state"]) == (True, "acknowledged")
    # Figure 2.1 lets the clock go on while a payment was waited for.
    assert fact["counted_due_at"] < fact["due_at"]


def test_the_portal_is_told_if_asked_and_not_again_if_it_knows(desk: Desk) -> None:
    desk.feed(as_csv([a_row(1), a_row(2, told_at="05/03/2019")]), tell=True)

    states = desk.rows(
        "SELECT code, array_agg(DISTINCT state) AS states FROM delivery"
        " JOIN dossier ON dossier.id = dossier_id GROUP BY code ORDER BY code"
    )
    assert [row["states"] for row in states] == [["waiting"], ["acknowledged"]]


def test_words_are_those_that_the_database_makes_itself(desk: Desk) -> None:
    names = ["Nguyễn Thị Ánh-Tuyết", "ĐOÀN O'Hara \\ Cty", "=1+1"]
    desk.feed(
        as_csv(
            [
                a_row(n, applicant_name=name, applicant_phone="+84 900 000 001")
                for n, name in enumerate(names, 1)
            ]
        )
    )
    from app.domain.folding import kept_words  # noqa: PLC0415

    for row in desk.rows(
        "SELECT d.*, s.words::text AS words FROM dossier AS d"
        " JOIN dossier_search AS s ON s.dossier_id = d.id"
    ):
        words = kept_words(
            row["applicant_name"], row["applicant_number"], row["contact"]["phone"], "2.000488"
        )
        expected = desk.one(
            "SELECT search_words(:agency, :at, :code, CAST(:words AS text[]))::text",
            agency=row["agency_id"],
            at=row["received_at"],
            code=row["code"],
            words=words,
        )
        assert row["words"] == expected


def test_a_day_alone_that_is_today_ends_now(desk: Desk) -> None:
    row = a_row(code="H44.10-261002-0001", received_at="02/10/2026", due_at="16/10/2026")
    row |= {"resolved_at": "05/10/2026", "returned_at": "05/10/2026", "told_at": "05/10/2026"}

    assert counts(desk.feed(as_csv([row]))) == (1, 0, 0)

    assert desk.one("SELECT max(occurred_at) FROM dossier_event") == NOW
    assert desk.one("SELECT max(acknowledged_at) FROM delivery") == NOW


def test_an_open_dossier_waits_in_the_queue_with_what_its_clock_has_left(desk: Desk) -> None:
    row = a_row(
        channel="desk",
        status="supplement_requested",
        supplement_requested_at="06/03/2019 08:15",
        resolved_at="",
        returned_at="",
    )
    desk.feed(as_csv([row]))

    [dossier] = desk.rows("SELECT * FROM dossier")
    assert (dossier["status_before"], dossier["queue_class"]) == ("accepted", 1)
    assert dossier["remaining_minutes"] == 8 * 8 * 60


def _assert_counted(desk: Desk, period: Period) -> None:
    """Sums, numbers given out and dossiers say the same, and the facts are complete."""
    with acting(desk.owner, SYSTEM) as tx:
        summed = {code: one for code, one in received(tx, period).items() if one.received}
        assert summed == recount(tx, period)
    total = desk.count()
    assert sum(one.received for one in summed.values()) == total
    assert desk.one("SELECT count(*) FROM figure_fact WHERE until_on = '9999-12-31'") == total
    assert desk.one("SELECT sum(received) FROM figure_entry") == total
    assert desk.one("SELECT sum(received) FROM figure_month") == total


def test_numbers_in_files_are_text_and_json_is_read_as_cells(desk: Desk) -> None:
    said = {**a_row(), "applicant_number": 25099000017}

    found = desk.feed(as_objects([said]), "old.ndjson")

    assert codes_of(found) == {("applicant_number", "value.not_text")}
    [line] = desk.faults_of("old.ndjson").read_text("utf-8").splitlines()
    assert json.loads(line)["fault_list"][0]["code"] == "value.not_text"


def test_what_the_application_may_see_of_it(desk: Desk) -> None:
    desk.feed(as_csv([a_row()]))
    with desk.owner.begin() as db:
        db.execute(text("SET LOCAL ROLE motcua_app"))
        assert db.scalar(text("SELECT count(*) FROM import_row")) == 0
        db.execute(text("SELECT set_config('app.role', 'applicant', true)"))
        db.execute(text("SELECT set_config('app.number', '025099000017', true)"))
        assert db.scalar(text("SELECT count(*) FROM import_row")) == 1
