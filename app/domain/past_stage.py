"""What the lives of invented dossiers are made from: odds, words, staff, the pace of a process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.actor import Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.invented_people import People
from app.domain.procedure import ProcedureVersion

_STAFF = ((Role.RECEPTIONIST, 3), (Role.OFFICER, 6), (Role.APPROVER, 2))


@dataclass(frozen=True, slots=True)
class Odds:
    """How often things happen, as shares of the dossiers that they can happen to."""

    refused: float = 0.012  # of those handed in online
    asked_at_once: float = 0.03  # for papers, before acceptance
    answered_late: float = 0.02  # after the 8 working hours
    asked: float = 0.03  # for papers, after acceptance
    asked_again: float = 0.03  # of those asked once
    unanswered: float = 0.08  # of those asked
    withdrawn: float = 0.005
    stopped: float = 0.004
    extended: float = 0.012
    late: float = 0.03
    denied: float = 0.015
    uncollected: float = 0.015  # resolved, and nobody came for the result


@dataclass(frozen=True, slots=True)
class Words:
    """Reasons that staff and applicants give, and legal grounds by their first day."""

    reasons: Mapping[str, Sequence[str]]
    grounds: Sequence[tuple[date, str]]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Words":
        grounds = [
            (date.fromisoformat(row["valid_from"]), row["text"]) for row in document["grounds"]
        ]
        return cls(document["reasons"], sorted(grounds))

    def ground(self, at: datetime) -> str:
        """Return the ground of the last text in force, or of the first one before it was."""
        day = at.astimezone(LOCAL_ZONE).date()
        valid = [text for since, text in self.grounds if since <= day]
        return valid[-1] if valid else self.grounds[0][1]


@dataclass(frozen=True, slots=True)
class Staff:
    """Who works in an agency."""

    receptionists: tuple[Actor, ...]
    officers: tuple[Actor, ...]
    approvers: tuple[Actor, ...]

    @classmethod
    def of(cls, people: People, agency_code: str) -> "Staff":
        return cls(
            *(
                tuple(people.staff(role, n, agency_code) for n in range(1, count + 1))
                for role, count in _STAFF
            )
        )


@dataclass(frozen=True, slots=True)
class Pace:
    """How the work on a version is divided: shares of its time until start, hand-overs, result."""

    shares: tuple[float, ...]

    @classmethod
    def of(cls, version: ProcedureVersion) -> "Pace":
        steps = version.steps
        decides = next(
            (n for n, step in enumerate(steps) if n and step.role is Role.APPROVER), len(steps) - 1
        )
        percents = [max(1, step.share_percent) for step in steps[: decides + 1]]
        if len(percents) == 1:
            percents *= 2  # start and result are two acts even of a process of one step
        return cls(tuple(percent / sum(percents) for percent in percents))
