"""The acts that a former system tells of a dossier, played through the lifecycle table.

What a live act may not do, an old one may not have done: order and roles by the table, one request
for papers after acceptance without a ground, one extension and before the due instant.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from app.domain.actor import Actor, Role
from app.domain.calendar import HorizonExceeded, local_minute
from app.domain.errors import DomainError
from app.domain.former_columns import CellFault
from app.domain.lifecycle import STEPS, Act, Status
from app.domain.past_dossier import PastDossier
from app.domain.procedure import unknown_components
from app.domain.time_limits import TimeLimit

_BY: Final = (
    *(Role.OFFICER, Role.RECEPTIONIST, Role.APPROVER),
    *(Role.APPLICANT, Role.PARTNER, Role.SYSTEM),
)
"""Whose act it was, where the table knows several and the former system names none."""

FORMER_ACCOUNT: Final = "import"


class FormerActRefused(DomainError):
    """An act that a live dossier would not have been let do."""

    code = "import.act_refused"
    title = "Thao tác không hợp lệ"

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = code


@dataclass(frozen=True, slots=True)
class FormerAct:
    """One act as told; `column` is where it was told, for the faults."""

    act: Act
    at: datetime
    column: str
    by: str | None = None
    role: Role | None = None
    reason: str | None = None
    ground: str | None = None
    components: tuple[str, ...] = ()
    amount_vnd: int = 0
    extension: TimeLimit | None = None
    granted: bool = True


def play(dossier: PastDossier, acts: Iterable[FormerAct], source: str) -> list[CellFault]:
    """Play acts in their order on a new dossier; stop at the first that cannot be."""
    for said in acts:
        _start_silently(dossier, said, source)
        try:
            _DEEDS[said.act](dossier, said, _actor(dossier, said, source))
        except FormerActRefused as refusal:
            return [CellFault(said.column, refusal.fault, refusal.detail)]
        except HorizonExceeded as refusal:
            return [CellFault(said.column, "instant.horizon", refusal.detail)]
        except DomainError as refusal:
            return [CellFault(said.column, refusal.code, refusal.detail)]
    return []


def _start_silently(dossier: PastDossier, said: FormerAct, source: str) -> None:
    """Let work begin at acceptance where the next act wants that it had begun."""
    is_accepted = dossier.status is Status.ACCEPTED and (Status.ACCEPTED, said.act) not in STEPS
    if is_accepted and (Status.IN_PROCESS, said.act) in STEPS:
        begin_silently(dossier, source)


def begin_silently(dossier: PastDossier, source: str) -> None:
    """Let work begin at acceptance, as the former system did not tell when it did."""
    dossier.start(_staff(Role.OFFICER, source), dossier.events[-1].at)
    dossier.events[-1].details = {**dossier.events[-1].details, "derived": True}


def _actor(dossier: PastDossier, said: FormerAct, source: str) -> Actor:
    role = said.role or _usual_role(dossier.status, said.act)
    if role is not Role.APPLICANT:
        return _staff(role, said.by or source)
    applicant = dossier.applicant
    return Actor(f"{FORMER_ACCOUNT}:{applicant.number}", role, said.by or applicant.name)


@lru_cache(maxsize=4096)
def _staff(role: Role, name: str) -> Actor:
    return Actor(FORMER_ACCOUNT, role, name)


@lru_cache(maxsize=256)
def _usual_role(status: Status | None, act: Act) -> Role:
    step = STEPS.get((status, act))
    may = step.by if step else frozenset(_BY)  # the table itself refuses it
    return next(role for role in _BY if role in may)


def _accept(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.accept(actor, said.at)


def _refuse(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.refuse(actor, said.at, _reason(said), said.ground or "")


def _ask(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    unknown = unknown_components(dossier.offer.version, said.components)
    if unknown:
        raise FormerActRefused(
            "component.unknown", f"Thủ tục không có thành phần {', '.join(unknown)}."
        )
    if dossier.supplements >= 1 and not said.ground:
        raise FormerActRefused(
            "supplement.second_without_ground",
            "Yêu cầu bổ sung lần nữa sau khi tiếp nhận phải có căn cứ pháp lý.",
        )
    reason = said.reason or "Theo hệ thống cũ"
    dossier.request_supplement(actor, said.at, said.components, reason, said.ground)


def _supplement(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.supplement(actor, said.at, said.components)


def _start(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.start(actor, said.at)


def _pass_on(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    if dossier.step + 1 >= len(dossier.offer.version.steps):
        raise FormerActRefused("step.none_left", "Quy trình không còn bước nào để chuyển tới.")
    dossier.pass_on(actor, said.at)


def _bill(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    if said.amount_vnd <= 0:
        raise FormerActRefused("money.missing", "Yêu cầu nghĩa vụ tài chính phải có số tiền.")
    dossier.request_payment(actor, said.at, said.amount_vnd, said.reason or "Theo hệ thống cũ")


def _settle(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.settle(actor, said.at)


def _extend(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    late = dossier.due_at is not None and local_minute(said.at) > dossier.due_at
    if said.extension is None:
        raise FormerActRefused("extension.missing", "Gia hạn phải nói gia hạn bao nhiêu.")
    if dossier.extension is not None or late:
        raise FormerActRefused(
            "extension.refused", "Chỉ được gia hạn một lần và trước khi hết hạn."
        )
    dossier.extend(actor, said.at, said.extension, said.reason or "Theo hệ thống cũ")


def _resolve(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    reason = said.reason if said.granted else _reason(said)
    dossier.resolve(actor, said.at, granted=said.granted, reason=reason)


def _stop(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.stop(actor, said.at, _reason(said), said.ground or "")


def _withdraw(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.withdraw(actor, said.at, said.reason or "Theo hệ thống cũ")


def _return(dossier: PastDossier, said: FormerAct, actor: Actor) -> None:
    dossier.return_result(actor, said.at)


def _reason(said: FormerAct) -> str:
    if not said.reason:
        raise FormerActRefused("reason.missing", "Phải nêu lý do.")
    return said.reason


_Deed = Callable[[PastDossier, FormerAct, Actor], None]
_DEEDS: Mapping[Act, _Deed] = {
    Act.ACCEPT: _accept,
    Act.REFUSE: _refuse,
    Act.REQUEST_SUPPLEMENT: _ask,
    Act.SUPPLEMENT: _supplement,
    Act.START: _start,
    Act.PASS_ON: _pass_on,
    Act.REQUEST_PAYMENT: _bill,
    Act.SETTLE: _settle,
    Act.EXTEND: _extend,
    Act.RESOLVE: _resolve,
    Act.STOP: _stop,
    Act.WITHDRAW: _withdraw,
    Act.RETURN_RESULT: _return,
}
