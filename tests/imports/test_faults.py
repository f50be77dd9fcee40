"""What is wrong with a row is told whole, per column, in a file to be mended and fed again."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.former_columns import FormerFileRefused
from app.services.import_reading import LONGEST_LINE
from tests.imports.samples import HEADER, Desk, Row, a_row, as_csv, as_objects, codes_of, counts

LISTED = '[{"act": "accept", "at": "2019-03-04 09:00"}, %s]'


def _online(**changed: str) -> Row:
    return a_row(channel="online", accepted_at="04/03/2019 09:00") | changed


def _listed(*acts: str, **changed: str) -> Row:
    row = a_row(channel="online", status="in_process", resolved_at="", returned_at="", due_at="")
    return row | {"history": LISTED % ", ".join(acts)} | changed


_STARTED = '{"act": "start", "at": "2019-03-05"}'
_ASKED = '{"act": "request_supplement", "at": "2019-03-05"}'
_GIVEN = '{"act": "supplement", "at": "2019-03-06"}'

FAULTS: list[tuple[Row, tuple[str, str]]] = [
    (a_row(code=""), ("code", "value.missing")),
    (a_row(code="17/HS-2019"), ("code", "code.format")),
    (a_row(code="H44.10-190403-0001"), ("code", "code.day_differs")),
    (a_row(procedure="9.999999"), ("procedure", "procedure.unknown")),
    (a_row(procedure="1.001193"), ("agency", "agency.not_competent")),
    (a_row(agency="H99"), ("agency", "agency.unknown")),
    (_online(procedure="2.002038"), ("procedure", "procedure.not_online")),
    (
        a_row(received_at="04/03/2015", code="H44.10-150304-0001"),
        ("agency", "agency.not_valid_then"),
    ),
    (
        a_row(received_at="04/03/2015", code="H44.10-150304-0001"),
        ("procedure", "procedure.not_in_force"),
    ),
    (a_row(channel="fax"), ("channel", "value.unknown")),
    (
        a_row(applicant_kind="enterprise", applicant_number="2600000001"),
        ("applicant_kind", "applicant.kind_not_served"),
    ),
    (a_row(applicant_number="25099000017"), ("applicant_number", "number.zeros_lost")),
    (a_row(applicant_number="2,5099E+10"), ("applicant_number", "number.rounded")),
    (a_row(applicant_number="2509900001 7"), ("applicant_number", "number.format")),
    (a_row(applicant_name="NguyÔn V¨n A"), ("applicant_name", "text.legacy_font")),
    (a_row(applicant_name="Nguy\ufffdn"), ("applicant_name", "text.encoding")),
    (a_row(applicant_name="a\0b"), ("applicant_name", "text.nul")),
    (a_row(applicant_name="x" * 300), ("applicant_name", "text.too_long")),
    (a_row(received_at="31/02/2019"), ("received_at", "instant.impossible")),
    (a_row(received_at="43528"), ("received_at", "instant.serial")),
    (a_row(received_at="hôm qua"), ("received_at", "instant.format")),
    (a_row(received_at="04/03/19"), ("received_at", "instant.format")),
    (a_row(received_at="04/03/1889"), ("received_at", "instant.horizon")),
    (a_row(returned_at="04/03/2027"), ("returned_at", "instant.future")),
    (
        a_row(received_at="2026-10-05 08:00", code="H44.10-261005-0001"),
        ("received_at", "received.not_past"),
    ),
    (a_row(resolved_at="01/03/2019"), ("resolved_at", "instant.before_received")),
    (a_row(returned_at="12/03/2019"), ("returned_at", "dossier.step_refused")),
    (a_row(accepted_at="05/03/2019"), ("accepted_at", "accepted.differs")),
    (_online(accepted_at=""), ("accepted_at", "value.missing")),
    (a_row(returned_at=""), ("returned_at", "value.missing")),
    (a_row(status="in_process"), ("status", "status.differs")),
    (a_row(status="payment_requested"), ("status", "status.needs_history")),
    (a_row(ended_at="15/03/2019"), ("ended_at", "value.not_fitting")),
    (a_row(granted="no"), ("resolved_at", "reason.missing")),
    (a_row(granted="maybe"), ("granted", "value.unknown")),
    (a_row(components="GT01 GT77"), ("components", "component.unknown")),
    (
        _online(
            procedure="2.002038",
            return_way="online",
        ),
        ("return_way", "return_way.not_electronic"),
    ),
    (a_row(fee_vnd="hai trăm"), ("fee_vnd", "money.format")),
    (a_row(fee_vnd="0", paid_at="04/03/2019 09:00"), ("paid_at", "fee.nothing_due")),
    (a_row(history="[{"), ("history", "history.format")),
    (_listed('{"act": "dance", "at": "2019-03-05"}'), ("history", "history.act")),
    (_listed('{"act": "start", "when": "2019-03-05"}'), ("history", "history.member")),
    (_listed('{"act": "start", "at": "2019-03-03"}'), ("history", "history.order")),
    (_listed('{"act": "start", "at": "2030-03-03"}'), ("history", "instant.future")),
    (
        _listed('{"act": "start", "at": "2019-03-05", "role": "approver"}'),
        ("history", "dossier.role_refused"),
    ),
    (_listed('{"act": "extend", "at": "2019-03-05"}'), ("history", "extension.missing")),
    (
        _listed(
            '{"act": "start", "at": "2019-03-05"}',
            '{"act": "extend", "at": "2019-05-05", "extension": "2 working days"}',
        ),
        ("history", "extension.refused"),
    ),
    (
        _listed(_STARTED, *['{"act": "pass_on", "at": "2019-03-06"}'] * 9),
        ("history", "step.none_left"),
    ),
    (
        _listed('{"act": "request_payment", "at": "2019-03-05"}'),
        ("history", "money.missing"),
    ),
    (
        _listed(_ASKED, _GIVEN, _ASKED.replace("05", "07")),
        ("history", "supplement.second_without_ground"),
    ),
    (
        _listed('{"act": "start", "at": "2019-03-05"}', resolved_at="06/03/2019"),
        ("resolved_at", "history.differs"),
    ),
]


def test_every_kind_of_fault_is_found_in_its_column(desk: Desk) -> None:
    """One file holds them all; each row's fault is among those told of its line."""
    rows = [row for row, _ in FAULTS]
    found = desk.feed(as_csv(rows))

    assert counts(found) == (0, 0, len(rows))
    with desk.faults_of("old.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    assert len(told) == len(rows)
    for (row, wanted), line in zip(FAULTS, told, strict=True):
        faults = set(
            zip(line["fault_columns"].split(" | "), line["fault_codes"].split(" | "), strict=True)
        )
        assert wanted in faults, (row, faults)
        assert len(line["fault_texts"].split(" | ")) == len(line["fault_codes"].split(" | "))
        assert {name: line[name] for name in row} == row  # as it came


def test_all_faults_of_a_row_are_told_at_once(desk: Desk) -> None:
    row = a_row(channel="fax", applicant_number="1", agency="H99", returned_at="x", fee_vnd="-1")

    assert codes_of(desk.feed(as_csv([row]))) == {
        ("channel", "value.unknown"),
        ("applicant_number", "number.format"),
        ("agency", "agency.unknown"),
        ("returned_at", "instant.format"),
        ("fee_vnd", "money.format"),
    }


def test_the_file_of_faults_is_mended_and_fed_again(desk: Desk) -> None:
    rows = [a_row(1), a_row(2, agency="H99"), a_row(3, applicant_number="25099000017")]
    assert counts(desk.feed(b"\xef\xbb\xbf" + as_csv(rows))) == (1, 0, 2)
    told = desk.faults_of("old.csv").read_bytes()
    assert told.startswith(b"\xef\xbb\xbf")  # as the spreadsheet had it

    mended = told.replace(b"H99", b"H44.10").replace(b",25099000017", b",'025099000017")
    found = desk.feed(mended, "again.csv")

    assert counts(found) == (2, 0, 0)
    assert (found.ignored, desk.count()) == ((), 3)
    assert not desk.faults_of("again.csv").exists()
    assert counts(desk.feed(as_csv([a_row(1)]), "old.csv")) == (0, 1, 0)
    assert not desk.faults_of("old.csv").exists()  # of a run before: all is mended


BROKEN = {
    "a quote that is never closed": (b'x,"open\n', "record.quotes"),
    "a shifted row": (b"a,b,c\n", "record.columns"),
    "a huge field": (b'"' + b"x" * (LONGEST_LINE + 5) + b'"\n', "record.too_long"),
    "a huge line of quotes": (b'""' * LONGEST_LINE + b"\n", "record.too_long"),
    "text after a quote": (b'"a"b,\n', "record.quotes"),
}


@pytest.mark.parametrize(("broken", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_line_spoils_no_other(desk: Desk, broken: bytes, code: str) -> None:
    head, one, *_ = as_csv([a_row(1)]).splitlines(keepends=True)
    rest = b"".join(as_csv([a_row(n) for n in range(2, 6)]).splitlines(keepends=True)[1:])

    found = desk.feed(head + one + broken + rest)

    assert counts(found) == (5, 0, 1)
    assert codes_of(found) == {("", code)}


def test_bytes_that_are_no_text_come_back_as_they_are(desk: Desk) -> None:
    good = as_csv([a_row(n) for n in range(1, 5)])
    spoilt = good + as_csv([a_row(9)]).splitlines()[1].replace("Nguyễn".encode(), b"Nguy\xd4n")

    found = desk.feed(spoilt)

    assert counts(found) == (4, 0, 1)
    assert codes_of(found) == {("applicant_name", "text.encoding")}
    assert b"Nguy\xd4n" in desk.faults_of("old.csv").read_bytes()


REFUSED = {
    "nothing": (b"", "không có gì"),
    "UTF-16": ("code,procedure".encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": ("code,procedure\n".encode("utf-16-le"), "UTF-16"),
    "TCVN3": (b"code,name\n" + "1,NguyÔn V¨n\n".encode("latin-1") * 9, "TCVN3"),
    "XLSX": (b"PK\x03\x04....", "XLSX"),
    "another table": (b"period,group\n1,2\n", "thiếu cột code"),
    "a column twice": (b"code,code\n", "hai lần"),
    "no header": (b'"open\n', "tiêu đề"),
}


@pytest.mark.parametrize(("data", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_such_file_is_refused_in_a_sentence(desk: Desk, data: bytes, said: str) -> None:
    with pytest.raises(FormerFileRefused, match=said):
        desk.feed(data)


def test_faults_never_go_where_the_rows_are(desk: Desk) -> None:
    from app.domain.former_mapping import read_mapping  # noqa: PLC0415
    from app.services.desk import Rules  # noqa: PLC0415
    from app.services.importing import ImportWishes, importing  # noqa: PLC0415
    from tests.imports.samples import NOW  # noqa: PLC0415

    path = desk.folder / "old.csv"
    path.write_bytes(as_csv([a_row()]))
    opened = importing(
        desk.owner,
        path,
        ImportWishes(path),
        mapping=read_mapping({}),
        rules=Rules(),
        now=NOW,
    )
    with pytest.raises(FormerFileRefused, match="khác tệp nhập"), opened:
        pass


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_byte_that_flips_never_crashes_or_doubles(desk: Desk, data: st.DataObject) -> None:
    rows: list[Any] = [a_row(n, components="GT01") for n in range(1, 4)]
    name = data.draw(st.sampled_from(["old.csv", "old.ndjson"]))
    whole = as_csv(rows) if name == "old.csv" else as_objects(rows)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))

    for content in (bytes(flipped), whole, bytes(flipped)):
        try:
            found = desk.feed(content, name)
        except FormerFileRefused:
            continue
        assert found.written + found.tally.already + found.tally.faulty == found.tally.rows
    codes = desk.rows("SELECT code FROM dossier")
    assert len({row["code"] for row in codes}) == len(codes)
    # A flip within a code makes another dossier of it, which cannot be known; never one twice.
    assert desk.one("SELECT count(*) FROM import_row") == len(codes)
    assert desk.one("SELECT sum(last_number) FROM intake_day") == len(codes)


def test_lines_are_those_of_the_file(desk: Desk, tmp_path: Path) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval="")
    writer.writeheader()
    writer.writerow(a_row(1, applicant_address="một\nhai\nba"))
    out.write("\r\n")
    writer.writerow(a_row(2, agency="H99"))

    desk.feed(out.getvalue().encode())

    assert desk.one("SELECT line FROM import_row") == 2
    with desk.faults_of("old.csv").open(encoding="utf-8", newline="") as file:
        assert [row["fault_line"] for row in csv.DictReader(file)] == ["6"]
    assert tmp_path == desk.folder
