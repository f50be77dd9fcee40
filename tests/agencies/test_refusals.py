"""A reorganisation that cannot be is refused with everything that is wrong, and nothing written."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.actor import Actor, Role
from app.domain.reorganisation_faults import AgencyChangeFaulty
from app.services import reorganisations
from app.services.reorganisation_rules import AgencyChangeNotFound, AgencyChangeRefused
from tests.agencies.ministry import PROVINCE, Ministry, at, change, commune, merge, staff

NOW, ON = at("2026-10-05T09:00"), "2026-10-12"
OLD, OTHER, NEW = "H44.29", "H44.30", "H44.60"

FAULTY: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({}, {("/changes", "change.empty")}),
    ({"changes": [merge("H44.99", into=OTHER)]}, {("/changes/0", "agency.unknown")}),
    ({"changes": [merge(OLD, into="H44.99")]}, {("/changes/0/into", "successor.unknown")}),
    ({"changes": [merge(OLD, into=OLD)]}, {("/changes/0/into", "successor.itself")}),
    (
        {"changes": [merge(OLD, into=OTHER), merge(OTHER, into=OLD)]},
        {("/changes/0/into", "successor.cycle"), ("/changes/1/into", "successor.cycle")},
    ),
    (
        {"changes": [merge(OLD, OLD, into=OTHER)]},
        {("/changes/0", "agency.twice")},
    ),
    (
        {"changes": [merge("H44", into=OTHER)]},
        {("/changes/0", "agency.province"), ("/changes/0", "agency.units_below")},
    ),
    (
        {"changes": [{"kind": "abolish", "agency": "H44"}]},
        {
            ("/changes/0", "agency.province"),
            ("/changes/0", "agency.units_below"),
            ("/changes/0/into", "successor.itself"),
        },
    ),
    (
        {"changes": [{"kind": "rename", "agency": OLD, "name": "UBND Thành phố Việt Trì"}]},
        {("/changes/0/name", "agency.same_name")},
    ),
    (
        {"changes": [{"kind": "rename", "agency": "H44.99", "name": "X"}]},
        {("/changes/0", "agency.unknown")},
    ),
    ({"created": [commune(OLD)]}, {("/created/0/code", "agency.code_taken")}),
    ({"created": [commune(NEW), commune(NEW)]}, {("/created/1/code", "agency.twice")}),
    (
        {"created": [commune("H44.60.01") | {"parent": "H44.61"}]},
        {("/created/0/code", "agency.code_malformed"), ("/created/0/parent", "successor.unknown")},
    ),
    (
        {"created": [commune("H44.29.01")], "changes": [merge(OLD, into=OTHER)]},
        {("/created/0/parent", "successor.cycle")},
    ),
    (
        {"created": [commune(NEW, group="commune")]},
        {("/created/0/report_group", "group.unknown")},
    ),
    (
        {"created": [commune(NEW)], "groups": [{"code": "district", "name": "X"}]},
        {("/groups/0/code", "group.taken")},
    ),
    (
        {
            "changes": [
                {
                    "kind": "split",
                    "agency": OLD,
                    "into": OTHER,
                    "procedures": {"9.999999": OTHER, "1.001193": "H44.99"},
                    "dossiers": {"H44.29-261005-0009": OTHER},
                }
            ]
        },
        {
            ("/changes/0/procedures/9.999999", "procedure.unknown"),
            ("/changes/0/procedures/1.001193", "successor.unknown"),
            ("/changes/0/dossiers/H44.29-261005-0009", "dossier.unknown"),
        },
    ),
    ({"on": "2105-01-01", "created": [commune(NEW)]}, {("/on", "change.horizon")}),
    ({"on": "2026-10-04", "created": [commune(NEW)]}, {("/on", "change.past_without_reason")}),
]


def _state(ministry: Ministry) -> list[Any]:
    tables = ("agency", "agency_change", "agency_succession", "report_group", "revision")
    return [ministry.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


@pytest.mark.parametrize(("document", "faults"), FAULTY, ids=range(len(FAULTY)))
def test_what_cannot_be_is_refused_by_entering_and_by_the_preview(
    ministry: Ministry, document: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    made = change(document.get("on", ON), **{k: v for k, v in document.items() if k != "on"})
    before = _state(ministry)

    for refuse in (ministry.enter_change, ministry.look):
        with pytest.raises(AgencyChangeFaulty) as refusal:
            refuse(made, NOW)
        found = {(fault["pointer"], fault["code"]) for fault in refusal.value.facts["errors"]}
        assert found == faults
        assert all(fault["detail"] for fault in refusal.value.facts["errors"])
    assert _state(ministry) == before


def _codes(ministry: Ministry, *given: Any, now: Any = NOW, **more: Any) -> set[str]:  # noqa: ANN401
    with pytest.raises(AgencyChangeFaulty) as refusal:
        ministry.enter_change(change(*given, **more), now)
    return {fault["code"] for fault in refusal.value.facts["errors"]}


def test_units_below_are_dealt_with_in_the_same_change(ministry: Ministry) -> None:
    ministry.enter_change(change("2026-10-06", created=[commune("H44.29.01")]), NOW)

    assert _codes(ministry, ON, merge(OLD, into=OTHER)) == {"agency.units_below"}
    ministry.enter_change(change(ON, merge(OLD, "H44.29.01", into=OTHER)), NOW)


def test_what_has_ended_cannot_end_again_nor_go_on_with_others(ministry: Ministry) -> None:
    ministry.enter_change(change(ON, merge(OLD, into=OTHER)), NOW)
    ministry.work(at("2026-10-12T00:00"))
    later = at("2026-10-13T09:00")

    assert _codes(ministry, "2026-10-20", merge(OLD, into=OTHER), now=later) == {"agency.ended"}
    assert _codes(ministry, "2026-10-20", merge("H44.31", into=OLD), now=later) == {
        "successor.ended"
    }
    rename = {"kind": "rename", "agency": OLD, "name": "Tên khác"}
    assert _codes(ministry, "2026-10-20", rename, now=later) == {"agency.ended"}
    # Back to where it came from is a circle in time: who ended stays so.
    assert _codes(ministry, "2026-10-20", merge(OTHER, into=OLD), now=later) == {"successor.ended"}


def test_a_change_that_another_overlaps_is_refused(ministry: Ministry) -> None:
    ministry.enter_change(change(ON, merge(OLD, into=OTHER)), NOW)

    assert _codes(ministry, "2026-10-11", merge(OLD, into="H44.31")) == {"change.overlaps"}
    assert _codes(ministry, ON, merge(OLD, into="H44.31")) == {"agency.ended"}
    assert _codes(ministry, "2026-10-20", merge(OLD, into="H44.31")) == {"agency.ended"}
    # Its successor cannot end before it has succeeded.
    assert _codes(ministry, "2026-10-11", merge(OTHER, into="H44.31")) == {"change.overlaps"}
    rename = {"kind": "rename", "agency": OLD, "name": "Tên khác"}
    assert _codes(ministry, "2026-10-11", rename) == {"change.overlaps"}


def test_a_successor_that_is_not_yet_or_no_more_is_refused(ministry: Ministry) -> None:
    ministry.enter_change(change("2026-10-20", created=[commune(NEW)]), NOW)

    assert _codes(ministry, ON, merge(OLD, into=NEW)) == {"successor.not_yet"}
    assert _codes(ministry, ON, merge(NEW, into=OLD)) == {"agency.not_yet"}


def test_an_agency_cannot_end_before_a_day_on_which_it_received(ministry: Ministry) -> None:
    ministry.take_in(NOW)

    late = {"reason": "Văn bản đến muộn", "now": at("2026-10-06T09:00")}
    assert _codes(ministry, "2026-10-05", merge(OLD, into=OTHER), **late) == {
        "agency.received_since"
    }
    ministry.enter_change(
        change("2026-10-06", merge(OLD, into=OTHER), reason="Văn bản đến muộn"),
        at("2026-10-09T09:00"),
    )


def test_a_rename_says_a_name_or_a_new_code() -> None:
    for wrong in ({}, {"name": "X", "into": NEW}):
        with pytest.raises(ValidationError):
            change(ON, {"kind": "rename", "agency": OLD} | wrong)


@pytest.mark.parametrize(
    "actor",
    [
        staff(Role.ADMINISTRATOR, OLD),
        staff(Role.APPROVER, "H44"),
        Actor("x", Role.APPLICANT, "Trần Thị Mẫu", identity_number="025099000001"),
    ],
    ids=lambda actor: f"{actor.role}@{actor.agency}",
)
def test_only_administrators_of_the_province_reorganise(ministry: Ministry, actor: Actor) -> None:
    with pytest.raises(AgencyChangeRefused):
        ministry.enter_change(change(ON, merge(OLD, into=OTHER)), NOW, actor)


def test_a_change_is_taken_back_before_its_day_and_not_after(ministry: Ministry) -> None:
    before = _state(ministry)
    made = change(
        ON,
        merge(OLD, into=NEW),
        created=[commune(NEW, group="commune"), commune("H44.60.01")],
        groups=[{"code": "commune", "name": "UBND các xã"}],
    )
    number = ministry.enter_change(made, NOW)
    built_on = ministry.enter_change(change("2026-10-20", merge(OTHER, into=NEW)), NOW)

    def withdraw(which: int, now: Any = NOW) -> None:  # noqa: ANN401
        reorganisations.withdraw(ministry.desk, which, actor=PROVINCE, now=now)

    with pytest.raises(reorganisations.AgencyChangeBegun):
        withdraw(number)
    withdraw(built_on)
    with pytest.raises(reorganisations.AgencyChangeBegun):
        withdraw(number, at("2026-10-12T00:00"))
    withdraw(number)
    with pytest.raises(reorganisations.AgencyChangeBegun):
        withdraw(number)
    with pytest.raises(AgencyChangeNotFound):
        withdraw(999)

    after = _state(ministry)
    assert (after[0], after[2], after[3]) == (before[0], before[2], before[3])
    assert ministry.work(at("2026-10-20T00:00")) == 0
    assert ministry.enter_change(made, NOW)
