"""Zalo Official Account: template messages to a phone number (ZNS).

A template is approved by Zalo for each topic; what varies is its parameters: the dossier's code
and the short text. Doubles are kept away by `tracking_id` (derived: to be confirmed).
"""

from dataclasses import dataclass, field

import httpx

from app.integrations.messaging import (
    ChannelContractBroken,
    ChannelRefused,
    ChannelUnavailable,
    Letter,
    Receipt,
)
from app.integrations.sms_gateway import post_json

_TAKEN = 0
_OUR_ACCOUNT = frozenset({-100, -115, -124, -144, -147})
"""Unknown fault, no credit, access token ended, daily quotas: mended by a person or tomorrow."""

_NO_SUCH_PERSON = frozenset({-108, -114, -118, -119})
"""Not a phone, inactive, no Zalo account, takes no notices: another channel is tried."""


@dataclass(frozen=True, slots=True)
class ZaloAccount:
    access_token: str = field(repr=False)
    template_prefix: str = "motcua_"


@dataclass(frozen=True, slots=True)
class ZaloOa:
    http: httpx.Client  # the composition root builds it: base URL, time-outs, TLS
    account: ZaloAccount

    def close(self) -> None:
        self.http.close()

    def send(self, letter: Letter) -> Receipt:
        """Send the topic's template with the short text as its parameter."""
        answer = post_json(
            self.http,
            "/message/template",
            {
                "phone": _international(letter.address),
                "template_id": f"{self.account.template_prefix}{letter.topic}",
                "template_data": {"content": letter.short},
                "tracking_id": letter.id,
            },
            {"access_token": self.account.access_token},
        )
        code, data = answer.get("error"), answer.get("data")
        if not isinstance(code, int):
            raise ChannelContractBroken(str(answer)[:500])
        if code == _TAKEN:
            number = data.get("msg_id") if isinstance(data, dict) else None
            if not isinstance(number, str):
                raise ChannelContractBroken(str(answer)[:500])
            return Receipt("0", number)
        detail = str(answer.get("message", ""))[:500]
        if code in _OUR_ACCOUNT:
            raise ChannelUnavailable(str(code), detail)
        raise ChannelRefused(str(code), detail, is_person=code in _NO_SUCH_PERSON)


def _international(phone: str) -> str:
    """Write a Vietnamese number with the country's code, without a plus."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return f"84{digits[1:]}" if digits.startswith("0") else digits
