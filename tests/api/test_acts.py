"""What each act asks for beside its place in the table, and what it leaves behind."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from app.domain.lifecycle import Act, Status
from tests.builders import (
    DESK,
    DISTRICT,
    FULL,
    JUSTICE,
    MONDAY,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PATH_OF,
    Api,
    Json,
    a_body,
    a_dossier,
    an_application,
    refused,
    succeeded,
)

ASK = {"components": ["GT01"], "reason": "Bản chụp bị mờ"}
GROUND = {"legal_ground": "Khoản 3 Điều 17"}


@pytest.fixture(autouse=True)
def _back_to_monday(api: Api) -> Iterator[None]:
    yield
    api.clock.at = MONDAY


def _supplemented(api: Api, code: str) -> None:
    """Let an officer ask, and the citizen answer."""
    api.officer().does(code, "supplement-requests", ASK)
    api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))


def test_after_acceptance_a_second_supplement_needs_a_legal_ground_and_is_marked(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    _supplemented(api, code)
    before = api.traces(code)

    refused(
        api.officer().act(code, "supplement-requests", ASK),
        409,
        "supplement.second_without_ground",
    )
    assert api.traces(code) == before

    told = api.officer().does(code, "supplement-requests", ASK | GROUND)
    due_on = api.dossier(code)["reply_due_on"].isoformat()
    assert told["details"] == {
        "components": ["GT01"],
        "is_second": True,
        "reply_due_on": due_on,
    }
    event = api.officer().get(f"/v1/dossiers/{code}/events").json()["items"][-1]
    assert event["legal_ground"] == GROUND["legal_ground"]


def test_what_was_asked_before_acceptance_does_not_count_as_the_one_request(api: Api) -> None:
    code = a_dossier(api)
    for _ in range(2):
        api.receptionist().does(code, "supplement-requests", ASK)
        api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))
    api.receptionist().does(code, "acceptance")

    told = api.officer().does(code, "supplement-requests", ASK)

    assert told["details"]["is_second"] is False
    assert api.dossier(code)["supplements"] == 1


def test_only_papers_of_the_procedure_are_asked_for(api: Api) -> None:
    code = a_dossier(api)
    body = ASK | {"components": ["GT01", "GT77", "GT78"]}

    told = refused(
        api.receptionist().act(code, "supplement-requests", body),
        422,
        "supplement.unknown_components",
    )

    assert told["components"] == ["GT77", "GT78"]


def test_a_paper_asked_for_twice_is_asked_for_once(api: Api) -> None:
    body = ASK | {"components": ["GT01", "GT02", "GT01"]}

    told = api.receptionist().does(a_dossier(api), "supplement-requests", body)

    assert told["details"]["components"] == ["GT01", "GT02"]


def test_a_supplement_answers_what_was_asked_all_of_it_and_nothing_else(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.officer().does(code, "supplement-requests", ASK | {"components": ["GT01", "GT02"]})
    citizen, foreign = api.citizen(), api.citizen(OTHER_CITIZEN).upload()
    used = str(api.row("SELECT id FROM document WHERE dossier_id IS NOT NULL LIMIT 1")["id"])
    before = api.traces(code)
    parts = [
        {"component": "GT01", "document": foreign},
        {"component": "GT03", "document": citizen.upload()},
        {"component": "GT77", "document": used},
    ]

    told = refused(citizen.act(code, "supplements", {"components": parts}), 422, FAULTY)

    assert [(fault["pointer"], fault["code"]) for fault in told["errors"]] == [
        ("/components/0/document", "document.not_usable"),
        ("/components/1/component", "component.not_asked"),
        ("/components/2/component", "component.unknown"),
        ("/components/2/document", "document.not_usable"),
        ("/components", "component.missing"),
    ]
    assert api.traces(code) == before


FAULTY = "application.faulty"


def test_a_supplement_adds_papers_to_those_that_were_there(api: Api) -> None:
    code = a_dossier(api, Status.SUPPLEMENT_REQUESTED)
    document = api.citizen().upload(name="bo-sung.pdf")
    body = {"components": [{"component": "GT01", "document": document}], "note": "Đã chụp lại"}
    api.clock.move(hours=1)

    done = api.citizen().does(code, "supplements", body)

    assert done["details"] == {"components": ["GT01"]}
    seen = api.citizen().get(f"/v1/dossiers/{code}").json()
    first, second = seen["components"]
    assert first["component"] == second["component"] == "GT01"
    assert (second["document"]["id"], second["document"]["name"]) == (document, "bo-sung.pdf")
    assert second["added_at"] > first["added_at"]
    assert seen["reply_due_on"] is None
    event = api.officer().get(f"/v1/dossiers/{code}/events").json()["items"][-1]
    assert event["reason"] == "Đã chụp lại"


def test_the_applicant_supplements_what_somebody_else_handed_in_for_them(api: Api) -> None:
    desk = api.receptionist()
    body = an_application(DESK)
    code = succeeded(desk.post("/v1/dossiers/intake", body))["code"]
    desk.does(code, "supplement-requests", ASK)

    assert (
        api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))["status"] == "accepted"
    )


@pytest.mark.parametrize(("act", "days"), [(Act.REQUEST_SUPPLEMENT, 30), (Act.REQUEST_PAYMENT, 10)])
def test_a_wait_says_until_when_it_is_answered(api: Api, act: Act, days: int) -> None:
    code = a_dossier(api, Status.IN_PROCESS)

    api.officer().does(code, PATH_OF[act], a_body(api, act))

    due_on = api.citizen().get(f"/v1/dossiers/{code}").json()["reply_due_on"]
    assert due_on == str(MONDAY.date() + timedelta(days=days))


def test_each_step_of_the_process_follows_the_one_before_until_the_last(api: Api) -> None:
    code = a_dossier(api, Status.ACCEPTED)
    steps = ["appraisal", "approval", "return"]

    assert api.officer().does(code, "processing")["details"] == {"step": steps[0]}
    for here, there in itertools.pairwise(steps):
        details = api.officer().does(code, "handovers", {})["details"]
        assert (details["from_step"], details["to_step"]) == (here, there)
        assert api.officer().get(f"/v1/dossiers/{code}").json()["step"] == there

    refused(api.officer().act(code, "handovers", {}), 409, "handover.refused")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"agency": OTHER_DISTRICT}, "lý do"),
        ({"agency": DISTRICT, "reason": "Nhầm"}, "chính cơ quan này"),
        ({"agency": "H44.99", "reason": "Nhầm"}, "H44.99"),
    ],
)
def test_a_hand_over_goes_to_another_agency_that_exists_with_a_reason(
    api: Api, body: Json, says: str
) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    before = api.traces(code)

    told = refused(api.officer().act(code, "handovers", body), 409, "handover.refused")

    assert says in told["detail"]
    assert api.traces(code) == before


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        ("2026-10-05T09:00", "2026-10-05T09:00"),
        ("2026-10-05T12:00", "2026-10-05T13:00"),
        ("2026-10-05T15:00", "2026-10-05T15:00"),
        ("2026-10-05T15:01", "2026-10-06T07:30"),
        ("2026-10-09T16:00", "2026-10-12T07:30"),
        ("2026-10-10T09:00", "2026-10-12T07:30"),
    ],
)
def test_what_is_handed_on_after_three_begins_on_the_next_working_day(
    api: Api, at: str, begins: str
) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.clock.at = MONDAY.fromisoformat(f"{at}:00+07:00")

    body = {"agency": OTHER_DISTRICT, "reason": "Thuộc thẩm quyền của huyện Phù Ninh"}
    details = api.officer().does(code, "handovers", body)["details"]

    assert details == {
        "from_agency": DISTRICT,
        "to_agency": OTHER_DISTRICT,
        "begins_at": f"{begins}:00+07:00",
    }


def test_an_extension_is_given_once(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    body = a_body(api, Act.EXTEND)
    api.approver().does(code, "extension", body)

    refused(api.approver().act(code, "extension", body), 409, "extension.refused")


@pytest.mark.parametrize(
    ("late_s", "is_given"), [(0, True), (59, True), (60, False), (86400, False)]
)
def test_an_extension_is_given_before_the_due_instant(
    api: Api, late_s: int, *, is_given: bool
) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.clock.at = api.dossier(code)["due_at"] + timedelta(seconds=late_s)

    answer = api.approver().act(code, "extension", a_body(api, Act.EXTEND))

    if is_given:
        succeeded(answer)
    else:
        refused(answer, 409, "extension.refused")


@pytest.mark.parametrize(
    "change",
    [
        *({"count": 0}, {"count": -1}, {"count": 1001}, {"count": 1.5}, {"count": "2"}),
        *({"count": True}, {"unit": "weeks"}, {"reason": " "}, {"unit": None}),
    ],
    ids=str,
)
def test_an_extension_is_a_number_of_units_with_a_reason(api: Api, change: Json) -> None:
    code = a_dossier(api, Status.IN_PROCESS)

    answer = api.approver().act(code, "extension", a_body(api, Act.EXTEND) | change)

    [fault] = refused(answer, 422, "request.invalid")["errors"]
    assert fault["pointer"] == f"/{min(change)}"


def test_an_extension_beyond_the_calendar_is_refused(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    body = a_body(api, Act.EXTEND) | {"count": 1000, "unit": "months"}

    refused(api.approver().act(code, "extension", body), 422, "calendar.horizon")


def test_a_denial_needs_a_reason(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)

    refused(
        api.approver().act(code, "resolution", {"granted": False}),
        422,
        "resolution.reason_missing",
    )

    done = api.approver().does(code, "resolution", {"granted": False, "reason": "Không đủ"})
    assert done["details"] == {"documents": [], "granted": False}
    assert api.citizen().get(f"/v1/dossiers/{code}").json()["result_granted"] is False


def test_an_electronic_result_that_is_granted_is_attached(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)

    refused(
        api.approver().act(code, "resolution", {"granted": True}), 422, "resolution.result_missing"
    )

    result = api.approver().upload(name="ket-qua.pdf", kind="result")
    body = {"granted": True, "documents": [result, result]}
    done = api.approver().does(code, "resolution", body)
    assert done["details"] == {"documents": [result], "granted": True}
    seen = api.citizen().get(f"/v1/dossiers/{code}").json()
    assert seen["result_granted"] is True
    assert [document["id"] for document in seen["results"]] == [result]
    assert (seen["resolved_at"], seen["ended_at"]) == (seen["received_at"], seen["received_at"])


@pytest.mark.parametrize("whose", ["nobody", "colleague", "component", "used"])
def test_only_ones_own_unused_results_are_attached(api: Api, whose: str) -> None:
    code, approver = a_dossier(api, Status.IN_PROCESS), api.approver()
    used = approver.upload(kind="result")
    if whose == "used":
        other = a_dossier(api, Status.IN_PROCESS)
        approver.does(other, "resolution", {"granted": True, "documents": [used]})
    document = {
        "nobody": str(uuid4()),
        "colleague": api.officer().upload(kind="result"),
        "component": approver.upload(),
        "used": used,
    }[whose]
    good, before = approver.upload(kind="result"), api.traces(code)

    body = {"granted": True, "documents": [good, document]}
    told = refused(approver.act(code, "resolution", body), 404, "document.not_found")

    assert told["documents"] == [document]
    assert api.traces(code) == before


def test_cash_settles_an_obligation_with_a_receipt(api: Api) -> None:
    code = a_dossier(api, Status.PAYMENT_REQUESTED)

    done = api.receptionist().does(code, "settlement")

    assert done["details"] == {"payment": f"{code}-1"}
    [payment] = api.citizen().get(f"/v1/dossiers/{code}").json()["payments"]
    assert (payment["purpose"], payment["method"], payment["status"]) == (
        *("obligation", "cash"),
        "paid",
    )
    assert (payment["amount_vnd"], payment["receipt_number"]) == (20_000, f"BL-{code}-1")
    assert payment["paid_at"] is not None


def test_cash_is_not_taken_for_an_obligation_that_is_being_paid_online(api: Api) -> None:
    citizen, agency = api.citizen(), JUSTICE
    code = a_dossier(api, Status.PAYMENT_REQUESTED, procedure=FULL)
    opened = citizen.post(f"/v1/dossiers/{code}/payments", {"purpose": "obligation"})
    assert succeeded(opened)["amount_vnd"] == 20_000
    before = api.traces(code)

    refused(api.receptionist(agency).act(code, "settlement"), 409, "payment.refused")

    assert api.traces(code) == before


def test_a_second_obligation_is_settled_like_the_first(api: Api) -> None:
    code = a_dossier(api, Status.PAYMENT_REQUESTED)
    api.receptionist().does(code, "settlement")
    api.officer().does(code, "payment-requests", {"amount_vnd": 7_000, "reason": "Phí bổ sung"})

    api.receptionist().does(code, "settlement")

    payments = api.citizen().get(f"/v1/dossiers/{code}").json()["payments"]
    assert sorted(payment["amount_vnd"] for payment in payments) == [7_000, 20_000]


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1, 1.0, "20000", True, None, 10**30], ids=str)
def test_an_obligation_is_a_whole_number_of_dong(api: Api, amount: Json) -> None:
    code = a_dossier(api, Status.ACCEPTED)

    answer = api.officer().act(code, "payment-requests", {"amount_vnd": amount, "reason": "Phí"})

    [fault] = refused(answer, 422, "request.invalid")["errors"]
    assert fault["pointer"] == "/amount_vnd"


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("refusal", {}, {"/reason", "/legal_ground"}),
        ("refusal", {"reason": "  ", "legal_ground": "x" * 201}, {"/reason", "/legal_ground"}),
        ("supplement-requests", {"components": [], "reason": ""}, {"/components", "/reason"}),
        ("supplements", {"components": []}, {"/components"}),
        ("supplements", {"components": [{"component": "GT01"}]}, {"/components/0/document"}),
        ("handovers", {"agency": "h44", "reason": "x"}, {"/agency"}),
        ("resolution", {"granted": "maybe"}, {"/granted"}),
        ("resolution", {"granted": True, "documents": ["x"]}, {"/documents/0"}),
        ("stop", {"reason": "x"}, {"/legal_ground"}),
        ("withdrawal", {"reason": "a\x00b"}, {"/reason"}),
        ("return", {"way": "pigeon"}, {"/way"}),
        ("return", {"way": "desk", "surprise": 1}, {"/surprise"}),
    ],
)
def test_what_an_act_is_asked_with_is_checked(
    api: Api, path: str, body: Json, pointers: set[str]
) -> None:
    code = a_dossier(api)

    told = refused(api.receptionist().act(code, path, body), 422, "request.invalid")

    assert {fault["pointer"] for fault in told["errors"]} == pointers


def test_a_level_3_fee_is_not_paid_online_but_at_the_desk(api: Api) -> None:
    path = f"/v1/dossiers/{a_dossier(api)}/payments"

    refused(api.citizen().post(path, {}), 409, "payment.refused")

    taken = succeeded(api.receptionist().post(path, {}))
    assert (taken["method"], taken["status"], taken["amount_vnd"]) == ("cash", "paid", 15_000)


def test_a_fee_is_paid_once_and_read_by_who_sees_the_dossier(api: Api) -> None:
    code = a_dossier(api, procedure=FULL)
    path = f"/v1/dossiers/{code}/payments"

    opened = succeeded(api.citizen().post(path, {}))

    assert (opened["status"], opened["pay_url"], opened["amount_vnd"]) == ("opened", None, 200_000)
    assert succeeded(api.citizen().post(path, {})) == opened
    refused(api.receptionist(JUSTICE).post(path, {}), 409, "payment.refused")
    read = f"{path}/{opened['reference']}"
    for person in (api.citizen(), api.receptionist(JUSTICE)):
        assert succeeded(person.get(read)) == opened
    for stranger in (api.citizen(OTHER_CITIZEN), api.receptionist()):
        refused(stranger.get(read), 404, "payment.not_found")
    refused(api.citizen().get(f"{path}/{code}-2"), 404, "payment.not_found")


@pytest.mark.parametrize("purpose", ["return", "obligation"])
def test_what_is_not_due_is_not_paid(api: Api, purpose: str) -> None:
    full, partial = a_dossier(api, procedure=FULL), a_dossier(api)
    body = {"purpose": purpose}

    refused(api.citizen().post(f"/v1/dossiers/{full}/payments", body), 409, "payment.refused")
    refused(
        api.receptionist().post(f"/v1/dossiers/{partial}/payments", body), 409, "payment.refused"
    )


@pytest.mark.parametrize("status", [Status.REFUSED, Status.WITHDRAWN, Status.STOPPED])
def test_for_a_dossier_that_ended_nothing_is_taken(api: Api, status: Status) -> None:
    code = a_dossier(api, status)

    refused(api.receptionist().post(f"/v1/dossiers/{code}/payments", {}), 409, "payment.refused")


@pytest.mark.parametrize("role", ["officer", "approver"])
def test_officers_and_approvers_take_no_money(api: Api, role: str) -> None:
    answer = api.person(role, DISTRICT).post(f"/v1/dossiers/{a_dossier(api)}/payments", {})

    refused(answer, 403, "dossier.role_refused")


def test_an_agency_that_handed_a_dossier_away_takes_no_money_for_it(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.officer().does(code, "handovers", {"agency": OTHER_DISTRICT, "reason": "Chuyển"})

    answer = api.receptionist().post(f"/v1/dossiers/{code}/payments", {})

    refused(answer, 403, "dossier.elsewhere")


def test_the_way_of_return_and_the_words_of_every_act_are_in_the_history(api: Api) -> None:
    code = a_dossier(api, Status.RESOLVED)
    api.receptionist().does(code, "return", {"way": "post", "note": "Gửi bảo đảm"})

    events = api.citizen().get(f"/v1/dossiers/{code}/events").json()["items"]

    assert events[-1]["details"] == {"return_way": "post"}
    assert events[-1]["reason"] == "Gửi bảo đảm"
    assert events[-2]["reason"] == "Không đủ điều kiện"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
