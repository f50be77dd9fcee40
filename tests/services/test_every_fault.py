"""Each fault that a mock has, at each of its calls: all asked for at once, met one after another.

Whatever is told then is acknowledged, or stands before a person with the reason; let go on by that
person, it arrives, once and in order.
"""

from collections.abc import Callable, Iterator

import pytest

from app.domain.lifecycle import Act
from app.domain.lookups import Purpose as Asked
from app.domain.messages import Channel
from app.domain.parcels import ParcelKind
from app.domain.payments import Purpose
from app.domain.procedure import ApplicantKind
from app.mocks.faults import KINDS
from app.services import category_work, fees, parcels
from tests.builders import DESK, DISTRICT
from tests.services import errands
from tests.services.office import Mocks, Office, an_applicant, release
from tests.services.telling import Telling

JOURNEY = (Act.TAKE_IN, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT, Act.RESOLVE)
SHORT_S = 0.01
ROUNDS = 60  # of something new to be told
GENERATIONS = {
    "national-portal": (
        *("login", "TraCuuHoSo", "DongBoHoSoMC"),
        *("DongBoTrangThaiHoSo", "CapNhatTienDoHoSoMC"),
    ),
    "central-portal": (
        *("GetToken", "GetNextValue", "UploadFile"),
        *("CreateDossier", "CapNhatTienTrinh", "CapNhatTrangThai"),
    ),
}


def _meet_all(
    mocks: Mocks, partner: str, services: tuple[str, ...], tell: Callable[[], None]
) -> int:
    """Ask for every fault that can strike at these calls; tell news until each has struck.

    Returns how many those were.
    """
    armed = 0
    for kind in KINDS:
        for service in services:
            wanted = {"kind": kind, "service": service, "seconds": SHORT_S}
            answer = mocks.http.post(f"/{partner}/_faults", json=wanted)
            armed += answer.status_code == 201  # not every partner has every fault at every call
    for _ in range(ROUNDS):
        waiting = mocks.http.get(f"/{partner}/_faults").json()["faults"]
        if not waiting:
            return armed
        tell()
    raise AssertionError([(fault["kind"], fault["service"]) for fault in waiting])


@pytest.fixture
def office(shared_office: Office, mocks: Mocks) -> Iterator[Office]:
    """The module's office; a dossier at the district is told to generation B."""
    assert shared_office.mocks is mocks
    shared_office.change("DELETE FROM partner_breaker")
    shared_office.change(
        "INSERT INTO portal_route VALUES (:agency, '2020-01-01', 'central', NULL)"
        " ON CONFLICT DO NOTHING",
        agency=DISTRICT,
    )
    yield shared_office
    mocks.calm()


def _go_on(office: Office, code: str) -> None:
    """Read why a dossier's message stands, as a person does, and let it be tried again."""
    office.settle()
    while any(state in {"blocked", "dead"} for state in office.states(code)):
        stuck = [row for row in office.ledger(code) if row["state"] in {"blocked", "dead"}]
        assert all(row["answer_code"] and row["answer"] for row in stuck)
        release(office, code)
        office.settle()


@pytest.mark.parametrize("partner", GENERATIONS)
def test_a_portal_is_told_everything_once_in_order(
    office: Office, mocks: Mocks, partner: str
) -> None:
    is_central = partner == "central-portal"
    codes: list[str] = []

    def tell() -> None:
        if is_central:
            code = office.take_in(DESK, DISTRICT)
            for act in JOURNEY[1:]:
                office.act(code, act)
        else:
            code = office.walk(*JOURNEY)
        codes.append(code)
        _go_on(office, code)

    mocks.http.delete(f"/{partner}/{'_tokens' if is_central else '_sessions'}")
    armed = _meet_all(mocks, partner, GENERATIONS[partner], tell)

    assert armed >= 12 * len(GENERATIONS[partner])
    for code in codes:
        if is_central:
            office.check_central_books(code)
        else:
            office.check_books(code)


def test_a_payment_is_opened_once_or_over_with_the_reason(office: Office, mocks: Mocks) -> None:
    references: dict[str, str] = {}

    def tell() -> None:
        code = office.submit()
        request = office.request(code, Act.WITHDRAW)
        opened = fees.open_payment(
            office.desk, request, purpose=Purpose.ACCEPTANCE, payer_ip="127.0.0.1"
        )
        references[opened["reference"]] = code
        office.settle()

    _meet_all(mocks, "payment", ("init",), tell)

    opened = {ref for ref in references if office.payment(ref)["status"] == "pending"}
    for reference in references.keys() - opened:
        [row] = office.ledger(references[reference], "payment_platform")
        assert row["state"] in {"blocked", "dead"}
        assert row["answer_code"], row["answer"]
        assert office.payment(reference)["status"] == "failed"
    there = mocks.orders()
    # One that was given up may be there without anybody having been told where to pay.
    assert opened <= set(there) <= references.keys()
    assert len(there) == len(set(there))


