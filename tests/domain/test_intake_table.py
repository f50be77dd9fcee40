"""A published table read back: what is tolerated, and every fault with its row."""

import csv
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from app.domain.figures import Intake
from app.domain.intake_table import IntakeTable, TableRefused, read_table
from tests.domain.past_samples import BOOK, REGISTER
from tests.domain.table_samples import CENTRE, GOOD, HEADER, TODAY, faults_of, good, read, table

PUBLISHED = Path(__file__).parents[2] / "data" / "published" / "intake-2021.csv"


def _said(read_back: IntakeTable) -> dict[tuple[str, str], Intake]:
    return {
        (str(period), row.name): row.intake
        for group in read_back.groups
        for (_, period), row in group.rows.items()
    }


def test_the_published_table_is_read_as_it_stands() -> None:
    text = PUBLISHED.read_text(encoding="utf-8")
    found = read(text)

    assert found.notes == ()
    assert [str(period) for period in found.periods] == ["2021-01..2021-06", "2021-06"]
    assert _said(found) == {
        (row["period"], row["agency"]): Intake(int(row["at_desk"]), int(row["online"]))
        for row in csv.DictReader(StringIO(text))
        if row["row"] != "total"
    }


@pytest.mark.parametrize(
    "written",
    [
        b"\xef\xbb\xbf" + good().encode(),
        good().replace("\n", "\r\n").encode(),
        good().replace("\n", "\n\n").encode(),
        good().replace(",", " , ").encode(),
        good().replace("Sở Y tế", '"Sở Y tế"').encode(),
        good().replace("60.00", "60").encode(),
        "\n".join(
            ",".join(line.split(",")[::-1]) for line in good().splitlines()
        ).encode(),  # columns in another order
        "\n".join([HEADER, *GOOD.splitlines()[::-1]]).encode(),  # rows in another order
        good().replace("2021-03", "2021-03-01..2021-03-31").encode(),
    ],
)
def test_the_same_table_may_be_written_in_several_ways(written: bytes) -> None:
    found = read_table(written, REGISTER, BOOK, TODAY)

    assert found.digest == read(good()).digest
    assert _said(found) == _said(read(good()))


@pytest.mark.parametrize(
    ("old", "new"),
    [("5,2,3,60.00", "5,3,2,40.00"), ("2021-03", "2021-04"), ("province,2,Sở Y tế", "")],
)
def test_another_table_has_another_digest(old: str, new: str) -> None:
    text = good()
    if not new:
        other = text.replace("7,3,4,57.14", "0,0,0,0.00").replace("12,5,7,58.33", "5,2,3,60.00")
    elif old.startswith("5"):
        other = text.replace(old, new).replace("12,5,7,58.33", "12,6,6,50.00")
    else:
        other = text.replace(old, new)

    assert read(other).digest != read(text).digest


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2021-06", date(2021, 6, 1), date(2021, 6, 30)),
        ("2021-01..2021-06", date(2021, 1, 1), date(2021, 6, 30)),
        ("2021-01-05..2021-02-03", date(2021, 1, 5), date(2021, 2, 3)),
        ("2021-03-05", date(2021, 3, 5), date(2021, 3, 5)),
    ],
)
def test_periods_are_months_runs_of_months_or_days(period: str, first: date, last: date) -> None:
    [found] = read(good().replace("2021-03", period)).periods

    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", (1, "tệp rỗng")),
        (b"\xef\xbb\xbf", (1, "tệp rỗng")),
        (b"\n\n", (1, "tệp rỗng")),
        (HEADER.encode(), (1, "không có dòng số liệu")),
        (good().encode("utf-16"), (1, "không phải là UTF-8")),
        (good().encode().replace("Sở Y tế".encode(), b"S\xf2 Y t\xea"), (4, "UTF-8")),
        (good("Sở Y tế", '"Sở Y tế').encode(), (4, "không đọc được như CSV")),
        (good().replace(",", ";").encode(), (1, "thiếu cột period")),
        (good().replace("online_rate", "rate").encode(), (1, "thiếu cột online_rate_percent")),
        (good().replace("total,at_desk", "total,total,at_desk").encode(), (1, "có hai lần")),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(data: bytes, told: tuple[int, str]) -> None:
    with pytest.raises(TableRefused) as refused:
        read_table(data, REGISTER, BOOK, TODAY)

    first = refused.value.faults[0]
    assert first.line == told[0]
    assert told[1] in first.detail


