"""Reading one's dossier: what is asked, until when, why it ended; nothing that is over."""

from datetime import date

import pytest

from app.domain.lifecycle import ACT_LABELS, Act, Status
from tests.builders import (
    Api,
    Json,
    a_body,
    a_dossier,
    succeeded,
)


def _read(api: Api, code: str) -> dict[str, Json]:
    return succeeded(api.citizen().get(f"/v1/dossiers/{code}"))


def test_what_is_missing_is_told_by_name_with_reason_and_last_day(api: Api) -> None:
    code = a_dossier(api, Status.SUPPLEMENT_REQUESTED)

    found = _read(api, code)

    asked = found["asked"]
    assert asked["act"] == "request_supplement"
    [paper] = asked["components"]
    assert paper == {
        "code": "GT01",
        "name": "Tờ khai cấp Giấy xác nhận tình trạng hôn nhân",
    }
    assert (asked["reason"], asked["legal_ground"]) == ("Bản chụp bị mờ", "Điều 17")
    assert asked["until"] == found["reply_due_on"]
    assert date.fromisoformat(asked["until"]) > date(2026, 10, 5)
    assert (asked["amount_vnd"], asked["asked_by"]) == (None, "Cán bộ receptionist")
    assert found["possible_acts"] == ["supplement", "withdraw"]
    assert found["outcome"] is None


def test_what_is_to_be_paid_is_told_with_its_amount(api: Api) -> None:
    asked = _read(api, a_dossier(api, Status.PAYMENT_REQUESTED))["asked"]

    assert (asked["act"], asked["amount_vnd"], asked["components"]) == (
        "request_payment",
        20_000,
        [],
    )
    assert asked["reason"] == "Cấp thêm bản sao"


def test_what_was_answered_is_asked_no_more(api: Api) -> None:
    code = a_dossier(api, Status.SUPPLEMENT_REQUESTED)

    api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))

    found = _read(api, code)
    assert (found["asked"], found["reply_due_on"]) == (None, None)


def test_of_two_requests_the_open_one_is_shown(api: Api) -> None:
    code = a_dossier(api, Status.SUPPLEMENT_REQUESTED)
    api.citizen().does(code, "supplements", a_body(api, Act.SUPPLEMENT))
    body = a_body(api, Act.REQUEST_SUPPLEMENT) | {"reason": "Vẫn thiếu chữ ký"}
    api.officer().does(code, "supplement-requests", body)

    assert _read(api, code)["asked"]["reason"] == "Vẫn thiếu chữ ký"


ENDINGS = {
    Status.REFUSED: (Act.REFUSE, "Không thuộc thẩm quyền", "Điều 17"),
    Status.WITHDRAWN: (Act.WITHDRAW, "Không còn nhu cầu", None),
    Status.STOPPED: (Act.STOP, "Người nộp không bổ sung", "Điều 17"),
    Status.RESOLVED: (Act.RESOLVE, "Không đủ điều kiện", None),
    Status.RETURNED: (Act.RESOLVE, "Không đủ điều kiện", None),
}


@pytest.mark.parametrize("status", ENDINGS)
def test_how_it_ended_is_told_with_the_reason(api: Api, status: Status) -> None:
    act, reason, ground = ENDINGS[status]

    found = _read(api, a_dossier(api, status))

    assert found["outcome"]["act"] == act
    assert (found["outcome"]["reason"], found["outcome"]["legal_ground"]) == (reason, ground)
    assert found["asked"] is None
    assert found["possible_acts"] == []


@pytest.mark.parametrize("status", [Status.REGISTERED, Status.ACCEPTED, Status.IN_PROCESS])
def test_while_it_runs_nothing_is_asked_and_nothing_ended(api: Api, status: Status) -> None:
    found = _read(api, a_dossier(api, status))

    assert (found["asked"], found["outcome"]) == (None, None)
    assert "withdraw" in found["possible_acts"]


def test_every_step_is_there_to_follow(api: Api) -> None:
    code = a_dossier(api, Status.RETURNED)

    events = succeeded(api.citizen().get(f"/v1/dossiers/{code}/events"))["items"]

    assert [event["act"] for event in events] == [
        "submit",
        "accept",
        "start",
        "resolve",
        "return_result",
    ]
    assert all(Act(event["act"]) in ACT_LABELS for event in events)


def test_staff_who_may_act_read_the_same_request(api: Api) -> None:
    code = a_dossier(api, Status.SUPPLEMENT_REQUESTED)

    for staff in (api.receptionist(), api.officer(), api.approver()):
        assert succeeded(staff.get(f"/v1/dossiers/{code}"))["asked"] == _read(api, code)["asked"]
