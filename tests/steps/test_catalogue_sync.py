"""The portal's catalogue as drafts of procedures: what differs is drafted once, and published."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.actor import SYSTEM, Actor, Role
from app.services import catalogue_sync
from app.services.catalogue_drafting import Synced
from app.services.drafting import CatalogueRefused
from tests.builders import PARTIAL, PROVINCE, Api, Json, Person, procedure, succeeded

PATH = "/v1/procedure-drafts"
NEW = "1.009999"
OTHER_NAME = "“Cấp giấy phép mẫu”, lĩnh vực G17-XD01 Xây dựng"


@pytest.fixture
def keeper(own_api: Api) -> Person:
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
    return catalogue_sync.sync(api.app.state.doors.desk, actor=SYSTEM, now=api.clock())


def _drafts(keeper: Person) -> list[dict[str, Any]]:
    """Return the drafts that came from the portal, the newest first."""
    heads = succeeded(keeper.get(PATH, origin="national_portal"))["items"]
    return [succeeded(keeper.get(f"{PATH}/{head['id']}")) for head in heads]


def _draft(api: Api, keeper: Person, content: dict[str, Any]) -> dict[str, Any]:
    _put(api, content)
    _sync(api)
    return _drafts(keeper)[0]


def _publish(keeper: Person, draft: dict[str, Any], valid_from: str) -> dict[str, Any]:
    at = f"{PATH}/{draft['id']}"
    checked = succeeded(keeper.post(f"{at}/check", version=draft["version"]))
    assert checked["errors"] == []
    body = {"valid_from": valid_from}
    return succeeded(keeper.post(f"{at}/publication", body, version=checked["version"]))


def test_what_differs_at_the_portal_becomes_a_draft_with_every_change_named(
    own_api: Api, keeper: Person
) -> None:
    draft = _draft(own_api, keeper, _at_portal())
    before = procedure(PARTIAL)

    assert (draft["procedure"], draft["origin"], draft["state"]) == (
        *(PARTIAL, "national_portal", "draft"),
    )
    assert draft["errors"] == []
    found = {change["pointer"]: change for change in draft["differences"]}
    assert found["/definition/limit/count"] == {
        "pointer": "/definition/limit/count",
        "change": "changed",
        "before": before["limit"]["count"],
        "after": 12,
    }
    for part in before["components"][2:]:
        assert found[f"/definition/components/{part['code']}"]["change"] == "removed"
    second = before["components"][1]["code"]
    assert found[f"/definition/components/{second}/condition"]["after"] == "Xây mới"
    assert found["/definition/fees/LP99"]["after"]["amount_vnd"] == 75_000
    for kept in ("form", "steps", "supplement_days", "online_level"):
        assert draft["content"]["definition"][kept] == before[kept], "what it does not know stays"


def test_our_name_of_a_procedure_stays_and_the_portals_is_told(
    own_api: Api, keeper: Person
) -> None:
    ours = succeeded(keeper.get(f"/v1/procedures/{PARTIAL}"))
    _put(own_api, _at_portal())

    assert _sync(own_api) == Synced([PARTIAL], [], {}, {PARTIAL: OTHER_NAME})

    [draft] = _drafts(keeper)
    assert (draft["content"]["name"], draft["content"]["field"]) == (ours["name"], ours["field"])
    assert OTHER_NAME in draft["note"]


def test_what_was_drafted_is_not_drafted_again_and_news_take_its_place(
    own_api: Api, keeper: Person
) -> None:
    first = _draft(own_api, keeper, _at_portal())

    assert _sync(own_api).unchanged == [PARTIAL]
    second = _draft(own_api, keeper, _at_portal(CANCUPHAPLY=[{"TENVANBAN": "Luật mới"}]))

    assert second["id"] > first["id"]
    assert [draft["state"] for draft in _drafts(keeper)] == ["draft", "discarded"]
    assert second["content"]["definition"]["legal_basis"] == ["Luật mới"]


def test_a_draft_that_was_discarded_does_not_come_back(own_api: Api, keeper: Person) -> None:
    draft = _draft(own_api, keeper, _at_portal())
    keeper.send("DELETE", f"{PATH}/{draft['id']}", headers={"If-Match": f'"{draft["version"]}"'})

    assert _sync(own_api).drafted == []
    assert [one["state"] for one in _drafts(keeper)] == ["discarded"]


def test_a_draft_of_the_portal_is_published_like_any_other(own_api: Api, keeper: Person) -> None:
    draft = _draft(own_api, keeper, _at_portal())

    done = _publish(keeper, draft, "2026-10-07")

    later = succeeded(keeper.get(f"/v1/procedures/{PARTIAL}", on="2026-10-07"))
    assert (later["version"], later["limit"]) == (done["version"], "12 ngày làm việc")
    assert _sync(own_api).drafted == []


def test_a_procedure_that_is_new_to_the_province_begins_with_plain_steps(
    own_api: Api, keeper: Person
) -> None:
    draft = _draft(own_api, keeper, _at_portal(NEW))

    assert draft["content"]["name"] == "Cấp giấy phép mẫu"
    assert [step["role"] for step in draft["content"]["definition"]["steps"]] == [
        *("receptionist", "officer", "approver", "receptionist")
    ]
    _publish(keeper, draft, "2026-10-05")
    shown = succeeded(keeper.get(f"/v1/procedures/{NEW}"))
    assert (shown["version"], shown["sample"]) == (1, False)
    assert len(shown["agencies"]) == 13


def test_a_word_that_we_do_not_have_keeps_that_procedure_out_with_its_name(own_api: Api) -> None:
    content = deepcopy(_at_portal())
    content["CACHTHUCTHUCHIEN"][0]["THOIGIAN"][0]["DONVITINH"] = "Tuần trăng"
    _put(own_api, content)
    _put(own_api, _at_portal(NEW))

    assert _sync(own_api) == Synced([NEW], [], {PARTIAL: "DONVITINH Tuần trăng"})


def test_the_catalogue_is_read_for_those_who_keep_it_alone(own_api: Api) -> None:
    clerk = Actor("clerk", Role.OFFICER, "Cán bộ Mẫu", agency=PROVINCE)

    with pytest.raises(CatalogueRefused):
        catalogue_sync.sync(own_api.app.state.doors.desk, actor=clerk, now=own_api.clock())


def test_the_worker_reads_it_once_a_night_and_a_portal_that_is_away_again_soon(
    own_api: Api, keeper: Person
) -> None:
    _put(own_api, _at_portal())
    desk, night = own_api.app.state.doors.desk, own_api.clock().replace(hour=3)

    def looked(**later: float) -> int:
        return catalogue_sync.sync_when_due(desk, now=night + timedelta(**later))

    assert looked(hours=6) == 0  # by day only on demand
    assert [looked(), looked(minutes=5)] == [1, 0]
    [look] = catalogue_sync.last_looks(desk)
    assert (look["outcome"], look["drafted"]) == ("done", [PARTIAL])
    assert succeeded(keeper.get(PATH))["portal"]["drafted"] == [PARTIAL]

    faults = f"{own_api.settings.portal}/_faults"
    fault = {"kind": "http_503", "service": "LayDanhSachTTHC"}
    httpx.post(faults, json=fault, trust_env=False).raise_for_status()
    assert [looked(days=1), looked(days=1, minutes=29), looked(days=1, minutes=31)] == [1, 0, 1]
    after, failed = catalogue_sync.last_looks(desk, limit=2)
    assert (failed["outcome"], failed["reason"]) == ("failed", "HTTP 503")
    assert (after["outcome"], after["unchanged"]) == ("done", 1)

    with own_api.owner.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO catalogue_sync (begun_at, asked_name, leased_until, drafted, unchanged,"
            " faulty, renamed) VALUES (%s, 'khác', %s, '{}', 0, '{}', '{}')",
            (night + timedelta(days=2), night + timedelta(days=2, hours=1)),
        )
    assert [looked(days=2), looked(days=2, hours=2)] == [0, 1]  # another worker's, that died