def _check_answered(office: Office, table: str) -> None:
    for row in office.rows(f"SELECT * FROM {table}"):
        assert row["state"] in {"acknowledged", "blocked", "dead"}
        assert row["state"] == "acknowledged" or (row["answer_code"] and row["answer"])


def test_what_is_looked_up_is_answered_or_says_why_not(errand_office: Office) -> None:
    office = errand_office

    def tell() -> None:
        office.change("TRUNCATE lookup_answer")  # else what is known is not asked again
        citizen = office.submit()
        office.submit("2.000693", "H44.18", kind=ApplicantKind.ENTERPRISE)
        errands.ask(office, citizen, Asked.REUSE_RESULT)
        errands.settle(office, "lookup")

    services = ("token", "population", "business", "store_list")
    office.mocks.http.delete("/lgsp/_tokens")
    _meet_all(office.mocks, "lgsp", services, tell)

    _check_answered(office, "lookup")


def test_categories_are_there_in_the_end(errand_office: Office) -> None:
    office = errand_office

    def tell() -> None:
        while category_work.refresh(office.desk, office.clock):
            pass
        office.clock.move(days=1)

    _meet_all(office.mocks, "lgsp", ("categories",), tell)
    tell()

    assert all(row["entries"] for row in office.rows("SELECT entries FROM shared_category"))


def test_a_parcel_is_ordered_cancelled_and_followed_once(errand_office: Office) -> None:
    office = errand_office
    ordered: list[str] = []

    def tell() -> None:
        code = office.submit()
        errands.order(office, code, ParcelKind.COLLECT)
        other = office.walk(Act.TAKE_IN, Act.START, Act.RESOLVE)
        errands.order(office, other)
        errands.settle(office, "post_order")
        if errands.order_of(office, code)["state"] == "acknowledged":
            parcels.cancel(office.desk, errands.by_clerk(office, code), 1)
            errands.settle(office, "post_order")
        errands.track(office)
        ordered.extend([code, other])

    services = ("token", "vnpost", "collectvnpost", "cancel", "tracking")
    office.mocks.http.delete("/post/_tokens")
    _meet_all(office.mocks, "post", services, tell)

    _check_answered(office, "post_order")
    placed = [errands.at_the_post(office, row["number"])["placed"] for row in _acknowledged(office)]
    assert set(placed) == {1}


def _acknowledged(office: Office) -> list[dict[str, str]]:
    return office.rows("SELECT number FROM post_order WHERE state = 'acknowledged'")


CHANNELS = {
    "mail": (Channel.EMAIL, ("connect", "rcpt", "data")),
    "sms": (Channel.SMS, ("messages",)),
    "zalo": (Channel.ZALO, ("message/template",)),
}


@pytest.mark.parametrize("partner", CHANNELS)
def test_people_are_told_once_or_it_says_why_not(people: Telling, partner: str) -> None:
    channel, services = CHANNELS[partner]
    people.prefer(an_applicant(), channel)
    codes: list[str] = []

    def tell() -> None:
        codes.append(people.office.walk(Act.SUBMIT, Act.ACCEPT))
        people.settle()

    _meet_all(people.mocks, partner, services, tell)

    for code in codes:
        for notice in people.notices(code):
            assert notice["state"] == "acknowledged" or (
                notice["state"] in {"blocked", "dead"} and notice["answer_code"]
            )
    texts = [text["number"] for gateway in ("sms", "zalo") for text in people.texts(gateway)]
    assert len(texts) == len(set(texts))


def test_a_subscriber_hears_every_version_in_order(people: Telling) -> None:
    people.subscribe()
    codes: list[str] = []

    def tell() -> None:
        codes.append(people.office.walk(Act.SUBMIT, Act.ACCEPT, Act.START))
        for _ in range(ROUNDS):
            people.post()
            if all(row["state"] == "acknowledged" for row in people.deliveries()):
                return
            people.office.clock.move(minutes=6)

    _meet_all(people.mocks, "hooks", ("event",), tell)

    for code in codes:
        heard = [event["version"] for event in people.events() if event["subject"] == code]
        assert [*dict.fromkeys(heard)] == [1, 2, 3]
