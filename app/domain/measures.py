"""What is counted of dossiers, and on which day each count falls.

A dossier is a set of points: on a day, a measure rises by one (balances also fall). Sums of
points answer every figure; the points themselves follow from its facts (`app/db/figure_facts.py`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COHORT: Final = (
    "received",
    "synced",  # the national portal holds it
    "online_done",  # figure 3.3: online, with the electronic result where paper is due
    "fee_due",  # a fee above 0 is due
    "paid_online",
    "paper_due",  # the procedure must give a paper result
    "result_filed",  # and the electronic result is there
    "digitised",  # figure 4.2
    "verified",  # account verified by VNeID
    "finished",  # figure 2.2: accepted, and ended
    "spent",  # and their handling time, in the unit of the procedure's limit
    "reused",  # figure 4.3: a component that was there already, or was scanned at the desk
    "from_store",  # figure 4.4: a component from the shared store
    "displeased",  # figure 5.4: a complaint about it, or a bad rating
)
"""Counted on the day of receipt, whenever it came true."""

FLOWS: Final = (
    "answered",
    "answered_late",  # after the 8 working hours
    "resolved_early",
    "resolved_on_time",
    "resolved_late",
    "refused",
    "withdrawn",
    "stopped",
    "returned",
    "forwarded",  # to another agency
    "crossed",  # of these, to an agency of another level
    "handled",  # the end as figure 2.1 counts it
    "handled_late",
    "handled_displeased",
    "late",  # since that day, as figure 2.1 counts it
)
"""Counted on the day on which it happened."""

BALANCES: Final = (
    "overdue",  # open, and the due instant has passed
    "waiting_supplement",
    "waiting_payment",
    "moved_in",
    "moved_out",
)
"""Rise and fall: their sum up to a day is how many there are at its end."""

MEASURES: Final = (*COHORT, *FLOWS, *BALANCES)

SPENT: Final = "spent"
"""Not a number of dossiers but a sum: minutes or days, it takes 64 bits."""

Sums = Mapping[str, int]
"""A count by its name; what is not there is 0."""

NONE: Final[Sums] = MappingProxyType({})
