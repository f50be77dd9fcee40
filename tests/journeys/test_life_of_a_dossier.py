"""A dossier from hand to hand, with everything running: web, worker, partners over real HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
import pytest
import typst

from app.composition import desk_of, engine_of
from app.domain.lifecycle import Act
from app.signatures.certificates import Holder
from app.signatures.pki import make_sample_pki
from app.signatures.sign import sign_pdf
from app.worker import Worker
from tests.builders import (
    CITIZEN,
    DESK,
    DISTRICT,
    FULL,
    JUSTICE,
    MONDAY,
    OTHER_CITIZEN,
    PARTIAL,
    PROVINCE,
    Api,
    Person,
    a_body,
    an_application,
    an_online_application,
    mocks,
    partners,
    procedure,
    refused,
    running_app,
    served,
    settings_for,
    succeeded,
)
from tests.running import address_of, free_port

_PATIENCE_S = 60.0
T = TypeVar("T")


@pytest.fixture(scope="module")
def province(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A whole province: web on a loopback port, a worker, the partners, keys to sign with."""
    folder = tmp_path_factory.mktemp("province")
    listening = free_port()
    web = address_of(listening)
    make_sample_pki(
        folder / "trust",
        MONDAY - timedelta(days=30),
        agencies=[(JUSTICE, "Sở Tư pháp"), (DISTRICT, "UBND Thành phố Việt Trì")],
        citizen=Holder("Trần Thị Mẫu", f"CCCD:{CITIZEN}"),
    )
    with mocks(folder, payment_confirm_url=f"{web}/v1/notices/payment") as mocks_url:
        settings = settings_for(module_database, folder, public_url=web, **partners(mocks_url))
        with (
            running_app(settings) as api,
            served(api.app, listening, owns_lifespan=False),
            _working(api),
        ):
            yield api


@contextmanager
def _working(api: Api) -> Iterator[None]:
    """Let a worker of its own work until the end of the block."""
    engine = engine_of(api.settings, pool_size=8)
    desk = desk_of(api.settings, engine)
    worker = Worker(desk, threads=4, now=api.clock)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.close()
        thread.join(timeout=20)
        assert not thread.is_alive()
        desk.partners.close()
        engine.dispose()


def _wait(look: Callable[[], T | None]) -> T:
    """Look until there is something: other threads are at work."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


def _when(found: dict[str, Any], *, holds: bool) -> dict[str, Any] | None:
    return found if holds else None


def _paper(api: Api, title: str, signer: str) -> bytes:
    made = typst.compile(f"= {title}".encode())
    assert isinstance(made, bytes)
    return sign_pdf(made, signer, api.settings.trust_dir / "keys", now=api.clock())


def _verdict(person: Person, document: str) -> str:
    def look() -> str | None:
        seen = succeeded(person.get(f"/v1/documents/{document}"))["signature"]["indication"]
        return None if seen == "PENDING" else str(seen)

    return _wait(look)


def _portal(api: Api, code: str, status: str) -> dict[str, Any]:
    """Return what the national portal knows once it was told of a status."""

    def look() -> dict[str, Any] | None:
        answer = httpx2.get(f"{api.settings.portal}/_dossiers/{code}", trust_env=False)
        if answer.status_code == 404:
            return None
        known: dict[str, Any] = answer.json()
        told = known["told"] and str(known["told"][-1]["status"])
        return _when(known, holds=told == status)

    return _wait(look)


def _online_today(api: Api, agency: str) -> int:
    query = {"from": str(api.clock().date()), "to": str(api.clock().date())}
    rows = succeeded(api.person("analyst", PROVINCE).get("/v1/figures/annex", **query))["rows"]
    return next(int(row["online"]) for row in rows if row["agency_code"] == agency)


def _signed_application(api: Api, citizen: Person) -> dict[str, Any]:
    body = an_application(FULL, return_way="online")
    for part in body["components"]:
        part["document"] = citizen.upload(_paper(api, part["component"], "citizen"))
    assert _verdict(citizen, body["components"][0]["document"]) == "TOTAL_PASSED"
    return body


def _pay(citizen: Person, code: str, purpose: str) -> dict[str, Any]:
    """Open a payment, go to the platform's page, pay there, and wait for its notice."""
    path = f"/v1/dossiers/{code}/payments"
    opened = succeeded(citizen.post(path, {"purpose": purpose}))
    path += f"/{opened['reference']}"
    address = _wait(lambda: succeeded(citizen.get(path))["pay_url"])
    httpx2.post(address, json={"outcome": "paid"}, trust_env=False).raise_for_status()
    return _wait(
        lambda: _when(found := succeeded(citizen.get(path)), holds=found["status"] == "paid")
    )


