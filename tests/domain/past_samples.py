"""The sample province's past: its offers, its people, and a table of whatever is counted."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from random import Random

from app import seeds
from app.domain.agency import Agency
from app.domain.calendar import LOCAL_ZONE, Calendar, DayKind, DayRule
from app.domain.figures import Intake, annex
from app.domain.intake_plan import PlanWishes, Slice, batches, plan_days
from app.domain.intake_table import IntakeTable, Register, read_table
from app.domain.invented_people import NameLists, People
from app.domain.offers import OfferBook
from app.domain.past_dossier import PastDossier, PastRules
from app.domain.past_intake import PastIntake
from app.domain.past_life import Storyteller
from app.domain.past_stage import Odds, Words
from app.domain.periods import Period

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=LOCAL_ZONE)
AGENCIES = {agency.code: agency for agency in seeds.read_agencies()}
GROUPS = seeds.read_report_groups()
REGISTER = Register(GROUPS, AGENCIES.values())
BOOK = OfferBook(seeds.read_procedures())
CALENDAR = Calendar(days={date(2021, 4, 30): DayRule(DayKind.OFF, "Ngày Chiến thắng")})
RULES = PastRules(payment_wait_stops_clock=True, handover_cutoff=time(15))
HEADER = "period,group,row,agency,total,at_desk,online,online_rate_percent\n"

Cells = Mapping[tuple[str, date], Intake]
"""What was received, by agency code and day."""


def count(cells: Cells, period: Period) -> dict[str, Intake]:
    """Count what each agency received in a period."""
    counted: dict[str, Intake] = {}
    for (code, day), intake in cells.items():
        if period.first <= day <= period.last:
            counted[code] = counted.get(code, Intake()) + intake
    return counted


def published(cells: Cells, periods: Sequence[Period]) -> str:
    """Write the table that would have been published of what was received."""
    rows = []
    for period in periods:
        for row in annex(GROUPS, AGENCIES.values(), count(cells, period)):
            name = f'"{row.agency}"' if "," in row.agency else row.agency
            intake = row.intake
            rows.append(
                f"{period},{row.group},{row.row},{name},"
                f"{intake.received},{intake.at_desk},{intake.online},{row.rate}\n"
            )
    return HEADER + "".join(rows)


def calendar_of(_agency: Agency) -> Calendar:
    return CALENDAR


def read(text: str, now: datetime = NOW) -> IntakeTable:
    return read_table(text.encode(), REGISTER, BOOK, now.date())


def plan(text: str, *, share: str = "1", seed: int = 1, now: datetime = NOW) -> list[Slice]:
    wishes = PlanWishes(Decimal(share), seed)
    return plan_days(read(text, now), BOOK, calendar_of, wishes, now.date())


def placed(slices: Sequence[Slice]) -> Cells:
    return {(part.agency.code, part.day): Intake(part.at_desk, part.online) for part in slices}


def past_intake(now: datetime = NOW, odds: Odds | None = None) -> PastIntake:
    words = json.loads(seeds.read_text("replay.json"))
    return PastIntake(
        BOOK,
        People(NameLists.of(words)),
        Storyteller(Words.of(words), odds or Odds(), now),
        calendar_of,
        RULES,
        now,
    )


def lives(
    slices: Sequence[Slice], *, now: datetime = NOW, odds: Odds | None = None, seed: int = 1
) -> list[PastDossier]:
    """Invent the dossiers of a plan with all that became of them."""
    intake = past_intake(now, odds)
    draw = Random(seed)
    return [
        dossier
        for batch in batches(slices, 500)
        for part in batch
        for dossier in intake.receive(part, draw)
    ]
