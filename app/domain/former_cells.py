"""The cells of a former system's row as values, each read by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from app.domain.application import Applicant
from app.domain.calendar import LOCAL_ZONE
from app.domain.former_columns import BY_NAME, REQUIRED, YES, CellFault
from app.domain.former_mapping import FormerMapping
from app.domain.former_values import (
    FormerInstant,
    Unreadable,
    read_instant,
    read_money,
    read_number,
    read_text,
    unquoted,
)
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Status
from app.domain.numbering import DOSSIER_CODE
from app.domain.payments import Method
from app.domain.procedure import ApplicantKind

_INSTANTS: Final = tuple(name for name in BY_NAME if name.endswith("_at"))
_LONGEST: Final = {
    "applicant_name": 250,
    "applicant_address": 500,
    "applicant_email": 254,
    "applicant_phone": 30,
    "reason": 4000,
    "legal_ground": 1000,
    "components": 1000,
}
_USUALLY_LONGEST: Final = 100

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


@dataclass(slots=True)
class Cells:
    """What a row says; `instants` by column, a missing or unreadable value is None or empty."""

    code: str = ""
    procedure: str = ""
    agency: str = ""
    channel: Channel | None = None
    kind: ApplicantKind | None = None
    number: str = ""
    name: str = ""
    contact: tuple[str | None, str | None, str | None] = (None, None, None)
    is_verified: bool = False
    status: Status | None = None
    granted: bool = True
    result_number: str = ""
    reason: str | None = None
    ground: str | None = None
    return_way: ReturnWay = ReturnWay.DESK
    components: tuple[str, ...] = ()
    fee_vnd: int | None = None
    paid_by: Method = Method.CASH
    instants: dict[str, FormerInstant] = field(default_factory=dict)
    history: Any = None

    @property
    def received(self) -> FormerInstant | None:
        return self.instants.get("received_at")

    @property
    def has_applicant(self) -> bool:
        return self.kind is not None and bool(self.number)

    @property
    def applicant(self) -> Applicant:
        if self.kind is None:
            raise ValueError("the kind of applicant could not be read")
        return Applicant(self.kind, self.number, self.name, *self.contact)


def read_cells(
    values: Mapping[str, Any], mapping: FormerMapping, now: datetime
) -> tuple[Cells, list[CellFault]]:
    """Read every cell; `values` are by our names, without empty ones, words translated."""
    reading = _Reading(values, mapping.date_formats)
    reading.faults += [
        CellFault(name, "value.missing", "Bắt buộc phải có giá trị.")
        for name in REQUIRED
        if name not in values
    ]
    cells = reading.cells()
    for name in _INSTANTS:
        if name in values:
            found = reading.instant(name, now)
            if found is not None:
                cells.instants[name] = found
    _check_code(cells, reading.faults, now)
    return cells, reading.faults


class _Reading:
    """Reads cells one by one and collects what is wrong with them."""

    __slots__ = ("_formats", "_values", "faults")

    def __init__(self, values: Mapping[str, Any], formats: Sequence[str]) -> None:
        self._values, self._formats = values, formats
        self.faults: list[CellFault] = []

    def cells(self) -> Cells:
        text, kind = self._text, self._word("applicant_kind", ApplicantKind)
        return Cells(
            code=unquoted(text("code")),
            procedure=unquoted(text("procedure")),
            agency=unquoted(text("agency")),
            channel=self._word("channel", Channel),
            kind=kind,
            number=(kind and self._read("applicant_number", lambda v: read_number(v, kind))) or "",
            name=text("applicant_name"),
            contact=(
                unquoted(text("applicant_phone")) or None,
                text("applicant_email") or None,
                text("applicant_address") or None,
            ),
            is_verified=self._is_yes("verified", otherwise=False),
            status=self._word("status", Status),
            granted=self._is_yes("granted", otherwise=True),
            result_number=text("result_number"),
            reason=text("reason") or None,
            ground=text("legal_ground") or None,
            return_way=self._word("return_way", ReturnWay) or ReturnWay.DESK,
            components=tuple(dict.fromkeys(text("components").replace(",", " ").split())),
            fee_vnd=self._read("fee_vnd", read_money),
            paid_by=self._word("paid_by", Method) or Method.CASH,
            history=self._values.get("history"),
        )

    def instant(self, name: str, now: datetime) -> FormerInstant | None:
        found = self._read(name, lambda value: read_instant(value, self._formats))
        if found is None:
            return None
        is_ahead = found.day > now.date() or (found.at is not None and found.at > now)
        if is_ahead and name != "due_at":
            self.faults.append(CellFault(name, "instant.future", "Thời điểm chưa tới."))
        return found

    def _text(self, name: str) -> str:
        longest = _LONGEST.get(name, _USUALLY_LONGEST)
        return self._read(name, lambda value: read_text(value, longest)) or ""

    def _word(self, name: str, kind: type[E]) -> E | None:
        value = self._values.get(name)
        words = BY_NAME[name].words
        if value is None or words is None:
            return None
        plain = str(value).casefold()
        if plain in words:
            return kind(plain)
        self._unknown_word(name, str(value), words)
        return None

    def _is_yes(self, name: str, *, otherwise: bool) -> bool:
        value = self._values.get(name)
        words = BY_NAME[name].words or {}
        if value is None:
            return otherwise
        if str(value).casefold() not in words:
            self._unknown_word(name, str(value), words)
        return str(value).casefold() == YES

    def _unknown_word(self, name: str, value: str, words: Mapping[str, str]) -> None:
        shown = value[:40].encode("utf-8", "replace").decode().replace("\0", "")
        detail = f"“{shown}” không phải giá trị được nhận: {', '.join(words)}."
        self.faults.append(CellFault(name, "value.unknown", detail))

    def _read(self, name: str, read: Callable[[str], T]) -> T | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            detail = "Giá trị phải là chữ trong ngoặc kép."
            self.faults.append(CellFault(name, "value.not_text", detail))
            return None
        try:
            return read(value)
        except Unreadable as fault:
            self.faults.append(CellFault(name, fault.code, fault.detail))
            return None


def _check_code(cells: Cells, faults: list[CellFault], now: datetime) -> None:
    """Hold the code against its form and the day of receipt, which cannot be today."""
    received = cells.received
    is_code = DOSSIER_CODE.fullmatch(cells.code) is not None
    if cells.code and not is_code:
        detail = "Mã hồ sơ có dạng: mã cơ quan, gạch, năm tháng ngày, gạch, số thứ tự."
        faults.append(CellFault("code", "code.format", detail))
    if received is None:
        return
    if received.day == now.astimezone(LOCAL_ZONE).date():
        detail = "Hồ sơ của hôm nay do hệ thống này cấp mã; chỉ nhập hồ sơ của các ngày trước."
        faults.append(CellFault("received_at", "received.not_past", detail))
    if is_code and cells.code.split("-")[1] != f"{received.day:%y%m%d}":
        detail = "Ngày trong mã hồ sơ khác ngày tiếp nhận; có thể ngày và tháng bị đảo."
        faults.append(CellFault("code", "code.day_differs", detail))
