"""Parcels over HTTP: ordered, shown on the dossier, cancelled; each refusal has its code."""

from typing import Any

import pytest

from app.domain.lifecycle import Status
from tests.builders import Api, a_dossier, refused, succeeded

BODY: dict[str, Any] = {
    "kind": "return",
    "person": {
        "name": "Trần Thị Mẫu",
        "phone": "0900000001",
        "address": "Số 1, phố Mẫu",
        "province": 29,
    },
    "cod_vnd": 35000,
}


def test_an_order_stands_on_the_dossier_beside_its_status(api: Api) -> None:
    code, clerk = a_dossier(api, Status.RESOLVED), api.receptionist()
    path = f"/v1/dossiers/{code}/post-orders"
    answers = [succeeded(clerk.post(path, BODY, key="order-1")) for _ in "ab"]
    assert answers[0] == answers[1]
    assert answers[0]["parcel_label"] == "Chờ gửi sang bưu chính"

    for reader in (clerk, api.citizen()):
        shown = succeeded(reader.get(f"/v1/dossiers/{code}"))
        assert shown["status"] == "resolved"
        assert [order["cod_vnd"] for order in shown["post_orders"]] == [35000]
        assert len(succeeded(reader.get(path))["items"]) == 1

    refused(clerk.post(path, BODY), 409, "parcel.refused")
    refused(clerk.post(f"{path}/1/retry"), 409, "parcel.refused")
    assert succeeded(clerk.post(f"{path}/1/cancellation"))["parcel"] == "cancelled"
    refused(clerk.post(f"{path}/1/cancellation"), 409, "parcel.refused")
    assert succeeded(clerk.post(path, BODY))["number"] == f"{code}-2"


def test_who_may_not_is_refused(api: Api) -> None:
    code = a_dossier(api, Status.RESOLVED)
    path = f"/v1/dossiers/{code}/post-orders"

    refused(api.citizen().post(path, BODY), 403, "dossier.role_refused")
    refused(api.receptionist("H44.30").post(path, BODY), 404, "dossier.not_found")
    refused(api.citizen("025099000009").get(path), 404, "dossier.not_found")
    refused(api.receptionist().post(f"{path}/3/cancellation"), 404, "parcel.not_found")
    early = a_dossier(api, Status.IN_PROCESS)
    refused(
        api.receptionist().post(f"/v1/dossiers/{early}/post-orders", BODY), 409, "parcel.refused"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"cod_vnd": -1},
        {"cod_vnd": 1.5},
        {"cod_vnd": "35000"},
        {"kind": "by_pigeon"},
        {"person": BODY["person"] | {"phone": "abc"}},
        {"person": BODY["person"] | {"province": -1}},
        {"person": BODY["person"] | {"address": " "}},
        {"khac": 1},
    ],
    ids=str,
)
def test_what_is_wrong_with_an_order_is_told(api: Api, wrong: dict[str, Any]) -> None:
    code = a_dossier(api, Status.RESOLVED)

    answer = api.receptionist().post(f"/v1/dossiers/{code}/post-orders", BODY | wrong)

    refused(answer, 422, "request.invalid")