def test_a_full_online_dossier_goes_from_the_phone_to_a_signed_result(province: Api) -> None:
    api, citizen = province, province.citizen()
    desk, officer, approver = (
        api.person(role, JUSTICE) for role in ("receptionist", "officer", "approver")
    )
    before = _online_today(api, JUSTICE)

    body, key = _signed_application(api, citizen), str(uuid4())
    first, again = (citizen.post("/v1/dossiers", body, key=key) for _ in range(2))
    code = str(succeeded(first)["code"])
    assert again.content == first.content
    _portal(api, code, "1")

    paid = _pay(citizen, code, "acceptance")
    assert (paid["amount_vnd"], paid["receipt_number"]) == (200_000, f"BL-{code}-1")
    refused(citizen.post(f"/v1/dossiers/{code}/payments", {}), 409, "payment.refused")

    api.clock.move(hours=1)
    accepted = desk.does(code, "acceptance")
    receipt = citizen.get(f"/v1/dossiers/{code}/receipt")
    assert receipt.content.startswith(b"%PDF-")
    _portal(api, code, "2")

    officer.does(code, "processing")
    api.clock.move(hours=1)
    officer.does(code, "supplement-requests", {"components": ["GT02"], "reason": "Ảnh mờ"})
    _portal(api, code, "5")
    api.clock.move(days=2)
    clearer = citizen.upload(_paper(api, "Bản rõ", "citizen"))
    parts = {"components": [{"component": "GT02", "document": clearer}]}
    supplemented = citizen.does(code, "supplements", parts)
    assert supplemented["status"] == "in_process"
    assert supplemented["due_at"] > accepted["due_at"]

    while succeeded(officer.get(f"/v1/dossiers/{code}"))["step"] != "approval":
        officer.does(code, "handovers", {})
    result = approver.upload(_paper(api, f"Kết quả {code}", JUSTICE), "ket-qua.pdf", "result")
    approver.does(code, "resolution", {"granted": True, "documents": [result]})

    # The worker returns it by itself: the applicant wanted it online.
    known = _portal(api, code, "10")
    told = [str(entry["status"]) for entry in known["told"]]
    assert told == ["1", "2", "4", "5", "4", "4", "4", "9", "10"]
    seen = succeeded(citizen.get(f"/v1/dossiers/{code}"))
    assert (seen["status"], seen["result_granted"]) == ("returned", True)
    assert [event["act"] for event in _events(citizen, code)][-2:] == ["resolve", "return_result"]
    assert _verdict(citizen, result) == "TOTAL_PASSED"
    _the_portal_fetches_the_result(api, known, result, citizen)
    assert _online_today(api, JUSTICE) in {before, before + 1}
    _nothing_is_left_to_tell(api, code)


def _events(person: Person, code: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = succeeded(person.get(f"/v1/dossiers/{code}/events"))["items"]
    return found


def _the_portal_fetches_the_result(
    api: Api, known: dict[str, Any], result: str, citizen: Person
) -> None:
    """Open the link that the portal was sent, as it would: without any token."""
    [sent] = known["dossier"]["DanhSachGiayToKetQua"]
    link = sent["DuongDanTepTinKetQua"]
    assert link.startswith(api.settings.web_url)
    fetched = httpx2.get(link, trust_env=False)
    assert fetched.content == citizen.get(f"/v1/documents/{result}/content").content


def _nothing_is_left_to_tell(api: Api, code: str) -> None:
    def look() -> bool | None:
        found = api.row(
            "SELECT count(*) AS n FROM delivery JOIN dossier ON dossier.id = dossier_id"
            " WHERE code = :code AND state <> 'acknowledged'",
            code=code,
        )
        return True if found["n"] == 0 else None

    _wait(look)


def test_a_partial_dossier_is_sent_online_and_paid_and_collected_at_the_desk(
    province: Api,
) -> None:
    api, citizen = province, province.citizen(OTHER_CITIZEN)
    desk, officer, approver = api.receptionist(), api.officer(), api.approver()

    body = an_online_application(citizen, PARTIAL)
    code = str(succeeded(citizen.post("/v1/dossiers", body))["code"])
    path = f"/v1/dossiers/{code}/payments"
    refused(citizen.post(path, {}), 409, "payment.refused")
    desk.does(code, "acceptance")
    assert succeeded(desk.post(path, {"purpose": "acceptance"}))["status"] == "paid"
    officer.does(code, "processing")
    approver.does(code, "extension", a_body(api, Act.EXTEND))
    result = approver.upload(_paper(api, "Giấy xác nhận", DISTRICT), "ket-qua.pdf", "result")
    approver.does(code, "resolution", {"granted": True, "documents": [result]})
    _portal(api, code, "9")
    desk.does(code, "return", {"way": "desk"})

    told = [str(entry["status"]) for entry in _portal(api, code, "10")["told"]]
    assert told == ["1", "2", "4", "4", "9", "10"]
    _nothing_is_left_to_tell(api, code)


def test_an_obligation_found_while_processing_is_paid_online_and_the_dossier_goes_on(
    province: Api,
) -> None:
    api, citizen = province, province.citizen()
    desk, officer = api.receptionist(JUSTICE), api.officer(JUSTICE)
    made = succeeded(citizen.post("/v1/dossiers", an_online_application(citizen, FULL)))
    code = str(made["code"])
    due_at = desk.does(code, "acceptance")["due_at"]
    officer.does(code, "processing")
    officer.does(code, "payment-requests", a_body(api, Act.REQUEST_PAYMENT))
    _portal(api, code, "6")
    api.clock.move(days=1)

    paid = _pay(citizen, code, "obligation")

    assert paid["amount_vnd"] == 20_000
    seen = _wait(
        lambda: _when(
            found := succeeded(citizen.get(f"/v1/dossiers/{code}")),
            holds=found["status"] == "in_process",
        )
    )
    assert seen["due_at"] > due_at
    settled = _events(citizen, code)[-1]
    assert (settled["act"], settled["actor"]["role"]) == ("settle", "partner")
    _portal(api, code, "4")
    _nothing_is_left_to_tell(api, code)


def test_a_dossier_at_the_desk_that_is_withdrawn_is_told_to_its_end(province: Api) -> None:
    api, desk = province, province.receptionist()
    assert procedure(DESK)["online_level"] == 4
    made = succeeded(desk.post("/v1/dossiers/intake", an_application(DESK)))
    code = str(made["code"])
    _portal(api, code, "2")

    api.citizen().does(code, "withdrawal", {"reason": "Không còn nhu cầu"})

    told = [str(entry["status"]) for entry in _portal(api, code, "7")["told"]]
    assert told == ["2", "7"]
    assert _events(api.citizen(), code)[-1]["reason"] == "Không còn nhu cầu"
