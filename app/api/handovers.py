"""HTTP face of hand-overs: who had a dossier when, at which step, and how each kept its time."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.dependencies import Code, CurrentActor, CurrentDesk, Now
from app.api.problems import responses
from app.domain.handovers import Outcome
from app.domain.lifecycle import RoleRefused
from app.services import handovers
from app.services.transition import DossierNotFound

router = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])


class Side(BaseModel):
    """Bên giao hoặc bên nhận; the first giver is the applicant, who has neither agency nor step."""

    agency: str | None = Field(examples=["H44.29"])
    agency_name: str | None
    step: str | None = Field(examples=["appraisal"])
    step_name: str | None
    name: str | None = Field(description="Person; null until somebody of the step did something")


class Handover(BaseModel):
    """One hand-over and the stay that it began; minutes are working minutes of the clock."""

    seq: int = Field(description="Number of the event that handed the dossier over")
    giver: Side
    receiver: Side
    sent_at: datetime
    received_at: datetime = Field(
        description="From when its time counts: what is sent after 15:00 (a setting) is received "
        "at the start of the next working day"
    )
    left_at: datetime | None = Field(description="null while the dossier is still there")
    budget_minutes: int = Field(description="What the step had left of its share of the limit")
    spent_minutes: int | None
    due_at: datetime | None = Field(description="null where no time is counted")
    outcome: Outcome | None = Field(
        description="early: on a day before it was due; on_time: on that day; late: after it"
    )
    in_words: str | None = Field(examples=["còn 2 ngày 4 giờ", "quá hạn 1 ngày 3 giờ"])
    note: str | None = Field(description="Reason of a hand-over that needed one")


class Handovers(BaseModel):
    items: list[Handover]


@router.get(
    "/{code}/handovers",
    summary="Hand-overs from desk to desk (quá trình giao nhận)",
    description="For the desks that have or had the dossier; the control slip is drawn from this.",
    responses=responses(DossierNotFound, RoleRefused),
)
def list_handovers(code: Code, desk: CurrentDesk, actor: CurrentActor, now: Now) -> Handovers:
    found = handovers.handovers(desk, code, actor=actor, now=now)
    return Handovers(items=[Handover(**item) for item in found])
