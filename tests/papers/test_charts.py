"""Charts of figures: drawn for few and many, as SVG and PNG, from any numbers."""

import itertools
import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.chart_report import _in_words, _months
from app.domain.periods import Period
from app.papers import charts
from app.papers.charts import Level, LossBar, Month, Picture, RateBar, RateGroup, Words

WORDS = Words("Tỷ lệ hồ sơ nộp trực tuyến", "Tháng 6/2021, toàn tỉnh", "Nguồn: mẫu.")


def _rates(agencies: int, target: Fraction | None) -> list[RateGroup]:
    bars = [
        RateBar(f"UBND Huyện {n}", Decimal(n % 101), f"{n % 101} %", "1/2", n > 50)
        for n in range(agencies)
    ]
    nothing = RateBar("Sở Ngoại vụ", None, None, "0/0", is_reached=None)
    return [RateGroup("UBND các huyện, thành, thị", [*bars, nothing], target, None)]


@pytest.mark.parametrize("picture", Picture)
@pytest.mark.parametrize("agencies", [0, 1, 31])
def test_rates_of_any_number_of_agencies_are_drawn(picture: Picture, agencies: int) -> None:
    drawn = charts.online_rate(WORDS, _rates(agencies, Fraction(80)), picture)

    if picture is Picture.PNG:
        assert drawn.startswith(b"\x89PNG")
    else:
        assert ET.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_chart_is_as_high_as_what_it_shows() -> None:
    low, high = (
        ET.fromstring(charts.online_rate(WORDS, _rates(n, None), Picture.SVG)) for n in (2, 31)
    )

    assert float(high.attrib["viewBox"].split()[3]) > 2 * float(low.attrib["viewBox"].split()[3])
    assert high.attrib["viewBox"].split()[2] == low.attrib["viewBox"].split()[2]


@pytest.mark.parametrize("months", [1, 12, 40])
def test_months_are_drawn_without_dossiers_too(months: int) -> None:
    drawn = [Month(f"{n}/2021", n * 1000, 10, "99,0 %", "1.000") for n in range(months)]

    assert charts.by_month(WORDS, drawn, Picture.SVG)
    assert charts.by_month(WORDS, [Month("1/2021", 0, 0, "", "0")], Picture.SVG)


def test_a_waterfall_falls_from_what_can_be_had_to_what_was_reached() -> None:
    losses = [
        LossBar("4.1 Chưa có kết quả điện tử", Fraction(n), Fraction(9 - n), "−1") for n in (1,)
    ]
    whole, none = Level("Tối đa", Fraction(10), "10"), Level("Đạt", Fraction(), "0")

    assert charts.points_lost(WORDS, whole, losses, none, Picture.SVG)
    assert charts.points_lost(WORDS, none, [], none, Picture.SVG)


@given(st.integers(0, 10**9))
def test_a_scale_has_few_round_lines(highest: int) -> None:
    step = charts.round_step(highest)

    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert -(-highest // step) <= 5


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2021, 6, 1), date(2021, 6, 30), "Tháng 6/2021"),
        (date(2021, 1, 1), date(2021, 12, 31), "Năm 2021"),
        (date(2021, 1, 1), date(2021, 6, 30), "Tháng 1 đến tháng 6/2021"),
        (date(2020, 11, 1), date(2021, 2, 28), "Tháng 11/2020 đến tháng 2/2021"),
        (date(2021, 1, 5), date(2021, 2, 3), "Từ 05/01/2021 đến 03/02/2021"),
    ],
)
def test_a_period_is_said_as_people_say_it(first: date, last: date, words: str) -> None:
    assert _in_words(Period(first, last)) == words
    months = list(_months(first, last))
    assert months[0].first <= first
    assert months[-1].last >= last
    assert all(one.last < two.first for one, two in itertools.pairwise(months))
