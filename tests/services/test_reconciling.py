"""Asking the portal about every dossier: what is found, whatever the portal does meanwhile."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest

from app.domain.actor import SYSTEM
from app.domain.lifecycle import Act
from app.domain.reconciliation import ReconciliationBusy, ReconciliationRefused, Span
from app.services import reconciling
from app.services.pace import Gate, Pace
from app.services.reconciliation_shift import Shift, claim
from tests.builders import AGENCY_OF, ID_CARD, JUSTICE
from tests.services.office import Office
from tests.services.reconciled import (
    Ticking,
    alter,
    asking,
    counted,
    differences,
    drop,
    plant,
    reconciled,
    said,
    span,
    values,
)

STARTED = (Act.SUBMIT, Act.ACCEPT, Act.START)
SHORT_S = 0.3


@pytest.fixture
def office(shared_office: Office) -> Iterator[Office]:
    """The module's office; what tests spoilt before is of other dossiers."""
    portal = shared_office.desk.partners.portal
    yield shared_office
    shared_office.mocks.http.delete("/national-portal/_faults").raise_for_status()
    shared_office.change("DELETE FROM partner_breaker")
    portal.http.timeout = shared_office.settings.partner_timeout_s


def told(office: Office, *acts: Act) -> str:
    """Return a new dossier that the portal was told of to its end."""
    code = office.walk(*(acts or STARTED))
    office.settle()
    return code


def test_lost_changed_and_earlier_dossiers_are_told_apart_field_by_field(office: Office) -> None:
    fine, lost, changed, earlier = (told(office) for _ in range(4))
    drop(office, lost)
    alter(office, changed, ChuHoSo="Ai đó", DanhSachLePhi=[])
    alter(office, earlier, TrangThaiHoSo="2")

    run = reconciled(office)

    found = said(office, run)
    assert fine not in found
    assert found[lost] == ("missing", "lost")
    assert found[changed] == ("different", "changed")
    assert found[earlier] == ("behind", "lost")
    assert values(office, run, changed)["ChuHoSo"] == ("Trần Thị Mẫu", "Ai đó")
    assert set(values(office, run, changed)) == {"ChuHoSo", "DanhSachLePhi"}
    assert values(office, run, earlier) == {"TrangThaiHoSo": ("4", "2")}
    row = differences(office, run)[earlier]
    assert (row["told"], row["stage"]) == (3, 2)


def test_what_says_the_same_in_other_words_is_equal(office: Office) -> None:
    code = told(office, *STARTED, Act.RESOLVE)
    item = office.mocks.portal(code)["dossier"]
    alter(
        office,
        code,
        TaiLieuNop=item["TaiLieuNop"][::-1],
        DanhSachLePhi=[{**fee, "Gia": int(fee["Gia"])} for fee in item["DanhSachLePhi"]],
        GhiChu="của cổng",
        Fax="",
        DSKetNoiCSDL=None,
    )

    assert code not in said(office, reconciled(office))


def test_the_ledger_explains_what_is_not_there_yet(office: Office) -> None:
    behind = told(office, Act.SUBMIT)
    waiting, dead, never = (office.walk(*STARTED) for _ in range(3))
    office.act(behind, Act.ACCEPT)
    states = {dead: "dead", behind: "blocked"}
    for code, state in states.items():
        office.change(
            "UPDATE delivery SET state = :state, answer_code = '-9', answer = 'Sai mã'"
            " FROM dossier WHERE dossier.id = dossier_id AND code = :code"
            " AND seq = (SELECT min(seq) FROM delivery AS d WHERE d.dossier_id = dossier.id"
            " AND d.state = 'waiting')",
            state=state,
            code=code,
        )
    office.change(
        "DELETE FROM delivery USING dossier WHERE dossier.id = dossier_id AND code = :code",
        code=never,
    )

    run = reconciled(office)

    found = said(office, run)
    assert found[waiting] == ("not_told_yet", None)
    assert found[dead] == ("missing", "dead")
    assert found[never] == ("missing", "never_told")
    assert found[behind] == ("behind", "blocked")
    assert differences(office, run)[dead]["detail"] == "Sai mã"


