"""Judging what a portal holds against our books; reading lists of codes."""

from datetime import date
from itertools import product

import pytest

from app.domain.deliveries import DeliveryState
from app.domain.reconciliation import (
    Cause,
    Ledger,
    Outcome,
    PortalListFaulty,
    ReconciliationRefused,
    Span,
    judge,
    listed_codes,
    nightly_span,
    place_of,
)

WAITING, DEAD, BLOCKED = DeliveryState.WAITING, DeliveryState.DEAD, DeliveryState.BLOCKED
ALL_TOLD = Ledger(3, 3, None)


@pytest.mark.parametrize(
    ("ledger", "is_there", "stage", "differs", "expected"),
    [
        (ALL_TOLD, True, 3, False, (Outcome.EQUAL, None)),
        (ALL_TOLD, True, 3, True, (Outcome.DIFFERENT, Cause.CHANGED)),
        (ALL_TOLD, True, None, True, (Outcome.DIFFERENT, Cause.CHANGED)),
        (ALL_TOLD, True, 2, True, (Outcome.BEHIND, Cause.LOST)),
        (ALL_TOLD, False, None, False, (Outcome.MISSING, Cause.LOST)),
        (Ledger(1, 3, WAITING), True, 1, False, (Outcome.NOT_TOLD_YET, None)),
        (Ledger(1, 3, WAITING), True, 2, True, (Outcome.NOT_TOLD_YET, None)),
        (Ledger(0, 3, WAITING), False, None, False, (Outcome.NOT_TOLD_YET, None)),
        (Ledger(1, 3, WAITING), False, None, False, (Outcome.MISSING, Cause.LOST)),
        (Ledger(1, 3, BLOCKED), True, 1, False, (Outcome.BEHIND, Cause.BLOCKED)),
        (Ledger(1, 3, DEAD), True, 3, True, (Outcome.BEHIND, Cause.DEAD)),
        (Ledger(0, 3, DEAD), False, None, False, (Outcome.MISSING, Cause.DEAD)),
        (Ledger(0, 3, None), False, None, False, (Outcome.MISSING, Cause.NEVER_TOLD)),
        (Ledger(2, 3, None), True, 2, False, (Outcome.BEHIND, Cause.NEVER_TOLD)),
    ],
)
def test_each_combination_has_its_outcome(
    ledger: Ledger,
    is_there: bool,  # noqa: FBT001  (a parameter of the case)
    stage: int | None,
    differs: bool,  # noqa: FBT001
    expected: tuple[Outcome, Cause | None],
) -> None:
    assert judge(ledger, is_there=is_there, stage=stage, differs=differs) == expected


def test_nothing_is_equal_that_is_not_there_or_differs_or_was_not_told_to_its_end() -> None:
    heads = (None, WAITING, DEAD, BLOCKED, DeliveryState.IN_FLIGHT)
    for told, head, stage, differs in product(range(4), heads, (None, 1, 2, 3), (False, True)):
        ledger = Ledger(told, 3, head)
        for is_there in (False, True):
            outcome, _ = judge(ledger, is_there=is_there, stage=stage, differs=differs)
            if outcome is Outcome.EQUAL:
                assert is_there
                assert told == 3
                assert not differs
                assert head is None


def test_codes_are_read_from_the_column_that_is_headed_so() -> None:
    rows = [["STT", "MaHoSo"], ["1", "H44.10-261005-0001"], [], ["2", " H44.10-261005-0002 "]]

    assert listed_codes(rows) == ["H44.10-261005-0001", "H44.10-261005-0002"]
    assert listed_codes([["H44.10-261005-0001"], ["H44.10-261005-0001"]]) == ["H44.10-261005-0001"]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([["MaHoSo"], ["H44.10-261005-0001"], ["=cmd()"]], 3),
        ([["STT", "MaHoSo"], ["1"]], 2),
        ([["a b c d e"]], 1),
        ([], 0),
        ([["MaHoSo"]], 0),
    ],
)
def test_a_list_with_a_faulty_line_is_refused_with_its_number(
    rows: list[list[str]], line: int
) -> None:
    with pytest.raises(PortalListFaulty) as refusal:
        listed_codes(rows)

    assert refusal.value.facts["line"] == line


def test_a_code_names_its_agency_and_day_or_nothing() -> None:
    assert place_of("H44.10-261008-0975") == ("H44.10", date(2026, 10, 8))
    assert place_of("000.00.06.H56-261008-12345") == ("000.00.06.H56", date(2026, 10, 8))
    assert place_of("H44.10-261399-0975") is None
    assert place_of("bất kỳ") is None


def test_a_span_holds_what_its_days_and_agencies_say() -> None:
    span = Span(date(2026, 10, 1), date(2026, 10, 5), "H44.1")

    assert span.holds("H44.1.02-261005-0001")
    assert not span.holds("H44.10-261005-0001")
    assert not span.holds("H44.1-261006-0001")
    assert span.holds("KHAC")
    with pytest.raises(ReconciliationRefused):
        Span(date(2026, 10, 2), date(2026, 10, 1))


def test_every_night_the_last_month_is_asked_about_whole() -> None:
    assert nightly_span(date(2026, 10, 1)) == Span(date(2026, 9, 1), date(2026, 9, 30))
    assert nightly_span(date(2026, 10, 31)) == Span(date(2026, 9, 1), date(2026, 10, 30))
    assert nightly_span(date(2026, 1, 2)) == Span(date(2025, 12, 1), date(2026, 1, 1))
