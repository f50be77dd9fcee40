"""The portal's catalogue as drafts: taken over, compared, published, discarded."""

from copy import deepcopy
from typing import Any

import httpx
import pytest

from app.domain.actor import SYSTEM, Role
from app.services import drafts
from app.services.drafts import Synced
from tests.builders import (
    PARTIAL,
    PROVINCE,
    Api,
    Json,
    Person,
    a_dossier,
    an_application,
    procedure,
    refused,
    succeeded,
)

PATH = "/v1/procedure-drafts"
NEW = "1.009999"


@pytest.fixture
def administrator(own_api: Api) -> Person:
    return own_api.person(Role.ADMINISTRATOR, PROVINCE)


def _at_portal(code: str = PARTIAL, **changes: Json) -> dict[str, Any]:
    """Return a procedure of ours as the portal would hold it, two papers changed."""
    known = procedure(code if code != NEW else PARTIAL)
    return {
        "MATTHC": code,
        "TENTTHC": "Cấp giấy phép mẫu",
        "LINHVUCTHUCHIEN": [{"MALINHVUC": "G17-XD01", "TENLINHVUC": "Xây dựng"}],
        "CAPTHUCHIEN": [{"CAPTHUCHIEN": "2", "TENCAP": "Cấp Huyện"}],
        "DOITUONGTHUCHIEN": [{"MADOITUONG": "1", "TENDOITUONG": "Công dân"}],
        "CACHTHUCTHUCHIEN": [
            {
                "KENH": "1",
                "THOIGIAN": [
                    {
                        "THOIGIANGIAIQUYET": "12",
                        "DONVITINH": "Ngày làm việc",
                        "PHILEPHI": [{"MAPHILEPHI": "LP99", "SOTIEN": "75.000", "MOTA": "Lệ phí"}],
                    }
                ],
            },
            {"KENH": "2", "THOIGIAN": []},
        ],
        "THANHPHANHOSO": [
            {
                "TRUONGHOP": "Xây mới",
                "GIAYTO": [
                    *(
                        {
                            "MAGIAYTO": part["code"],
                            "TENGIAYTO": part["name"],
                            "SOBANCHINH": "1",
                            "SOBANSAO": "0",
                        }
                        for part in known["components"][:2]
                    ),
                ],
            },
            {
                "TRUONGHOP": "Sửa chữa",
                "GIAYTO": [
                    {
                        "MAGIAYTO": known["components"][0]["code"],
                        "TENGIAYTO": known["components"][0]["name"],
                        "SOBANCHINH": "1",
                    }
                ],
            },
        ],
        "KETQUATHUCHIEN": [{"MAKETQUA": "KQ.G17.000009", "TENKETQUA": "Giấy phép mẫu"}],
        "CANCUPHAPLY": [{"SOVANBAN": "50/2014/QH13", "TENVANBAN": "Luật Xây dựng"}],
        **changes,
    }


def _put(api: Api, content: dict[str, Any]) -> None:
    url = f"{api.settings.portal}/_procedures/{content['MATTHC']}"
    httpx.put(url, json=content, trust_env=False).raise_for_status()


def _sync(api: Api) -> Synced:
    return drafts.sync(api.app.state.doors.desk, actor=SYSTEM, now=api.clock())


def _draft(api: Api, administrator: Person, content: dict[str, Any]) -> dict[str, Any]:
    _put(api, content)
    _sync(api)
    [head] = succeeded(administrator.get(PATH, state="open"))["items"]
    return succeeded(administrator.get(f"{PATH}/{head['id']}"))


def test_what_differs_at_the_portal_becomes_a_draft_with_every_change_named(
    own_api: Api, administrator: Person
) -> None:
    draft = _draft(own_api, administrator, _at_portal())
    before = procedure(PARTIAL)

    assert (draft["code"], draft["origin"], draft["state"]) == (PARTIAL, "national_portal", "open")
    assert draft["faults"] == []
    found = {change["pointer"]: change for change in draft["changes"]}
    assert found["/name"]["after"] == "Cấp giấy phép mẫu"
    assert found["/limit/count"] == {
        "pointer": "/limit/count",
        "before": before["limit"]["count"],
        "after": 12,
    }
    dropped = [part["code"] for part in before["components"][2:]]
    for code in dropped:
        assert found[f"/components/{code}"]["after"] is None
    second = before["components"][1]["code"]
    assert found[f"/components/{second}/condition"]["after"] == "Xây mới"
    assert found["/fees/LP99"]["after"]["amount_vnd"] == 75_000
    for kept in ("form", "steps", "supplement_days", "online_level"):
        assert draft["definition"][kept] == before[kept], "what the portal does not know stays"


def test_what_was_drafted_is_not_drafted_again_and_news_replace_it(
    own_api: Api, administrator: Person
) -> None:
    first = _draft(own_api, administrator, _at_portal())

    assert _sync(own_api) == Synced([], [PARTIAL], {})
    second = _draft(own_api, administrator, _at_portal(TENTTHC="Cấp giấy phép khác"))

    assert second["id"] > first["id"]
    old = succeeded(administrator.get(f"{PATH}/{first['id']}"))
    assert (old["state"], old["reason"]) == ("discarded", "Có bản mới hơn từ cổng")


