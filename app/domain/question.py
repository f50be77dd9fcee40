"""What is asked of figures: which period, whose dossiers, told apart by what, known when."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto

from app.domain.agency import Level
from app.domain.errors import DomainError
from app.domain.intake import Channel
from app.domain.periods import Period


class ScopeRefused(DomainError):
    """No such agency, field or procedure, or none that fits the rest of the question."""

    code = "figures.scope_refused"
    title = "Phạm vi số liệu không hợp lệ"


class AsOfRefused(DomainError):
    """Nobody knows yet what will be known."""

    code = "figures.as_of_refused"
    title = "Thời điểm số liệu không hợp lệ"


class Group(StrEnum):
    """By what the rows of an answer are told apart."""

    NONE = auto()  # không chia
    AGENCY = auto()  # cơ quan
    LEVEL = auto()  # cấp
    FIELD = auto()  # lĩnh vực
    PROCEDURE = auto()  # thủ tục
    CHANNEL = auto()  # kênh thực hiện
    OFFICER = auto()  # công chức thụ lý


@dataclass(frozen=True, slots=True)
class Question:
    """A question about figures.

    `agency` None is all that the asking person may see; with `subtree` the units below it count
    too. `as_of` is the day at whose end the answer was known, None for now.
    """

    period: Period
    agency: str | None = None
    subtree: bool = True
    level: Level | None = None
    field: str | None = None
    procedure: str | None = None
    channel: Channel | None = None
    group: Group = Group.NONE
    as_of: date | None = None


LEVEL_NAMES = {
    Level.PROVINCE: "Cấp tỉnh",
    Level.DISTRICT: "Cấp huyện",
    Level.COMMUNE: "Cấp xã",
}
CHANNEL_NAMES = {
    Channel.DESK: "Trực tiếp",
    Channel.ONLINE: "Trực tuyến",
    Channel.POST: "Bưu chính công ích",
}
