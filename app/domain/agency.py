"""Agencies (cơ quan, đơn vị) and the identifier codes of Decision 20/2020/QĐ-TTg."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto

from app.domain.errors import DomainError

AGENCY_CODE = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Z]{2,3})*")
"""A province or ministry (`H44`), then levels of two or three signs (`H44.12.03`)."""

LONGEST_AGENCY_CODE = 35


class AgencyNotYours(DomainError):
    """There is none with this code in the actor's agency or below it."""

    code = "agency.not_yours"
    title = "Cơ quan ngoài phạm vi của bạn"


class Level(StrEnum):
    PROVINCE = auto()  # cấp tỉnh
    DISTRICT = auto()  # cấp huyện, until 2025-06-30 (Decree 118/2025/NĐ-CP)
    COMMUNE = auto()  # cấp xã


class AgencyEnded(DomainError):
    """Who says to act for an agency that exists no more: the facts name the one that goes on."""

    code = "agency.ended"
    title = "Cơ quan đã kết thúc hoạt động"


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that an agency had until a day."""

    last_on: date
    name: str


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency of the province's tree, with the row it takes in published reports.

    `valid_to` is the last day on which the agency exists, None while its end is not known; then
    `heir` goes on with its files. `former_names` are in the order of time.
    `report_row` is its number within `report_group`; both are None for an agency that the
    reports do not list (the province itself).
    """

    code: str
    name: str
    level: Level
    parent: str | None
    valid_from: date
    valid_to: date | None
    report_group: str | None
    report_row: int | None
    heir: str | None = None
    former_names: tuple[FormerName, ...] = ()

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def name_on(self, day: date) -> str:
        """Return the name that the agency had on a day."""
        return next((known.name for known in self.former_names if day <= known.last_on), self.name)


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """A block of rows with a total of its own in the published reports, in their order."""

    code: str
    name: str
    position: int


def agency_code_is_valid(text: str) -> bool:
    """Tell whether `text` is an identifier code: at most 35 signs, written left to right."""
    return len(text) <= LONGEST_AGENCY_CODE and AGENCY_CODE.fullmatch(text) is not None
