"""Search and lists against a brute-force reading of every dossier, for every role."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.db.access import acting
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.folding import SearchRefused, kept_words, read_query
from app.domain.lifecycle import Status
from app.services import processing, search
from app.services.search import Wanted
from app.services.transition import Request
from tests.domain.test_folding import matches
from tests.queue.office import (
    DISTRICT,
    JUSTICE,
    OTHER_DISTRICT,
    PROVINCE,
    TUESDAY,
    Office,
    citizen,
    staff,
)

MANY = 300


@pytest.fixture(scope="module")
def province(office: Office) -> Office:
    office.write(office.random_rows(random.Random(311), MANY))
    return office


@pytest.fixture(params=["as it is", "in small steps"])
def small_steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let searches also do with far less work at a time, so that few dossiers are many."""
    if request.param == "in small steps":
        for name, size in (("_SAMPLE", 20), ("_STRETCH", 60), ("_COMMON", 3), ("_MOST_HITS", 8)):
            monkeypatch.setattr(search, name, size)


PEOPLE = [
    *(staff(role, DISTRICT) for role in sorted(set(Role) - {Role.APPLICANT, Role.SYSTEM})),
    staff(Role.OFFICER, PROVINCE),
    staff(Role.RECEPTIONIST, JUSTICE),
    staff(Role.RECEPTIONIST, "H44.11"),
    Actor("officer@", Role.OFFICER, "Không cơ quan"),
    citizen("025900000003"),
    citizen("025999999999"),
]
ASKED = [
    Wanted(),
    Wanted("nguyễn"),
    Wanted("NGUYEN van"),
    Wanted("van nguyen h"),
    Wanted("hoà"),
    Wanted("mậu"),
    Wanted("khuyen tran"),
    Wanted("zzz"),
    Wanted("025900000003"),
    Wanted("0259"),
    Wanted("H44.29"),
    Wanted("26"),
    Wanted("nguyen", status=Status.IN_PROCESS),
    Wanted("nguyen", agency=OTHER_DISTRICT),
    Wanted("trần", received_from=TUESDAY.date() - timedelta(days=200)),
    Wanted("trần", received_to=TUESDAY.date() - timedelta(days=200)),
    Wanted(status=Status.RETURNED),
    Wanted(agency=PROVINCE),
    Wanted(agency="H99"),
    Wanted(
        received_from=TUESDAY.date() - timedelta(days=90),
        received_to=TUESDAY.date() - timedelta(days=30),
        status=Status.RESOLVED,
    ),
]


def _found(office: Office, wanted: Wanted, actor: Actor, limit: int = 40) -> list[str]:
    return [item["code"] for item in _items(office, wanted, actor, limit)]


def _items(office: Office, wanted: Wanted, actor: Actor, limit: int) -> Iterator[dict[str, Any]]:
    after = None
    for _ in range(MANY * 4):
        page = search.find(office.desk, wanted, actor=actor, after=after, limit=limit, now=TUESDAY)
        assert len(page.dossiers) <= limit
        yield from page.dossiers
        after = page.next
        if after is None:
            return
    pytest.fail("the list never ends")


def _may_see(office: Office, row: dict[str, Any], actor: Actor) -> bool:
    if actor.role is Role.APPLICANT:
        return actor.identity_number in {row["applicant_number"], row["submitter_id"]}
    return actor.role in DESK_ROLES and any(
        _is_within(office, agency, actor.agency) for agency in row["agency_ids"]
    )


def _is_within(office: Office, agency_id: int, agency: str | None) -> bool:
    return f"{office.catalogue.agency_codes[agency_id]}.".startswith(f"{agency}.")


def _is_wanted(office: Office, row: dict[str, Any], wanted: Wanted, actor: Actor) -> bool:
    hands = (row["agency_id"], row["at_agency_id"])
    has_words = wanted.words or wanted.procedure
    within = wanted.agency
    if within is None and not has_words and actor.role in DESK_ROLES:
        within = actor.agency  # a list without words is of what the agency resolves or has
    procedure = office.catalogue.offered[row["procedure_version_id"]].procedure.code
    kept = kept_words(
        row["applicant_name"], row["applicant_number"], row["contact"]["phone"], procedure
    )
    agency, day, number = row["code"].split("-")
    kept += [agency.lower(), f"{day}-{number}", number]
    return (
        (wanted.status is None or row["status"] == wanted.status)
        and (within is None or any(_is_within(office, hand, within) for hand in hands))
        and (wanted.received_from is None or row["received_on"] >= wanted.received_from)
        and (wanted.received_to is None or row["received_on"] <= wanted.received_to)
        and matches(read_query(wanted.words, wanted.procedure), kept)
    )


