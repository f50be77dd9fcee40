"""What time alone, or a finished step, causes."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest

from app.domain.documents import DocumentKind
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act
from app.services import processing, sweeps
from tests.services.office import Office, a_desk


def _resolved(office: Office, way: ReturnWay, *, has_result: bool = True) -> str:
    """Bring a new dossier to its result, or to a denial without any paper."""
    code = office.submit(return_way=way)
    for act in (Act.ACCEPT, Act.START):
        office.act(code, act)
    request = office.request(code, Act.RESOLVE)
    results = (office.upload(request.actor, DocumentKind.RESULT),) if has_result else ()
    processing.resolve(
        office.desk, request, granted=has_result, reason="Không đủ điều kiện", documents=results
    )
    return code


def _sweep(office: Office) -> int:
    office.clock.move(minutes=1)
    return sweeps.return_electronic_results(office.desk, now=office.clock())


def test_a_result_that_is_wanted_online_and_there_is_returned_by_the_system(
    shared_office: Office,
) -> None:
    office = shared_office
    code = _resolved(office, ReturnWay.ONLINE)

    assert _sweep(office) == 1

    last = office.events(code)[-1]
    assert (last["act"], last["target"]) == ("return_result", "returned")
    assert (last["actor_role"], last["actor_name"]) == ("system", "Hệ thống")
    assert last["details"] == {"return_way": "online"}
    assert last["occurred_at"] == office.clock()
    assert _sweep(office) == 0
    office.settle()
    office.check_books(code)


@pytest.mark.parametrize(
    ("way", "has_result"),
    [(ReturnWay.DESK, True), (ReturnWay.POST, True), (ReturnWay.ONLINE, False)],
    ids=["at the desk", "by post", "no result"],
)
def test_every_other_result_waits_for_a_person(
    shared_office: Office, way: ReturnWay, *, has_result: bool
) -> None:
    code = _resolved(shared_office, way, has_result=has_result)

    assert _sweep(shared_office) == 0
    assert shared_office.dossier(code)["status"] == "resolved"


def test_a_paper_that_was_handed_in_is_no_result(shared_office: Office) -> None:
    code = _resolved(shared_office, ReturnWay.ONLINE, has_result=False)
    papers = shared_office.one(
        "SELECT count(*) AS n FROM document JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code",
        code=code,
    )

    assert papers["n"] > 0
    assert _sweep(shared_office) == 0


@pytest.mark.parametrize("status", ["in_process", "returned", "replayed"])
def test_nothing_else_is_returned(shared_office: Office, status: str) -> None:
    office = shared_office
    if status == "in_process":
        code = office.submit(return_way=ReturnWay.ONLINE)
        for act in (Act.ACCEPT, Act.START):
            office.act(code, act)
    else:
        code = _resolved(office, ReturnWay.ONLINE)
    if status == "returned":
        office.act(code, Act.RETURN_RESULT)
    if status == "replayed":
        office.change("UPDATE dossier SET origin = 'replay' WHERE code = :code", code=code)
    before = office.dossier(code)

    assert _sweep(office) == 0
    assert office.dossier(code) == before


def test_several_workers_return_each_result_once(shared_office: Office) -> None:
    office = shared_office
    codes = [_resolved(office, ReturnWay.ONLINE) for _ in range(8)]
    office.clock.move(minutes=1)

    with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        desks = [stack.enter_context(a_desk(office.settings)) for _ in range(4)]
        done = list(
            pool.map(lambda d: sweeps.return_electronic_results(d, now=office.clock()), desks)
        )

    assert sum(done) == len(codes)
    for code in codes:
        assert [event["act"] for event in office.events(code)].count("return_result") == 1


def test_answers_under_request_keys_are_forgotten_after_a_week(office: Office) -> None:
    week = timedelta(days=7)
    for age in (timedelta(), week - timedelta(seconds=1), week, week + timedelta(seconds=1)):
        office.submit()
        office.change(
            "UPDATE idempotency SET created_at = :at WHERE created_at = :now",
            at=office.clock() - age,
            now=office.clock(),
        )
        office.clock.move(minutes=-1)

    def forget() -> int:
        return sweeps.forget_answers(office.desk, now=office.clock())

    office.clock.move(minutes=1)
    kept = "SELECT count(*) AS n FROM idempotency"
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: forget(), range(4))) == 1
    assert office.one(kept)["n"] == 3
    office.clock.move(days=8)
    assert forget() == 3
    assert office.one("SELECT count(*) AS n FROM dossier")["n"] == 4
