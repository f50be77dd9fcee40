"""The control slip (form 06): issued when asked, one for each version of the dossier."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.domain.lifecycle import Status
from tests.builders import DISTRICT, MONDAY, OTHER_DISTRICT, Api, a_dossier, refused, succeeded
from tests.papers.pdf_reading import squeezed, text_of


@pytest.fixture(autouse=True)
def on_monday(api: Api) -> None:
    api.clock.at = MONDAY


def test_a_slip_lists_the_hand_overs_so_far(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    api.clock.move(hours=2)
    api.officer().does(code, "handovers", {"agency": OTHER_DISTRICT, "reason": "Lấy ý kiến"})

    slip = succeeded(api.officer(OTHER_DISTRICT).post(f"/v1/dossiers/{code}/control-slips"))
    answer = api.receptionist().get(slip["href"])

    assert (slip["form"], slip["number"]) == ("control-slip", "01/PKS")
    said = text_of(answer.content)
    assert squeezed("Giao: Cán bộ receptionist, Ủy ban nhân dân Thành phố Việt Trì") in said
    assert squeezed("Nhận: Cán bộ officer") in said
    assert squeezed("Nhận: Ủy ban nhân dân Huyện Phù Ninh") in said
    assert squeezed("11:00 05/10/2026") in said
    assert squeezed("Lấy ý kiến") in said
    assert squeezed("Cơ quan phối hợp giải quyết hồ sơ: Ủy ban nhân dân Huyện Phù Ninh") in said


def test_the_same_version_has_one_slip_and_the_next_one_another(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    path = f"/v1/dossiers/{code}/control-slips"
    people = [api.officer(), api.receptionist(), api.approver()] * 2

    with ThreadPoolExecutor(max_workers=6) as threads:
        slips = [succeeded(one) for one in threads.map(lambda who: who.post(path), people)]
    api.clock.at += timedelta(hours=1)
    again = succeeded(api.officer().post(path))
    api.officer().does(code, "handovers")
    later = succeeded(api.officer().post(path))

    assert len({slip["id"] for slip in [*slips, again]}) == 1
    assert later["id"] != again["id"]
    assert later["seq"] == again["seq"] + 1
    assert api.officer().get(again["href"]).content != api.officer().get(later["href"]).content


def test_a_slip_is_not_the_applicants(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    slip = succeeded(api.officer().post(f"/v1/dossiers/{code}/control-slips"))

    refused(api.citizen().post(f"/v1/dossiers/{code}/control-slips"), 403, "dossier.role_refused")
    refused(api.citizen().get(slip["href"]), 404, "paper.not_there")
    listed = succeeded(api.citizen().get(f"/v1/dossiers/{code}/papers"))["items"]
    assert [paper["form"] for paper in listed] == ["receipt"]
    staff = succeeded(api.officer().get(f"/v1/dossiers/{code}/papers"))["items"]
    assert [paper["form"] for paper in staff] == ["receipt", "control-slip"]


def test_a_slip_needs_a_dossier_that_was_accepted_and_a_key(api: Api) -> None:
    path = f"/v1/dossiers/{a_dossier(api)}/control-slips"

    refused(api.receptionist().post(path), 409, "paper.slip_refused")
    refused(api.receptionist().post(path, key=None), 400, "idempotency.key_missing")
    refused(api.officer(OTHER_DISTRICT).post(path), 404, "dossier.not_found")
    assert DISTRICT in path
