"""What tests of warnings and apologies share: a dossier due Thursday at ten, and who sees what."""

from datetime import datetime
from typing import Any

from app.domain.actor import Role
from app.services import warnings
from tests.clock.bureau import Bureau, at, staff

DISTRICT = "H44.29"
TAKEN = at("2026-10-05T10:00")  # due Thursday 8 October 10:00
DUE = at("2026-10-08T10:00")


def raise_at(bureau: Bureau, now: datetime) -> list[str]:
    """Raise what is due and return the kinds that are new."""
    before = {row["id"] for row in bureau.rows("SELECT id FROM warning")}
    raised = warnings.raise_due(bureau.desk, now=now)
    new = [
        row for row in bureau.rows("SELECT * FROM warning ORDER BY kind") if row["id"] not in before
    ]
    assert len(new) == raised
    return [row["kind"] for row in new]


def seen(
    bureau: Bureau,
    role: Role,
    now: datetime,
    agency: str = DISTRICT,
    **wanted: Any,  # noqa: ANN401
) -> list[dict[str, Any]]:
    asked = {"kind": None, "only_unread": False, "every": False, "after": None, "limit": 100}
    return warnings.listed(bureau.desk, actor=staff(role, agency), now=now, **asked | wanted)


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [item["kind"] for item in found]
