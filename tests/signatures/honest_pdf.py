"""What honest programs append to PDFs: stamps, validation data, certified signatures."""

import asyncio
from datetime import datetime
from io import BytesIO

from asn1crypto import crl
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import MDPPerm, SigFieldSpec
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from app.signatures.sign import read_signer, read_stamper
from tests.signatures.office import AGENCY, Desk


def with_document_stamp(desk: Desk, pdf: bytes, at: datetime) -> bytes:
    """Append a document time stamp (PAdES B-LTA)."""
    output = BytesIO()
    stamper = PdfTimeStamper(read_stamper(desk.keys, at))
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    asyncio.run(stamper.async_timestamp_pdf(writer, "sha256", output=output))
    return output.getvalue()


def with_security_store(desk: Desk, pdf: bytes) -> bytes:
    """Append validation data (PAdES B-LT)."""
    output = BytesIO(pdf)
    lists = [crl.CertificateList.load(der) for der in desk.store.crls]
    DocumentSecurityStore.add_dss(output, sig_contents=None, crls=lists)
    return output.getvalue()


def with_signature(
    desk: Desk,
    writer: IncrementalPdfFileWriter,
    signer: str = AGENCY,
    *,
    certify: MDPPerm | None = None,
    is_visible: bool = False,
) -> bytes:
    """Sign as other programs do: certified, or in a visible box."""
    field = SigFieldSpec("Other", box=(10, 10, 120, 60)) if is_visible else None
    metadata = PdfSignatureMetadata(
        field_name="Other",
        md_algorithm="sha256",
        certify=certify is not None,
        docmdp_permissions=certify or MDPPerm.FILL_FORMS,
    )
    output = BytesIO()
    pdf_signer = PdfSigner(metadata, read_signer(desk.keys, signer), new_field_spec=field)
    asyncio.run(pdf_signer.async_sign_pdf(writer, output=output))
    return output.getvalue()


def certified(desk: Desk, pdf: bytes, permission: MDPPerm) -> bytes:
    """Sign as the author, who says what may still change."""
    return with_signature(desk, IncrementalPdfFileWriter(BytesIO(pdf)), certify=permission)


def rewritten(pdf: bytes, *, stream_xrefs: bool = False, password: str | None = None) -> bytes:
    """Write a PDF anew, with cross-reference streams or under a password."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(pdf)))
    writer.stream_xrefs = stream_xrefs
    if password is not None:
        writer.encrypt("owner", password, pdf_mac=False)  # type: ignore[no-untyped-call]
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()
