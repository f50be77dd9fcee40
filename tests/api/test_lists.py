"""Lists by page: every item once, whoever else writes meanwhile, and nobody else's."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.lifecycle import Act, Status
from app.seeds import read_agencies, read_procedures
from tests.builders import (
    CITIZEN,
    DESK,
    DISTRICT,
    FULL,
    JUSTICE,
    MONDAY,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Json,
    Person,
    a_body,
    a_dossier,
    an_application,
    refused,
    succeeded,
)

PATH = "/v1/dossiers"
LISTS = ["/v1/dossiers", "/v1/agencies", "/v1/procedures"]


@pytest.fixture(autouse=True)
def _back_to_monday(api: Api) -> Iterator[None]:
    yield
    api.clock.at = MONDAY


@pytest.fixture(scope="module")
def crowd(api: Api) -> list[str]:
    """Dossiers of one desk, several of them received at the same instant."""
    desk, codes = api.receptionist(), []
    for n in range(17):
        if n % 4 == 0:
            api.clock.move(seconds=1)
        codes.append(succeeded(desk.post("/v1/dossiers/intake", an_application(DESK)))["code"])
    return codes


def _walk(
    person: Person,
    path: str = PATH,
    *,
    between: Callable[[], object] = lambda: None,
    **query: Json,
) -> list[str]:
    """Follow the Link header from page to page and list the codes met."""
    found: list[str] = []
    answer = person.get(path, **query)
    while True:
        page = succeeded(answer)
        found += [item["code"] for item in page["items"]]
        if page["next"] is None:
            assert "Link" not in answer.headers
            return found
        link = answer.headers["Link"]
        assert link.endswith('>; rel="next"')
        address = link[1 : link.index(">")]
        assert parse_qs(urlsplit(address).query)["after"] == [page["next"]]
        between()
        answer = person.get(address)


@pytest.mark.parametrize("limit", [1, 3, 5, 16, 17, 18, 100])
def test_the_pages_together_are_every_dossier_once_newest_first(
    api: Api, crowd: list[str], limit: int
) -> None:
    found = _walk(api.receptionist(), limit=limit)

    in_order = api.rows(
        "SELECT dossier.code FROM dossier JOIN agency ON agency.id = agency_id"
        " WHERE agency.code = 'H44.29' ORDER BY received_at DESC, dossier.id DESC"
    )
    assert found == [row["code"] for row in in_order]
    assert set(crowd) <= set(found)


def test_what_comes_in_between_the_pages_moves_nothing(api: Api, crowd: list[str]) -> None:
    desk = api.receptionist()
    known = _walk(desk, limit=100)

    def another() -> None:
        succeeded(desk.post("/v1/dossiers/intake", an_application(DESK)))

    found = _walk(desk, limit=4, between=another)

    assert [code for code in found if code in known] == known
    assert len(found) == len(set(found))
    assert set(crowd) <= set(found)


def test_a_page_that_is_full_by_chance_has_no_page_after_it(api: Api, crowd: list[str]) -> None:
    everything = _walk(api.receptionist(), limit=100)

    page = api.receptionist().get(PATH, limit=len(everything))

    assert [item["code"] for item in page.json()["items"]] == everything
    assert page.json()["next"] is None
    assert len(everything) >= len(crowd)


def test_a_list_may_be_of_one_status(api: Api, crowd: list[str]) -> None:
    del crowd
    started = a_dossier(api, Status.IN_PROCESS)

    found = _walk(api.officer(), status="in_process", limit=1)

    assert started in found
    assert {api.dossier(code)["status"] for code in found} == {"in_process"}
    link = api.officer().get(PATH, status="accepted", limit=1).headers["Link"]
    assert "status=accepted" in link
    assert "limit=1" in link


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 0}, "/query/limit"),
        ({"limit": 101}, "/query/limit"),
        ({"limit": "ten"}, "/query/limit"),
        ({"limit": 10**40}, "/query/limit"),
        ({"status": "draft2"}, "/query/status"),
        ({"after": "a" * 201}, "/query/after"),
    ],
    ids=str,
)
def test_what_a_list_cannot_be_asked_is_refused_with_its_place(
    api: Api, query: Json, pointer: str
) -> None:
    told = refused(api.citizen().get(PATH, **query), 422, "request.invalid")

    assert [fault["pointer"] for fault in told["errors"]] == [pointer]


def _cursor(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


AT = "2026-10-05T02:00:00+00:00"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "!!!!", "====", "é", "AAAA", "a b", "\x00", "%00", "' OR 1=1 --"),
        *(
            _cursor("["),
            _cursor("[[[["),
            _cursor(None),
            _cursor({}),
            _cursor([]),
            _cursor([1, 2, 3]),
        ),
        *(_cursor([AT]) + "x", _cursor([AT, "x"]), _cursor([AT, 0]), _cursor([AT, -1])),
        *(_cursor([AT, 2**63]), _cursor([AT, 10**30]), _cursor([AT, None]), _cursor([None, 1])),
        *(_cursor(["2026-10-05T02:00:00", 1]), _cursor(["heute", 1]), _cursor([1, 1])),
        *(_cursor(["now", [1]]), _cursor([[], []]), _cursor("[" * 90), _cursor("[1e999, 1]")),
        *(_cursor('["\\ud800", 1]'), _cursor([AT, "1\x00"]), _cursor([{"a": 1}, 1])),
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(api: Api, path: str, cursor: str) -> None:
    refused(api.citizen().get(path, after=cursor), 400, "cursor.refused")


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-14:00",
        "2026-10-07T02:00:00.123456+23:59",
    ],
)
def test_a_cursor_at_the_ends_of_time_is_answered(api: Api, crowd: list[str], at: str) -> None:
    del crowd
    answer = api.receptionist().get(PATH, after=_cursor([at, 1]))

    assert answer.status_code == 200
    assert bool(answer.json()["items"]) == at.startswith(("9999", "2026"))


def test_citizens_list_what_is_theirs_and_what_they_handed_in(api: Api) -> None:
    mine = a_dossier(api, procedure=FULL)
    theirs = a_dossier(api, applicant=OTHER_CITIZEN)
    for_me = an_application(DESK, applicant={"kind": "citizen", "number": CITIZEN, "name": "Mẫu"})
    at_the_desk = succeeded(api.receptionist().post("/v1/dossiers/intake", for_me))["code"]

    one, two = _walk(api.citizen()), _walk(api.citizen(OTHER_CITIZEN))

    assert {mine, at_the_desk} <= set(one)
    assert theirs not in one
    assert theirs in two
    assert not set(one) & set(two)
    assert _walk(api.citizen("025099000009")) == []


def test_staff_list_their_agency_and_those_below_it(api: Api) -> None:
    full, partial = a_dossier(api, procedure=FULL), a_dossier(api)

    for role in ("receptionist", "officer", "approver"):
        district = _walk(api.person(role, DISTRICT))
        assert partial in district
        assert full not in district
        assert full in _walk(api.person(role, JUSTICE))
        assert {full, partial} <= set(_walk(api.person(role, PROVINCE)))
        assert _walk(api.person(role, OTHER_DISTRICT)) == []
        assert _walk(api.person(role, "H44.29.01")) == []
        assert _walk(api.person(role, "H44.99")) == []
        assert _walk(api.person(role, "H45")) == []


@pytest.mark.parametrize("role", ["analyst", "administrator", "partner"])
def test_who_handles_no_dossiers_lists_none(api: Api, role: str) -> None:
    a_dossier(api)

    assert _walk(api.person(role, None if role == "partner" else PROVINCE)) == []


def test_a_dossier_that_was_handed_on_is_listed_by_who_resolves_it_and_who_has_it(
    own_api: Api,
) -> None:
    code = a_dossier(own_api, Status.IN_PROCESS)
    there, back = (
        {"agency": agency, "reason": "Phối hợp giải quyết"} for agency in (OTHER_DISTRICT, JUSTICE)
    )
    own_api.officer().does(code, "handovers", there)
    own_api.officer(OTHER_DISTRICT).does(code, "handovers", back)

    listed = {
        agency: _walk(own_api.officer(agency)) for agency in (DISTRICT, OTHER_DISTRICT, JUSTICE)
    }

    assert listed == {DISTRICT: [code], OTHER_DISTRICT: [], JUSTICE: [code]}
    assert succeeded(own_api.officer(OTHER_DISTRICT).get(f"{PATH}/{code}"))["code"] == code


def test_a_list_shows_each_dossier_as_it_is_now(api: Api) -> None:
    code = a_dossier(api)
    api.clock.move(hours=1)
    api.receptionist().does(code, "acceptance", a_body(api, Act.ACCEPT))

    [item] = [i for i in api.citizen().get(PATH, limit=100).json()["items"] if i["code"] == code]

    whole = api.citizen().get(f"{PATH}/{code}").json()
    assert item == {name: whole[name] for name in item}
    assert item["status_label"] == "Được tiếp nhận"
    assert datetime.fromisoformat(item["accepted_at"]) == MONDAY + timedelta(hours=1)


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_the_catalogue_is_paged_like_every_list(api: Api, limit: int) -> None:
    nobody = api.citizen()

    agencies = _walk(nobody, "/v1/agencies", limit=limit)
    procedures = _walk(nobody, "/v1/procedures", limit=limit)

    assert agencies == sorted(agency.code for agency in read_agencies())
    assert procedures == sorted(procedure.code for procedure in read_procedures())


def test_the_events_of_a_dossier_are_paged_like_every_list(api: Api) -> None:
    code = a_dossier(api, Status.RETURNED)
    path, found = f"{PATH}/{code}/events", []
    answer = api.citizen().get(path, limit=2)
    while True:
        found += [event["seq"] for event in succeeded(answer)["items"]]
        if answer.json()["next"] is None:
            break
        answer = api.citizen().get(answer.links["next"]["url"])

    assert found == [1, 2, 3, 4, 5]
