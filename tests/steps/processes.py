"""Processes for tests: a version's steps rewritten as the owner of the database."""

import json
from typing import Any

from sqlalchemy import text

from tests.builders import Api

THROUGH_THE_LEVELS = (
    {"code": "reception", "name": "Tiếp nhận", "role": "receptionist", "share_percent": 10},
    {
        "code": "appraisal",
        "name": "Thẩm định",
        "role": "officer",
        "share_percent": 40,
        "decides": ["pass_on", "request_supplement"],
    },
    {
        "code": "review",
        "name": "Sở Tư pháp thẩm tra",
        "role": "officer",
        "share_percent": 20,
        "agency": "H44.10",
    },
    {
        "code": "consent",
        "name": "UBND tỉnh chấp thuận",
        "role": "approver",
        "share_percent": 10,
        "agency": "parent",
        "decides": ["pass_on"],
    },
    {
        "code": "approval",
        "name": "Ký duyệt",
        "role": "approver",
        "share_percent": 15,
        "agency": "resolving",
    },
    {"code": "return", "name": "Trả kết quả", "role": "receptionist", "share_percent": 5},
)
"""Up and down the levels: district, department, province, and back to the district."""


def set_steps(api: Api, procedure: str, steps: Any) -> None:  # noqa: ANN401  (JSON)
    """Give every version of a procedure these steps; all processes read the catalogue again."""
    with api.owner.begin() as db:
        db.execute(
            text("""
                UPDATE procedure_version
                SET definition = jsonb_set(definition, '{steps}', CAST(:steps AS jsonb))
                WHERE procedure_id = (SELECT id FROM procedure WHERE code = :code)
            """),
            {"steps": json.dumps(steps), "code": procedure},
        )
        db.execute(text("UPDATE revision SET value = value + 1 WHERE name = 'catalogue'"))
