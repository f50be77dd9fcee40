"""What the control slip (form 06) lists, drawn from the hand-overs of a dossier."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction
from app.db.reference import Catalogue
from app.db.steps import opinion
from app.domain.handovers import Judged
from app.papers.facts import Handover, Outcome


def slip_lines(
    catalogue: Catalogue, dossier: Row[Any], found: Sequence[Judged]
) -> tuple[Handover, ...]:
    """Return one line for each hand-over, judged once the dossier has left."""
    steps = catalogue.offered[dossier.procedure_version_id].version.steps
    names = {step.code: step.name for step in steps}

    def side(name: str | None, step: str | None, agency: str | None) -> str:
        unit = catalogue.agencies[agency].name if agency else None
        return ", ".join(part for part in (name, names.get(step or ""), unit) if part)

    return tuple(
        Handover(
            giver=side(one.stay.from_name, one.stay.from_step, one.stay.from_agency),
            receiver=side(one.stay.to_name, steps[one.stay.to_step].code, one.stay.to_agency),
            handed_at=one.stay.sent_at,
            received_at=one.stay.received_at,
            outcome=Outcome(one.outcome) if one.outcome else None,
            note=one.stay.note or "",
        )
        for one in found
    )


def cooperating_agencies(
    tx: Transaction, catalogue: Catalogue, dossier: Row[Any], found: Sequence[Judged]
) -> tuple[str, ...]:
    """Name the other agencies that had the dossier in hand or were asked for their opinion."""
    asked = tx.db.scalars(
        select(opinion.c.agency_id).where(opinion.c.dossier_id == dossier.id).order_by(opinion.c.id)
    )
    codes = [one.stay.to_agency for one in found] + [catalogue.agency_codes[key] for key in asked]
    resolving = catalogue.agency_codes[dossier.agency_id]
    return tuple(
        catalogue.agencies[code].name for code in dict.fromkeys(codes) if code != resolving
    )
