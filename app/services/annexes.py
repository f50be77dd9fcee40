"""The published annex (KPI A) of an open question: the same rows for API, commands and files."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select

from app.db.access import Transaction
from app.db.catalogue import agency
from app.db.figure_sums import Wanted, sums
from app.domain.figures import AnnexRow, Intake, annex
from app.domain.intake import Channel
from app.services.figure_scope import Asking, existed


def annex_rows(asked: Asking, only: Collection[str] | None = None) -> list[AnnexRow]:
    """Return the rows of the annex: dossiers received per agency, of `only` those if given."""
    period = asked.question.period
    wanted = asked.wanted(("agency_id", "channel"))
    wanted = replace(wanted, until=period.last, of_receipt=True)
    intakes = _intakes(asked.tx, wanted)
    agencies = [
        known
        for known in asked.catalogue.agencies.values()
        if (known.code in intakes or existed(known, period))
        and (only is None or known.code in only)
    ]
    return annex(asked.catalogue.groups, agencies, intakes, period.last)


def _intakes(tx: Transaction, wanted: Wanted) -> dict[str, Intake]:
    codes = {row.id: row.code for row in tx.db.execute(select(agency.c.id, agency.c.code))}
    found: dict[str, Intake] = {}
    for (agency_id, channel), counted in sums(tx, wanted).items():
        count = counted.get("received", 0)
        if count:
            is_online = channel == Channel.ONLINE
            brought = Intake(0, count) if is_online else Intake(count, 0)
            code = codes[int(agency_id)]
            found[code] = found.get(code, Intake()) + brought
    return found
