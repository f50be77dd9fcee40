"""Money through the platform: opened there, paid there, settled by its signed notice."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from app.domain.actor import Role
from app.domain.lifecycle import Act
from app.domain.payments import PaymentRefused, Purpose
from app.integrations.payment_platform import sign
from app.services import fees, notices
from app.services.transition import DossierNotFound
from tests.builders import DISTRICT, FULL, JUSTICE, PARTIAL
from tests.services.cashier import Cashier, a_cashier, until
from tests.services.office import a_desk, staff

LAND = "2.000889"
CONFIRM_ORDER = (
    *("LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich"),
    *("MaNganHang", "ThoiGianGD", "ThongTinGiaoDich"),
)
ANSWER_ORDER = ("MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
REJECTED = {
    "wrong_amount": "Sai số tiền",
    "wrong_order": "Không có khoản thanh toán này",
    "wrong_merchant": "Sai mã đối tác",
    "wrong_currency": "Sai loại tiền",
}


@pytest.fixture(scope="module")
def cashier(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cashier]:
    with a_cashier(module_database, tmp_path_factory.mktemp("cashier")) as cashier:
        yield cashier


def test_a_fee_is_opened_paid_and_settled_by_notice(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit()
    reference = cashier.open(code)
    pending = office.payment(reference)
    assert (pending["status"], pending["amount_vnd"]) == ("pending", 200_000)
    assert pending["pay_url"].startswith(f"{office.mocks.url}/payment/pay/")
    order = office.mocks.order(reference)
    assert (order["amount_vnd"], order["status"]) == (200_000, "waiting")

    cashier.pay(reference)
    cashier.apply()

    paid = office.payment(reference)
    assert (paid["status"], paid["paid_at"]) == ("paid", office.clock())
    assert paid["transaction"] == order["transaction"]
    assert paid["bank"] == "VIETCOMBANK"
    assert paid["receipt_number"] == f"BL-{reference}"
    assert paid["refund_due_at"] is None
    assert office.dossier(code)["status"] == "registered", "a fee does not move the dossier"
    told = office.mocks.order(reference)["notices"]
    assert [notice["acknowledged_at"] is not None for notice in told] == [True]


def test_each_fee_is_asked_for_in_its_phase(cashier: Cashier) -> None:
    code = cashier.office.submit(LAND, DISTRICT)
    amounts = {}
    for purpose in (Purpose.ACCEPTANCE, Purpose.RETURN):
        reference = cashier.open(code, purpose)
        lines = cashier.office.mocks.order(reference)["init"]["ThongTinBienLai"]["PhiLePhi"]
        amounts[purpose] = [line["SoTien"] for line in lines]

    assert amounts == {Purpose.ACCEPTANCE: ["300000"], Purpose.RETURN: ["50000"]}


def test_opened_again_it_is_the_same_payment(cashier: Cashier) -> None:
    code = cashier.office.submit()

    assert cashier.open(code) == cashier.open(code)
    assert len(cashier.books(code)["payments"]) == 1


def test_the_answer_to_a_notice_is_signed_and_names_it(cashier: Cashier) -> None:
    reference = cashier.open(cashier.office.submit())

    [answer] = cashier.notice(reference)

    merchant = cashier.office.desk.partners.payment.merchant
    assert answer["MaLoi"] == "00"
    assert (answer["MaDoiTac"], answer["MaThamChieu"]) == ("DT01", reference)
    assert answer["MaXacThuc"] == sign(answer, ANSWER_ORDER, merchant)


@pytest.mark.parametrize("fault", ["wrong_signature", *REJECTED])
@pytest.mark.parametrize("is_obligation", [False, True], ids=["fee", "obligation"])
def test_a_faulty_notice_changes_nothing_at_all(
    cashier: Cashier, fault: str, *, is_obligation: bool
) -> None:
    if is_obligation:
        code = cashier.office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_PAYMENT)
        reference = cashier.open(code, Purpose.OBLIGATION)
    else:
        code = cashier.office.submit()
        reference = cashier.open(code)
    before, on_record = cashier.books(code), _notice_rows(cashier)

    [answer] = cashier.notice(reference, fault)
    cashier.apply()

    assert answer["MaLoi"] == "99"
    assert cashier.books(code) == before
    new = _notice_rows(cashier)[len(on_record) :]
    if fault == "wrong_signature":
        assert new == []
    else:
        assert [(row["state"], row["reason"]) for row in new] == [("rejected", REJECTED[fault])]
        assert answer["MoTaLoi"] == REJECTED[fault]


def _notice_rows(cashier: Cashier) -> list[dict[str, Any]]:
    return cashier.office.rows("SELECT state, reason FROM notice ORDER BY id")


def test_after_a_faulty_notice_the_right_one_still_settles(cashier: Cashier) -> None:
    reference = cashier.open(cashier.office.submit())
    for fault in ("wrong_signature", *REJECTED):
        cashier.notice(reference, fault)

    cashier.notice(reference)
    cashier.apply()

    assert cashier.office.payment(reference)["status"] == "paid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(raw=st.binary(max_size=200) | JSON.map(json.dumps).map(str.encode))
def test_what_is_no_notice_is_answered_and_leaves_no_trace(cashier: Cashier, raw: bytes) -> None:
    desk, now = cashier.office.desk, cashier.office.clock()
    before = _notice_rows(cashier)

    answer = notices.receive_payment(desk, raw, now=now)

    assert answer["MaLoi"] == "99"
    assert _notice_rows(cashier) == before


def test_a_notice_that_comes_twice_is_applied_once(cashier: Cashier) -> None:
    office = cashier.office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_PAYMENT)
    reference = cashier.open(code, Purpose.OBLIGATION)

    answers = cashier.notice(reference, "duplicate")
    cashier.apply()
    once = cashier.books(code)
    answers += cashier.notice(reference, "duplicate")
    cashier.apply()

    assert [answer["MaLoi"] for answer in answers] == ["00"] * 4
    assert cashier.books(code) == once
    assert [row["state"] for row in cashier.kept(reference)] == ["applied"]
    acts = [event["act"] for event in office.events(code)]
    assert acts.count("settle") == 1


@pytest.mark.parametrize("fault", ["late", "failed_then_paid"])
def test_a_late_notice_and_one_after_a_failure_settle(cashier: Cashier, fault: str) -> None:
    reference = cashier.open(cashier.office.submit())

    answers = cashier.notice(reference, fault)
    cashier.apply()

    assert {answer["MaLoi"] for answer in answers} == {"00"}
    paid = cashier.office.payment(reference)
    assert (paid["status"], paid["failure"], paid["refund_due_at"]) == ("paid", None, None)


def test_a_failure_that_is_told_after_the_payment_undoes_nothing(cashier: Cashier) -> None:
    reference = cashier.open(cashier.office.submit())
    cashier.notice(reference)
    cashier.apply()
    paid = cashier.office.payment(reference)

    _tell(cashier, reference, MaLoi="99")
    cashier.apply()

    assert cashier.office.payment(reference) == paid


def _tell(cashier: Cashier, reference: str, **changes: str) -> dict[str, str]:
    """Give ourselves a rightly signed notice about an order, with fields of our choice."""
    merchant = cashier.office.desk.partners.payment.merchant
    order = cashier.office.mocks.order(reference)
    notice = {
        "LoaiBanTin": "CONFIRM",
        "MaLoi": "00",
        "MaDoiTac": merchant.partner,
        "MaThamChieu": reference,
        "SoTien": order["amount_vnd"],
        "MaTienTe": "VND",
        "MaGiaoDich": order["transaction"],
        "MaNganHang": "VIETCOMBANK",
        "ThoiGianGD": "20261005101500",
        "ThongTinGiaoDich": order["init"]["ThongTinGiaoDich"],
        **changes,
    }
    raw = json.dumps(notice | {"MaXacThuc": sign(notice, CONFIRM_ORDER, merchant)}).encode()
    return notices.receive_payment(cashier.office.desk, raw, now=cashier.office.clock())


def test_after_a_failure_another_payment_may_be_opened(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit()
    first = cashier.open(code)
    cashier.pay(first, "cancelled")
    cashier.apply()
    assert (office.payment(first)["status"], office.payment(first)["failure"]) == ("failed", "02")

    second = cashier.open(code)
    cashier.pay(second)
    cashier.apply()

    assert second != first
    assert office.payment(second)["status"] == "paid"


def test_what_is_paid_twice_is_to_be_refunded_once(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit()
    first = cashier.open(code)
    cashier.pay(first, "failed")
    cashier.apply()
    second = cashier.open(code)
    cashier.pay(second)
    cashier.apply()

    cashier.pay(first)
    cashier.apply()

    assert office.payment(first)["status"] == "paid"
    assert office.payment(first)["refund_due_at"] == office.clock()
    assert office.payment(second)["refund_due_at"] is None


@pytest.mark.parametrize(
    "ending",
    [
        (Act.WITHDRAW,),
        (Act.REFUSE,),
        (Act.ACCEPT, Act.START, Act.STOP),
    ],
    ids=["withdrawn", "refused", "stopped"],
)
def test_what_is_paid_after_the_end_is_to_be_refunded(
    cashier: Cashier, ending: tuple[Act, ...]
) -> None:
    office = cashier.office
    code = office.submit()
    reference = cashier.open(code)
    for act in ending:
        office.act(code, act)
    status = office.dossier(code)["status"]

    cashier.pay(reference)
    cashier.apply()

    paid = office.payment(reference)
    assert (paid["status"], paid["refund_due_at"]) == ("paid", office.clock())
    assert office.dossier(code)["status"] == status


@pytest.mark.parametrize(
    "way",
    [(Act.SUBMIT, Act.ACCEPT), (Act.SUBMIT, Act.ACCEPT, Act.START)],
    ids=["accepted", "in_process"],
)
def test_an_obligation_stops_the_clock_and_its_payment_moves_the_dossier_on(
    cashier: Cashier, way: tuple[Act, ...]
) -> None:
    office = cashier.office
    code = office.walk(*way)
    before = office.dossier(code)
    office.act(code, Act.REQUEST_PAYMENT)
    waiting = office.dossier(code)
    assert waiting["status"] == "payment_requested"
    assert waiting["reply_due_on"] is not None
    reference = cashier.open(code, Purpose.OBLIGATION)
    assert office.payment(reference)["amount_vnd"] == 20_000
    office.clock.move(days=7)

    cashier.pay(reference)
    cashier.apply()

    after = office.dossier(code)
    last = office.events(code)[-1]
    assert (after["status"], after["status_before"]) == (before["status"], None)
    assert after["reply_due_on"] is None
    assert (last["act"], last["actor_role"]) == ("settle", "partner")
    assert last["details"] == {"payment": reference}
    assert timedelta(days=6) < after["due_at"] - before["due_at"] < timedelta(days=8)
    assert office.payment(reference)["status"] == "paid"
    office.settle()
    assert office.states(code) == ["acknowledged"] * len(office.events(code))


def test_an_obligation_paid_after_the_dossier_was_stopped_is_to_be_refunded(
    cashier: Cashier,
) -> None:
    office = cashier.office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_PAYMENT)
    reference = cashier.open(code, Purpose.OBLIGATION)
    office.act(code, Act.STOP)

    cashier.pay(reference)
    cashier.apply()

    assert office.dossier(code)["status"] == "stopped"
    paid = office.payment(reference)
    assert (paid["status"], paid["refund_due_at"]) == ("paid", office.clock())


def test_an_obligation_is_not_taken_in_cash_while_it_may_be_paid_online(cashier: Cashier) -> None:
    office = cashier.office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_PAYMENT)
    reference = cashier.open(code, Purpose.OBLIGATION)
    before = cashier.books(code)

    with pytest.raises(PaymentRefused):
        office.act(code, Act.SETTLE)

    assert cashier.books(code) == before
    cashier.pay(reference, "cancelled")
    cashier.apply()
    office.act(code, Act.SETTLE)
    assert office.dossier(code)["status"] == "in_process"


def test_one_obligation_after_another_is_settled(cashier: Cashier) -> None:
    office = cashier.office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START)
    for pay in (_settle_online, _settle_in_cash, _settle_online):
        office.act(code, Act.REQUEST_PAYMENT)
        pay(cashier, code)

    assert office.dossier(code)["status"] == "in_process"
    paid = cashier.books(code)["payments"]
    assert [(row["status"], row["refund_due_at"]) for row in paid] == [("paid", None)] * 3


def _settle_online(cashier: Cashier, code: str) -> None:
    cashier.pay(cashier.open(code, Purpose.OBLIGATION))
    cashier.apply()


def _settle_in_cash(cashier: Cashier, code: str) -> None:
    cashier.office.act(code, Act.SETTLE)


def test_late_money_for_one_obligation_does_not_settle_the_next(cashier: Cashier) -> None:
    office = cashier.office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_PAYMENT)
    first = cashier.open(code, Purpose.OBLIGATION)
    cashier.pay(first, "failed")
    cashier.apply()
    office.act(code, Act.SETTLE)
    office.act(code, Act.REQUEST_PAYMENT)

    cashier.pay(first)
    cashier.apply()

    assert office.dossier(code)["status"] == "payment_requested"
    late = office.payment(first)
    assert (late["status"], late["refund_due_at"]) == ("paid", office.clock())
    _settle_online(cashier, code)
    assert office.dossier(code)["status"] == "in_process"


def test_an_obligation_paid_online_after_cash_is_to_be_refunded(cashier: Cashier) -> None:
    office = cashier.office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_PAYMENT)
    first = cashier.open(code, Purpose.OBLIGATION)
    cashier.pay(first, "failed")
    cashier.apply()
    office.act(code, Act.SETTLE)

    cashier.pay(first)
    cashier.apply()

    late = office.payment(first)
    assert (late["status"], late["refund_due_at"]) == ("paid", office.clock())
    assert office.dossier(code)["status"] == "in_process"


def test_cash_at_the_desk_is_taken_once_and_then_not_online(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit()
    desk = office.request(code, Act.ACCEPT)

    taken = fees.take_cash(office.desk, desk, purpose=Purpose.ACCEPTANCE)

    assert (taken["status"], taken["method"], taken["amount_vnd"]) == ("paid", "cash", 200_000)
    assert taken["receipt_number"] == f"BL-{taken['reference']}"
    with pytest.raises(PaymentRefused):
        fees.take_cash(office.desk, desk, purpose=Purpose.ACCEPTANCE)
    with pytest.raises(PaymentRefused):
        cashier.open(code)
    assert len(cashier.books(code)["payments"]) == 1


def test_a_procedure_that_is_not_paid_online_is_paid_at_the_desk(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit(PARTIAL, DISTRICT)

    with pytest.raises(PaymentRefused):
        cashier.open(code)
    taken = fees.take_cash(
        office.desk, office.request(code, Act.ACCEPT), purpose=Purpose.ACCEPTANCE
    )

    assert taken["amount_vnd"] == 15_000


def test_twenty_identical_notices_at_once_are_applied_once(cashier: Cashier) -> None:
    office = cashier.office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_PAYMENT)
    reference = cashier.open(code, Purpose.OBLIGATION)

    def receive(_: int) -> str:
        answer = _tell(cashier, reference)
        notices.apply_waiting(office.desk, now=office.clock())
        return answer["MaLoi"]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(receive, range(20)))
    cashier.apply()

    assert answers == ["00"] * 20
    assert [row["state"] for row in cashier.kept(reference)] == ["applied"]
    assert [event["act"] for event in office.events(code)].count("settle") == 1
    assert office.payment(reference)["status"] == "paid"


def test_one_transaction_of_the_platform_pays_one_payment(cashier: Cashier) -> None:
    office = cashier.office
    first, second, third = (cashier.open(office.submit()) for _ in range(3))
    same = office.mocks.order(first)["transaction"]

    _tell(cashier, first)
    _tell(cashier, second, MaGiaoDich=same)
    _tell(cashier, third)
    cashier.apply()

    assert [office.payment(ref)["status"] for ref in (first, second, third)] == [
        *("paid", "pending", "paid")
    ]
    [row] = cashier.kept(second)
    assert (row["state"], row["reason"]) == ("rejected", "Trùng mã giao dịch")


def test_a_notice_on_record_is_applied_although_the_secret_was_changed_since(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with a_cashier(database, tmp_path_factory.mktemp("secret")) as cashier:
        office = cashier.office
        reference = cashier.open(office.submit())
        cashier.notice(reference)
        changed = {"payment_secret": SecretStr("bi-mat-moi")}
        with a_desk(office.settings.model_copy(update=changed)) as desk:
            notices.apply_waiting(desk, now=office.clock())

        assert office.payment(reference)["status"] == "paid"


def test_the_older_signature_works_from_end_to_end(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with a_cashier(database, tmp_path_factory.mktemp("hmac"), scheme="hmac") as cashier:
        reference = cashier.open(cashier.office.submit())
        cashier.notice(reference, "wrong_signature")
        cashier.apply()
        assert cashier.office.payment(reference)["status"] == "pending"

        cashier.pay(reference)
        cashier.apply()

        assert cashier.office.payment(reference)["status"] == "paid"


def test_a_notice_that_finds_the_web_away_comes_again(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with a_cashier(database, tmp_path_factory.mktemp("away")) as cashier:
        office = cashier.office
        reference = cashier.open(office.submit())
        # The table out of reach: the notice is answered with a fault of the server.
        office.change("ALTER TABLE notice RENAME TO notice_away")
        address = office.payment(reference)["pay_url"]
        office.mocks.http.post(address, json={"outcome": "paid"}).raise_for_status()
        until(lambda: office.mocks.order(reference)["notices"][0]["attempts"] >= 2)
        office.change("ALTER TABLE notice_away RENAME TO notice")
        until(lambda: cashier.waiting() == 1)
        cashier.apply()

        assert office.payment(reference)["status"] == "paid"


OPENING_FAULTS = [
    ("delay", {"seconds": 0.05}),
    ("hang", {"seconds": 0.05}),
    *((kind, {}) for kind in ("http_500", "http_503", "reset_before", "reset_after")),
    *((kind, {}) for kind in ("wrong_json", "html_page", "quota", "duplicate", "already_exists")),
    ("out_of_order", {"seconds": 0.05}),
]


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(("kind", "given"), OPENING_FAULTS, ids=[k for k, _ in OPENING_FAULTS])
def test_a_payment_is_opened_once_whatever_the_platform_does(
    cashier: Cashier, kind: str, given: dict[str, Any], times: int
) -> None:
    office = cashier.office
    code = office.submit()
    before = len(office.mocks.orders())
    office.mocks.fault(kind, partner="payment", service="init", times=times, **given)

    reference = cashier.open(code)

    office.mocks.http.delete("/payment/_faults")
    assert office.payment(reference)["status"] == "pending"
    assert office.states(code, "payment_platform") == ["acknowledged"]
    assert len(office.mocks.orders()) == before + 1


def test_a_payment_that_the_platform_refuses_is_over_and_another_may_be_opened(
    cashier: Cashier,
) -> None:
    office = cashier.office
    code = office.submit()
    office.mocks.fault(
        "error_code", partner="payment", service="init", times=5, message="Sai tài khoản"
    )
    first = cashier.open(code)

    assert office.payment(first)["status"] == "failed"
    [row] = office.ledger(code, "payment_platform")
    assert row["state"] == "blocked"
    assert "Sai tài khoản" in row["answer"]
    second = cashier.open(code)
    assert office.payment(second)["status"] == "pending"
    assert office.states(code, "payment_platform") == ["blocked", "acknowledged"]


def test_a_payment_that_could_not_be_opened_for_a_day_is_over_too(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit()
    office.mocks.fault("http_503", partner="payment", service="init", times=None)

    first = cashier.open(code)

    office.mocks.http.delete("/payment/_faults")
    assert office.states(code, "payment_platform") == ["dead"]
    assert office.payment(first)["status"] == "failed"
    assert office.payment(cashier.open(code))["status"] == "pending"


def test_a_payment_that_ended_before_it_was_opened_is_not_opened(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit()
    request = office.request(code, Act.WITHDRAW)
    opened = fees.open_payment(
        office.desk, request, purpose=Purpose.ACCEPTANCE, payer_ip="127.0.0.1"
    )
    office.change(
        "UPDATE payment SET status = 'expired' WHERE reference = :r", r=opened["reference"]
    )

    office.settle()

    [row] = office.ledger(code, "payment_platform")
    assert (row["state"], row["answer_code"]) == ("acknowledged", "not_needed")
    assert opened["reference"] not in office.mocks.orders()


def test_staff_do_not_pay_for_a_citizen_of_another_agency(cashier: Cashier) -> None:
    office = cashier.office
    code = office.submit(FULL, JUSTICE)
    other = office.request(code, Act.ACCEPT)
    stranger = type(other)(code, staff(Role.RECEPTIONIST, DISTRICT), other.now)

    with pytest.raises(DossierNotFound):
        fees.take_cash(office.desk, stranger, purpose=Purpose.ACCEPTANCE)