def test_missing_and_extra_columns_are_all_told() -> None:
    told = faults_of("period,agency,total,at_desk,online,note\n")

    assert [detail for _, _, detail in told] == [
        "thiếu cột group.",
        "thiếu cột row.",
        "thiếu cột online_rate_percent.",
        "thừa cột “note”.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("7,3,4,57.14", "7,3,4,57.15", 4, "online_rate_percent phải là 57.14"),
        ("7,3,4,57.14", "7,3,4,57.1", 4, "online_rate_percent phải là 57.14"),
        ("7,3,4,57.14", "7,3,4,", 4, "online_rate_percent phải là 57.14"),
        ("0,0,0,0.00", "0,0,0,100.00", 5, "online_rate_percent phải là 0.00"),
        ("7,3,4,57.14", "8,3,4,57.14", 4, "at_desk + online = 7, khác total = 8"),
        ("7,3,4,57.14", "7,3.0,4,57.14", 4, "cột at_desk phải là số nguyên"),
        ("7,3,4,57.14", "1,-3,4,57.14", 4, "cột at_desk phải là số nguyên"),
        ("7,3,4,57.14", "7,,4,57.14", 4, "cột at_desk phải là số nguyên"),
        ("7,3,4,57.14", "٧,3,4,57.14", 4, "cột total phải là số nguyên"),
        ("7,3,4,57.14", "7,3,4,57.14,9", 4, "có 9 ô, cần 8"),
        ("province,2,Sở Y tế", "province,2,Sở Yêu", 4, "không có cơ quan này"),
        ("province,2,Sở Y tế", "province,2,UBND tỉnh Phú Thọ", 4, "không có cơ quan này"),
        ("province,2,Sở Y tế", "ministry,2,Sở Y tế", 4, "không có nhóm “ministry”"),
        ("province,2,Sở Y tế", "province,x,Sở Y tế", 4, "số thứ tự hoặc “total”"),
        ("province,2,Sở Y tế", "province,2,UBND Huyện Tân Sơn", 4, "thuộc nhóm district"),
        ("2021-03,province,2", "March,province,2", 4, "không đọc được kỳ “March”"),
        ("2021-03,province,2", "2021-13,province,2", 4, "không đọc được kỳ “2021-13”"),
        ("2021-03,province,2", "2021-03..2021-02,province,2", 4, "không đọc được kỳ"),
        ("2021-03,province,2", "2021-02-29,province,2", 4, "không đọc được kỳ"),
        ("2021-03,province,2", "2026-12,province,2", 4, "kỳ 2026-12 chưa bắt đầu"),
        ("2021-03,province,2", "1989-12,province,2", 4, "nằm ngoài lịch"),
        ("12,5,7,58.33", "13,5,8,61.54", 2, "online của nhóm là 8, tổng các dòng là 7"),
    ],
)
def test_a_fault_is_told_with_its_row(old: str, new: str, line: int, told: str) -> None:
    [fault] = [fault for fault in faults_of(good(old, new)) if fault[0] == line]

    assert told in fault[2]


def test_a_fault_names_the_agency_as_it_stands_there() -> None:
    assert faults_of(good("province,2,Sở Y tế", "province,2,Sở Yêu")) == [
        (4, "Sở Yêu", "không có cơ quan này trong danh mục.")
    ]


def test_all_faults_are_told_at_once_in_the_order_of_the_rows() -> None:
    told = faults_of(
        table(
            "2021-03,province,total,Trung tâm phục vụ hành chính công,5,2,3,66.00",
            "2021-03,province,1,Sở Công Thương,5,2,3,60.00",
            "2021-03,province,2,Sở Y tế,x,-1,4,57.14",
            "2021-03,district,1,UBND Huyện Nào Đó,7,3,4,57.14",
            "2021-01..2021-06,province,total,Trung tâm phục vụ hành chính công,4,2,2,50.00",
            "2021-01..2021-06,province,1,Sở Công Thương,4,2,2,50.00",
        )
    )

    assert [(line, detail.split()[0]) for line, _, detail in told] == [
        (2, "online_rate_percent"),
        (4, "cột"),
        (4, "cột"),
        (5, "không"),
        (7, "cột"),  # June and the half-year contradict each other
    ]


def test_a_sentence_lists_the_faults_and_the_facts_hold_them_for_machines() -> None:
    with pytest.raises(TableRefused) as refused:
        read(good("province,2,Sở Y tế", "province,2,Sở Yêu"))

    assert refused.value.code == "replay.table_refused"
    assert refused.value.detail == (
        "Bảng số liệu có 1 lỗi:\n  dòng 4 (Sở Yêu): không có cơ quan này trong danh mục."
    )
    assert refused.value.facts["faults"] == [
        {"line": 4, "agency": "Sở Yêu", "detail": "không có cơ quan này trong danh mục."}
    ]


def test_a_very_faulty_table_does_not_fill_the_screen() -> None:
    rows = ["2021-03,province,1,Nơi nào đó,0,0,0,0.00"] * 500

    with pytest.raises(TableRefused) as refused:
        read(table(*rows))

    assert len(refused.value.facts["faults"]) == 500
    assert refused.value.detail.endswith("và 400 lỗi khác")


@pytest.mark.parametrize("line", [2, 4])
def test_a_row_that_comes_twice_is_told(line: int) -> None:
    rows = good().splitlines()
    [(found, _, detail), *_] = faults_of("\n".join([*rows, rows[line - 1]]) + "\n")

    assert (found, detail) == (6, f"kỳ 2021-03 đã có ở dòng {line}.")


def test_the_same_period_in_other_words_is_the_same_period() -> None:
    again = "2021-03-01..2021-03-31,province,2,Sở Y tế,7,3,4,57.14\n"

    assert (6, "Sở Y tế", "kỳ 2021-03 đã có ở dòng 4.") in faults_of(good() + again)


def test_a_group_without_its_total_is_told() -> None:
    rows = [line for line in good().splitlines() if ",total,Trung" not in line]

    assert faults_of("\n".join(rows)) == [(2, "", "nhóm province, kỳ 2021-03 không có dòng total.")]


def test_what_only_looks_different_is_a_note() -> None:
    text = (
        good("province,2,Sở Y tế", "province,7,Sở  Y tế")
        .replace(CENTRE, "Trung tâm hành chính công")
        .replace("province,3,Sở Kế hoạch và Đầu tư", "province,3,Sở Xây dựng")
    )

    numbers, names, absent = read(text).notes
    assert numbers == ("Số thứ tự khác danh mục ở dòng 4, 5; phụ lục in theo danh mục.")
    assert names == "Tên viết khác danh mục ở dòng 2, 4; phụ lục in theo danh mục."
    assert absent.startswith("Kỳ 2021-03: không có dòng, tính là 0: Sở Kế hoạch và Đầu tư, Sở Nông")
