"""HTTP face of documents: streamed in, streamed out."""

import hmac
import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.api.dependencies import (
    CurrentActor,
    CurrentDesk,
    CurrentDoors,
    Now,
    OnceOfUpload,
)
from app.api.limits import BodyTooLarge
from app.api.problems import responses
from app.domain.actor import SYSTEM
from app.domain.documents import DocumentKind, DocumentNotFound, FileRefused, seal
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyReused
from app.services import files

router = APIRouter(prefix="/v1", tags=["documents"])

DocumentId = Annotated[UUID, PathParameter(examples=["6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11"])]


class Signature(BaseModel):
    """Verdict on a file's signatures (ETSI EN 319 102-1), never a bare yes or no."""

    indication: str = Field(
        description="TOTAL_PASSED, INDETERMINATE, TOTAL_FAILED, NO_SIGNATURE, or PENDING",
        examples=["TOTAL_PASSED"],
    )
    sub_indication: str | None = Field(None, examples=["NO_CERTIFICATE_CHAIN_FOUND"])
    reason: str = Field(description="For the clerk", examples=["Chữ ký số hợp lệ."])
    checked_at: datetime | None = None


class Document(BaseModel):
    """Tài liệu: a file under a name."""

    id: UUID
    name: str = Field(examples=["to-khai.pdf"])
    kind: DocumentKind
    media_type: str = Field(description="Found from the content", examples=["application/pdf"])
    size_bytes: int
    sha256: str


class DocumentDetail(Document):
    signature: Signature
    signatures: list[dict[str, Any]] = Field(description="One entry for each signature")


@router.post(
    "/documents",
    status_code=201,
    summary="Upload a file (tải tài liệu lên)",
    description="The body is the file itself, streamed. Its type is found from its content. It "
    "stays with who uploaded it until it is handed in with a dossier.",
    responses=responses(FileRefused, RoleRefused, InFlight, KeyReused),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def upload(
    request: HttpRequest,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once_of: OnceOfUpload,
    name: Annotated[
        str,
        Query(
            min_length=1,
            max_length=255,
            pattern=r"^[^\x00-\x1f/\\]+$",
            description="Name of the file",
            examples=["to-khai.pdf"],
        ),
    ],
    kind: DocumentKind = DocumentKind.COMPONENT,
) -> Document:
    limit = desk.rules.upload_limit_bytes
    with tempfile.NamedTemporaryFile(prefix="upload-") as spool:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise BodyTooLarge(f"Tệp lớn hơn {limit // 1024 // 1024} MB.")
            spool.write(piece)
        spool.flush()
        work = partial(
            files.keep,
            desk,
            Path(spool.name),
            name,
            kind,
            actor=actor,
            now=now,
            once=(lambda sha256: once_of(f"{sha256} {kind} {name}")) if once_of else None,
        )
        kept = await run_in_threadpool(work)
    return Document(**kept)


@router.get(
    "/documents/{document_id}",
    summary="A document and what its signatures are worth (thông tin, kết quả kiểm tra chữ ký số)",
    responses=responses(DocumentNotFound),
)
def describe(document_id: DocumentId, desk: CurrentDesk, actor: CurrentActor) -> DocumentDetail:
    return DocumentDetail(**files.describe(desk, document_id, actor=actor))


@router.get(
    "/documents/{document_id}/content",
    summary="The file itself (tải tệp về)",
    response_class=StreamingResponse,
    responses=responses(DocumentNotFound),
)
def content(document_id: DocumentId, desk: CurrentDesk, actor: CurrentActor) -> StreamingResponse:
    return streamed(desk, files.describe(desk, document_id, actor=actor))


@router.get(
    "/shared-documents/{document_id}/{mark}",
    summary="The file for a partner (đường dẫn tải tệp cho hệ thống đối tác)",
    description="The national portal fetches files by links that it was sent; the seal in the "
    "link is what lets it in.",
    response_class=StreamingResponse,
    responses=responses(DocumentNotFound, is_public=True),
)
def shared(
    document_id: DocumentId,
    mark: Annotated[
        str, PathParameter(max_length=64, pattern=r"^[0-9a-f]+$", examples=["0a1b2c3d"])
    ],
    doors: CurrentDoors,
) -> StreamingResponse:
    if not hmac.compare_digest(mark.encode(), seal(document_id, doors.link_key).encode()):
        raise DocumentNotFound("Không tìm thấy tài liệu này.")
    return streamed(doors.desk, files.describe(doors.desk, document_id, actor=SYSTEM))


def streamed(desk: CurrentDesk, found: dict[str, Any]) -> StreamingResponse:
    """Answer with the file of a document that the caller was let see."""
    return StreamingResponse(
        files.content(desk, found["sha256"]),
        media_type=found["media_type"],
        headers={
            "Content-Length": str(found["size_bytes"]),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found['name'], safe='')}",
            "ETag": f'"{found["sha256"]}"',
            "Cache-Control": "private, no-store",
        },
    )
