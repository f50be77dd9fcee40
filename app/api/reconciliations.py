"""HTTP face of reconciliations with the national portal: counts, differences, mending."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, MaybeOnce, Now
from app.api.problems import responses
from app.api.text import AgencyCode
from app.domain.once import InFlight, KeyReused
from app.domain.reconciliation import (
    Cause,
    Origin,
    Outcome,
    ReconciliationBusy,
    ReconciliationNotFound,
    ReconciliationRoleRefused,
    RunState,
)
from app.services import mending, reconciliation_reading
from app.services.mending import Deed, Wish
from app.services.reconciliation_reading import Wanted

router = APIRouter(prefix="/v1/reconciliations", tags=["reconciliations"])

MOST_AT_ONCE = 1000
RunId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


class Run(BaseModel):
    """A comparison with what the portal holds (lần đối chiếu)."""

    id: int
    origin: Origin
    first_on: date = Field(description="First day of receipt")
    last_on: date
    agency: str | None = Field(description="With those below it; null: every agency")
    state: RunState
    asked_by: str
    begun_at: datetime
    finished_at: datetime | None
    planned: int = Field(description="Dossiers and listed codes to ask about")
    done: int
    outcomes: dict[Outcome, int] = Field(
        description="Dossiers by outcome, of the agencies that you may see"
    )


class AgencyCounts(BaseModel):
    agency: str = Field(examples=["H44.10"])
    agency_name: str
    month: date = Field(description="Of receipt, its first day")
    held: int = Field(description="Held by the portal, in whatever state")
    outcomes: dict[Outcome, int]


class RunDetail(Run):
    unmended: dict[Outcome, int] | None = Field(
        description="Not yet queued to be told again; null: not for this role"
    )
    agencies: list[AgencyCounts]


class Runs(BaseModel):
    items: list[Run]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class DifferentField(BaseModel):
    """A field of the portal's; values about persons are the agency's own staff's to see."""

    field: str = Field(examples=["TrangThaiHoSo"])
    is_hidden: bool
    ours: Any = Field(examples=["4"])
    theirs: Any = Field(examples=["2"])


class Difference(BaseModel):
    """A dossier that did not compare equal (hồ sơ lệch)."""

    id: int
    code: str = Field(examples=["H44.10-261122-0001"])
    agency: str = Field(examples=["H44.10"])
    outcome: Outcome
    cause: Cause | None
    explanation: str = Field(description="In Vietnamese")
    told: int = Field(description="Last event that the portal acknowledged; 0: none")
    stage: int | None = Field(description="Event up to which the portal holds it")
    fields: list[DifferentField]
    found_at: datetime
    mended_at: datetime | None
    mended_by: str | None
    mended: Deed | None


class Differences(BaseModel):
    items: list[Difference]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class MendingForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kinds: list[Literal[Outcome.MISSING, Outcome.BEHIND, Outcome.DIFFERENT]] = Field(
        default=[Outcome.MISSING, Outcome.BEHIND, Outcome.DIFFERENT], min_length=1, max_length=3
    )
    dry_run: bool = Field(default=False, description="Only say what would be done")


class Mended(BaseModel):
    """What was queued in the ledger; a later run shows these dossiers as equal."""

    dossiers: int
    messages: int = Field(description="Rows of the ledger that are told (again)")
    remaining: int = Field(description="Differences of these kinds that are still to be mended")
    retried: int = Field(description="Stood blocked or dead, let go on")
    told_again: int = Field(description="Lost or changed there: told again in order")
    told_first: int = Field(description="Never in the ledger: told from the first event on")
    under_way: int = Field(description="The ledger tells them already")
    parked: int = Field(description="Set aside by a person: left")
    told_since: int = Field(description="Acknowledged since: another run tells how it stands")


@router.get(
    "",
    summary="Reconciliations, the newest first (các lần đối chiếu với cổng)",
    responses=responses(ReconciliationRoleRefused, CursorRefused),
)
def list_reconciliations(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 20,
) -> Runs:
    found = reconciliation_reading.runs(desk, actor=actor, before=after, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/reconciliations", place, {"limit": limit})
    return Runs(items=[Run(**item) for item in found[:limit]], next=cursor)


@router.get(
    "/{run_id}",
    summary="One reconciliation with its counts (kết quả một lần đối chiếu)",
    description="By agency and month of receipt, without anything of a person.",
    responses=responses(ReconciliationRoleRefused, ReconciliationNotFound),
)
def read_reconciliation(run_id: RunId, desk: CurrentDesk, actor: CurrentActor) -> RunDetail:
    return RunDetail(**reconciliation_reading.read(desk, run_id, actor=actor))


async def _wanted(
    outcome: Annotated[Outcome | None, Query(description="Only these")] = None,
    agency: Annotated[AgencyCode | None, Query(description="It and those below it")] = None,
    mended: bool | None = None,  # noqa: FBT001  (a query parameter)
) -> Wanted:
    return Wanted(outcome, agency, mended)


@router.get(
    "/{run_id}/differences",
    summary="What differs, field by field (danh sách hồ sơ lệch)",
    description="Values about a person are shown as “khác” to who may not see them.",
    responses=responses(ReconciliationRoleRefused, ReconciliationNotFound, CursorRefused),
)
def list_differences(
    run_id: RunId,
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    wanted: Annotated[Wanted, Depends(_wanted)],
    after: AfterNumber,
    limit: Limit = 50,
) -> Differences:
    found = reconciliation_reading.differences(
        desk, run_id, wanted, actor=actor, after=after, limit=limit + 1
    )
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    asked = {
        "outcome": wanted.outcome,
        "agency": wanted.agency,
        "mended": None if wanted.is_mended is None else str(wanted.is_mended).lower(),
        "limit": limit,
    }
    cursor = link_to_next(response, f"/v1/reconciliations/{run_id}/differences", place, asked)
    return Differences(items=[Difference(**item) for item in found[:limit]], next=cursor)


@router.post(
    "/{run_id}/mending",
    summary="Tell the portal again what it lacks (gửi lại theo kết quả đối chiếu)",
    description=f"Through the ledger, in order; at most {MOST_AT_ONCE} dossiers a call, ask again "
    "while some remain. The portal is asked before anything is sent, so nothing is told twice.",
    responses=responses(
        *(ReconciliationRoleRefused, ReconciliationNotFound, ReconciliationBusy),
        *(InFlight, KeyReused),
    ),
)
def mend_reconciliation(
    form: MendingForm,
    run_id: RunId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Mended:
    wish = Wish(run_id, tuple(dict.fromkeys(form.kinds)), form.dry_run, MOST_AT_ONCE)
    return Mended(**mending.mend(desk, wish, actor=actor, now=now, once=once))
