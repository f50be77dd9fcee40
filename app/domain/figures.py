"""Figures: ratios of two counted sets, exact, rounded half up to two decimals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from app.domain.agency import Agency, ReportGroup

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Intake:
    """Dossiers received, by channel; `at_desk` is everything that is not online."""

    at_desk: int = 0
    online: int = 0

    @property
    def received(self) -> int:
        return self.at_desk + self.online

    def __add__(self, other: "Intake") -> "Intake":
        return Intake(self.at_desk + other.at_desk, self.online + other.online)

    @property
    def online_rate(self) -> Decimal | None:
        """Percent, two decimals, half up; None where nothing was received ("no data")."""
        if not self.received:
            return None
        return (Decimal(100 * self.online) / self.received).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class AnnexRow:
    """A row of the published annex: an agency, or a group's total (`row` is "total")."""

    group: str
    row: str
    agency: str
    agency_code: str | None
    intake: Intake

    @property
    def rate(self) -> Decimal:
        """The annex prints 0,00 where nothing was received."""
        rate = self.intake.online_rate
        return Decimal("0.00") if rate is None else rate


def annex(
    groups: Iterable[ReportGroup],
    agencies: Iterable[Agency],
    intakes: Mapping[str, Intake],
    last_on: date | None = None,
) -> list[AnnexRow]:
    """Lay out the annex: per group its total, then its agencies in the source's order.

    `intakes` is by agency code; an agency that received nothing keeps its row, a group without
    agencies has none. Agencies are named as on `last_on`, the period's last day, if it is given.
    """
    lines = sorted(
        (agency for agency in agencies if agency.report_row is not None),
        key=lambda agency: agency.report_row or 0,
    )
    rows: list[AnnexRow] = []
    for group in sorted(groups, key=lambda group: group.position):
        members = [
            AnnexRow(
                group.code,
                str(agency.report_row),
                agency.name_on(last_on) if last_on else agency.name,
                agency.code,
                intakes.get(agency.code, Intake()),
            )
            for agency in lines
            if agency.report_group == group.code
        ]
        if not members:
            continue
        total = sum((row.intake for row in members), Intake())
        rows.append(AnnexRow(group.code, "total", group.name, None, total))
        rows.extend(members)
    return rows