def test_a_published_draft_holds_from_its_day_and_dossiers_keep_their_version(
    own_api: Api, administrator: Person
) -> None:
    early = a_dossier(own_api)
    draft = _draft(own_api, administrator, _at_portal())
    before = succeeded(administrator.get(f"/v1/procedures/{PARTIAL}"))

    succeeded(administrator.post(f"{PATH}/{draft['id']}/publication", {"valid_from": "2026-10-07"}))

    assert succeeded(administrator.get(f"/v1/procedures/{PARTIAL}")) == {
        **before,
        "valid_to": "2026-10-06",
        "name": "Cấp giấy phép mẫu",
        "field": {"code": "G17-XD01", "name": "Xây dựng"},
    }
    later = succeeded(administrator.get(f"/v1/procedures/{PARTIAL}", on="2026-10-07"))
    assert later["version"] == before["version"] + 1
    assert later["limit"] == "12 ngày làm việc"
    own_api.receptionist().does(early, "acceptance")
    shown = succeeded(own_api.receptionist().get(f"/v1/dossiers/{early}"))
    assert shown["procedure"]["version"] == before["version"]
    own_api.clock.move(days=2)
    made = own_api.receptionist().post("/v1/dossiers/intake", an_application(PARTIAL))
    shown = succeeded(own_api.receptionist().get(f"/v1/dossiers/{succeeded(made)['code']}"))
    assert shown["procedure"]["version"] == before["version"] + 1


def test_a_procedure_that_is_new_to_the_province_begins_with_plain_steps(
    own_api: Api, administrator: Person
) -> None:
    draft = _draft(own_api, administrator, _at_portal(NEW))

    assert draft["faults"] == []
    assert [step["role"] for step in draft["definition"]["steps"]] == [
        *("receptionist", "officer", "approver", "receptionist")
    ]
    succeeded(administrator.post(f"{PATH}/{draft['id']}/publication", {"valid_from": "2026-10-05"}))
    shown = succeeded(administrator.get(f"/v1/procedures/{NEW}"))
    assert (shown["version"], shown["sample"]) == (1, False)
    assert len(shown["agencies"]) == 13


def test_a_word_that_we_do_not_have_keeps_that_procedure_out_with_its_name(own_api: Api) -> None:
    content = deepcopy(_at_portal())
    content["CACHTHUCTHUCHIEN"][0]["THOIGIAN"][0]["DONVITINH"] = "Tuần trăng"
    _put(own_api, content)
    _put(own_api, _at_portal(NEW))

    assert _sync(own_api) == Synced([NEW], [], {PARTIAL: "DONVITINH Tuần trăng"})


def test_a_draft_is_published_or_discarded_once(own_api: Api, administrator: Person) -> None:
    draft = _draft(own_api, administrator, _at_portal())
    discarding = f"{PATH}/{draft['id']}/discarding"

    refused(administrator.post(discarding, {}), 422, "request.invalid")
    succeeded(administrator.post(discarding, {"reason": "Chưa có nghị quyết"}))

    refused(administrator.post(discarding, {"reason": "Lần nữa"}), 409, "draft.closed")
    body = {"valid_from": "2026-10-07"}
    refused(administrator.post(f"{PATH}/{draft['id']}/publication", body), 409, "draft.closed")
    assert _sync(own_api).drafted == [], "the same is not drafted again"


@pytest.mark.parametrize("day", ["2026-10-04", "2016-01-01"])
def test_a_draft_does_not_change_the_past(own_api: Api, administrator: Person, day: str) -> None:
    draft = _draft(own_api, administrator, _at_portal())

    refused(
        administrator.post(f"{PATH}/{draft['id']}/publication", {"valid_from": day}),
        422,
        "draft.day_refused",
    )


def test_a_draft_of_a_version_that_was_replaced_meanwhile_is_compared_anew(
    own_api: Api, administrator: Person
) -> None:
    first = _draft(own_api, administrator, _at_portal())
    # As if it had been drafted by hand beside the portal's.
    with own_api.owner.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO procedure_draft (code, name, field_code, field_name, origin, state,"
            " definition, based_on_id, created_by, created_at) SELECT code, name, field_code,"
            " field_name, 'by_hand', 'open', definition, based_on_id, created_by, created_at"
            " FROM procedure_draft"
        )
    heads = succeeded(administrator.get(PATH, state="open"))["items"]
    body = {"valid_from": "2026-10-07"}
    succeeded(administrator.post(f"{PATH}/{first['id']}/publication", body))

    refused(administrator.post(f"{PATH}/{heads[1]['id']}/publication", body), 409, "draft.stale")


@pytest.mark.parametrize("role", [Role.OFFICER, Role.APPROVER, Role.ANALYST, Role.APPLICANT])
def test_drafts_are_for_administrators(api: Api, role: Role) -> None:
    person = api.citizen() if role is Role.APPLICANT else api.person(role, PROVINCE)

    refused(person.get(PATH), 403, "draft.role_refused")
    refused(person.get(f"{PATH}/1"), 403, "draft.role_refused")
    refused(
        person.post(f"{PATH}/1/publication", {"valid_from": "2026-10-07"}),
        403,
        "draft.role_refused",
    )


def test_a_draft_that_is_not_there_is_not_found(api: Api) -> None:
    administrator = api.person(Role.ADMINISTRATOR, PROVINCE)
    refused(administrator.get(f"{PATH}/99"), 404, "draft.not_found")
