"""An act is done on the version that its person saw, or not at all."""

import pytest

from app.domain.lifecycle import Act, Status
from tests.builders import PATH_OF, Api, a_body, a_dossier, refused, succeeded


@pytest.fixture(scope="module")
def dossier(api: Api) -> str:
    return a_dossier(api, Status.IN_PROCESS)


def test_a_dossier_is_read_with_its_version_as_tag(api: Api, dossier: str) -> None:
    answer = api.citizen().get(f"/v1/dossiers/{dossier}")

    assert answer.headers["ETag"] == '"3"'
    assert succeeded(answer)["version"] == 3


@pytest.mark.parametrize("act", PATH_OF)
def test_every_act_needs_a_version(api: Api, dossier: str, act: Act) -> None:
    before = api.traces(dossier)
    path = f"/v1/dossiers/{dossier}/{PATH_OF[act]}"

    refused(api.officer().post(path, a_body(api, act)), 428, "dossier.version_missing")

    assert api.traces(dossier) == before


@pytest.mark.parametrize(
    "tag",
    [
        *("", "3", "'3'", '"', '""', '"0"', '"03"', '"-3"', '"3', '3"', '"3.0"', '" 3"', '"drei"'),
        *('W/"3"', "*", '"3", "4"', '"3" "3"', '"9999999999"', '"٣"', '"3"x'),
    ],
)
def test_a_tag_that_no_dossier_can_have_is_refused(api: Api, dossier: str, tag: str) -> None:
    before = api.traces(dossier)

    answer = api.officer().send(
        "POST",
        f"/v1/dossiers/{dossier}/extension",
        json=a_body(api, Act.EXTEND),
        headers={"If-Match": tag.encode()},  # type: ignore[dict-item]
    )

    refused(answer, 400, "dossier.version_malformed")
    assert api.traces(dossier) == before


@pytest.mark.parametrize("version", [1, 2, 4, 999_999_999])
def test_another_version_is_stale(api: Api, dossier: str, version: int) -> None:
    before = api.traces(dossier)

    answer = api.officer().act(dossier, "handovers", {}, version=version)

    told = refused(answer, 412, "dossier.version_stale")
    assert told["version"] == 3
    assert api.traces(dossier) == before


def test_a_stale_act_is_told_who_did_what_in_between_and_what_is_possible_now(api: Api) -> None:
    code = a_dossier(api)
    api.receptionist().does(code, "acceptance")
    api.officer().does(code, "supplement-requests", a_body(api, Act.REQUEST_SUPPLEMENT))

    told = refused(
        api.receptionist().act(code, "acceptance", version=1), 412, "dossier.version_stale"
    )

    assert (told["version"], told["dossier_status"]) == (3, "supplement_requested")
    assert told["possible_acts"] == ["supplement", "stop", "withdraw"]
    accepted, asked = told["changes"]
    assert (accepted["seq"], accepted["act"], accepted["target"]) == (2, "accept", "accepted")
    assert (accepted["actor_name"], accepted["actor_role"]) == (
        "Cán bộ receptionist",
        "receptionist",
    )
    assert accepted["occurred_at"].startswith("2026-10-05T")
    assert (asked["seq"], asked["act"], asked["reason"]) == (
        3,
        *("request_supplement", "Bản chụp bị mờ"),
    )


def test_of_two_clerks_who_read_the_same_version_the_second_is_told_of_the_first(api: Api) -> None:
    code = a_dossier(api)
    one, two = api.receptionist(), api.person("receptionist", "H44.29", "cb-2")
    tags = [person.get(f"/v1/dossiers/{code}").headers["ETag"] for person in (one, two)]

    succeeded(one.act(code, "acceptance", version=tags[0]))
    refusal = two.act(code, "refusal", a_body(api, Act.REFUSE), version=tags[1])

    told = refused(refusal, 412, "dossier.version_stale")
    assert [change["act"] for change in told["changes"]] == ["accept"]
    assert two.get(f"/v1/dossiers/{code}").headers["ETag"] == '"2"'


def test_the_version_that_an_act_answers_is_the_one_for_the_next_act(api: Api) -> None:
    code = a_dossier(api)

    first = api.receptionist().act(code, "acceptance", version='"1"')
    second = api.officer().act(code, "processing", version=first.headers["ETag"])

    assert second.headers["ETag"] == '"3"'


def test_what_is_stale_is_told_before_what_the_table_refuses(api: Api, dossier: str) -> None:
    refused(api.citizen().act(dossier, "acceptance", version=1), 412, "dossier.version_stale")
    refused(api.citizen().act(dossier, "acceptance", version=3), 409, "dossier.step_refused")
