"""Many people at one petition, or at one counter: one wins, nothing has a gap, nothing is lost."""

from collections import Counter

import httpx2

from app.domain.petitions import PetitionStatus
from tests.api.citizen_samples import BODY_OF, a_key, a_petition, a_petition_body, act_on, at_once
from tests.builders import Api, succeeded

CROWD = 50


def _codes(answers: list[httpx2.Response]) -> Counter[str]:
    return Counter("done" if a.is_success else a.json()["code"] for a in answers)


def test_fifty_people_do_different_things_to_a_petition_and_one_is_done(api: Api) -> None:
    code = a_petition(api)
    ways = [
        (api.receptionist(), "acceptance"),
        (api.approver(), "refusal"),
        (api.officer(), "supplement-requests"),
        (api.citizen(), "withdrawal"),
    ]

    def act(n: int) -> httpx2.Response:
        person, path = ways[n % len(ways)]
        return person.post(f"/v1/petitions/{code}/{path}", BODY_OF[path], version=1)

    codes = _codes(at_once(act, CROWD))

    assert codes == {"done": 1, "petition.version_stale": CROWD - 1}
    row = api.row(
        "SELECT version, (SELECT count(*) FROM petition_event WHERE petition_id = petition.id)"
        " AS events FROM petition WHERE code = :code",
        code=code,
    )
    assert (row["version"], row["events"]) == (2, 2)


def test_fifty_petitions_at_once_are_numbered_without_a_gap(own_api: Api) -> None:
    api = own_api
    citizen = api.citizen()

    # Some of them are wrong: they use up no number.
    answers = at_once(
        lambda n: citizen.post(
            "/v1/petitions", a_petition_body(dossier="x") if n % 5 == 0 else a_petition_body()
        ),
        CROWD,
    )

    codes = sorted(answer.json()["code"] for answer in answers if answer.is_success)
    assert codes == [f"PA-H44.29-261005-{n:04d}" for n in range(1, 41)]
    api.clock.move(days=1)
    assert a_petition(api) == "PA-H44.29-261006-0001"
    assert a_petition(api, agency="H44.10") == "PA-H44.10-261006-0001"


def test_the_counter_passes_9999(own_api: Api) -> None:
    api = own_api
    a_petition(api)
    with api.owner.begin() as db:
        db.exec_driver_sql("UPDATE petition_day SET last_number = 9998")

    codes = [a_petition(api) for _ in range(3)]

    assert [code.rsplit("-", 1)[1] for code in codes] == ["9999", "10000", "10001"]
    assert succeeded(api.citizen().get(f"/v1/petitions/{codes[2]}"))["code"] == codes[2]
    assert api.http.get(f"/v1/tracking/{codes[2]}", params={"check": "0001"}).is_success


def test_fifty_requests_under_one_key_send_one_petition(own_api: Api) -> None:
    api, key = own_api, a_key()

    answers = at_once(
        lambda _: api.citizen().post("/v1/petitions", a_petition_body(), key=key), CROWD
    )

    codes = _codes(answers)
    assert set(codes) <= {"done", "idempotency.in_flight"}
    assert len({answer.content for answer in answers if answer.is_success}) == 1
    assert api.row("SELECT count(*) AS n FROM petition")["n"] == 1


def test_twenty_approvers_answer_once(api: Api) -> None:
    code = a_petition(api, PetitionStatus.ACCEPTED)

    answers = at_once(lambda _: act_on(api, code, "answer", version=2), 20)

    assert _codes(answers) == {"done": 1, "petition.version_stale": 19}
