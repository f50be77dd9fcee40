"""What is wrong with a reorganisation, told at once."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from app.domain.agency import Agency, agency_code_is_valid
from app.domain.application import Fault
from app.domain.calendar import FIRST_DAY, LAST_DAY
from app.domain.errors import DomainError
from app.domain.reorganisation import Ending, NewAgency, Renaming, Reorganisation


class AgencyChangeFaulty(DomainError):
    """A change that cannot be entered: `errors` says everything that is wrong with it."""

    code = "agency.change_faulty"
    title = "Thay đổi cơ quan chưa hợp lệ"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"Thay đổi có {len(faults)} điểm phải sửa: {faults[0].detail}",
            errors=[asdict(fault) for fault in faults],
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What a change is held against.

    `pending` are changes whose day has not come. `received_on` is the last day on which an agency
    that is to end received a dossier; `holders` who has the dossiers in hand, or resolves them,
    that a split names.
    """

    agencies: Mapping[str, Agency]
    groups: Collection[str]
    procedures: Collection[str]
    pending: Sequence[Reorganisation]
    received_on: Mapping[str, date]
    holders: Mapping[str, Collection[str]]
    today: date


def check(change: Reorganisation, known: Known) -> None:
    """Refuse a change with everything that is wrong with it (`AgencyChangeFaulty`)."""
    faults = [
        *_whole(change, known),
        *(fault for made in enumerate(change.created) for fault in _created(*made, change, known)),
        *_said_twice(change),
        *(fault for ending in change.endings for fault in _ending(ending, change, known)),
        *(fault for ending in change.endings for fault in _rules(ending, known)),
        *(fault for renamed in change.renamings for fault in _renaming(renamed, change, known)),
    ]
    if faults:
        raise AgencyChangeFaulty(faults)


def _whole(change: Reorganisation, known: Known) -> Iterator[Fault]:
    if not (change.created or change.endings or change.renamings):
        yield Fault("/changes", "change.empty", "Thay đổi không nêu cơ quan nào.")
    if not FIRST_DAY < change.on <= LAST_DAY:
        yield Fault("/on", "change.horizon", f"Ngày {change.on:%d/%m/%Y} nằm ngoài lịch.")
    elif change.on < known.today and not change.reason:
        detail = f"Ngày {change.on:%d/%m/%Y} đã qua: phải nêu lý do nhập muộn."
        yield Fault("/on", "change.past_without_reason", detail)
    for n, group in enumerate(change.groups):
        if group.code in known.groups:
            yield Fault(f"/groups/{n}/code", "group.taken", f"Đã có nhóm báo cáo {group.code}.")


def _created(n: int, made: NewAgency, change: Reorganisation, known: Known) -> Iterator[Fault]:
    place = f"/created/{n}"
    if not agency_code_is_valid(made.code):
        yield Fault(
            f"{place}/code", "agency.code_malformed", f"Mã {made.code} không đúng cấu trúc."
        )
    elif made.code in known.agencies:
        yield Fault(f"{place}/code", "agency.code_taken", f"Mã {made.code} đã được dùng.")
    elif not made.code.startswith(f"{made.parent}."):
        detail = f"Mã {made.code} phải bắt đầu bằng mã cơ quan cấp trên {made.parent}."
        yield Fault(f"{place}/code", "agency.code_malformed", detail)
    if made.parent not in {other.code for other in change.created}:
        yield from _succeeds(f"{place}/parent", made.parent, change, known)
    groups = {*known.groups, *(group.code for group in change.groups)}
    if made.report_group is not None and made.report_group not in groups:
        detail = f"Không có nhóm báo cáo {made.report_group}."
        yield Fault(f"{place}/report_group", "group.unknown", detail)


def _said_twice(change: Reorganisation) -> Iterator[Fault]:
    said = [(f"/created/{n}/code", made.code) for n, made in enumerate(change.created)]
    said += [(ending.place, ending.agency) for ending in change.endings]
    said += [(renamed.place, renamed.agency) for renamed in change.renamings]
    seen: Counter[str] = Counter()
    for place, agency in said:
        if seen[agency]:
            yield Fault(place, "agency.twice", f"Cơ quan {agency} được khai hai lần.")
        seen[agency] += 1
    groups = Counter(group.code for group in change.groups)
    for code, times in groups.items():
        if times > 1:
            yield Fault("/groups", "group.twice", f"Nhóm báo cáo {code} được khai hai lần.")


def _ending(ending: Ending, change: Reorganisation, known: Known) -> Iterator[Fault]:
    agency = known.agencies.get(ending.agency)
    if agency is None:
        detail = f"Không có cơ quan {ending.agency}."
        yield Fault(ending.place, "agency.unknown", detail)
        return
    if agency.parent is None:
        detail = f"{agency.name} là cấp tỉnh của hệ thống, không thể sáp nhập hay giải thể ở đây."
        yield Fault(ending.place, "agency.province", detail)
    yield from _exists(ending.place, agency, change.on)
    yield from _overlaps(ending.place, agency, change, known, as_successor=True)
    yield from _units_below(ending, change, known)
    last = known.received_on.get(agency.code)
    if last is not None and last >= change.on:
        detail = (
            f"{agency.name} đã tiếp nhận hồ sơ đến ngày {last:%d/%m/%Y}: chỉ được kết thúc hoạt "
            "động từ ngày sau đó."
        )
        yield Fault("/on", "agency.received_since", detail)
    for place, successor in dict(ending.successors()).items():
        yield from _succeeds(place, successor, change, known, of=ending.agency)


