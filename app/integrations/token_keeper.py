"""A partner's bearer token, shared by the threads of a process: fetched once, renewed once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_MARGIN = timedelta(seconds=30)
"""A token is renewed so long before its end, so that it does not end on its way."""


@dataclass
class TokenKeeper:
    """`fetch` gets a new token and its life in seconds; whatever it raises, its caller gets."""

    fetch: Callable[[], tuple[str, float]]
    _token: str | None = None
    _until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self, now: datetime) -> str:
        """Return a token that is not over yet, fetched now if there is none."""
        with self._lock:
            if self._token is None or self._until is None or now >= self._until:
                return self._renew(now)
            return self._token

    def instead_of(self, refused: str, now: datetime) -> str:
        """Return another token than one that was refused; of many who ask, one fetches it."""
        with self._lock:
            if self._token is None or self._token == refused:
                return self._renew(now)
            return self._token

    def _renew(self, now: datetime) -> str:
        self._token = None
        token, life_s = self.fetch()
        life = timedelta(seconds=life_s)
        self._token, self._until = token, now + max(life - _MARGIN, life / 2)
        return token
