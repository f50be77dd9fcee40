"""Files that are a CMS message themselves."""

import asyncio
from base64 import encodebytes

import pytest
from asn1crypto import cms

from app.domain.signature import Coverage, Indication, SubIndication
from app.signatures.sign import read_signer, read_stamper
from tests.signatures.office import AGENCY, NOW, Desk

TEXT = b"Quyet dinh so 15"


def message(desk: Desk, signer: str = AGENCY, *, detached: bool = False) -> bytes:
    signing = read_signer(desk.keys, signer).async_sign_general_data(
        TEXT, "sha256", detached=detached, timestamper=read_stamper(desk.keys, NOW)
    )
    return bytes(asyncio.run(signing).dump())


def test_a_message_that_carries_its_content_passes(desk: Desk) -> None:
    verdict = desk.verdict(message(desk))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.coverage is Coverage.WHOLE
    assert verdict.signatures[0].proven_signing_at == NOW


def test_armoured_messages_are_read(desk: Desk) -> None:
    body = b"-----BEGIN PKCS7-----\n" + encodebytes(message(desk)) + b"-----END PKCS7-----\n"

    assert desk.verdict(body).indication is Indication.TOTAL_PASSED


def test_changed_content_is_told(desk: Desk) -> None:
    verdict = desk.verdict(message(desk).replace(TEXT, TEXT[::-1]))

    assert verdict.sub_indication is SubIndication.HASH_FAILURE
    assert not verdict.intact


def test_a_signature_alone_signs_what_is_not_here(desk: Desk) -> None:
    verdict = desk.verdict(message(desk, detached=True))

    assert verdict.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_a_revoked_signer_is_told(desk: Desk) -> None:
    assert desk.verdict(message(desk, "revoked")).sub_indication is SubIndication.REVOKED_NO_POE


def test_two_signers_in_one_signature_are_left_to_the_officer(desk: Desk) -> None:
    info = cms.ContentInfo.load(message(desk))
    signers = info["content"]["signer_infos"]
    signers.append(signers[0].copy())

    verdict = desk.verdict(info.dump(force=True))

    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_a_message_without_signers_is_malformed(desk: Desk) -> None:
    info = cms.ContentInfo.load(message(desk))
    info["content"]["signer_infos"] = []

    assert desk.verdict(info.dump(force=True)).sub_indication is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_message_cut_short_is_malformed(desk: Desk, share: float) -> None:
    whole = message(desk)

    verdict = desk.verdict(whole[: int(len(whole) * share)])

    assert verdict.sub_indication is SubIndication.FORMAT_FAILURE
