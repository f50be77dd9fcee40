"""XML signatures as honest programs make them."""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256

import pytest
from asn1crypto.tsp import TimeStampReq
from lxml import etree

from app.domain.signature import Coverage, Indication, SubIndication
from app.signatures.sign import read_stamper
from tests.signatures.forge_xml import (
    DS,
    EXCLUSIVE,
    INCLUSIVE,
    INVOICE,
    LETTER,
    RESPONSE,
    RSA,
    SIGNATURE,
    XADES,
    Recipe,
    fill,
    sign_xml,
    template,
    xades_objects,
)
from tests.signatures.office import AGENCY, DAY, NOW, Desk

SIGNING_TIME = (
    f"<Object xmlns='{DS}' Id='SigningTime'><SignatureProperties xmlns=''><SignatureProperty>"
    "<SigningTime>2026-11-22T10:00:00</SigningTime></SignatureProperty></SignatureProperties>"
    "</Object>"
)
NOT_SIGNATURES = "not(ancestor-or-self::ds:Signature)"


@pytest.mark.parametrize("prefix", [None, "ds"])
@pytest.mark.parametrize("canonicalization", [EXCLUSIVE, INCLUSIVE, f"{INCLUSIVE}#WithComments"])
def test_an_enveloped_signature_passes(
    desk: Desk, prefix: str | None, canonicalization: str
) -> None:
    recipe = Recipe(prefix=prefix, canonicalization=canonicalization)

    verdict = desk.verdict(sign_xml(desk, LETTER, recipe))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.coverage is Coverage.WHOLE


def test_an_invoice_is_signed_by_its_data_and_its_signing_time(desk: Desk) -> None:
    """The shape of Vietnamese invoices: the root holds signatures and is itself not signed."""
    recipe = Recipe(
        uris=("#data", "#SigningTime"),
        place=".//NBan",
        signer="firm",
        transforms=(),
        objects=SIGNING_TIME,
    )

    verdict = desk.verdict(sign_xml(desk, INVOICE, recipe))

    assert verdict.indication is Indication.TOTAL_PASSED
    (report,) = verdict.signatures
    assert report.signer_uid == "MST:0100000017"
    assert report.claimed_signing_at == datetime.fromisoformat("2026-11-22T10:00:00+07:00")
    assert report.algorithm == "ecdsa-sha256"


def test_the_code_of_the_tax_office_may_stand_beside_the_data(desk: Desk) -> None:
    signed = sign_xml(desk, INVOICE, Recipe(uris=("#data",), place=".//NBan"))
    coded = signed.replace(b"<DSCKS>", b"<MCCQT>00A1</MCCQT><DSCKS>")

    assert desk.verdict(coded).indication is Indication.TOTAL_PASSED


def test_buyer_and_seller_both_sign(desk: Desk) -> None:
    document = INVOICE.replace("<NBan></NBan>", "<NBan></NBan><NMua></NMua>")
    seller = sign_xml(desk, document, Recipe(uris=("#data",), place=".//NBan"))
    recipe = Recipe(uris=("#data",), place=".//NMua", signer="citizen", method=RSA, identifier="s2")

    verdict = desk.verdict(sign_xml(desk, seller, recipe))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert len(verdict.signatures) == 2


def test_rsa_pss_passes(desk: Desk) -> None:
    method = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"

    verdict = desk.verdict(sign_xml(desk, LETTER, Recipe(signer="citizen", method=method)))

    assert verdict.indication is Indication.TOTAL_PASSED


def test_sha1_is_intact_but_no_longer_strong_enough(desk: Desk) -> None:
    recipe = Recipe(signer="citizen", method=f"{DS}rsa-sha1", digest=f"{DS}sha1")

    verdict = desk.verdict(sign_xml(desk, LETTER, recipe))

    assert verdict.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert verdict.indication is Indication.INDETERMINATE
    assert (verdict.intact, verdict.valid) == (True, True)


@pytest.mark.parametrize("uri", ["#xpointer(/)", "#xpointer(id('letter'))", "#letter"])
def test_other_ways_to_name_the_whole_document(desk: Desk, uri: str) -> None:
    root = etree.fromstring(LETTER)
    node = etree.fromstring(template(desk, Recipe(uris=(uri.replace("'", "&apos;"),))))
    root.append(node)

    verdict = desk.verdict(fill(desk, root, node, Recipe()))

    assert verdict.indication is Indication.TOTAL_PASSED


