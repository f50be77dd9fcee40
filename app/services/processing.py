"""What happens to an accepted dossier in the agency: each function is one act on it."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from app.db.access import Transaction
from app.db.documents import document
from app.domain.calendar import LOCAL_ZONE, local_minute
from app.domain.deadlines import next_working_start
from app.domain.documents import DocumentKind, DocumentNotFound
from app.domain.errors import DomainError
from app.domain.lifecycle import Act
from app.domain.routing import Whereabouts, Wish, route
from app.domain.time_limits import TimeLimit
from app.services.clocks import calendar_of, due_anew, version_of
from app.services.desk import Desk
from app.services.outstanding import waive
from app.services.transition import Effect, Outcome, Request, carry_out


class SecondSupplement(DomainError):
    """The law allows one request after acceptance (Decree 118/2025/NĐ-CP art. 17)."""

    code = "supplement.second_without_ground"
    title = "Chỉ được yêu cầu bổ sung một lần"


class UnknownComponents(DomainError):
    code = "supplement.unknown_components"
    title = "Thành phần hồ sơ không có trong thủ tục"


class ExtensionRefused(DomainError):
    """After the due instant, or a second time."""

    code = "extension.refused"
    title = "Không được gia hạn"


class ResultMissing(DomainError):
    code = "resolution.result_missing"
    title = "Thiếu kết quả giải quyết"


class ReasonMissing(DomainError):
    code = "resolution.reason_missing"
    title = "Thiếu lý do"


def request_supplement(
    desk: Desk, request: Request, *, components: tuple[str, ...], reason: str, ground: str | None
) -> Outcome:
    """Ask for everything that is missing, at once (form 02); the clock stands until the answer."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        version = version_of(desk, tx, dossier)
        known = {component.code for component in version.components}
        unknown = [code for code in components if code not in known]
        if unknown:
            raise UnknownComponents(
                f"Thủ tục này không có thành phần {', '.join(unknown)}.", components=unknown
            )
        is_second = dossier.supplements >= 1
        if is_second and not ground:
            raise SecondSupplement(
                "Đã yêu cầu bổ sung một lần sau khi tiếp nhận. Lần nữa phải nêu căn cứ pháp lý, "
                "và hồ sơ được tính là trễ hạn."
            )
        after_acceptance = dossier.accepted_at is not None
        reply_due_on = _day(request.now) + timedelta(days=version.supplement_days)
        return Effect(
            {
                "supplements": dossier.supplements + after_acceptance,
                "reply_due_on": reply_due_on,
            },
            reason,
            ground,
            {
                "components": list(components),
                "is_second": is_second,
                "reply_due_on": reply_due_on.isoformat(),
            },
        )

    return carry_out(desk, request, Act.REQUEST_SUPPLEMENT, work)