def test_what_follows_our_last_number_is_found_and_so_is_what_a_list_names(
    office: Office,
) -> None:
    last = told(office, Act.SUBMIT)
    day, number = last.rsplit("-", 1)
    following = [f"{day}-{int(number) + n:04d}" for n in (1, 2, 4)]
    listed = f"{JUSTICE}-261001-0077"
    for code in (*following, listed):
        plant(office, last, code)

    run = reconciled(office, listed=[listed, last, f"{JUSTICE}-261001-0078", "H44.10-250101-0001"])

    found = said(office, run)
    assert {found[code] for code in following} == {("unknown_here", "following")}
    assert found[listed] == ("unknown_here", "listed")
    assert last not in found
    assert f"{JUSTICE}-261001-0078" not in found  # the list says so, the portal does not
    assert counted(office, run)["unknown_here"] == 4
    assert values(office, run, listed)["ChuHoSo"] == (None, "Trần Thị Mẫu")

    again = reconciled(office, ahead=0)
    assert {said(office, again)[code] for code in (*following, listed)} == {
        ("unknown_here", "listed")
    }
    for code in (*following, listed):
        drop(office, code)
    assert counted(office, reconciled(office))["unknown_here"] == 0


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ("http_500", 2),
        ("http_503", 7),
        ("reset_before", 3),
        ("reset_after", 3),
        ("wrong_json", 2),
        ("html_page", 2),
        ("expired_session", 3),
        ("duplicate", 2),
        ("quota", 2),
        ("hang", 2),
    ],
)
def test_a_portal_that_misbehaves_in_the_middle_is_asked_again(
    office: Office, kind: str, times: int
) -> None:
    codes = [told(office, Act.SUBMIT) for _ in range(2)]
    drop(office, codes[1])
    office.desk.partners.portal.http.timeout = SHORT_S
    given: dict[str, Any] = {"seconds": 1.0} if kind == "hang" else {}
    office.mocks.fault(kind, service="TraCuuHoSo", times=times, **given)

    run = reconciled(office, tries=8, ahead=0)

    found = said(office, run)
    assert codes[0] not in found
    assert found[codes[1]] == ("missing", "lost")
    assert counted(office, run)["unasked"] == 0
    assert office.rows("SELECT * FROM partner_breaker WHERE open_until IS NOT NULL") == []


def test_a_portal_that_is_silent_for_too_long_is_given_up_and_everything_said_to_be_unasked(
    office: Office,
) -> None:
    told(office, Act.SUBMIT)
    office.mocks.fault("http_503", times=None)

    run = reconciled(office, patience=timedelta(seconds=0.5))

    found = counted(office, run)
    assert found["unasked"] > 0
    dossiers = office.one("SELECT count(*) AS n FROM dossier")["n"]
    assert found["unasked"] == dossiers
    assert set(said(office, run).values()) <= {("unasked", "silent"), ("unknown_here", "listed")}


def test_a_refusal_to_answer_is_named_and_is_not_taken_for_absence(office: Office) -> None:
    code = told(office, Act.SUBMIT)
    office.mocks.fault("error_code", service="TraCuuHoSo", times=None, message="Không đủ quyền")
    run = reconciled(office, ahead=0)
    assert said(office, run)[code] == ("unasked", "refused")
    assert differences(office, run)[code]["detail"] == "-1: Không đủ quyền"
    office.mocks.http.delete("/national-portal/_faults")

    office.mocks.fault("error_code", service="TraCuuHoSo", times=None, message="Không tìm thấy")
    assert said(office, reconciled(office, ahead=0))[code] == ("missing", "lost")


def test_a_dossier_that_is_acted_on_while_it_is_asked_about_is_looked_at_again(
    office: Office,
) -> None:
    code = told(office, Act.SUBMIT)
    desk = asking(office.desk)
    run = reconciling.begin(desk, span(office), actor=SYSTEM, now=office.clock())
    assert run is not None
    looked = desk.partners.portal.look_up

    def look_up(asked: str) -> object:
        if asked == code and office.states(code) == ["acknowledged"]:
            office.act(code, Act.ACCEPT)
            office.settle()
        return looked(asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(desk.partners.portal), "look_up", lambda _, asked: look_up(asked))
        reconciling.work(desk, run, Ticking(office.clock()))

    assert code not in said(office, run)


