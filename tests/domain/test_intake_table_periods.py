"""Periods of one table held against one another, and against what was offered when."""

from copy import deepcopy
from datetime import date

import pytest

from app import seeds
from app.domain.offers import OfferBook
from app.domain.procedure import Procedure
from app.domain.procedure_definition import parse_procedure
from tests.domain.table_samples import CENTRE, faults_of, good, read, table


def _offered(online_level: int, since: str, until: str | None) -> Procedure:
    """A procedure of one agency, between two days."""
    document = deepcopy(
        next(d for d in seeds.read_procedure_documents() if d["code"] == "2.000033")
    )
    version = document["versions"][-1]
    version |= {"valid_from": since, "valid_to": until, "online_level": online_level}
    return parse_procedure(document | {"versions": [version]})


ONLINE_SINCE_FEBRUARY = OfferBook(
    [_offered(2, "2021-01-01", "2021-01-31"), _offered(3, "2021-02-01", None)]
)


def _months(*counts: tuple[str, int, int]) -> str:
    """A table of one agency: its row and the group's total per period."""
    rows = []
    for period, at_desk, online in counts:
        total = at_desk + online
        rate = f"{100 * online / total:.2f}" if total else "0.00"
        figures = f"{total},{at_desk},{online},{rate}"
        rows += [
            f"{period},province,total,{CENTRE},{figures}",
            f"{period},province,1,Sở Công Thương,{figures}",
        ]
    return table(*rows)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (
            _months(("2021-01..2021-06", 8, 4), ("2021-06", 9, 4)),
            5,
            (
                "cột at_desk: kỳ 2021-01..2021-06 (dòng 3: 8) và kỳ 2021-06 (dòng 5: 9) "
                "không thể cùng đúng."
            ),
        ),
        (
            _months(("2021-01", 1, 1), ("2021-02", 1, 2), ("2021-01..2021-02", 2, 2)),
            7,
            (
                "cột online: kỳ 2021-01 (dòng 3: 1) và kỳ 2021-02 (dòng 5: 2) và "
                "kỳ 2021-01..2021-02 (dòng 7: 2) không thể cùng đúng."
            ),
        ),
        (
            _months(("2021-01..2021-02", 10, 0), ("2021-02..2021-03", 2, 0), ("2021-01", 3, 0)),
            7,
            (
                "cột at_desk: kỳ 2021-01..2021-02 (dòng 3: 10) và kỳ 2021-02..2021-03 "
                "(dòng 5: 2) và kỳ 2021-01 (dòng 7: 3) không thể cùng đúng."
            ),
        ),
    ],
)
def test_periods_that_contradict_one_another_are_named_with_the_agency(
    text: str, line: int, told: str
) -> None:
    assert faults_of(text) == [(line, "Sở Công Thương", told)]


def test_an_agency_without_a_row_received_nothing_in_that_period() -> None:
    text = _months(("2021-06", 1, 0)) + (
        f"2021-01..2021-06,province,total,{CENTRE},3,3,0,0.00\n"
        "2021-01..2021-06,province,2,Sở Y tế,3,3,0,0.00\n"
    )

    assert faults_of(text) == [
        (
            3,
            "Sở Công Thương",
            (
                "cột at_desk: kỳ 2021-06 (dòng 3: 1) và kỳ 2021-01..2021-06 "
                "(không có dòng, tức là 0) không thể cùng đúng."
            ),
        )
    ]


def test_nobody_received_anything_before_there_was_a_procedure() -> None:
    assert faults_of(good().replace("2021-03", "2015-03"))[0] == (
        3,
        "Sở Công Thương",
        (
            "cột at_desk: kỳ 2015-03 (dòng 3: 2) không thể đúng; từ 2015-03-01 đến 2015-03-31 "
            "cơ quan không có thủ tục nào nhận hồ sơ."
        ),
    )


def test_nothing_comes_in_online_where_nothing_is_offered_online() -> None:
    text = _months(("2021-01", 0, 1))
    detail = (
        "cột online: kỳ 2021-01 (dòng 3: 1) không thể đúng; từ 2021-01-01 đến 2021-01-31 "
        "cơ quan không có thủ tục nào nhận hồ sơ trực tuyến."
    )

    assert faults_of(text, ONLINE_SINCE_FEBRUARY) == [(3, "Sở Công Thương", detail)]

    for period, at_desk, online in (("2021-01", 1, 0), ("2021-01..2021-02", 0, 1)):
        assert read(_months((period, at_desk, online)), book=ONLINE_SINCE_FEBRUARY)


def test_a_period_that_is_not_over_holds_what_came_until_today() -> None:
    found = read(good(), today=date(2021, 3, 9))

    assert found.notes[1:] == ("Kỳ chưa kết thúc, hồ sơ chỉ được xếp đến hôm nay: 2021-03.",)