def _expected(office: Office, wanted: Wanted, actor: Actor) -> list[str]:
    rows = sorted(office.rows(), key=lambda row: (row["received_at"], row["id"]), reverse=True)
    return [
        row["code"]
        for row in rows
        if _may_see(office, row, actor) and _is_wanted(office, row, wanted, actor)
    ]


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("actor", PEOPLE, ids=lambda actor: actor.id)
def test_everybody_finds_what_they_may_see_and_nothing_else_newest_first(
    province: Office, actor: Actor
) -> None:
    some = 0
    for wanted in ASKED:
        expected = _expected(province, wanted, actor)
        assert _found(province, wanted, actor) == expected, wanted
        some += len(expected)
    assert bool(some) is (_may_see_any(province, actor))


def _may_see_any(office: Office, actor: Actor) -> bool:
    return any(_may_see(office, row, actor) for row in office.rows())


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("limit", [2, 7])
def test_pages_of_any_size_hold_the_same(province: Office, limit: int) -> None:
    for wanted in (Wanted("nguyễn h"), Wanted(status=Status.IN_PROCESS), Wanted("0259")):
        for actor in (staff(), staff(agency=PROVINCE), citizen("025900000003")):
            assert _found(province, wanted, actor, limit) == _expected(province, wanted, actor)


@pytest.mark.usefixtures("small_steps")
def test_every_procedure_is_found_by_those_who_may(province: Office) -> None:
    codes = {offered.procedure.code for offered in province.catalogue.offered.values()}
    for procedure in sorted(codes)[:8]:
        for words in (None, "tran"):
            wanted = Wanted(words, procedure=procedure)
            for actor in (staff(), citizen("025900000003")):
                assert _found(province, wanted, actor) == _expected(province, wanted, actor)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=200))
def test_no_text_is_too_strange_to_be_looked_for(province: Office, words: str) -> None:
    wanted = Wanted(words)
    for actor in (staff(), citizen("025900000003")):
        try:
            found = _found(province, wanted, actor, 100)
        except SearchRefused:
            continue
        assert found == _expected(province, wanted, actor)


@pytest.mark.parametrize("actor", PEOPLE, ids=lambda actor: actor.id)
def test_the_database_shows_words_only_to_who_sees_the_dossier(
    province: Office, actor: Actor
) -> None:
    """Without any filter in the query: row security alone."""
    with acting(province.desk.engine, actor) as tx:
        shown = set(tx.db.scalars(text("SELECT dossier_id FROM dossier_search")))
        hits = tx.db.execute(
            text("""
                SELECT dossier_id FROM search_hits('''@0259'':*', '''@0259'':*', now(),
                    '2000-01-01', '2100-01-01', 0, 100000)
            """)
        )
        hit = {row.dossier_id for row in hits}
    visible = {row["id"] for row in province.rows() if _may_see(province, row, actor)}
    assert shown == visible
    assert hit == (visible if actor.role in DESK_ROLES else set())


def test_words_can_neither_be_changed_nor_taken_away_by_the_application(
    province: Office,
) -> None:
    for statement in ("UPDATE dossier_search SET words = ''", "DELETE FROM dossier_search"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            acting(province.desk.engine, staff()) as tx,
        ):
            tx.db.execute(text(statement))


def test_a_dossier_handed_on_is_found_on_both_sides(own_office: Office) -> None:
    code = own_office.a_dossier(Status.IN_PROCESS, applicant_name="Lê Văn Chuyển")
    wanted, there = Wanted("chuyen"), staff(agency=OTHER_DISTRICT)
    assert _found(own_office, wanted, there) == []
    processing.pass_on(
        own_office.desk,
        Request(code, staff(), TUESDAY),
        agency=OTHER_DISTRICT,
        reason="Đúng thẩm quyền",
    )
    assert _found(own_office, wanted, there) == _found(own_office, wanted, staff()) == [code]
    assert _found(own_office, replace(wanted, words=code), there) == [code]
    assert _found(own_office, Wanted(), there) == _found(own_office, Wanted(), staff()) == [code]
    assert _found(own_office, wanted, staff(agency=JUSTICE)) == []


def test_what_is_rare_among_many_is_found_in_few_steps(own_office: Office) -> None:
    own_office.write([own_office.a_row(Status.RETURNED) for _ in range(1_500)])
    old = TUESDAY - timedelta(days=900)
    rare = own_office.a_dossier(Status.RETURNED, applicant_name="Khuất Thị Khuyên", received_at=old)
    page = search.find(
        own_office.desk, Wanted("khuyen khuat"), actor=staff(), after=None, limit=20, now=TUESDAY
    )
    assert ([item["code"] for item in page.dossiers], page.next) == ([rare], None)


def test_a_page_cut_short_by_the_work_it_takes_says_where_to_go_on(own_office: Office) -> None:
    own_office.write([own_office.a_row(Status.RETURNED) for _ in range(6_100)])
    old = TUESDAY - timedelta(days=900)
    rare = own_office.a_dossier(Status.STOPPED, received_at=old)
    wanted = Wanted("trần thị mẫu", status=Status.STOPPED)
    first = search.find(own_office.desk, wanted, actor=staff(), after=None, limit=20, now=TUESDAY)
    assert first.dossiers == []
    assert first.next is not None
    assert _found(own_office, wanted, staff()) == [rare]
