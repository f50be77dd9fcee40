"""The mocks' own reader of the system clock: they share nothing with the product they test."""

from datetime import datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """Return the present instant in Vietnam's local time."""
    return datetime.now(LOCAL)


def stamp(instant: datetime) -> str:
    """Write an instant the way the partners do: yyyyMMddHHmmss, local time."""
    return instant.astimezone(LOCAL).strftime("%Y%m%d%H%M%S")
