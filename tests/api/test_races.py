"""Fifty people at once, each in a thread and committed for real: one wins, the others are told."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import httpx2
import pytest

from app.domain.lifecycle import Act, Status
from tests.builders import (
    FULL,
    JUSTICE,
    Api,
    a_body,
    a_dossier,
    an_application,
    an_online_application,
    succeeded,
)

CROWD = 50


def _at_once(send: Callable[[int], httpx2.Response], crowd: int = CROWD) -> list[httpx2.Response]:
    """Let everybody send at the same moment."""
    start = Barrier(crowd)

    def wait_and_send(n: int) -> httpx2.Response:
        start.wait()
        return send(n)

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(wait_and_send, range(crowd)))


def _codes(answers: list[httpx2.Response]) -> Counter[str]:
    return Counter("done" if a.is_success else a.json()["code"] for a in answers)


def test_fifty_clerks_accept_one_dossier_and_one_of_them_does(api: Api) -> None:
    code = a_dossier(api)

    answers = _at_once(lambda _: api.receptionist().act(code, "acceptance", version=1))

    assert _codes(answers) == {"done": 1, "dossier.version_stale": CROWD - 1}
    traces = api.traces(code)
    assert (traces["dossier"]["version"], traces["events"], traces["deliveries"]) == (2, 2, 2)


def test_fifty_people_do_different_things_and_only_one_is_done(api: Api) -> None:
    code = a_dossier(api)
    ways = [
        (api.receptionist(), "acceptance", {}),
        (api.receptionist(), "refusal", a_body(api, Act.REFUSE)),
        (api.citizen(), "withdrawal", a_body(api, Act.WITHDRAW)),
        (api.officer(), "supplement-requests", a_body(api, Act.REQUEST_SUPPLEMENT)),
        (api.approver(), "resolution", a_body(api, Act.RESOLVE)),
    ]

    def act(n: int) -> httpx2.Response:
        person, path, body = ways[n % len(ways)]
        return person.act(code, path, body, version=1)

    codes = _codes(_at_once(act))

    assert codes["done"] == 1
    assert set(codes) <= {"done", "dossier.version_stale", "dossier.step_refused"}
    assert api.traces(code)["events"] == 2


def test_clerks_who_read_again_and_try_again_each_get_their_turn(api: Api) -> None:
    code, few = a_dossier(api, Status.IN_PROCESS), 15
    target = {"H44.29": "H44.30", "H44.30": "H44.29"}

    def hand_back_and_forth(_: int) -> httpx2.Response:
        while True:
            row = api.row(
                "SELECT version, agency.code AS at FROM dossier JOIN agency"
                " ON agency.id = at_agency_id WHERE dossier.code = :code",
                code=code,
            )
            body = {"agency": target[row["at"]], "reason": "Phối hợp"}
            answer = api.officer(row["at"]).act(code, "handovers", body, version=row["version"])
            if answer.status_code != 412:
                return answer

    answers = _at_once(hand_back_and_forth, few)

    assert _codes(answers) == {"done": few}
    events = api.rows(
        "SELECT seq FROM dossier_event JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code ORDER BY seq",
        code=code,
    )
    assert [event["seq"] for event in events] == list(range(1, 3 + few + 1))
    assert api.dossier(code)["version"] == 3 + few


@pytest.mark.parametrize("channel", ["online", "desk"])
def test_fifty_dossiers_at_one_agency_get_fifty_numbers_without_a_gap(
    own_api: Api, channel: str
) -> None:
    api = own_api
    citizen, desk = api.citizen(), api.receptionist(JUSTICE)
    online = [an_online_application(citizen, FULL) for _ in range(CROWD)]

    def hand_in(n: int) -> httpx2.Response:
        if channel == "online":
            return citizen.post("/v1/dossiers", online[n])
        return desk.post("/v1/dossiers/intake", an_application(FULL, channel="post"))

    codes = [succeeded(answer)["code"] for answer in _at_once(hand_in)]

    assert sorted(codes) == [f"H44.10-261005-{n:04d}" for n in range(1, CROWD + 1)]
    counted = api.row("SELECT * FROM intake_day")
    shares = {"online": 0, "desk": 0, "post": 0}
    shares["online" if channel == "online" else "post"] = CROWD
    assert {name: counted[name] for name in shares} == shares
    assert counted["last_number"] == CROWD
    assert api.row("SELECT count(*) AS n FROM dossier")["n"] == CROWD


def test_the_day_counter_passes_9999_without_a_clash(own_api: Api) -> None:
    api = own_api
    desk = api.receptionist(JUSTICE)
    succeeded(desk.post("/v1/dossiers/intake", an_application(FULL)))
    with api.owner.begin() as db:
        db.exec_driver_sql("UPDATE intake_day SET last_number = 9975, online = 9974")

    answers = _at_once(lambda _: desk.post("/v1/dossiers/intake", an_application(FULL)))

    numbers = sorted(int(succeeded(answer)["code"].rsplit("-", 1)[1]) for answer in answers)
    assert numbers == list(range(9976, 9976 + CROWD))
    longest = max(
        succeeded(answer)["code"] for answer in answers if len(answer.json()["code"]) > 18
    )
    assert re.fullmatch(r"H44\.10-261005-100\d\d", longest)
    assert succeeded(desk.get(f"/v1/dossiers/{longest}"))["code"] == longest


def test_fifty_requests_under_one_key_make_one_dossier(api: Api) -> None:
    citizen, key = api.citizen(), str(uuid4())
    body = an_online_application(citizen)
    before = api.row("SELECT count(*) AS n FROM dossier")["n"]

    answers = _at_once(lambda _: citizen.post("/v1/dossiers", body, key=key))

    codes = _codes(answers)
    assert codes["done"] >= 1
    assert set(codes) <= {"done", "idempotency.in_flight"}
    assert len({answer.content for answer in answers if answer.is_success}) == 1
    assert api.row("SELECT count(*) AS n FROM dossier")["n"] == before + 1


def test_fifty_requests_with_one_document_make_one_dossier(api: Api) -> None:
    citizen = api.citizen()
    body = an_online_application(citizen)

    answers = _at_once(lambda _: citizen.post("/v1/dossiers", body))

    assert _codes(answers) == {"done": 1, "application.faulty": CROWD - 1}
    [made] = [answer.json()["code"] for answer in answers if answer.is_success]
    assert api.traces(made)["documents"] == 1


def test_fifty_clicks_on_pay_open_one_payment(api: Api) -> None:
    code = a_dossier(api, procedure=FULL)
    path = f"/v1/dossiers/{code}/payments"

    answers = _at_once(lambda _: api.citizen().post(path, {"purpose": "acceptance"}))

    assert {succeeded(answer)["reference"] for answer in answers} == {f"{code}-1"}
    assert api.traces(code)["payments"] == 1
    opened = api.rows(
        "SELECT subject FROM delivery JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code AND partner = 'payment_platform'",
        code=code,
    )
    assert opened == [{"subject": f"{code}-1"}]


def test_fifty_clerks_take_one_fee_in_cash_once(api: Api) -> None:
    path = f"/v1/dossiers/{a_dossier(api)}/payments"

    answers = _at_once(lambda _: api.receptionist().post(path, {"purpose": "acceptance"}))

    assert _codes(answers) == {"done": 1, "payment.refused": CROWD - 1}


def test_fifty_uploads_of_one_file_keep_it_once(api: Api) -> None:
    content = b"%PDF-1.7\n" + bytes(600_000)

    answers = _at_once(
        lambda n: api.citizen().send(
            "POST", "/v1/documents", params={"name": f"{n}.pdf"}, content=content
        )
    )

    kept = [succeeded(answer) for answer in answers]
    assert len({document["id"] for document in kept}) == CROWD
    [sha256] = {document["sha256"] for document in kept}
    pieces = api.rows(
        "SELECT n, length(content) AS size FROM file_chunk WHERE sha256 = :s ORDER BY n", s=sha256
    )
    assert [piece["n"] for piece in pieces] == [0, 1, 2]
    assert sum(piece["size"] for piece in pieces) == len(content)