def test_the_usual_filter_that_leaves_out_signatures_is_known(desk: Desk) -> None:
    recipe = Recipe(transforms=("http://www.w3.org/TR/1999/REC-xpath-19991116",), prefix="ds")
    root = etree.fromstring(LETTER)
    node = etree.fromstring(template(desk, recipe))
    transform = node.find(f".//{{{DS}}}Transform")
    etree.SubElement(transform, f"{{{DS}}}XPath").text = NOT_SIGNATURES
    root.append(node)

    assert desk.verdict(fill(desk, root, node, recipe)).indication is Indication.TOTAL_PASSED


def test_xades_properties_are_read(desk: Desk) -> None:
    recipe = Recipe(uris=("", "#props"), objects=xades_objects(desk, AGENCY))

    (report,) = desk.verdict(sign_xml(desk, LETTER, recipe)).signatures

    assert report.indication is Indication.TOTAL_PASSED
    assert report.claimed_signing_at == datetime.fromisoformat("2026-11-22T10:00:00+07:00")


def stamped(desk: Desk, document: bytes, at: datetime, *, about: bytes | None = None) -> bytes:
    """Add a XAdES time stamp over the signature value."""
    root = etree.fromstring(document)
    value = root.find(f".//{{{DS}}}SignatureValue")
    covered = about or etree.tostring(value, method="c14n", with_tail=False)
    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": sha256(covered).digest(),
    }
    request = TimeStampReq({"version": 1, "message_imprint": imprint})
    answer = read_stamper(desk.keys, at).request_tsa_response(request)
    holder = root.find(f".//{SIGNATURE}")
    for name in ("Object", "QualifyingProperties", "UnsignedProperties"):
        holder = etree.SubElement(holder, f"{{{DS if name == 'Object' else XADES}}}{name}")
    stamp = etree.SubElement(
        etree.SubElement(holder, f"{{{XADES}}}UnsignedSignatureProperties"),
        f"{{{XADES}}}SignatureTimeStamp",
    )
    token = b64encode(answer["time_stamp_token"].dump()).decode()
    etree.SubElement(stamp, f"{{{XADES}}}EncapsulatedTimeStamp").text = token
    return bytes(etree.tostring(root))


@pytest.mark.parametrize("prefix", [None, "ds"])
def test_a_xades_stamp_proves_the_signature(troubled: Desk, prefix: str | None) -> None:
    signed = sign_xml(troubled, LETTER, Recipe(signer="lapsed", prefix=prefix))
    then = NOW - 200 * DAY

    before = troubled.verdict(signed)
    after = troubled.verdict(stamped(troubled, signed, then))

    assert before.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert after.indication is Indication.TOTAL_PASSED
    assert after.signatures[0].proven_signing_at == then


def test_a_xades_stamp_about_something_else_is_told(troubled: Desk) -> None:
    signed = sign_xml(troubled, LETTER, Recipe(signer="good"))

    verdict = troubled.verdict(stamped(troubled, signed, NOW, about=b"other"))

    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert "Dấu thời gian" in verdict.reason


def test_an_enveloping_signature_passes(desk: Desk) -> None:
    recipe = Recipe(
        uris=("#content",),
        transforms=(),
        objects=f"<Object xmlns='{DS}' Id='content'><Letter xmlns=''>100</Letter></Object>",
    )
    node = etree.fromstring(template(desk, recipe))

    verdict = desk.verdict(fill(desk, node, node, recipe))

    assert verdict.indication is Indication.TOTAL_PASSED
    assert verdict.coverage is Coverage.WHOLE


def test_a_signed_part_is_intact_but_does_not_stand_for_the_whole(desk: Desk) -> None:
    verdict = desk.verdict(sign_xml(desk, RESPONSE, Recipe(uris=("#a1",), place=".//Assertion")))

    assert verdict.coverage is Coverage.PARTIAL
    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert verdict.intact


def test_a_revoked_signer_is_told_as_in_pdf(desk: Desk) -> None:
    verdict = desk.verdict(sign_xml(desk, LETTER, Recipe(signer="revoked")))

    assert verdict.sub_indication is SubIndication.REVOKED_NO_POE


def test_utf16_is_read(desk: Desk) -> None:
    signed = sign_xml(desk, LETTER)
    wide = etree.tostring(etree.fromstring(signed), encoding="utf-16")

    assert desk.verdict(wide).indication is Indication.TOTAL_PASSED


def test_xml_without_a_signature_is_unsigned(desk: Desk) -> None:
    assert desk.verdict(LETTER.encode()).indication is Indication.NO_SIGNATURE
    assert desk.verdict(b"<html><p>open").indication is Indication.NO_SIGNATURE
