"""HTTP face of how dossiers come in: online, at the desk, by post."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.acts import ActResult, answer
from app.api.dependencies import CurrentActor, CurrentDesk, Now, RequiredOnce
from app.api.problems import responses
from app.api.text import AgencyCode, ItemCode, Line
from app.domain.actor import Actor, Role
from app.domain.application import Applicant, Application, ApplicationFaulty, HandedIn
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.domain.procedure import ApplicantKind
from app.services import reception, submission

router = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])


ApplicantNumber = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{10}(-[0-9]{3})?$|^[0-9]{12}$",
        description="12-digit personal number (định danh cá nhân) or tax code (mã số thuế)",
        examples=["025099000001"],
    ),
]


class ApplicantForm(BaseModel):
    """Chủ hồ sơ."""

    model_config = ConfigDict(extra="forbid")

    kind: ApplicantKind
    number: ApplicantNumber
    name: Line = Field(examples=["Trần Thị Mẫu"])
    phone: str | None = Field(None, pattern=r"^\+?[0-9]{8,14}$", examples=["0900000001"])
    email: str | None = Field(
        None, max_length=200, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", examples=["mau@example.vn"]
    )
    address: Line | None = Field(None, examples=["Số 1, phường Mẫu, thành phố Việt Trì"])


class ComponentForm(BaseModel):
    """A paper of the file: an uploaded document, or none for paper at the desk."""

    model_config = ConfigDict(extra="forbid")

    component: ItemCode = Field(description="Code in the procedure", examples=["GT01"])
    document: UUID | None = Field(None, description="Id of an uploaded document")


class ApplicationForm(BaseModel):
    """What is handed in; every fault of it is told at once."""

    model_config = ConfigDict(extra="forbid")

    procedure: ItemCode = Field(examples=["1.001193"])
    agency: AgencyCode = Field(examples=["H44.29"])
    applicant: ApplicantForm
    form: dict[str, Any] = Field(default={}, description="The e-form, as the procedure's schema")
    components: list[ComponentForm] = Field(default=[], max_length=100)
    exemptions: list[ItemCode] = Field(default=[], max_length=20)
    return_way: ReturnWay = ReturnWay.DESK
    authorisation: UUID | None = Field(
        None, description="Uploaded giấy ủy quyền, when handing in for somebody else"
    )

    def application(self, actor: Actor) -> Application:
        is_for_other = (
            actor.role is Role.APPLICANT and actor.identity_number != self.applicant.number
        )
        return Application(
            procedure=self.procedure,
            agency=self.agency,
            applicant=Applicant(**self.applicant.model_dump()),
            form=self.form,
            components=tuple(HandedIn(part.component, part.document) for part in self.components),
            exemptions=tuple(self.exemptions),
            return_way=self.return_way,
            authorisation=self.authorisation,
            on_behalf=is_for_other,
        )


class IntakeForm(ApplicationForm):
    """A dossier taken in at the desk or from the post."""

    channel: Literal[Channel.DESK, Channel.POST] = Channel.DESK


_EXAMPLE = {
    "procedure": "1.001193",
    "agency": "H44.29",
    "applicant": {
        "kind": "citizen",
        "number": "025099000001",
        "name": "Trần Thị Mẫu",
        "phone": "0900000001",
    },
    "form": {},
    "components": [{"component": "GT01", "document": "6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11"}],
    "return_way": "online",
}
_REFUSALS = (RoleRefused, ApplicationFaulty, KeyMissing, KeyReused, InFlight)


@router.post(
    "",
    status_code=201,
    summary="Hand in a dossier online (nộp hồ sơ trực tuyến)",
    description="Procedures of level 3 (một phần) and 4 (toàn trình). The dossier code is given "
    "here. `Idempotency-Key` is required: sent again after a broken line, the same request makes "
    "no second dossier.",
    response_model=ActResult,
    responses=responses(*_REFUSALS),
)
def submit(
    form: Annotated[ApplicationForm, Body(examples=[_EXAMPLE])],
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: RequiredOnce,
) -> Response:
    application = form.application(actor)
    return answer(submission.submit(desk, application, actor=actor, now=now, once=once), 201)


@router.post(
    "/intake",
    status_code=201,
    summary="Take in a dossier at the desk or from the post (tiếp nhận tại quầy, bưu chính)",
    description="Entered and accepted in one act: the clock starts.",
    response_model=ActResult,
    responses=responses(*_REFUSALS),
)
def take_in(
    form: Annotated[IntakeForm, Body(examples=[_EXAMPLE | {"channel": "desk"}])],
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: RequiredOnce,
) -> Response:
    application = form.application(actor)
    outcome = reception.take_in(desk, application, form.channel, actor=actor, now=now, once=once)
    return answer(outcome, 201)
