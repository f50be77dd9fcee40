"""Our words in the portal's: one case per code of CONTRACTS.md 1.1.3, and nothing without one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

import pytest

from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Status
from app.domain.procedure import ApplicantKind, FeeKind, FeePhase
from app.integrations.national_portal import (
    APPLICANT,
    CHANNEL,
    FEE_KIND,
    FEE_PHASE,
    RETURN_WAY,
    STATUS,
    stamp,
)
from app.integrations.portal import Unmapped, word


@pytest.mark.parametrize(
    ("table", "ours", "theirs"),
    [
        (STATUS, Status.REGISTERED, "1"),
        (STATUS, Status.ACCEPTED, "2"),
        (STATUS, Status.REFUSED, "3"),
        (STATUS, Status.IN_PROCESS, "4"),
        (STATUS, Status.SUPPLEMENT_REQUESTED, "5"),
        (STATUS, Status.PAYMENT_REQUESTED, "6"),
        (STATUS, Status.WITHDRAWN, "7"),
        (STATUS, Status.STOPPED, "8"),
        (STATUS, Status.RESOLVED, "9"),
        (STATUS, Status.RETURNED, "10"),
        (CHANNEL, Channel.DESK, "1"),
        (CHANNEL, Channel.ONLINE, "2"),
        (CHANNEL, Channel.POST, "3"),
        (APPLICANT, ApplicantKind.CITIZEN, "1"),
        (APPLICANT, ApplicantKind.ENTERPRISE, "2"),
        (APPLICANT, ApplicantKind.STATE_BODY, "3"),
        (APPLICANT, ApplicantKind.ORGANISATION, "4"),
        (RETURN_WAY, ReturnWay.DESK, "0"),
        (RETURN_WAY, ReturnWay.ONLINE, "0"),
        (RETURN_WAY, ReturnWay.POST, "1"),
        (FEE_PHASE, FeePhase.ACCEPTANCE, "1"),
        (FEE_PHASE, FeePhase.RETURN, "4"),
        (FEE_KIND, FeeKind.FEE, "1"),
        (FEE_KIND, FeeKind.CHARGE, "1"),
    ],
)
def test_a_word_of_ours_has_its_word_there(
    table: Mapping[StrEnum, str], ours: StrEnum, theirs: str
) -> None:
    assert word(table, ours) == theirs


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (STATUS, set(Status) - {Status.DRAFT}),
        (CHANNEL, set(Channel)),
        (APPLICANT, set(ApplicantKind)),
        (RETURN_WAY, set(ReturnWay)),
        (FEE_PHASE, set(FeePhase)),
        (FEE_KIND, set(FeeKind)),
    ],
    ids=["status", "channel", "applicant", "return way", "fee phase", "fee kind"],
)
def test_everything_that_is_told_has_a_word(
    table: Mapping[StrEnum, str], members: set[StrEnum]
) -> None:
    assert set(table) == members


def test_what_has_no_word_is_named() -> None:
    with pytest.raises(Unmapped) as unmapped:
        word(STATUS, Status.DRAFT)

    assert unmapped.value.name == "Status.draft"


def test_instants_are_written_in_local_time_to_the_second() -> None:
    assert stamp(datetime(2026, 12, 31, 17, 0, 0, 999_999, tzinfo=UTC)) == "20270101000000"
