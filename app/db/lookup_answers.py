"""What registers answered, as it is kept and as it is read back."""

from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction
from app.db.lookups import shared_category
from app.db.sealed import unseal
from app.domain.lookups import AREA_CATEGORIES, Facts


def about(row: Row[Any]) -> str:
    """Return whose an answer is: what it was sealed with."""
    return f"{row.source}:{row.subject_number}"


def facts_of(answer: Row[Any], key: bytes) -> Facts | None:
    """Read a kept answer; None if the key has changed since."""
    return unseal(answer.content, key, about(answer))


def address_of(tx: Transaction, facts: Facts) -> str:
    """Write where somebody lives in words; codes of areas are looked up in the categories."""
    if isinstance(facts.get("address"), str):
        return str(facts["address"])
    place = facts.get("residence", {})
    parts = [place.get("detail")]
    for area, category in AREA_CATEGORIES.items():
        if place.get(area):
            parts.append(
                tx.db.scalar(
                    select(shared_category.c.entries[place[area]].astext).where(
                        shared_category.c.name == category
                    )
                )
            )
    return ", ".join(part for part in parts if part)
