"""What tracking reads and says: hostile text is a wrong code and nothing worse."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lifecycle import Status
from app.domain.petitions import PetitionStatus
from app.domain.quotas import Meter, Quota
from app.domain.tracking import (
    CODE_QUOTAS,
    check_matches,
    dossier_label,
    dossier_summary,
    is_code,
    petition_label,
    petition_summary,
    read_check,
    read_code,
)

CODES = ["H44.10-261122-0001", "PA-H44.10-261122-0001", "H44-261122-10000", "H44.12.03-261122-0009"]
NO_CODES = [
    "",
    " ",
    "H44.10",
    "H44.10-261122-1",
    "-",
    "H44.10-261122-0001'--",
    "h" * 10_000,
    "\0",
    "H44.10-２６1122-0001",
    "PA-PA-H44.10-261122-0001",
    "\ud800",
    "H44.10-261122-0001\n1",
]
NO_CHECKS = [None, "", "1", "12345", "abcd", "１２３４", "٠٠٠١", "-001", "00 1", "0001\0", "\ud800"]


@pytest.mark.parametrize("code", CODES)
def test_a_code_may_be_typed_as_people_type(code: str) -> None:
    assert read_code(f" {code.lower()} ") == code
    assert is_code(code)


@pytest.mark.parametrize("text", NO_CODES)
def test_what_is_no_code_equals_none(text: str) -> None:
    assert read_code(text) == "-"
    assert not is_code(text)


@given(st.text())
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    assert read_code(text) == "-" or is_code(text)
    check = read_check(text)
    assert check == "----" or (check.isascii() and check.isdigit())


@pytest.mark.parametrize("text", NO_CHECKS)
def test_what_are_no_check_digits_match_nothing(text: str | None) -> None:
    check = read_check(text)
    assert not check_matches(check, ["025099000001", "0900000001", None, "", "12", "----", "????"])


@pytest.mark.parametrize(
    ("check", "is_right"),
    [("0001", True), ("4567", True), ("0002", False), ("0250", False), ("0912", False)],
)
def test_the_last_four_of_either_number_open(check: str, *, is_right: bool) -> None:
    assert check_matches(read_check(check), ["025099000001", "+84 91 234 567 "]) is is_right


@pytest.mark.parametrize(
    ("number", "check"),
    [("2600000001", "0001"), ("2600000001-003", "1003"), ("+84912345678", "5678")],
)
def test_the_digits_of_tax_codes_and_phones_count(number: str, check: str) -> None:
    assert check_matches(check, [number])


def test_every_status_is_told_in_words_without_a_gap() -> None:
    for status in set(Status) - {Status.DRAFT}:
        assert "{" not in dossier_summary(status, "Sở {Mẫu}").replace("Sở {Mẫu}", "")
        assert dossier_label(status)
    for petition_status in PetitionStatus:
        assert petition_summary(petition_status, "Sở Mẫu").endswith(".")
        assert petition_label(petition_status)


instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (aware by the strategy)


@given(instants, st.integers(1, 10**6))
def test_each_instant_lies_in_one_window_that_all_processes_agree_on(
    now: datetime, window_s: int
) -> None:
    quota = Quota("q", 1, window_s)
    ends_at = quota.ends_at(now)

    assert now < ends_at <= now + timedelta(seconds=window_s)
    assert quota.ends_at(ends_at - timedelta(microseconds=1)) == ends_at
    assert quota.ends_at(ends_at) == ends_at + timedelta(seconds=window_s)
    left = Meter(quota, 1, ends_at).seconds_left(now)
    assert 1 <= left <= window_s
    assert ends_at <= now + timedelta(seconds=left)


def test_a_meter_says_what_is_left_and_never_less_than_nothing() -> None:
    quota, ends_at = Quota("q", 2, 60), datetime(2026, 1, 1, tzinfo=UTC)
    assert [Meter(quota, n, ends_at).left for n in (1, 2, 3, 9)] == [1, 0, 0, 0]
    assert [Meter(quota, n, ends_at).is_exceeded for n in (1, 2, 3)] == [False, False, True]


def test_guessing_a_code_open_takes_years() -> None:
    """Two numbers open one code; the most that a day gives is a small share of 10,000."""
    per_day = min(quota.limit * 86_400 // quota.window_s for quota in CODE_QUOTAS)
    assert per_day * 2 / 10_000 < 0.01