def test_killed_in_the_middle_it_goes_on_and_counts_each_dossier_once(office: Office) -> None:
    codes = [told(office, Act.SUBMIT) for _ in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.services.reconciliation_planning.SIZE", 2)
        desk = asking(office.desk)
        run = reconciling.begin(desk, span(office), actor=SYSTEM, now=office.clock())
    assert run is not None
    clock = Ticking(office.clock())
    lease = claim(desk, run, clock())
    gate = Gate(desk.engine, Pace(0), clock, 2, 60)
    killed = Shift(desk, run, lease, gate, clock)
    parts = killed.parts()
    assert len(parts) > 2
    done = killed.ask_part(parts[-1])
    with pytest.raises(ReconciliationBusy):
        reconciling.work(desk, run, clock)

    clock.at += timedelta(minutes=1)
    advanced: list[int] = []
    assert reconciling.work(desk, run, clock, advance=advanced.append)

    row = office.one("SELECT * FROM reconciliation WHERE id = :id", id=run)
    assert done + sum(advanced) == row["planned"] == row["done"]
    total = office.one("SELECT count(*) AS n FROM dossier")["n"]
    found = counted(office, run)
    assert found.total() - found["held"] - found["unknown_here"] == total
    assert not set(codes) & set(said(office, run))
    with pytest.raises(ReconciliationBusy):
        killed.renew()  # who comes back records nothing
    with pytest.raises(ReconciliationRefused):
        reconciling.work(desk, run, clock)


def test_two_runs_at_once_do_not_disturb_each_other(office: Office) -> None:
    lost, _ = told(office, Act.SUBMIT), told(office, Act.SUBMIT)
    drop(office, lost)
    runs: list[int] = []
    threads = [Thread(target=lambda: runs.append(reconciled(office, ahead=0))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    first, second = runs
    assert said(office, first) == said(office, second)
    assert counted(office, first) == counted(office, second)
    assert said(office, first)[lost] == ("missing", "lost")


def test_every_night_one_worker_asks_about_last_month_and_this_one(office: Office) -> None:
    code = told(office, Act.SUBMIT)
    desk = asking(office.desk)
    night = office.clock().replace(hour=3) + timedelta(days=1)
    early, clock = night.replace(hour=2), Ticking(night)
    assert reconciling.nightly(desk, lambda: early) == 0

    done = [reconciling.nightly(desk, clock) for _ in range(3)]

    assert done == [1, 0, 0]
    rows = office.rows("SELECT * FROM reconciliation WHERE origin = 'nightly'")
    assert [(row["first_on"].month, row["state"]) for row in rows] == [(9, "finished")]
    assert code not in said(office, rows[0]["id"])
    assert counted(office, rows[0]["id"]).total() > 0

    clock.at += timedelta(days=120)
    assert reconciling.nightly(desk, clock) == 1
    kept = differences(office, rows[0]["id"])
    assert {row["outcome"] for row in kept.values()} <= {"unknown_here"}
    assert counted(office, rows[0]["id"]).total() > 0


def test_an_agency_alone_is_asked_about_with_those_below_it(office: Office) -> None:
    mine, other = told(office, Act.SUBMIT), office.take_in("1.001193", "H44.29")
    office.settle()
    drop(office, mine)
    drop(office, other)

    found = said(office, reconciled(office, agency=JUSTICE))

    assert mine in found
    assert other not in found
    with pytest.raises(ReconciliationRefused):
        reconciling.begin(
            office.desk,
            Span(office.clock().date(), office.clock().date(), "X99"),
            actor=SYSTEM,
            now=office.clock(),
        )


def test_stopped_it_lets_go_of_the_run_and_ends_nobody_else(office: Office) -> None:
    told(office, Act.SUBMIT)
    desk, clock = asking(office.desk), Ticking(office.clock())
    run = reconciling.begin(desk, span(office), actor=SYSTEM, now=office.clock())
    assert run is not None
    closing = Event()
    closing.set()
    assert not reconciling.work(desk, run, clock, closing=closing)

    closing.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.services.reconciliation_shift.find", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reconciling.work(desk, run, clock, closing=closing)
    assert not closing.is_set()  # a fault here is no reason for the worker to end

    clock.at += timedelta(minutes=1)
    assert reconciling.work(desk, run, clock, closing=closing)


def test_what_the_other_generation_holds_cannot_be_asked_and_is_not_guessed(
    office: Office,
) -> None:
    agency = AGENCY_OF[ID_CARD]
    office.change(
        "INSERT INTO portal_route VALUES (:agency, '2026-10-01', 'central', 'G09.20')",
        agency=agency,
    )
    registered, lost = office.submit(ID_CARD, agency), office.submit(ID_CARD, agency)
    office.settle()
    waiting = office.submit(ID_CARD, agency)
    office.change(
        "UPDATE portal_dossier SET portal_id = NULL FROM dossier"
        " WHERE dossier.id = dossier_id AND code = :code",
        code=lost,
    )

    run = reconciled(office, agency=agency)

    found, listed = counted(office, run), said(office, run)
    assert (found["cannot_be_asked"], found["held"]) == (3, 1)
    assert listed == {lost: ("cannot_be_asked", "unregistered")}
    assert not {registered, waiting} & set(listed)
    office.change("DELETE FROM portal_route")
