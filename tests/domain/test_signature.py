"""The verdict model: the worst signature decides, and a verdict never refuses a dossier."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.signature import (
    NO_SIGNATURE_SENTENCE,
    PASSED_SENTENCE,
    SENTENCES,
    Coverage,
    Indication,
    OriginalUse,
    SignatureReport,
    SubIndication,
    Verdict,
    is_signed_by,
    no_signature,
    sentence,
    undecided,
    usable_as_original,
    worst,
)

PASSED = SignatureReport(
    indication=Indication.TOTAL_PASSED,
    sub_indication=None,
    reason=PASSED_SENTENCE,
    coverage=Coverage.WHOLE,
    intact=True,
    valid=True,
    trusted=True,
    signer_uid="CCCD:001099000001",
)


def failed(sub_indication: SubIndication) -> SignatureReport:
    return replace(
        PASSED,
        indication=sub_indication.indication,
        sub_indication=sub_indication,
        reason=sentence(sub_indication),
        trusted=False,
    )


reports = st.sampled_from([PASSED, *(failed(sub_indication) for sub_indication in SubIndication)])


def test_every_reason_has_a_sentence_of_its_own_in_vietnamese() -> None:
    assert set(SENTENCES) == set(SubIndication)
    assert len(set(SENTENCES.values())) == len(SubIndication)
    for text in SENTENCES.values():
        assert text.endswith(".")
        assert not text.isascii()


def test_the_reasons_that_fail_are_those_of_the_standard() -> None:
    failing = {s for s in SubIndication if s.indication is Indication.TOTAL_FAILED}

    assert failing == {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.NOT_YET_VALID,
    }


def test_a_document_without_signatures_is_neither_good_nor_bad() -> None:
    verdict = worst([])

    assert verdict == no_signature(NO_SIGNATURE_SENTENCE)
    assert verdict.indication is Indication.NO_SIGNATURE
    assert verdict.sub_indication is None


@given(st.lists(reports, min_size=1, max_size=5))
def test_all_signatures_must_pass(signatures: list[SignatureReport]) -> None:
    verdict = worst(signatures)

    assert (verdict.indication is Indication.TOTAL_PASSED) == (set(signatures) == {PASSED})
    assert verdict.signatures == tuple(signatures)
    assert verdict.trusted == all(s.trusted for s in signatures)
    assert verdict.is_sound


@given(st.lists(reports, min_size=1, max_size=5))
def test_the_order_of_signatures_does_not_matter(signatures: list[SignatureReport]) -> None:
    first, second = worst(signatures), worst(reversed(signatures))

    assert (first.indication, first.sub_indication) == (second.indication, second.sub_indication)


@pytest.mark.parametrize(
    ("bad", "worse"),
    [
        (bad, worse)
        for bad, worse in product(SubIndication, repeat=2)
        if bad.indication is Indication.INDETERMINATE
        and worse.indication is Indication.TOTAL_FAILED
    ],
)
def test_a_failure_outweighs_a_doubt(bad: SubIndication, worse: SubIndication) -> None:
    assert worst([failed(bad), failed(worse), PASSED]).sub_indication is worse


def test_the_worst_coverage_counts() -> None:
    extended = replace(PASSED, coverage=Coverage.EXTENDED_OK)

    assert worst([PASSED, extended]).coverage is Coverage.EXTENDED_OK


@pytest.mark.parametrize(
    ("verdict", "use"),
    [
        (worst([PASSED]), OriginalUse.ACCEPT),
        (worst([]), OriginalUse.PLAIN_COPY),
        (undecided(SubIndication.POLICY_PROCESSING_ERROR), OriginalUse.OFFICER_DECIDES),
        *(
            (
                worst([failed(s)]),
                OriginalUse.ASK_SUPPLEMENT
                if s.indication is Indication.TOTAL_FAILED
                else OriginalUse.OFFICER_DECIDES,
            )
            for s in SubIndication
        ),
    ],
)
def test_what_the_counter_may_do_follows_from_the_indication(
    verdict: Verdict, use: OriginalUse
) -> None:
    assert usable_as_original(verdict) is use


def test_no_verdict_refuses_a_dossier_by_itself() -> None:
    assert set(OriginalUse) == {
        OriginalUse.ACCEPT,
        OriginalUse.OFFICER_DECIDES,
        OriginalUse.ASK_SUPPLEMENT,
        OriginalUse.PLAIN_COPY,
    }


@pytest.mark.parametrize(
    "report",
    [
        replace(PASSED, intact=False),
        replace(PASSED, valid=False),
        replace(PASSED, trusted=False),
        replace(PASSED, coverage=Coverage.PARTIAL),
        replace(PASSED, coverage=Coverage.EXTENDED_BAD),
        replace(PASSED, coverage=Coverage.NONE),
        replace(PASSED, sub_indication=SubIndication.TRY_LATER),
        replace(failed(SubIndication.TRY_LATER), coverage=Coverage.EXTENDED_BAD),
        replace(failed(SubIndication.TRY_LATER), indication=Indication.TOTAL_FAILED),
        replace(failed(SubIndication.TRY_LATER), sub_indication=None),
        replace(PASSED, indication=Indication.NO_SIGNATURE),
    ],
)
def test_a_report_that_contradicts_itself_is_not_sound(report: SignatureReport) -> None:
    assert not report.is_sound
    assert not worst([report]).is_sound


def test_a_verdict_better_than_its_signatures_is_not_sound() -> None:
    genuine = worst([failed(SubIndication.REVOKED_NO_POE)])
    better = replace(worst([PASSED]), signatures=genuine.signatures)
    hollow = replace(worst([PASSED]), signatures=())

    assert genuine.is_sound
    assert not better.is_sound
    assert not hollow.is_sound


@pytest.mark.parametrize(
    ("uid", "number", "expected"),
    [
        ("CCCD:001099000001", "001099000001", True),
        ("MST:0100000017-001", "0100000017-001", True),
        ("001099000001", "001099000001", True),
        ("CCCD:001099000001", "001099000002", False),
        ("CCCD:001099000001", "", False),
        (None, "001099000001", False),
    ],
)
def test_a_passed_signature_is_of_its_holder_alone(
    uid: str | None, number: str, *, expected: bool
) -> None:
    assert is_signed_by(worst([replace(PASSED, signer_uid=uid)]), number) is expected


def test_a_signature_that_did_not_pass_is_nobodys() -> None:
    assert not is_signed_by(worst([failed(SubIndication.TRY_LATER)]), "001099000001")
