"""What every use case works with: the database, reference data, rules, clients of partners."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

from sqlalchemy import Engine

from app.db.reference import References
from app.domain.deliveries import Generation
from app.domain.messages import Channel, Quiet
from app.domain.parcels import TOLD, Parcel
from app.integrations.lgsp import Lgsp
from app.integrations.messaging import Messenger
from app.integrations.national_portal import NationalPortal
from app.integrations.payment_platform import PaymentPlatform
from app.integrations.portal import Portal
from app.integrations.post import Post
from app.integrations.webhook_wire import WebhookWire


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules that a province sets for itself (settings); hours are working hours."""

    payment_wait_stops_clock: bool = True
    handover_cutoff: time = time(15)
    claim_lease: timedelta = timedelta(minutes=30)
    due_soon_hours: int = 8
    answer_soon_hours: int = 2
    upload_limit_bytes: int = 25 * 1024 * 1024
    warn_before_minutes: int = 16 * 60  # of working time: the desk is warned
    escalate_before_minutes: int = 8 * 60  # then the approver
    tracking_per_minute: int = 60  # look-ups without login by one client
    lookup_kept: timedelta = timedelta(days=1)
    categories: tuple[str, ...] = ()
    post_poll_every: timedelta = timedelta(hours=12)
    post_page_size: int = 100
    post_statuses: Mapping[str, Parcel] = field(default_factory=lambda: TOLD)
    quiet: Quiet = field(default_factory=Quiet)
    webhook_disable_after: timedelta = timedelta(hours=72)
    extraction_kept: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Partners:
    """Clients of partners, and how they reach us.

    `portals` are the generations of the national portal that are told; `portal` is the client of
    the one that has the catalogue.
    """

    portal: NationalPortal
    portals: Mapping[Generation, Portal]
    payment: PaymentPlatform
    lgsp: Lgsp
    post: Post
    web_url: str
    link_key: bytes
    trust_dir: Path
    lease_s: int = 60
    messengers: Mapping[Channel, Messenger] = field(default_factory=dict)
    webhooks: WebhookWire = field(default_factory=WebhookWire)

    def close(self) -> None:
        """Close every client's connections."""
        for client in (self.portal, self.payment, self.lgsp, self.post):
            client.http.close()
        for portal in self.portals.values():
            portal.close()
        for messenger in self.messengers.values():
            messenger.close()


def _nobody() -> None:
    """Nobody waits to be woken."""


@dataclass(frozen=True, slots=True)
class Desk:
    """`wake` tells the workers, soon and cheaply, that the ledger has something for them."""

    engine: Engine
    partners: Partners
    rules: Rules = Rules()
    references: References = field(default_factory=References)
    wake: Callable[[], None] = _nobody
