"""HTTP face of official papers."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import (
    Code,
    CurrentActor,
    CurrentDesk,
    Now,
    RequiredOnce,
)
from app.api.problems import responses
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.domain.papers import Form
from app.services import control_slips, papers
from app.services.transition import DossierNotFound, Request

router = APIRouter(prefix="/v1/dossiers/{code}", tags=["papers"])

PaperId = Annotated[int, Path(ge=1, lt=2**63, description="Of the list of papers", examples=[7])]
_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "The paper"}
}


class IssuedPaper(BaseModel):
    """A paper of a dossier: what it says was fixed when it was issued."""

    id: int
    form: Form
    form_number: str = Field(description="Of Circular 03/2025/TT-VPCP", examples=["01"])
    title: str = Field(examples=["Giấy tiếp nhận hồ sơ và hẹn trả kết quả"])
    number: str = Field(description="In the agency's books of that year", examples=["05/TNHS"])
    seq: int = Field(description="Event of the dossier that issued it, or the last one then")
    issued_at: datetime
    issued_by: str
    printed_at: datetime | None = Field(description="For the first time; null: not yet")
    sha256: str | None = Field(description="Of its bytes, once it was printed")
    template: str | None = Field(examples=["receipt-0a1b2c3d4e5f"])
    href: str = Field(examples=["/v1/dossiers/H44.29-261122-0001/papers/7"])


class IssuedPapers(BaseModel):
    items: list[IssuedPaper]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


@router.get(
    "/papers",
    summary="Papers that were issued (giấy tờ đã ban hành của hồ sơ)",
    description="In the order of their issue. An applicant does not see the control slip (06).",
    responses=responses(DossierNotFound, CursorRefused),
)
def list_papers(
    code: Code,
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 20,
) -> IssuedPapers:
    found = papers.listed(desk, code, actor=actor, after=after, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, f"/v1/dossiers/{code}/papers", place, {"limit": limit})
    return IssuedPapers(items=[IssuedPaper(**paper) for paper in found[:limit]], next=cursor)


@router.get(
    "/papers/{paper_id}",
    summary="Print a paper as it was issued (in giấy tờ, bản lưu)",
    description="PDF. Printed again it is the same, byte for byte, whatever became of names, "
    "catalogue or template since.",
    response_class=Response,
    responses=responses(DossierNotFound, papers.PaperNotThere) | _PDF,
)
def print_paper(
    code: Code, paper_id: PaperId, desk: CurrentDesk, actor: CurrentActor, now: Now
) -> Response:
    return _answer(desk, papers.printed(desk, code, paper_id, actor=actor, now=now))


@router.get(
    "/receipt",
    summary="Receipt and appointment as PDF (giấy tiếp nhận hồ sơ và hẹn trả kết quả)",
    description="Form 01 as it was given at acceptance; printed again it is the same.",
    response_class=Response,
    responses=responses(DossierNotFound, papers.PaperNotThere) | _PDF,
)
def receipt(code: Code, desk: CurrentDesk, actor: CurrentActor, now: Now) -> Response:
    return _answer(desk, papers.receipt(desk, code, actor=actor, now=now))


@router.post(
    "/control-slips",
    status_code=201,
    summary="Issue a control slip (lập phiếu kiểm soát quá trình giải quyết hồ sơ)",
    description="Form 06 with the hand-overs so far. There is one for each version of the "
    "dossier: asked again before anything happened, the same one is answered.",
    responses=responses(
        DossierNotFound, control_slips.SlipRefused, RoleRefused, InFlight, KeyMissing, KeyReused
    ),
)
def issue_slip(
    code: Code, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> IssuedPaper:
    request = Request(code, actor, now, None, once)
    return IssuedPaper(**control_slips.issue_slip(desk, request))


def _answer(desk: CurrentDesk, paper: papers.Print) -> Response:
    return StreamingResponse(
        papers.content(desk, paper.sha256),
        media_type="application/pdf",
        headers={
            "Content-Length": str(paper.size_bytes),
            "Content-Disposition": f'inline; filename="{paper.name}"',
            "ETag": f'"{paper.sha256}"',
            "Cache-Control": "private, no-store",
        },
    )
