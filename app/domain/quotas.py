"""Quotas: so many uses of a thing in a fixed window of time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` uses by one subject in each window of `window_s` seconds, windows being aligned."""

    name: str
    limit: int
    window_s: int

    def ends_at(self, now: datetime) -> datetime:
        """Return the end of the window in which `now` lies."""
        window = timedelta(seconds=self.window_s)
        return _EPOCH + ((now - _EPOCH) // window + 1) * window


@dataclass(frozen=True, slots=True)
class Meter:
    """What one subject used of a quota in the present window, this use included."""

    quota: Quota
    used: int
    ends_at: datetime

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.quota.limit

    @property
    def left(self) -> int:
        return max(0, self.quota.limit - self.used)

    def seconds_left(self, now: datetime) -> int:
        """Return the seconds until the window ends, rounded up: never 0 within the window."""
        return max(1, -((now - self.ends_at) // timedelta(seconds=1)))
