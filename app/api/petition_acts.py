"""HTTP face of the acts on a petition: sending it, and what petitioner and agency do with it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, ParamSpec

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import (
    CurrentActor,
    CurrentDesk,
    MaybeOnce,
    Now,
    RequiredOnce,
    Version,
    VersionMissing,
)
from app.api.problems import responses
from app.api.text import AgencyCode, Line, Paragraph
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.domain.petition_clock import PetitionTooLate
from app.domain.petitions import (
    LABELS,
    PetitionAct,
    PetitionFaulty,
    PetitionKind,
    PetitionNotFound,
    PetitionRoleRefused,
    PetitionStatus,
    PetitionStepRefused,
    SupplementAskedBefore,
)
from app.services import petitions
from app.services.petition_door import PetitionOutcome, PetitionStale
from app.services.transition import Request

router = APIRouter(prefix="/v1/petitions", tags=["petitions"])

P = ParamSpec("P")

PetitionCode = Annotated[
    str,
    Path(
        description="Petition code (mã phản ánh, kiến nghị)",
        pattern=r"^PA-[A-Z]\d{2}(\.[0-9A-Z]{2,3})*-\d{6}-\d{4,9}$",
        max_length=60,
        examples=["PA-H44.10-261122-0001"],
    ),
]


async def _request(
    code: PetitionCode, actor: CurrentActor, now: Now, version: Version, once: MaybeOnce
) -> Request:
    return Request(code, actor, now, version, once)


PetitionRequest = Annotated[Request, Depends(_request)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PetitionForm(_Form):
    """Phản ánh, kiến nghị about an agency, and maybe about a dossier of one's own there."""

    kind: PetitionKind
    agency: AgencyCode = Field(examples=["H44.10"])
    dossier: str | None = Field(None, min_length=1, max_length=60, examples=["H44.10-261122-0001"])
    subject: Line = Field(examples=["Hồ sơ quá hạn chưa có kết quả"])
    content: Paragraph = Field(examples=["Tôi nộp hồ sơ từ ngày 02/11 nhưng đến nay chưa ..."])
    phone: str | None = Field(None, pattern=r"^\+?[0-9]{8,14}$", description="Default: account's")


class Reason(_Form):
    reason: Paragraph


class MaybeReason(_Form):
    reason: Paragraph | None = None


class Words(_Form):
    content: Paragraph


class PetitionResult(BaseModel):
    """Where the act left the petition; its version is also the ETag."""

    code: str = Field(examples=["PA-H44.10-261122-0001"])
    status: PetitionStatus
    status_label: str
    version: int
    due_at: datetime | None = Field(description="Answer due; null while the clock stands")
    possible_acts: list[PetitionAct]


def _answer(outcome: PetitionOutcome, status: int = 200) -> Response:
    return JSONResponse(
        {
            "code": outcome.code,
            "status": outcome.status,
            "status_label": LABELS[PetitionStatus(outcome.status)],
            "version": outcome.version,
            "due_at": outcome.due_at,
            "possible_acts": outcome.possible_acts,
        },
        status,
        {"ETag": f'"{outcome.version}"', "Location": f"/v1/petitions/{outcome.code}"},
    )


@router.post(
    "",
    status_code=201,
    summary="Send a complaint or suggestion (gửi phản ánh, kiến nghị)",
    description="About an agency, and maybe about one's own dossier there. Answered within 15 "
    "working days of the agency; its code follows it, also without login: /v1/tracking/{code}.",
    response_model=PetitionResult,
    responses=responses(PetitionRoleRefused, PetitionFaulty, KeyMissing, KeyReused, InFlight),
)
def submit(
    form: PetitionForm, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> Response:
    sent = petitions.Petition(**form.model_dump())
    return _answer(petitions.submit(desk, sent, actor=actor, now=now, once=once), 201)


_REFUSALS = responses(
    *(PetitionNotFound, PetitionRoleRefused, PetitionStepRefused, PetitionTooLate),
    *(SupplementAskedBefore, PetitionStale, VersionMissing, InFlight, KeyReused),
)


def _act(path: str, summary: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    return router.post(path, summary=summary, response_model=PetitionResult, responses=_REFUSALS)


@_act("/{code}/acceptance", "Take a petition up (thụ lý)")
def accept(request: PetitionRequest, desk: CurrentDesk) -> Response:
    return _answer(petitions.accept(desk, request))


@_act("/{code}/refusal", "Refuse to take it up, within 2 working days (từ chối thụ lý)")
def refuse(form: Reason, request: PetitionRequest, desk: CurrentDesk) -> Response:
    return _answer(petitions.refuse(desk, request, reason=form.reason))


@_act("/{code}/supplement-requests", "Ask for more, within 5 working days (yêu cầu bổ sung)")
def ask_supplement(form: Reason, request: PetitionRequest, desk: CurrentDesk) -> Response:
    return _answer(petitions.ask_supplement(desk, request, what=form.reason))


@_act("/{code}/supplements", "Add what was asked for (bổ sung thông tin)")
def supplement(form: Words, request: PetitionRequest, desk: CurrentDesk) -> Response:
    return _answer(petitions.supplement(desk, request, content=form.content))


@_act("/{code}/answer", "Answer a petition (trả lời phản ánh, kiến nghị)")
def answer(form: Words, request: PetitionRequest, desk: CurrentDesk) -> Response:
    return _answer(petitions.answer(desk, request, content=form.content))


@_act("/{code}/withdrawal", "Take a petition back (rút phản ánh, kiến nghị)")
def withdraw(form: MaybeReason, request: PetitionRequest, desk: CurrentDesk) -> Response:
    return _answer(petitions.withdraw(desk, request, reason=form.reason))
