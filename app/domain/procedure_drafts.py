"""Drafts of procedure versions (dự thảo phiên bản thủ tục): checked whole, compared, published.

A draft holds what a version says without its number and dates, which publication gives it. What
is wrong is told all at once, each fault with its place (JSON pointer).
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum, auto
from typing import Any, Final

from app.domain.agency import Agency
from app.domain.calendar import LOCAL_ZONE, Calendar, HorizonExceeded
from app.domain.course import follow
from app.domain.definition import Fault, Node
from app.domain.errors import DomainError
from app.domain.handovers import budgets
from app.domain.procedure import AgencyRule, Procedure, ProcedureVersion
from app.domain.procedure_definition import Heading, read_draft

GIVEN_LATER: Final = ("version", "valid_from", "valid_to")
"""Members of a version that publication gives."""


class DraftOrigin(StrEnum):
    HAND = auto()  # quản trị soạn
    NATIONAL_PORTAL = auto()  # lấy từ Cổng Dịch vụ công quốc gia


class DraftState(StrEnum):
    DRAFT = auto()  # đang soạn
    CHECKED = auto()  # đã kiểm tra, không có lỗi
    PUBLISHED = auto()  # đã ban hành
    DISCARDED = auto()  # đã bỏ


class DraftFaulty(DomainError):
    """`facts["errors"]` lists every fault as pointer, code and sentence."""

    code = "procedure_draft.faulty"
    title = "Dự thảo thủ tục có lỗi"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(
            f"Dự thảo có {len(faults)} lỗi.",
            errors=[
                {"pointer": one["pointer"], "code": "definition.faulty", "detail": one["message"]}
                for one in faults
            ],
        )


class RetirementRefused(DomainError):
    code = "procedure.retirement_refused"
    title = "Không chấm dứt được phiên bản thủ tục"


def content_of(heading: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version in force as the content of a draft to begin from."""
    kept = {name: value for name, value in definition.items() if name not in GIVEN_LATER}
    return {**heading, "definition": kept}


def definition_of(content: Mapping[str, Any], number: int, valid_from: date) -> dict[str, Any]:
    """Return the definition that a sound draft becomes."""
    return {
        **content["definition"],
        "version": number,
        "valid_from": valid_from.isoformat(),
        "valid_to": None,
    }


def check(
    code: str,
    content: Mapping[str, object],
    *,
    known: Procedure | None,
    agencies: Mapping[str, Agency],
    valid_from: date,
) -> ProcedureVersion:
    """Return the version that a draft makes, or refuse it with all that is wrong with it.

    `known` is the procedure as the catalogue has it, None for a new one.
    """
    root = Node(content, "", [])
    number = known.versions[-1].version + 1 if known else 1
    heading, version = read_draft(root, code, number, valid_from)
    definition = root.below("definition", content.get("definition"))
    if known is not None and root.has_sound("name", "field"):
        _check_heading(root, heading, known)
    if not root.faults:
        _check_agencies(definition, version, agencies, valid_from)
        _check_minutes(definition, version, valid_from)
    if root.faults:
        raise DraftFaulty(root.faults)
    return version


def _check_heading(root: Node, heading: Heading, known: Procedure) -> None:
    """Blame another name or field: dossiers of years ago print the one that the catalogue has."""
    if heading.name != known.name:
        root.below("name", None).blame(f"Tên thủ tục trong danh mục là “{known.name}”.")
    if heading.field != known.field:
        root.below("field", None).blame(f"Lĩnh vực trong danh mục là “{known.field.name}”.")


def _check_agencies(
    node: Node, version: ProcedureVersion, agencies: Mapping[str, Agency], day: date
) -> None:
    for place, code in enumerate(version.agency_codes):
        _check_agency(node.below("agencies", None).below(str(place), None), code, agencies, day)
    resolvers = [
        known
        for known in agencies.values()
        if version.is_resolved_by(known) and known.is_valid_on(day)
    ]
    if not resolvers and version.agency_level is not None:
        node.below("agencies", None).blame("Không có cơ quan nào ở cấp này đang hoạt động.")
    for place, step in enumerate(version.steps):
        at = node.below("steps", None).below(str(place), None).below("agency", None)
        if step.agency is AgencyRule.PARENT:
            orphans = [known.code for known in resolvers if known.parent is None]
            if orphans:
                at.blame(f"Cơ quan giải quyết {', '.join(orphans)} không có cơ quan cấp trên.")
        elif not isinstance(step.agency, AgencyRule):
            _check_agency(at, step.agency, agencies, day)


def _check_agency(node: Node, code: str, agencies: Mapping[str, Agency], day: date) -> None:
    known = agencies.get(code)
    if known is None:
        node.blame(f"Không có cơ quan {code}.")
    elif not known.is_valid_on(day):
        node.blame(f"{known.name} ({code}) không hoạt động vào ngày {day:%d/%m/%Y}.")


def _check_minutes(node: Node, version: ProcedureVersion, day: date) -> None:
    """Blame a limit that the calendar cannot hold, and steps that get no minute of it."""
    calendar = Calendar()
    accepted_at = datetime.combine(calendar.next_working_day(day), time(7, 30), LOCAL_ZONE)
    try:
        course = follow(version.limit, accepted_at, (), calendar)
    except HorizonExceeded:
        node.below("limit", None).blame("Thời hạn vượt quá phạm vi của lịch làm việc.")
        return
    total = calendar.minutes_between(accepted_at, course.terms[-1].due_at)
    for place, (step, minutes) in enumerate(
        zip(version.steps, budgets(version.steps, total), strict=True)
    ):
        if step.share_percent and not minutes:
            at = node.below("steps", None).below(str(place), None).below("share_percent", None)
            at.blame(f"Với thời hạn {version.limit.label}, bước này không được phút nào.")


def check_succession(known: Procedure | None, valid_from: date, today: date) -> None:
    """Refuse a first day that has passed, or that is not after that of the last version."""
    faults: list[Fault] = []
    node = Node(None, "/valid_from", faults)
    if valid_from < today:
        node.blame("Ngày hiệu lực đã qua.")
    last = known.versions[-1] if known else None
    if last is not None and valid_from <= last.valid_from:
        node.blame(
            f"Chồng lên phiên bản {last.version}, có hiệu lực từ {last.valid_from:%d/%m/%Y}: ngày "
            "hiệu lực mới phải sau ngày đó."
        )
    if faults:
        raise DraftFaulty(faults)


def last_day_before(last: ProcedureVersion, valid_from: date) -> date | None:
    """Return the day on which a version gives way to the next; None if it is over before."""
    if last.valid_to is not None and last.valid_to < valid_from:
        return None
    return valid_from - timedelta(days=1)


def check_retirement(known: Procedure, last_day: date, today: date) -> ProcedureVersion:
    """Return the version to be ended without one that follows it, or refuse the day."""
    last = known.versions[-1]
    if last_day < today:
        raise RetirementRefused("Ngày hiệu lực cuối cùng đã qua.")
    if last_day < last.valid_from:
        raise RetirementRefused(
            f"Phiên bản {last.version} chỉ có hiệu lực từ {last.valid_from:%d/%m/%Y}.",
            valid_from=last.valid_from.isoformat(),
        )
    if last.valid_to is not None and last.valid_to <= last_day:
        raise RetirementRefused(
            f"Phiên bản {last.version} đã hết hiệu lực sau ngày {last.valid_to:%d/%m/%Y}.",
            valid_to=last.valid_to.isoformat(),
        )
    return last
