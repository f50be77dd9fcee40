"""HTTP face of official papers."""

from fastapi import APIRouter, Response

from app.api.dependencies import Code, CurrentActor, CurrentDesk, Now
from app.api.problems import responses
from app.domain.lifecycle import RoleRefused
from app.services import papers
from app.services.transition import DossierNotFound

router = APIRouter(prefix="/v1/dossiers", tags=["papers"])


@router.get(
    "/{code}/receipt",
    summary="Receipt and appointment as PDF (giấy tiếp nhận hồ sơ và hẹn trả kết quả)",
    description="Form 01 as it was given at acceptance; printed again it is the same.",
    response_class=Response,
    responses=responses(DossierNotFound, papers.PaperNotThere)
    | {200: {"content": {"application/pdf": {}}, "description": "The paper"}},
)
def receipt(code: Code, desk: CurrentDesk, actor: CurrentActor) -> Response:
    return _pdf(papers.receipt(desk, code, actor=actor), f"giay-tiep-nhan-{code}.pdf")


@router.get(
    "/{code}/control-slip",
    summary="Control slip as PDF (phiếu kiểm soát quá trình giải quyết hồ sơ)",
    description="Form 06, drawn from the hand-overs as they stand; for the desks.",
    response_class=Response,
    responses=responses(RoleRefused, DossierNotFound, papers.PaperNotThere)
    | {200: {"content": {"application/pdf": {}}, "description": "The paper"}},
)
def control_slip(code: Code, desk: CurrentDesk, actor: CurrentActor, now: Now) -> Response:
    content = papers.control_slip(desk, code, actor=actor, now=now)
    return _pdf(content, f"phieu-kiem-soat-{code}.pdf")


def _pdf(content: bytes, name: str) -> Response:
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
