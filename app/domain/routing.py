"""Where a dossier may be handed on to: the next step, another one, another agency, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.agency import Agency
from app.domain.errors import DomainError
from app.domain.procedure import AgencyRule, ProcedureVersion, Step


class HandoverRefused(DomainError):
    """The facts name the step or the agency that it cannot go to."""

    code = "handover.refused"
    title = "Không chuyển được hồ sơ"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a dossier is: a place in its process, the agency that has it, the one it belongs to."""

    step: int
    agency: str
    resolving: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Where to: nothing named is the next step; anything else wants a reason."""

    step: str | None = None
    agency: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    step: int
    agency: str


def route(
    version: ProcedureVersion,
    here: Whereabouts,
    wish: Wish,
    agencies: Mapping[str, Agency],
    today: date,
) -> Destination:
    """Say where a dossier gets to, or refuse the way (`HandoverRefused`)."""
    step = here.step if wish.step is None else _place(version, wish.step)
    if wish.step is None and wish.agency is None:
        step = here.step + 1
        if step >= len(version.steps):
            raise HandoverRefused("Hồ sơ đang ở bước cuối của quy trình.")
    agency = wish.agency or _agency_of(version.steps[step], here, agencies)
    _refuse_closed(agency, version.steps[step], agencies, today, is_asked=wish.agency is not None)
    if (step, agency) == (here.step, here.agency):
        raise HandoverRefused(
            "Hồ sơ đang ở chính cơ quan này." if wish.agency else "Hồ sơ đang ở chính bước này."
        )
    if step == 0 and here.step:
        raise HandoverRefused("Bước tiếp nhận đã xong, không chuyển trả về bước này.")
    _refuse_without_reason(version, here, wish, step)
    return Destination(step, agency)


def _place(version: ProcedureVersion, code: str) -> int:
    for place, step in enumerate(version.steps):
        if step.code == code:
            return place
    raise HandoverRefused(
        f"Quy trình của hồ sơ không có bước “{code}”.",
        step=code,
        steps=[step.code for step in version.steps],
    )


def _agency_of(step: Step, here: Whereabouts, agencies: Mapping[str, Agency]) -> str:
    """Return the agency that a step's rule finds."""
    if step.agency is AgencyRule.HERE:
        return here.agency
    if step.agency is AgencyRule.RESOLVING:
        return here.resolving
    if step.agency is AgencyRule.PARENT:
        above = agencies[here.resolving].parent
        if above is None:
            raise HandoverRefused(
                f"Bước “{step.name}” giao cho cơ quan cấp trên, nhưng {here.resolving} không có.",
                step=step.code,
            )
        return above
    return step.agency


def _refuse_closed(
    code: str, step: Step, agencies: Mapping[str, Agency], today: date, *, is_asked: bool
) -> None:
    """Refuse an agency that is unknown, abolished or not yet there."""
    agency = agencies.get(code)
    if agency is not None and agency.is_valid_on(today):
        return
    whose = "" if is_asked else f"Bước “{step.name}” giao cho cơ quan {code}. "
    if agency is None:
        raise HandoverRefused(f"{whose}Không có cơ quan {code}.", agency=code, step=step.code)
    if agency.valid_to is not None and agency.valid_to < today:
        raise HandoverRefused(
            f"{whose}{agency.name} ({code}) đã thôi hoạt động sau ngày {agency.valid_to:%d/%m/%Y}.",
            agency=code,
            step=step.code,
            valid_to=agency.valid_to.isoformat(),
        )
    raise HandoverRefused(
        f"{whose}{agency.name} ({code}) chỉ hoạt động từ ngày {agency.valid_from:%d/%m/%Y}.",
        agency=code,
        step=step.code,
        valid_from=agency.valid_from.isoformat(),
    )


def _refuse_without_reason(
    version: ProcedureVersion, here: Whereabouts, wish: Wish, step: int
) -> None:
    if wish.reason:
        return
    if wish.agency is not None and wish.agency != here.agency:
        raise HandoverRefused("Chuyển cơ quan khác thì phải nêu lý do.")
    if step < here.step:
        back = version.steps[step]
        raise HandoverRefused(
            f"Chuyển trả về bước “{back.name}” thì phải nêu lý do.", step=back.code
        )
    if step > here.step + 1:
        skipped = [passed.code for passed in version.steps[here.step + 1 : step]]
        raise HandoverRefused("Chuyển vượt bước thì phải nêu lý do.", skipped=skipped)
