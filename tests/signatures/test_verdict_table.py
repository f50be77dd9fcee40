"""Who signed, when and with what: the verdict on documents that nobody tampered with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.signature import Coverage, Indication, SubIndication, Verdict
from app.signatures.trust import TrustStore
from tests.signatures.forge_pdf import plain_pdf
from tests.signatures.office import AGENCY, DAY, NOW, Desk


def outcome(verdict: Verdict) -> tuple[Indication, SubIndication | None]:
    return verdict.indication, verdict.sub_indication


PASSED = (Indication.TOTAL_PASSED, None)


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize("signer", [AGENCY, "citizen", "firm"])  # P-256, RSA, P-256
def test_a_valid_signer_passes_with_and_without_a_stamp(
    desk: Desk, signer: str, *, stamped: bool
) -> None:
    verdict = desk.verdict(desk.sign(plain_pdf(), signer, stamped=stamped))

    assert outcome(verdict) == PASSED
    assert (verdict.intact, verdict.valid, verdict.trusted) == (True, True, True)
    assert verdict.coverage is Coverage.WHOLE


@pytest.mark.parametrize(
    ("signer", "sub_indication"),
    [
        ("expired", SubIndication.OUT_OF_BOUNDS_NO_POE),
        ("revoked", SubIndication.REVOKED_NO_POE),
    ],
)
@pytest.mark.parametrize("stamped", [True, False])
def test_a_stamp_made_too_late_saves_no_expired_or_revoked_signer(
    desk: Desk, signer: str, sub_indication: SubIndication, *, stamped: bool
) -> None:
    verdict = desk.verdict(desk.sign(plain_pdf(), signer, stamped=stamped))

    assert outcome(verdict) == (Indication.INDETERMINATE, sub_indication)
    assert (verdict.intact, verdict.valid, verdict.trusted) == (True, True, False)


@pytest.mark.parametrize(
    ("signer", "expected"),
    [
        ("good", None),
        ("wrong_usage", SubIndication.CHAIN_CONSTRAINTS_FAILURE),
        ("tsa", SubIndication.CHAIN_CONSTRAINTS_FAILURE),  # a certificate for stamps alone
        ("unknown_ca", SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
        ("short_key", SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
        ("future", SubIndication.NOT_YET_VALID),
        ("lapsed", SubIndication.OUT_OF_BOUNDS_NO_POE),
        ("lost", SubIndication.REVOKED_NO_POE),
    ],
)
def test_each_trouble_of_a_signer_has_its_own_reason(
    troubled: Desk, signer: str, expected: SubIndication | None
) -> None:
    verdict = troubled.verdict(troubled.sign(plain_pdf(), signer))

    indication = expected.indication if expected else Indication.TOTAL_PASSED
    assert outcome(verdict) == (indication, expected)
    assert verdict.intact
    assert verdict.valid
    assert verdict.trusted is (expected is None)


@pytest.mark.parametrize(("signer", "days"), [("lapsed", 200), ("lost", 60)])
def test_a_stamp_from_before_expiry_or_revocation_proves_the_signature(
    troubled: Desk, signer: str, days: int
) -> None:
    then = NOW - days * DAY
    verdict = troubled.verdict(troubled.sign(plain_pdf(), signer, now=then))

    assert outcome(verdict) == PASSED
    assert verdict.signatures[0].proven_signing_at == then


def test_the_time_that_the_signer_claims_proves_nothing(troubled: Desk) -> None:
    then = NOW - 200 * DAY
    verdict = troubled.verdict(troubled.sign(plain_pdf(), "lapsed", now=then, stamped=False))

    assert outcome(verdict)[1] is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert verdict.signatures[0].claimed_signing_at == then
    assert verdict.signatures[0].proven_signing_at is None


def test_a_stamp_by_an_authority_that_nobody_trusts_proves_nothing(
    desk: Desk, troubled: Desk
) -> None:
    then = NOW - 200 * DAY
    both = replace(
        desk.store,
        intermediates=desk.store.intermediates + troubled.store.intermediates,
        crls=desk.store.crls + troubled.store.crls,
    )
    verdict = Desk(troubled.folder, both).verdict(troubled.sign(plain_pdf(), "good", now=then))

    assert outcome(verdict)[1] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert verdict.signatures[0].proven_signing_at is None


@pytest.mark.parametrize("lists", [(), "stale"])
def test_without_current_revocation_data_nothing_passes(
    troubled: Desk, lists: tuple[()] | str
) -> None:
    later = NOW + 31 * DAY if lists else NOW  # the lists of the desk run for 30 days
    store = troubled.store if lists else replace(troubled.store, crls=())
    document = troubled.sign(plain_pdf(), "good")

    verdict = Desk(troubled.folder, store).verdict(document, now=later)

    assert outcome(verdict) == (Indication.INDETERMINATE, SubIndication.TRY_LATER)
    assert verdict.intact


def test_a_revocation_list_from_the_future_is_not_used(troubled: Desk) -> None:
    document = troubled.sign(plain_pdf(), "good", now=NOW - 5 * DAY)

    verdict = troubled.verdict(document, now=NOW - 4 * DAY)

    assert outcome(verdict)[1] is SubIndication.TRY_LATER


def test_an_empty_trust_store_trusts_nobody_and_still_tells_who_signed(signed: bytes) -> None:
    verdict = Desk(folder=None, store=TrustStore()).verdict(signed)  # type: ignore[arg-type]

    assert outcome(verdict) == (
        Indication.INDETERMINATE,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    )
    assert (verdict.intact, verdict.valid, verdict.trusted) == (True, True, False)
    assert verdict.signatures[0].signer == "Sở Tư pháp"


def test_the_report_names_signer_issuer_number_identity_anchor_and_times(
    desk: Desk, signed: bytes
) -> None:
    (report,) = desk.verdict(signed).signatures

    assert (report.signer, report.signer_uid) == ("Sở Tư pháp", f"CQ:{AGENCY}")
    assert report.issuer == "CA công vụ mẫu"
    assert report.anchor is not None
    assert "CA gốc công vụ mẫu" in report.anchor
    assert report.serial is not None
    assert int(report.serial, 16) > 0
    assert report.algorithm == "ecdsa-sha256"
    assert report.claimed_signing_at == report.proven_signing_at == NOW


def test_a_stamp_later_than_now_is_not_believed(desk: Desk) -> None:
    document = desk.sign(plain_pdf(), now=NOW + timedelta(hours=1))

    (report,) = desk.verdict(document).signatures

    assert report.indication is Indication.TOTAL_PASSED
    assert report.proven_signing_at is None
