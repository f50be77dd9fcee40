"""Running figures by officer, and who may read whose: names of officers are staff data.

Those who answer for the work of an agency, its approvers, and those who report for it, its
analysts, read every officer of it. Officers and the desk read their own line; the others' are one.
"""

from collections import Counter

from app.db.figure_officers import Officer, officer_sums
from app.db.figure_sums import Key, not_yet_late
from app.domain.actor import Actor, Role
from app.domain.measures import Sums
from app.services.figure_scope import Asking, Part

UNASSIGNED = ("-", "Chưa có công chức thụ lý")
OTHERS = ("*", "Công chức khác")
_READ_ALL = frozenset({Role.APPROVER, Role.ANALYST})


def shown(actor: Actor, officer: Officer) -> tuple[str, str]:
    """Return code and name of the line in which an officer is shown to `actor`."""
    account, name = officer
    if account is None:
        return UNASSIGNED
    if actor.is_internal or actor.role in _READ_ALL or account == actor.id:
        return account, name or account
    return OTHERS


def officer_parts(asked: Asking) -> list[Part]:
    """Return the sums of each officer; a dossier is that of whoever had it in hand last."""
    wanted = asked.wanted(("officer_id",))
    early: dict[Key, Sums] = {}
    if asked.is_about_today and asked.question.as_of is None:
        early = not_yet_late(asked.tx, wanted, asked.now)
    found: dict[tuple[str, str], Counter[str]] = {}
    for officer, sums in officer_sums(asked.tx, wanted, asked.now).items():
        counted = Counter(sums)
        counted.subtract(early.get((officer[0] or "",), {}))
        found.setdefault(shown(asked.tx.actor, officer), Counter()).update(counted)
    ordered = sorted(found.items(), key=lambda item: (item[0] == UNASSIGNED, item[0]))
    return [Part(code, name, sums) for (code, name), sums in ordered]
