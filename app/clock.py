"""The only reader of the system clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """Return the present instant in the province's zone."""
    return datetime.now(UTC).astimezone(LOCAL)


def today() -> date:
    """Return the present day in the province's zone."""
    return now().date()
