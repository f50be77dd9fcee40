"""Where a dossier may go: every place against every wish, judged by the rule in one line."""

from datetime import date
from itertools import product

import pytest

from app.domain.agency import Agency, Level
from app.domain.procedure import AgencyRule
from app.domain.routing import Destination, HandoverRefused, Whereabouts, Wish, route
from tests.domain.procedure_samples import a_version, a_version_document

TODAY = date(2026, 10, 5)
AGENCIES = {
    code: Agency(code, f"Cơ quan {code}", Level.PROVINCE, parent, first, last, None, None)
    for code, parent, first, last in (
        ("H44", None, date(2016, 1, 1), None),
        ("H44.10", "H44", date(2016, 1, 1), None),
        ("H44.29", "H44", date(2016, 1, 1), None),
        ("H44.98", "H44", date(2016, 1, 1), date(2026, 10, 4)),
        ("H44.99", "H44", date(2026, 10, 6), None),
    )
}
HOME = "H44.29"
_STEPS = a_version_document()["steps"]
VERSION = a_version()
CODES = [step["code"] for step in _STEPS]


def there(place: int, agency: str = HOME) -> Whereabouts:
    return Whereabouts(place, agency, HOME)


@pytest.mark.parametrize(
    ("here", "step", "agency", "reason"),
    list(product(range(1, 4), [None, *CODES], [None, HOME, "H44.10"], [None, "Cần xác minh"])),
)
def test_only_the_next_step_here_wants_no_reason_and_the_reception_is_never_gone_back_to(
    here: int, step: str | None, agency: str | None, reason: str | None
) -> None:
    is_next = step is None and agency is None
    place = here + is_next if step is None else CODES.index(step)
    stays = (place, agency or HOME) == (here, HOME)
    is_plain = place == here + 1 and agency in {None, HOME}
    is_possible = 0 < place < len(CODES) and not stays and (bool(reason) or is_plain)
    wish = Wish(step, agency, reason)
    if is_possible:
        found = route(VERSION, there(here), wish, AGENCIES, TODAY)
        assert found == Destination(place, agency or HOME)
        return
    with pytest.raises(HandoverRefused):
        route(VERSION, there(here), wish, AGENCIES, TODAY)


@pytest.mark.parametrize(
    ("rule", "at", "agency"),
    [
        (AgencyRule.HERE, "H44.10", "H44.10"),
        (AgencyRule.RESOLVING, "H44.10", HOME),
        (AgencyRule.PARENT, HOME, "H44"),
        (AgencyRule.PARENT, "H44.10", "H44"),
        ("H44.10", HOME, "H44.10"),
    ],
)
def test_the_step_s_rule_finds_the_agency(rule: str, at: str, agency: str) -> None:
    version = a_version(steps=[_STEPS[0], _STEPS[1], _STEPS[2] | {"agency": str(rule)}, _STEPS[3]])

    found = route(version, there(1, at), Wish(), AGENCIES, TODAY)

    assert found == Destination(2, agency)


@pytest.mark.parametrize(
    ("code", "says", "fact"),
    [
        ("H44.98", "thôi hoạt động sau ngày 04/10/2026", "valid_to"),
        ("H44.99", "chỉ hoạt động từ ngày 06/10/2026", "valid_from"),
        ("H44.97", "Không có cơ quan H44.97", "agency"),
    ],
)
@pytest.mark.parametrize("by_rule", [True, False])
def test_an_agency_that_is_not_there_today_is_refused_with_its_day(
    code: str, says: str, fact: str, *, by_rule: bool
) -> None:
    steps = [_STEPS[0], _STEPS[1], _STEPS[2] | {"agency": code}, _STEPS[3]]
    version = a_version(steps=steps) if by_rule else VERSION
    wish = Wish() if by_rule else Wish(agency=code, reason="Phối hợp")

    with pytest.raises(HandoverRefused) as refused:
        route(version, there(1), wish, AGENCIES, TODAY)

    assert says in refused.value.detail
    assert (_STEPS[2]["name"] in refused.value.detail) == by_rule
    assert fact in refused.value.facts


def test_an_agency_above_the_province_is_not_found() -> None:
    version = a_version(steps=[_STEPS[0], _STEPS[1], _STEPS[2] | {"agency": "parent"}, _STEPS[3]])
    with pytest.raises(HandoverRefused, match="không có"):
        route(version, Whereabouts(1, "H44", "H44"), Wish(), AGENCIES, TODAY)
