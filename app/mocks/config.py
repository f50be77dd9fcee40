"""Everything that the partners' mocks are told when they start."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class MockConfig:
    """Where the mocks live and which accounts they know.

    The defaults are samples for one machine: every account and secret is invented and protects
    nothing. `chaos` (0 to 1) is the share of requests that are made to fail at random, the same
    ones for the same `seed` and order of requests; `delay_ms` is added to each request.
    """

    data_dir: Path
    public_url: str = "http://127.0.0.1:8001"
    audience: str = "motcua"
    portal_username: str = "sample-province"
    portal_password: str = field(default="sample-portal-password", repr=False)
    portal_unit: str = "000.00.00.H44"
    portal_dstcode: str = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
    portal_submission_url: str = "http://127.0.0.1:8000/v1/notices/portal"
    portal_submission_secret: str = field(default="sample-portal-inbound-secret", repr=False)
    central_client: str = "sample-province"
    central_secret: str = field(default="sample-central-secret", repr=False)
    token_lifetime_s: float = 1800.0
    payment_partner: str = "DT01"
    payment_secret: str = field(default="sample-payment-secret", repr=False)
    payment_signature: Literal["sha256", "hmac"] = "sha256"
    payment_confirm_url: str = "http://127.0.0.1:8000/v1/payment-notices"
    lgsp_key: str = "sample-lgsp-key"
    lgsp_secret: str = field(default="sample-lgsp-secret", repr=False)
    lgsp_unit: str = "H44"
    post_customer_key: str = "sample-post-customer"
    post_secret_key: str = field(default="sample-post-secret", repr=False)
    post_customer_code: str = "KH-H44"
    post_agency: str = "H44"
    chaos: float = 0.0
    seed: int = 0
    delay_ms: float = 0.0
    strict_procedures: bool = False
    session_idle_s: float = 1800.0
    notice_backoff_s: float = 1.0
    smtp_host: str = "127.0.0.1"
    smtp_port: int | None = None  # None: no mail server; 0: any free port, see /mail/_server
    smtp_username: str = ""  # empty: no login is asked for
    smtp_password: str = field(default="", repr=False)
    sms_key: str = "sample-sms-key"
    sms_secret: str = field(default="sample-sms-secret", repr=False)
    sms_brandname: str = "MOTCUA"
    zalo_token: str = field(default="sample-zalo-token", repr=False)

    def __post_init__(self) -> None:
        """Refuse what would only be noticed much later."""
        if not 0 <= self.chaos <= 1:
            raise ValueError("chaos must lie between 0 and 1")
        if self.delay_ms < 0:
            raise ValueError("delay_ms must not be negative")
        if self.payment_signature not in {"sha256", "hmac"}:
            raise ValueError("payment_signature must be sha256 or hmac")
        if self.public_url.endswith("/"):
            raise ValueError("public_url must not end in a slash")

    @property
    def issuer(self) -> str:
        """Issuer of the identity mock's tokens."""
        return f"{self.public_url}/identity"
