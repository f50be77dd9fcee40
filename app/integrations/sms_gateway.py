"""SMS gateway of the province's aggregator: one POST per message, its own number against doubles.

The codes are those of a common aggregator; another one's are a dict away.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx

from app.domain.short_texts import unaccented
from app.integrations.messaging import (
    ChannelContractBroken,
    ChannelRefused,
    ChannelUnavailable,
    Letter,
    Receipt,
)

_TAKEN = frozenset({"100", "124"})
"""100 taken; 124 a message with this RequestId was taken before."""

_OUR_ACCOUNT = frozenset({"99", "101", "102", "103", "104"})
"""Unknown fault, wrong key, locked, no credit, brand name ended: mended by a person, then sent."""

_NO_SUCH_PHONE = frozenset({"105", "106"})
"""Not a phone number, network not served (derived)."""


@dataclass(frozen=True, slots=True)
class SmsAccount:
    api_key: str
    secret: str = field(repr=False)
    brandname: str = "MOTCUA"
    has_accents: bool = True


@dataclass(frozen=True, slots=True)
class SmsGateway:
    http: httpx.Client  # the composition root builds it: base URL, time-outs, TLS
    account: SmsAccount

    def close(self) -> None:
        self.http.close()

    def send(self, letter: Letter) -> Receipt:
        """Send the short text; sent again with the same number it reaches the phone once."""
        account = self.account
        answer = post_json(
            self.http,
            "/messages",
            {
                "ApiKey": account.api_key,
                "SecretKey": account.secret,
                "Phone": letter.address,
                "Content": letter.short if account.has_accents else unaccented(letter.short),
                "Brandname": account.brandname,
                "IsUnicode": "1" if account.has_accents else "0",
                "RequestId": letter.id,
            },
        )
        code, number = answer.get("CodeResult"), answer.get("SMSID")
        if not isinstance(code, str):
            raise ChannelContractBroken(str(answer)[:500])
        if code in _TAKEN and isinstance(number, str):
            return Receipt(code, number)
        detail = str(answer.get("ErrorMessage", ""))[:500]
        if code in _OUR_ACCOUNT:
            raise ChannelUnavailable(code, detail)
        raise ChannelRefused(code, detail, is_person=code in _NO_SUCH_PHONE)


def post_json(
    http: httpx.Client, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Post JSON and read a JSON object; raises the channel's errors for anything else."""
    try:
        response = http.post(path, json=body, headers=headers)
    except httpx.TransportError as error:
        raise ChannelUnavailable("no_answer", type(error).__name__) from error
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise ChannelUnavailable(f"http_{response.status_code}")
    try:
        answer = response.raise_for_status().json()
    except (httpx.HTTPStatusError, ValueError) as error:
        said = f"HTTP {response.status_code}: {response.text[:500]}"
        raise ChannelContractBroken(said) from error
    if not isinstance(answer, dict):
        raise ChannelContractBroken(str(answer)[:500])
    return answer