def start(desk: Desk, request: Request) -> Outcome:
    """Begin to process an accepted dossier."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        steps = version_of(desk, tx, dossier).steps
        step = min(dossier.step + 1, len(steps) - 1)
        return Effect({"step": step}, details={"step": steps[step].code})

    return carry_out(desk, request, Act.START, work)


def pass_on(
    desk: Desk,
    request: Request,
    *,
    agency: str | None,
    reason: str | None,
    step: str | None = None,
    without_opinions: str | None = None,
) -> Outcome:
    """Hand on: to the next step or, with a reason, to another step, another agency, and back.

    What is received after the cut-off (15:00) begins with the next working day. While other
    agencies are still asked for their opinion, only with a reason not to wait for them.
    """

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        catalogue = desk.references.catalogue(tx)
        version = version_of(desk, tx, dossier)
        codes = catalogue.agency_codes
        here = Whereabouts(dossier.step, codes[dossier.at_agency_id], codes[dossier.agency_id])
        wish = Wish(step, agency, reason)
        to = route(version, here, wish, catalogue.agencies, _day(request.now))
        waived = waive(tx, dossier, request.now, without_opinions)
        begins_at = next_working_start(
            request.now, calendar_of(desk, tx, dossier), desk.rules.handover_cutoff
        )
        to_id = catalogue.agency_ids[to.agency]
        return Effect(
            {
                "step": to.step,
                "at_agency_id": to_id,
                "agency_ids": sorted({*dossier.agency_ids, to_id}),
            },
            reason,
            details={
                **_moved("step", version.steps[here.step].code, version.steps[to.step].code),
                **_moved("agency", here.agency, to.agency),
                "begins_at": begins_at.isoformat(),
                **waived,
            },
        )

    return carry_out(desk, request, Act.PASS_ON, work)


def _moved(what: str, before: str, after: str) -> dict[str, str]:
    return {} if before == after else {f"from_{what}": before, f"to_{what}": after}


def extend(desk: Desk, request: Request, *, by: TimeLimit, reason: str) -> Outcome:
    """Apologise and give a new appointment (form 04): before the due instant, once."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        if dossier.extension is not None:
            raise ExtensionRefused("Hồ sơ đã được gia hạn một lần.")
        if local_minute(request.now) > dossier.due_at:
            raise ExtensionRefused(
                "Chỉ được gia hạn trước khi hết hạn. Hồ sơ đã quá hạn thì phải xin lỗi và hẹn lại."
            )
        due_at = due_anew(desk, tx, dossier, request.now, by)
        granted = {"count": by.count, "unit": by.unit}
        return Effect(
            {"extension": json.dumps(granted), "due_at": due_at},
            reason,
            details={"extension": granted, **_form_04(dossier, due_at, request)},
        )

    return carry_out(desk, request, Act.EXTEND, work)


def _form_04(dossier: Row[Any], due_at: datetime | None, request: Request) -> dict[str, Any]:
    """Return what form 04 says beside the reason: dates, the new appointment, who signs."""
    return {
        "received_at": dossier.received_at.isoformat(),
        "promised_at": dossier.promised_at.isoformat(),
        "due_before": dossier.due_at.isoformat(),
        "due_after": due_at.isoformat() if due_at else None,
        "signed_by": request.actor.name,
    }


def resolve(
    desk: Desk,
    request: Request,
    *,
    granted: bool,
    reason: str | None,
    documents: tuple[UUID, ...],
    without_opinions: str | None = None,
) -> Outcome:
    """Decide: the result is granted or denied with reasons, the signed result attached.

    While other agencies are still asked for their opinion, only with a reason not to wait.
    """

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        version = version_of(desk, tx, dossier)
        if not granted and not reason:
            raise ReasonMissing("Không cấp kết quả thì phải nêu lý do.")
        if granted and version.result.electronic and not documents:
            raise ResultMissing("Kết quả điện tử phải kèm tệp đã ký số.")
        waived = waive(tx, dossier, request.now, without_opinions)
        _attach(tx, dossier, documents)
        return Effect(
            {
                "resolved_at": request.now,
                "ended_at": request.now,
                "result_granted": int(granted),
            },
            reason,
            details={
                "granted": granted,
                "documents": [str(document_id) for document_id in documents],
                **waived,
            },
        )

    return carry_out(desk, request, Act.RESOLVE, work)


def stop(desk: Desk, request: Request, *, reason: str, legal_ground: str) -> Outcome:
    """Stop for good (form 05): reason and ground are told."""

    def work(_tx: Transaction, _dossier: Row[Any]) -> Effect:
        return Effect({"ended_at": request.now, "reply_due_on": None}, reason, legal_ground)

    return carry_out(desk, request, Act.STOP, work)


def _attach(tx: Transaction, dossier: Row[Any], documents: tuple[UUID, ...]) -> None:
    if not documents:
        return
    attached = tx.db.scalars(
        update(document)
        .where(
            document.c.id.in_(documents),
            document.c.owner_id == tx.actor.id,
            document.c.kind == DocumentKind.RESULT,
            document.c.dossier_id.is_(None),
        )
        .values(dossier_id=dossier.id)
        .returning(document.c.id)
    ).all()
    absent = set(documents) - set(attached)
    if absent:
        raise DocumentNotFound(
            "Không có tệp kết quả này trong số tệp bạn đã tải lên và chưa dùng.",
            documents=sorted(map(str, absent)),
        )


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
