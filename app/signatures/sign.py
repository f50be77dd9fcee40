"""Signing PDF documents (PAdES B-T): the agencies' results and the demo's uploads.

Keys are read from the sample PKI's `keys/` folder and the time stamp is made by its own authority,
so that nothing is asked of a network.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import keys, pem, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.signatures.pki import STAMPER

_HASH = "sha256"
_USES = {"digital_signature", "non_repudiation"}


def sign_pdf(
    pdf: bytes,
    signer_name: str,
    keys_folder: Path,
    *,
    now: datetime,
    reason: str | None = None,
    location: str | None = None,
    with_timestamp: bool = True,
) -> bytes:
    """Return the PDF signed by a holder of the sample PKI, earlier signatures kept.

    Raises OSError when the holder has no key in the folder. Not to be called from a running
    event loop.
    """
    signer = read_signer(keys_folder, signer_name)
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    metadata = PdfSignatureMetadata(
        field_name=_next_field(writer.prev),
        md_algorithm=_HASH,
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        location=location,
        signer_key_usage=_USES,
    )
    stamper = read_stamper(keys_folder, now) if with_timestamp else None
    pdf_signer = PdfSigner(metadata, signer, timestamper=stamper)
    return asyncio.run(_sign(pdf_signer, writer, now))


async def _sign(signer: PdfSigner, writer: IncrementalPdfFileWriter, now: datetime) -> bytes:
    """Go through the library's steps one by one, since only so the claimed time can be given."""
    session = signer.init_signing_session(writer)
    session.system_time = now
    reserved = await session.estimate_signature_container_size(None)
    document = session.prepare_tbs_document(None, bytes_reserved=reserved)
    output = BytesIO()
    prepared, _ = document.digest_tbs_document(output=output)
    await document.perform_signature(
        document_digest=prepared.document_digest,
        pdf_cms_signed_attrs=PdfCMSSignedAttributes(signing_time=now),
    )
    return output.getvalue()


def _next_field(reader: PdfFileReader) -> str:
    taken = {name for name, _, _ in enumerate_sig_fields(reader)}
    return next(name for name in _field_names() if name not in taken)


def _field_names() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"Signature{number}"


def read_signer(keys_folder: Path, name: str) -> SimpleSigner:
    """Read a holder of the sample PKI as the library's signer; OSError if there is no key."""
    key, chain = _read_holder(keys_folder, name)
    return SimpleSigner(chain[0], key, _store(chain), embed_roots=False)


def read_stamper(keys_folder: Path, now: datetime) -> DummyTimeStamper:
    """Read the sample PKI's own time stamper; it stamps `now` and asks no network."""
    key, chain = _read_holder(keys_folder, STAMPER)
    # RFC 3161 wants UTC, and the token's fields take no other zone.
    stamped_at = now.astimezone(UTC).replace(microsecond=0)
    return DummyTimeStamper(chain[0], key, _store(chain), fixed_dt=stamped_at)


def _store(chain: list[x509.Certificate]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(chain)
    return store


def _read_holder(
    keys_folder: Path, name: str
) -> tuple[keys.PrivateKeyInfo, list[x509.Certificate]]:
    """Read a holder's key and certificates, the holder's own first."""
    chain = pem.unarmor((keys_folder / f"{name}.crt").read_bytes(), multiple=True)
    _, _, key = pem.unarmor((keys_folder / f"{name}.key").read_bytes())
    return keys.PrivateKeyInfo.load(key), [x509.Certificate.load(der) for _, _, der in chain]
