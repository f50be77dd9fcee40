"""Attacks on XML signatures: none may be shown as intact or pass."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import xmlsec
from lxml import etree

from app.domain.signature import Indication, SubIndication, Verdict
from app.signatures.xml_shape import Element
from tests.signatures.forge_xml import (
    DS,
    ENVELOPED,
    INVOICE,
    LETTER,
    RESPONSE,
    RSA,
    SIGNATURE,
    Recipe,
    certificates,
    edit,
    fill,
    sign_xml,
    template,
    xades_objects,
)
from tests.signatures.office import AGENCY, Desk


def assert_refused(verdict: Verdict) -> None:
    assert not verdict.intact
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert verdict.indication is not Indication.NO_SIGNATURE
    assert verdict.sub_indication is not SubIndication.POLICY_PROCESSING_ERROR  # seen, not stumbled


def evil(element: Element, name: str) -> Element:
    """Return a copy that says something else under another identifier, without signatures."""
    copy = deepcopy(element)
    copy.tail = None
    for signature in list(copy.iter(SIGNATURE)):
        signature.getparent().remove(signature)
    copy.set("ID", name)
    for subject in copy.iter("Subject"):
        subject.text = "mallory"
    return copy


def bare(element: Element) -> Element:
    """Return a copy without its signature: exactly what was signed."""
    copy = deepcopy(element)
    copy.tail = None
    for signature in list(copy.iter(SIGNATURE)):
        signature.getparent().remove(signature)
    return copy


def xsw1(root: Element) -> Element:
    outer = evil(root, "evil")
    signature = deepcopy(root.find(SIGNATURE))
    signature.append(bare(root))
    outer.append(signature)
    return outer


def xsw2(root: Element) -> Element:
    outer = evil(root, "evil")
    outer.append(bare(root))
    outer.append(deepcopy(root.find(SIGNATURE)))
    return outer


def xsw3(root: Element) -> Element:
    signed = root.find("Assertion")
    signed.addprevious(evil(signed, "evil"))
    return root


def xsw4(root: Element) -> Element:
    signed = root.find("Assertion")
    outer = evil(signed, "evil")
    signed.addprevious(outer)
    outer.append(signed)
    return root


def xsw5(root: Element) -> Element:
    signed = root.find("Assertion")
    original = bare(signed)
    signed.set("ID", "evil")
    signed.find("Subject").text = "mallory"
    root.append(original)
    return root


def xsw6(root: Element) -> Element:
    signed = root.find("Assertion")
    original = bare(signed)
    signed.set("ID", "evil")
    signed.find("Subject").text = "mallory"
    signed.find(SIGNATURE).append(original)
    return root


def xsw7(root: Element) -> Element:
    signed = root.find("Assertion")
    extensions = etree.Element("Extensions")
    extensions.append(evil(signed, "evil"))
    signed.addprevious(extensions)
    return root


def xsw8(root: Element) -> Element:
    signed = root.find("Assertion")
    original = bare(signed)
    signed.set("ID", "evil")
    signed.find("Subject").text = "mallory"
    etree.SubElement(signed.find(SIGNATURE), f"{{{DS}}}Object").append(original)
    return root


@pytest.mark.parametrize("wrap", [xsw1, xsw2])
def test_a_wrapped_response_is_refused(desk: Desk, wrap: Callable[[Element], Element]) -> None:
    signed = sign_xml(desk, RESPONSE, Recipe(uris=("#r1",)))
    assert desk.verdict(signed).indication is Indication.TOTAL_PASSED

    assert_refused(desk.verdict(edit(signed, wrap)))


@pytest.mark.parametrize("wrap", [xsw3, xsw4, xsw5, xsw6, xsw7, xsw8])
def test_a_wrapped_assertion_is_refused(desk: Desk, wrap: Callable[[Element], Element]) -> None:
    signed = sign_xml(desk, RESPONSE, Recipe(uris=("#a1",), place=".//Assertion"))
    assert desk.verdict(signed).intact

    assert_refused(desk.verdict(edit(signed, wrap)))


def signed_invoice(desk: Desk) -> bytes:
    return sign_xml(desk, INVOICE, Recipe(uris=("#data",), place=".//NBan", transforms=()))


def second_data(root: Element) -> None:
    forged = deepcopy(root.find("DLHDon"))
    forged.set("Id", "other")
    forged.find("Tien").text = "900000"
    root.insert(0, forged)


def hidden_data(root: Element) -> None:
    genuine = root.find("DLHDon")
    forged = deepcopy(genuine)
    forged.set("Id", "other")
    forged.find("Tien").text = "900000"
    genuine.addprevious(forged)
    etree.SubElement(root.find(f".//{SIGNATURE}"), f"{{{DS}}}Object").append(genuine)


def renamed_holder(root: Element) -> None:
    """Move the signed data into a holder; another element now has its place."""
    genuine = root.find("DLHDon")
    holder = etree.Element("KhacHDon")
    genuine.addprevious(holder)
    holder.append(genuine)
    etree.SubElement(root, "Tien").text = "900000"


def duplicate_id(root: Element) -> None:
    forged = deepcopy(root.find("DLHDon"))
    forged.find("Tien").text = "900000"
    root.insert(0, forged)


def duplicate_id_by_another_name(root: Element) -> None:
    etree.SubElement(root.find("DSCKS"), "Khac").set("ID", "data")


def text_split_by_comment(root: Element) -> None:
    amount = root.find(".//Tien")
    comment = etree.Comment("x")
    comment.tail = amount.text[1:]
    amount.text = amount.text[:1]
    amount.append(comment)


def comment_in_signed_info(root: Element) -> None:
    root.find(f".//{{{DS}}}SignedInfo").append(etree.Comment("x"))


def comment_in_digest(root: Element) -> None:
    root.find(f".//{{{DS}}}DigestValue").append(etree.Comment("x"))


def instruction_in_signed_info(root: Element) -> None:
    root.find(f".//{{{DS}}}SignedInfo").append(etree.ProcessingInstruction("x", "y"))


def second_signed_info(root: Element) -> None:
    info = root.find(f".//{{{DS}}}SignedInfo")
    info.addprevious(deepcopy(info))


def hidden_signed_info(root: Element) -> None:
    signature = root.find(f".//{SIGNATURE}")
    forged = etree.SubElement(signature, f"{{{DS}}}Object")
    forged.append(deepcopy(signature.find(f"{{{DS}}}SignedInfo")))


def no_reference(root: Element) -> None:
    info = root.find(f".//{{{DS}}}SignedInfo")
    info.remove(info.find(f"{{{DS}}}Reference"))


def second_value(root: Element) -> None:
    value = root.find(f".//{{{DS}}}SignatureValue")
    value.addprevious(deepcopy(value))


def value_split_by_comment(root: Element) -> None:
    root.find(f".//{{{DS}}}SignatureValue").append(etree.Comment("x"))


def amount_changed(root: Element) -> None:
    root.find(".//Tien").text = "900000"


def sibling_added(root: Element) -> None:
    etree.SubElement(root.find("DLHDon").getparent(), "DLHDon").set("Id", "more")


def value_changed(root: Element) -> None:
    value = root.find(f".//{{{DS}}}SignatureValue")
    value.text = ("A" if value.text[0] != "A" else "B") + value.text[1:]


REARRANGED = [
    second_data,
    hidden_data,
    renamed_holder,
    duplicate_id,
    duplicate_id_by_another_name,
    text_split_by_comment,
    comment_in_signed_info,
    comment_in_digest,
    instruction_in_signed_info,
    second_signed_info,
    hidden_signed_info,
    no_reference,
    second_value,
    value_split_by_comment,
    amount_changed,
    sibling_added,
    value_changed,
]


@pytest.mark.parametrize("change", REARRANGED)
def test_a_rearranged_invoice_is_refused(desk: Desk, change: Callable[[Element], None]) -> None:
    signed = signed_invoice(desk)
    assert desk.verdict(signed).indication is Indication.TOTAL_PASSED

    assert_refused(desk.verdict(edit(signed, change)))


def test_a_sibling_beside_detached_signed_data_is_refused(desk: Desk) -> None:
    document = "<Pack><Letter Id='l'>100</Letter></Pack>"
    signed = sign_xml(desk, document, Recipe(uris=("#l",), transforms=()))
    assert desk.verdict(signed).indication is Indication.TOTAL_PASSED

    for forged in (
        signed.replace(b"<Letter", b"<Letter>900</Letter><Letter", 1),
        signed.replace(b"<Pack>", b"<Pack>900", 1),
        signed.replace(b"</Letter>", b"</Letter>900", 1),
        signed.replace(b"</Letter>", b"</Letter><Note amount='900'/>", 1),
    ):
        assert_refused(desk.verdict(forged))


@pytest.mark.parametrize("uri", [None, "https://127.0.0.1/x", "file:///etc/hostname", "x.xml"])
def test_nothing_outside_the_document_is_read_or_trusted(desk: Desk, uri: str | None) -> None:
    signed = sign_xml(desk, LETTER)
    attribute = b' URI=""'
    assert attribute in signed
    new = b"" if uri is None else f' URI="{uri}"'.encode()

    verdict = desk.verdict(signed.replace(attribute, new))

    assert verdict.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND
    assert_refused(verdict)


def test_a_shared_secret_is_no_signature(desk: Desk) -> None:
    """Key confusion: the public certificate as the secret of an HMAC."""
    method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    secret = certificates(desk, AGENCY)[0]
    key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, secret)

    verdict = desk.verdict(sign_xml(desk, LETTER, Recipe(method=method, key=key)))

    assert_refused(verdict)
    assert verdict.sub_indication is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize("holder", ["firm", "citizen"])
def test_a_borrowed_certificate_does_not_carry_another_key(desk: Desk, holder: str) -> None:
    key = xmlsec.Key.from_memory(
        (desk.keys / f"{AGENCY}.key").read_bytes(), xmlsec.constants.KeyDataFormatPem
    )

    verdict = desk.verdict(sign_xml(desk, LETTER, Recipe(signer=holder, key=key)))

    assert_refused(verdict)
    assert verdict.indication is Indication.TOTAL_FAILED


def test_a_bare_key_beside_the_certificate_is_not_used(desk: Desk) -> None:
    signed = sign_xml(desk, LETTER, Recipe(signer="citizen", method=RSA))
    other = sign_xml(desk, LETTER.replace("100", "900"), Recipe(signer="firm"))
    value = etree.fromstring(other).findtext(f".//{{{DS}}}SignatureValue")

    def swap(root: Element) -> None:
        root.find(f".//{{{DS}}}SignatureValue").text = value
        info = root.find(f".//{{{DS}}}KeyInfo")
        etree.SubElement(etree.SubElement(info, f"{{{DS}}}KeyValue"), f"{{{DS}}}RSAKeyValue")

    assert_refused(desk.verdict(edit(signed, swap)))


@pytest.mark.parametrize("info", ["", f"<KeyInfo xmlns='{DS}'><KeyName>x</KeyName></KeyInfo>"])
def test_a_signature_without_a_certificate_is_nobodys(desk: Desk, info: str) -> None:
    verdict = desk.verdict(sign_xml(desk, LETTER, Recipe(key_info=info)))

    assert_refused(verdict)
    assert verdict.signatures[0].signer is None


def test_another_certificate_than_the_signed_one_is_refused(desk: Desk) -> None:
    objects = xades_objects(desk, AGENCY, certificate=certificates(desk, "firm")[0])

    verdict = desk.verdict(sign_xml(desk, LETTER, Recipe(uris=("", "#props"), objects=objects)))

    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_properties_of_another_signature_are_refused(desk: Desk) -> None:
    objects = xades_objects(desk, AGENCY, target="other")

    assert_refused(
        desk.verdict(sign_xml(desk, LETTER, Recipe(uris=("", "#props"), objects=objects)))
    )


def test_properties_that_are_not_signed_are_not_believed(desk: Desk) -> None:
    verdict = desk.verdict(sign_xml(desk, LETTER, Recipe(objects=xades_objects(desk, AGENCY))))

    assert verdict.indication is not Indication.TOTAL_PASSED
    assert verdict.signatures[0].claimed_signing_at is None


def test_a_signature_of_properties_alone_signs_nothing(desk: Desk) -> None:
    recipe = Recipe(uris=("#props",), objects=xades_objects(desk, AGENCY))

    verdict = desk.verdict(sign_xml(desk, LETTER, recipe))

    assert verdict.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND
    assert_refused(verdict)


def test_a_nested_signature_must_sign_the_one_around_it(desk: Desk) -> None:
    signed = sign_xml(desk, LETTER)

    def nest(root: Element) -> None:
        genuine = root.find(SIGNATURE)
        outer = etree.fromstring(template(desk, Recipe(identifier="outer")))
        root.append(outer)
        etree.SubElement(outer, f"{{{DS}}}Object").append(genuine)

    assert_refused(desk.verdict(edit(signed, nest)))


@pytest.mark.parametrize(
    ("transform", "inner"),
    [
        ("http://www.w3.org/TR/1999/REC-xpath-19991116", "not(ancestor-or-self::Amount)"),
        ("http://www.w3.org/TR/1999/REC-xpath-19991116", "false()"),
    ],
)
def test_a_filter_that_hides_content_is_not_intact(desk: Desk, transform: str, inner: str) -> None:
    recipe = Recipe(transforms=(ENVELOPED, transform))
    root = etree.fromstring(LETTER)
    node = etree.fromstring(template(desk, recipe))
    last = node.findall(f".//{{{DS}}}Transform")[-1]
    etree.SubElement(last, f"{{{DS}}}XPath").text = inner
    root.append(node)

    assert_refused(desk.verdict(fill(desk, root, node, recipe)))


@pytest.mark.parametrize(
    "transform",
    ["http://www.w3.org/TR/1999/REC-xslt-19991116", "urn:unknown", ""],
)
def test_unknown_transforms_are_not_run(desk: Desk, transform: str) -> None:
    signed = sign_xml(desk, LETTER)
    changed = signed.replace(ENVELOPED.encode(), transform.encode())

    verdict = desk.verdict(changed)

    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert_refused(verdict)


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12)
)
DECLARATIONS = {
    "an outside entity": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>",
    "an outside type": "<!DOCTYPE x SYSTEM 'https://127.0.0.1/x.dtd'>",
    "a parameter entity": "<!DOCTYPE x [<!ENTITY % p SYSTEM 'file:///etc/hostname'> %p;]>",
    "a bomb": BOMB + "]>",
    "a default attribute": "<!DOCTYPE Letter [<!ATTLIST Letter Id ID 'letter'>]>",
}


@pytest.mark.parametrize("name", DECLARATIONS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_never_read(desk: Desk, name: str, encoding: str) -> None:
    body = sign_xml(desk, LETTER).decode().replace("An<", "&m;<" if "bomb" in name else "An<")
    data = (DECLARATIONS[name] + body).encode(encoding)

    verdict = desk.verdict(data)

    assert verdict.sub_indication is SubIndication.FORMAT_FAILURE
    assert_refused(verdict)


def test_a_bomb_in_unsigned_xml_is_unsigned(desk: Desk) -> None:
    verdict = desk.verdict((BOMB + "]><x>&m;</x>").encode())

    assert verdict.indication is Indication.NO_SIGNATURE


def test_more_signatures_than_the_cap_are_left_to_the_officer(desk: Desk) -> None:
    parts = "".join(f"<P Id='p{n}'/>" for n in range(11))
    root = etree.fromstring(f"<Pack>{parts}</Pack>")
    for number in range(11):
        recipe = Recipe(uris=(f"#p{number}",), identifier=f"s{number}")
        root.append(etree.fromstring(template(desk, recipe)))

    verdict = desk.verdict(etree.tostring(root))

    assert verdict.sub_indication is SubIndication.POLICY_PROCESSING_ERROR
    assert "11" in verdict.reason


def test_truncated_xml_is_malformed(desk: Desk) -> None:
    signed = sign_xml(desk, LETTER)

    assert desk.verdict(signed[:-20]).sub_indication is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<DigestValue>", b"<DigestValue>!"),
        (b"<X509Certificate>", b"<X509Certificate>!"),
        (b"<X509Certificate>", b"<X509Certificate>AAAA"),
        (b"xml-exc-c14n#", b"xml-strange#"),
        (b"#ecdsa-sha256", b"#ecdsa-whirlpool"),
        (b"xmlenc#sha256", b"xmlenc#strange"),
    ],
)
def test_broken_parts_give_a_verdict(desk: Desk, old: bytes, new: bytes) -> None:
    signed = sign_xml(desk, LETTER)
    assert old in signed

    assert_refused(desk.verdict(signed.replace(old, new)))
