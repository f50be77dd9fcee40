"""Bearer tokens of a partner: given for the right key, lost with time or on demand."""

from datetime import datetime, timedelta
from secrets import token_hex

_SCHEME = "bearer "


class Bearers:
    """The tokens that are valid; they live in the process only, so a restart ends them too."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self.issued = 0

    def issue(self, now: datetime, life_s: float) -> str:
        """Give a new token; those given before stay valid."""
        token = token_hex(16)
        self._until[token] = now + timedelta(seconds=life_s)
        self.issued += 1
        return token

    def is_valid(self, header: str, now: datetime) -> bool:
        """Tell whether an Authorization header carries a token that is valid now."""
        if not header.lower().startswith(_SCHEME):
            return False
        until = self._until.get(header[len(_SCHEME) :].strip())
        return until is not None and now < until

    def revoke_all(self) -> int:
        """End every token; return how many there were."""
        count = len(self._until)
        self._until.clear()
        return count
