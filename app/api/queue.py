"""HTTP face of the work queue: what there is to do, how much of it, many at once."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.acts import ActResult, Handover, hand_on, result_of
from app.api.cursors import AfterPlace, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, Now, RequiredOnce
from app.api.dossiers import DossierSummary
from app.api.problems import Problem, refusal, responses
from app.api.text import DossierCode, ItemCode
from app.domain.lifecycle import Act, Status
from app.domain.once import KeyMissing, KeyReused
from app.domain.queue import Tab
from app.services import bulk, queue, reception
from app.services.transition import Outcome, Request

router = APIRouter(prefix="/v1/queue", tags=["queue"])


class QueueItem(DossierSummary):
    """A dossier as the queue shows it; minutes are working minutes, negative when late."""

    step: str = Field(examples=["appraisal"])
    step_name: str
    clock: Literal["running", "standing", "finished"]
    until: datetime | None = Field(
        description="End of the clock that runs: of the first answer until acceptance, then of the "
        "result"
    )
    remaining_minutes: int | None
    in_words: str = Field(examples=["còn 2 ngày 4 giờ", "quá hạn 1 ngày 3 giờ"])
    claimed_by: str | None = Field(description="Account that works on it now")
    claimed_name: str | None
    claimed_until: datetime | None
    assigned_to: str | None = Field(description="Account that it was given to")
    assigned_name: str | None
    possible_acts: list[Act] = Field(description="What you may do with it now")


class QueuePage(BaseModel):
    items: list[QueueItem]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class Count(BaseModel):
    """So many; `exact` false: at least so many, to be shown as 1,000+."""

    count: int = Field(examples=[1000])
    exact: bool = Field(examples=[False])


class QueueCounts(BaseModel):
    """How much there is; of statuses, steps and procedures only those that occur."""

    tabs: dict[Tab, Count]
    statuses: dict[Status, Count]
    steps: dict[str, Count]
    procedures: dict[str, Count]
    opinions: Count = Field(description="Opinions that your agency is asked for and has not given")


Hours = Annotated[
    int | None,
    Query(ge=1, le=400, description="What `due_soon` means, in working hours; default: a setting"),
]


class Asked:
    """What of the queue may be asked for."""

    def __init__(
        self,
        tab: Annotated[
            Tab,
            Query(
                description="mine: của tôi · desk: đến lượt vai trò của tôi · agency: của cơ quan "
                "· due_soon: sắp đến hạn · overdue: quá hạn · waiting_supplement: chờ bổ sung · "
                "waiting_payment: chờ nộp tiền · unanswered: sắp hoặc quá 8 giờ chưa trả lời"
            ),
        ] = Tab.DESK,
        status: Annotated[Status | None, Query(description="Only these")] = None,
        step: Annotated[ItemCode | None, Query(description="At this step of the process")] = None,
        procedure: Annotated[ItemCode | None, Query(description="Of this procedure")] = None,
        hours: Hours = None,
    ) -> None:
        self.queue = queue.Asked(tab, status, step, procedure, hours)
        self.query = {
            "tab": tab,
            "status": status,
            "step": step,
            "procedure": procedure,
            "hours": hours,
        }


@router.get(
    "",
    summary="Work queue (hàng đợi công việc)",
    description="The most urgent first: running clocks by working time left, then clocks that "
    "stand by what was left, then results that wait to be fetched.",
    responses=responses(queue.QueueRefused, CursorRefused),
)
def read_queue(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    after: AfterPlace,
    asked: Annotated[Asked, Depends()],
    limit: Limit = 20,
) -> QueuePage:
    page = queue.page(desk, asked.queue, actor=actor, after=after, limit=limit, now=now)
    cursor = link_to_next(response, "/v1/queue", page.next, {"limit": limit, **asked.query})
    return QueuePage(items=[QueueItem(**item) for item in page.items], next=cursor)


@router.get(
    "/counts",
    summary="How much there is per tab (số lượng theo từng mục)",
    responses=responses(queue.QueueRefused),
)
def count_queue(
    desk: CurrentDesk, actor: CurrentActor, now: Now, hours: Hours = None
) -> QueueCounts:
    found = queue.counts(desk, actor=actor, hours=hours, now=now)
    return QueueCounts.model_validate(found, from_attributes=True)


class BulkItem(BaseModel):
    """A dossier in the version that was looked at, as If-Match says it for a single act."""

    model_config = ConfigDict(extra="forbid")

    code: DossierCode = Field(examples=["H44.29-261122-0001"])
    version: int = Field(ge=1, le=10**9, strict=True, examples=[1])


class BulkForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[BulkItem] = Field(
        min_length=1, json_schema_extra={"maxItems": bulk.LARGEST}, description="1,000 at most"
    )


class BulkHandover(Handover):
    """The same hand-over for all of them."""

    items: list[BulkItem] = Field(
        min_length=1, json_schema_extra={"maxItems": bulk.LARGEST}, description="1,000 at most"
    )


class BulkResult(BaseModel):
    """What became of one dossier: one of the two is there."""

    code: str
    outcome: ActResult | None
    problem: Problem | None


class BulkResults(BaseModel):
    done: int = Field(description="So many were done")
    refused: int = Field(description="So many were not; their results say why")
    results: list[BulkResult] = Field(description="In the order asked")


_BULK_NOTE = (
    "Up to 1,000 dossiers, each in a transaction of its own with a result of its own: some may be "
    "refused while others are done. Sent again under the same key after a broken line, what was "
    "done is answered as it was, and what is missing is done."
)
_BULK_REFUSALS = responses(bulk.TooMany, KeyMissing, KeyReused)


@router.post(
    "/acceptances",
    summary="Accept many (tiếp nhận nhiều hồ sơ)",
    description=_BULK_NOTE,
    responses=_BULK_REFUSALS,
)
def accept_many(
    form: BulkForm, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> BulkResults:
    items = [bulk.Item(item.code, item.version) for item in form.items]

    def accept(request: Request) -> Outcome:
        return reception.accept(desk, request)

    return _results(bulk.each(desk, items, accept, actor=actor, now=now, once=once), "acceptance")


@router.post(
    "/handovers",
    summary="Hand on many (chuyển nhiều hồ sơ)",
    description=_BULK_NOTE,
    responses=_BULK_REFUSALS,
)
def pass_on_many(
    form: BulkHandover, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> BulkResults:
    items = [bulk.Item(item.code, item.version) for item in form.items]

    def pass_on(request: Request) -> Outcome:
        return hand_on(form, request, desk)

    return _results(bulk.each(desk, items, pass_on, actor=actor, now=now, once=once), "handovers")


def _results(results: list[bulk.Result], path: str) -> BulkResults:
    told = [
        BulkResult(
            code=result.code,
            outcome=ActResult(**result_of(result.outcome)) if result.outcome else None,
            problem=(
                refusal(f"/v1/dossiers/{result.code}/{path}", result.refusal)
                if result.refusal
                else None
            ),
        )
        for result in results
    ]
    done = sum(result.outcome is not None for result in told)
    return BulkResults(done=done, refused=len(told) - done, results=told)
