"""Login sessions of the national portal: given at login, lost after a time without use."""

from datetime import datetime, timedelta
from secrets import token_hex


class Sessions:
    """The open sessions; they live in the process only, so a restart expires them too."""

    def __init__(self) -> None:
        self._last_used: dict[str, datetime] = {}

    def open(self, now: datetime) -> str:
        """Open a session and return its name."""
        session = token_hex(16)
        self._last_used[session] = now
        return session

    def use(self, session: object, now: datetime, idle_s: float) -> bool:
        """Tell whether a session is open, and if so keep it open."""
        last_used = self._last_used.get(session) if isinstance(session, str) else None
        if last_used is None or not isinstance(session, str):
            return False
        if now - last_used > timedelta(seconds=idle_s):
            del self._last_used[session]
            return False
        self._last_used[session] = now
        return True

    def expire_all(self) -> int:
        """Close every session; return how many there were."""
        count = len(self._last_used)
        self._last_used.clear()
        return count
