"""Apologies for what is late already: on record beside the history, the due instant stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from app.domain.actor import Role
from app.domain.lifecycle import RoleRefused
from app.domain.time_limits import LimitUnit, TimeLimit
from app.domain.warnings import WarningKind
from app.services import apologies, processing
from app.services.transition import DossierElsewhere, DossierNotFound, Request
from tests.clock.bureau import FULL, PARTIAL, Bureau, at, citizen, staff
from tests.clock.warned import DUE, TAKEN, kinds, raise_at, seen


def apologise(
    bureau: Bureau, code: str, now: datetime, days: int = 2, role: Role = Role.APPROVER
) -> dict[str, Any]:
    by = TimeLimit(days, LimitUnit.WORKING_DAYS)
    request = bureau.request(code, role, now)
    return dict(apologies.apologise(bureau.desk, request, by=by, reason="Thiếu người"))


def test_a_late_dossier_asks_for_an_apology_until_one_is_on_record(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    before = bureau.dossier(code)
    now = at("2026-10-08T14:00")
    raise_at(bureau, now)
    assert kinds(seen(bureau, Role.APPROVER, now, kind=WarningKind.APOLOGY_DUE)) == ["apology_due"]

    made = apologise(bureau, code, now)

    assert (made["missed_at"], made["new_due_at"], made["signed_by"]) == (
        DUE.astimezone(before["due_at"].tzinfo).isoformat(),
        at("2026-10-12T14:00").astimezone(before["due_at"].tzinfo).isoformat(),
        "Cán bộ approver",
    )
    assert seen(bureau, Role.APPROVER, now, kind=WarningKind.APOLOGY_DUE) == []
    assert kinds(seen(bureau, Role.APPROVER, now)) == ["overdue"]
    assert bureau.dossier(code) == before  # no act: due instant, version, status stay
    assert len(bureau.events(code)) == 1


def test_the_appointment_given_in_an_apology_can_be_missed_too(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    apologise(bureau, code, at("2026-10-08T14:00"))
    with pytest.raises(apologies.ApologyRefused):
        apologise(bureau, code, at("2026-10-12T14:00"))

    again = at("2026-10-12T14:01")
    assert raise_at(bureau, again) == ["apology_due", "overdue"]
    apologise(bureau, code, again)
    found = apologies.listed(bureau.desk, code, actor=citizen(), after=0, limit=10)
    assert [item["missed_at"] for item in found] == [
        DUE.astimezone(bureau.dossier(code)["due_at"].tzinfo).isoformat(),
        found[0]["new_due_at"],
    ]


@pytest.mark.parametrize("case", ["not late", "to the minute", "waiting", "done", "registered"])
def test_an_apology_is_for_what_is_late_and_open(bureau: Bureau, case: str) -> None:
    code = bureau.submit(TAKEN, FULL) if case == "registered" else bureau.take_in(TAKEN, PARTIAL)
    now = DUE + timedelta(hours=3)
    if case in {"waiting", "done"}:
        bureau.start(code, at("2026-10-05T11:00"))
    if case == "waiting":
        bureau.ask_supplement(code, at("2026-10-05T14:00"))
    if case == "done":
        bureau.resolve(code, now)
    if case in {"not late", "to the minute"}:
        now = DUE - timedelta(hours=1) if case == "not late" else DUE + timedelta(seconds=59)

    with pytest.raises(apologies.ApologyRefused):
        apologise(bureau, code, now)
    assert bureau.rows("SELECT FROM apology") == []


def test_two_approvers_apologise_once(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    start = Barrier(4)

    def sign(_n: int) -> bool:
        start.wait()
        try:
            apologise(bureau, code, at("2026-10-08T14:00"))
        except apologies.ApologyRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sign, range(4))) == 1
    assert len(bureau.rows("SELECT FROM apology")) == 1


def test_apologies_are_signed_by_the_approver_who_has_it_in_hand(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    now = at("2026-10-08T14:00")
    with pytest.raises(RoleRefused):
        apologise(bureau, code, now, role=Role.OFFICER)
    bureau.start(code, now)
    bureau.hand_to(code, "H44.30", now)

    by = TimeLimit(1, LimitUnit.WORKING_DAYS)
    for agency, refusal in (("H44.29", DossierElsewhere), ("H44.10", DossierNotFound)):
        request = Request(code, staff(Role.APPROVER, agency), now)
        with pytest.raises(refusal):
            apologies.apologise(bureau.desk, request, by=by, reason="Thiếu người")
    assert apologise(bureau, code, now)["agency"] == "H44.30"


def test_before_the_due_instant_form_04_is_an_extension_with_its_facts(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    bureau.start(code, at("2026-10-05T11:00"))

    bureau.extend(code, DUE + timedelta(seconds=59), days=2)  # still the minute on the receipt

    [*_, event] = bureau.events(code)
    found = {name: event["details"][name] for name in event["details"] if name.endswith("_at")}
    instants = {name: datetime.fromisoformat(text) for name, text in found.items()}
    assert instants == {"received_at": TAKEN, "promised_at": DUE}
    assert datetime.fromisoformat(event["details"]["due_before"]) == DUE
    assert datetime.fromisoformat(event["details"]["due_after"]) == at("2026-10-12T10:00")
    assert (event["details"]["extension"], event["details"]["signed_by"]) == (
        {"count": 2, "unit": "working_days"},
        "Cán bộ approver",
    )
    assert event["reason"] == "Phải xác minh"
    with pytest.raises(processing.ExtensionRefused):
        bureau.extend(code, DUE)


def test_after_the_due_minute_nothing_is_extended(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    bureau.start(code, at("2026-10-05T11:00"))

    with pytest.raises(processing.ExtensionRefused):
        bureau.extend(code, DUE + timedelta(minutes=1))
    assert bureau.due(code) == DUE


def test_a_second_supplement_needs_a_legal_ground_and_is_marked(bureau: Bureau) -> None:
    code = bureau.take_in(TAKEN)
    bureau.ask_supplement(code, at("2026-10-05T11:00"))
    bureau.supplement(code, at("2026-10-05T13:00"))
    request = bureau.request(code, Role.OFFICER, at("2026-10-05T14:00"))

    with pytest.raises(processing.SecondSupplement):
        processing.request_supplement(
            bureau.desk, request, components=("GT01",), reason="Vẫn mờ", ground=None
        )
    bureau.ask_supplement(code, at("2026-10-05T14:00"))

    asked = [event for event in bureau.events(code) if event["act"] == "request_supplement"]
    assert [event["details"] for event in asked] == [
        {"components": ["GT01"], "is_second": second, "reply_due_on": "2026-11-04"}
        for second in (False, True)
    ]
    assert bureau.dossier(code)["supplements"] == 2
