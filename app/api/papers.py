"""HTTP face of official papers."""

from fastapi import APIRouter, Response

from app.api.dependencies import Code, CurrentActor, CurrentDesk
from app.api.problems import responses
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
    content = papers.receipt(desk, code, actor=actor)
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="giay-tiep-nhan-{code}.pdf"'},
    )