def _exists(place: str, agency: Agency, on: date) -> Iterator[Fault]:
    """Find an agency that had ended before a day, or begins on it or later."""
    if agency.valid_to is not None and agency.valid_to < on:
        since = f"{agency.name} đã kết thúc hoạt động, ngày cuối là {agency.valid_to:%d/%m/%Y}."
        yield Fault(place, "agency.ended", since)
    elif agency.valid_from >= on:
        detail = f"{agency.name} chỉ bắt đầu hoạt động từ {agency.valid_from:%d/%m/%Y}."
        yield Fault(place, "agency.not_yet", detail)


def _overlaps(
    place: str, agency: Agency, change: Reorganisation, known: Known, *, as_successor: bool
) -> Iterator[Fault]:
    """Find other changes of an agency that would hold on this day or after it.

    With `as_successor` also those that only let it go on with another's work.
    """
    if agency.valid_to is not None and agency.valid_to >= change.on:
        detail = (
            f"{agency.name} đã có lịch kết thúc hoạt động, ngày cuối {agency.valid_to:%d/%m/%Y}."
        )
        yield Fault(place, "change.overlaps", detail)
    for other in known.pending:
        named = {renaming.agency for renaming in other.renamings}
        if as_successor:
            named |= {code for ending in other.endings for _, code in ending.successors()}
        if other.on >= change.on and agency.code in named:
            detail = f"{agency.name} có trong một thay đổi khác từ ngày {other.on:%d/%m/%Y}."
            yield Fault(place, "change.overlaps", detail)
    if agency.former_names and agency.former_names[-1].last_on >= change.on:
        detail = f"{agency.name} đã đổi tên sau ngày {change.on:%d/%m/%Y}."
        yield Fault(place, "change.overlaps", detail)


def _units_below(ending: Ending, change: Reorganisation, known: Known) -> Iterator[Fault]:
    left = sorted(
        unit.code
        for unit in known.agencies.values()
        if (unit.parent == ending.agency or unit.code.startswith(f"{ending.agency}."))
        and (unit.valid_to is None or unit.valid_to >= change.on)
        and unit.code not in change.ended
    )
    if left:
        shown = ", ".join(left[:5]) + (" ..." if len(left) > 5 else "")  # noqa: PLR2004  (a few)
        detail = f"{ending.agency} còn đơn vị trực thuộc chưa được sắp xếp: {shown}."
        yield Fault(ending.place, "agency.units_below", detail)


def _succeeds(
    place: str, code: str, change: Reorganisation, known: Known, *, of: str | None = None
) -> Iterator[Fault]:
    """Find why an agency cannot go on with another's work, or have units, from the day on."""
    agency = known.agencies.get(code)
    if code == of:
        yield Fault(place, "successor.itself", f"{code} không thể kế thừa chính mình.")
    elif code in change.ended:
        detail = f"{code} cũng kết thúc hoạt động trong thay đổi này: kế thừa thành vòng."
        yield Fault(place, "successor.cycle", detail)
    elif code in {made.code for made in change.created}:
        return
    elif agency is None:
        yield Fault(place, "successor.unknown", f"Không có cơ quan {code}.")
    elif agency.valid_to is not None and agency.valid_to < change.on:
        detail = f"{agency.name} kết thúc hoạt động trước ngày {change.on:%d/%m/%Y}."
        yield Fault(place, "successor.ended", detail)
    elif agency.valid_from > change.on:
        detail = f"{agency.name} chưa hoạt động vào ngày {change.on:%d/%m/%Y}."
        yield Fault(place, "successor.not_yet", detail)


def _rules(ending: Ending, known: Known) -> Iterator[Fault]:
    """Find rules of a split about procedures or dossiers that it cannot be about."""
    for code in ending.procedures:
        if code not in known.procedures:
            place = f"{ending.place}/procedures/{code}"
            yield Fault(place, "procedure.unknown", f"Không có thủ tục {code}.")
    for code in ending.dossiers:
        if ending.agency not in known.holders.get(code, ()):
            place = f"{ending.place}/dossiers/{code}"
            detail = f"{ending.agency} không có hồ sơ chưa xong nào mang mã {code}."
            yield Fault(place, "dossier.unknown", detail)


def _renaming(renamed: Renaming, change: Reorganisation, known: Known) -> Iterator[Fault]:
    agency = known.agencies.get(renamed.agency)
    if agency is None:
        yield Fault(renamed.place, "agency.unknown", f"Không có cơ quan {renamed.agency}.")
        return
    yield from _exists(renamed.place, agency, change.on)
    yield from _overlaps(renamed.place, agency, change, known, as_successor=False)
    if agency.name == renamed.name:
        yield Fault(f"{renamed.place}/name", "agency.same_name", "Tên mới trùng với tên hiện nay.")
