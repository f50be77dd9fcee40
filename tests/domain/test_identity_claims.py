"""Who acts, read from a token's claims: staff have an agency, the system never logs in."""

from typing import Any

import pytest

from app.domain.actor import Role
from app.integrations.identity import TokenRefused, actor_of

CITIZEN = {"sub": "tk-1", "SoDinhDanh": "025099000001", "HoVaTen": "Trần Thị Mẫu"}
STAFF_ROLES = sorted(set(Role) - {Role.APPLICANT, Role.PARTNER, Role.SYSTEM})


def test_an_account_without_a_role_is_an_applicant() -> None:
    actor = actor_of(CITIZEN | {"TechID": "t", "SoDienThoai": "0900", "ThuDienTu": "a@b.vn"})

    assert (actor.id, actor.role, actor.name) == ("tk-1", Role.APPLICANT, "Trần Thị Mẫu")
    assert (actor.identity_number, actor.tech_id) == ("025099000001", "t")
    assert (actor.phone, actor.email, actor.agency) == ("0900", "a@b.vn", None)
    assert actor.is_verified
    assert not actor.is_internal


def test_an_enterprise_is_known_by_its_tax_code_and_name() -> None:
    actor = actor_of({"sub": "dn", "MaSoThue": "2600000001-001", "TenDoanhNghiep": "Công ty Mẫu"})

    assert (actor.identity_number, actor.name) == ("2600000001-001", "Công ty Mẫu")
    assert not actor.is_verified


def test_an_applicant_who_claims_an_agency_gets_none() -> None:
    assert actor_of(CITIZEN | {"role": "applicant", "agency": "H44.10"}).agency is None


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_staff_act_for_their_agency(role: Role) -> None:
    actor = actor_of({"sub": "cb", "role": str(role), "agency": "H44.10", "name": "Cán bộ"})

    assert (actor.role, actor.agency, actor.name) == (role, "H44.10", "Cán bộ")
    assert not actor.is_internal
    assert not actor.is_verified


@pytest.mark.parametrize("role", STAFF_ROLES)
@pytest.mark.parametrize(
    "agency",
    [None, "", "H44.", "h44", "44", "H44.1", "H44.10 ", "H44.10'", "H44%", 44, ["H44"], {"a": 1}],
    ids=str,
)
def test_staff_without_an_agency_that_can_be_one_are_refused(role: Role, agency: Any) -> None:  # noqa: ANN401
    with pytest.raises(TokenRefused):
        actor_of({"sub": "cb", "role": str(role), "agency": agency})


@pytest.mark.parametrize(
    "role",
    ["system", "SYSTEM", "root", "", "Receptionist", None, 1, ["officer"], {"a": 1}],
    ids=str,
)
def test_a_role_that_nobody_logs_in_with_is_refused(role: Any) -> None:  # noqa: ANN401  (any JSON)
    with pytest.raises(TokenRefused):
        actor_of({"sub": "x", "role": role, "agency": "H44"})


def test_a_partner_needs_no_agency() -> None:
    assert actor_of({"sub": "p", "role": "partner"}).agency is None


@pytest.mark.parametrize("subject", ["", " "])
def test_an_account_without_a_name_of_its_own_is_nobody(subject: str) -> None:
    with pytest.raises(TokenRefused):
        actor_of({"sub": subject, "role": "applicant"})
