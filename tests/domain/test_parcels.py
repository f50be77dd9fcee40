"""Parcels: what moves them, what may be ordered when."""

from itertools import product

import pytest

from app.domain.lifecycle import Status
from app.domain.parcels import (
    OVER,
    PARCEL_LABELS,
    POSSIBLE_WHILE,
    TOLD,
    Parcel,
    ParcelKind,
    ParcelRefused,
    check_possible,
    moves,
    order_number,
)


@pytest.mark.parametrize(("now_at", "told"), [*product(Parcel, Parcel)])
def test_a_parcel_goes_on_never_back_and_stays_where_it_ended(now_at: Parcel, told: Parcel) -> None:
    way = [Parcel.REQUESTED, Parcel.REGISTERED, Parcel.IN_TRANSIT]
    is_forward = told in OVER or (now_at in way and way.index(told) > way.index(now_at))

    assert moves(now_at, told) is (now_at not in OVER and told is not now_at and is_forward)


@pytest.mark.parametrize(("kind", "status"), [*product(ParcelKind, Status)])
def test_an_order_is_possible_only_while_there_is_something_to_carry(
    kind: ParcelKind, status: Status
) -> None:
    if status in POSSIBLE_WHILE[kind]:
        check_possible(kind, status)
    else:
        with pytest.raises(ParcelRefused):
            check_possible(kind, status)


def test_every_place_has_a_label_and_is_reached_by_a_code_or_by_us() -> None:
    assert set(PARCEL_LABELS) == set(Parcel) == {*TOLD.values(), Parcel.REQUESTED}


def test_the_first_order_has_the_dossiers_code_later_ones_count() -> None:
    assert order_number("H44.10-261122-0001", 1) == "H44.10-261122-0001"
    assert order_number("H44.10-261122-0001", 3) == "H44.10-261122-0001-3"
