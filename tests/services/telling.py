"""An office that tells people and other systems: its channels are the mocks, over real wires."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.domain.actor import Actor, Role
from app.domain.messages import CALLED, Channel
from app.domain.once import Once
from app.services import announcements, message_sending, notice_wishes, webhook_sending, webhooks
from tests.builders import Given, partners, settings_for
from tests.builders import mocks as running_mocks
from tests.services.office import Mocks, Office, opened, staff

PARTNERS = ("mail", "sms", "zalo", "hooks")
_TABLES = (
    *("announcement", "message", "notice_preference", "notice_address", "idempotency"),
    *("webhook_delivery", "webhook_secret", "webhook", "publication"),
)
EMAIL, PHONE = "mau@example.vn", "0900000001"
ADMINISTRATOR = staff(Role.ADMINISTRATOR, "H44")


@dataclass(frozen=True)
class Telling:
    """An office, and the channels that it tells people over."""

    office: Office
    mocks: Mocks

    def plan(self) -> int:
        """Announce everything that happened."""
        planned = 0
        while done := announcements.plan(self.office.desk, now=self.office.clock()):
            planned += done
        return planned

    def send(self, *channels: Channel, threads: int = 2) -> int:
        """Send what is due now, over all channels unless some are named."""
        worked = 0
        with ThreadPoolExecutor(threads) as pool:
            for channel in channels or CALLED:
                worked += message_sending.send(
                    self.office.desk, channel, self.office.clock, threads=pool, batch=threads
                )
        return worked

    def tell(self) -> None:
        """Announce, and send what is due now until nothing is."""
        self.plan()
        while self.send():
            pass

    def settle(self) -> None:
        """Send everything, the clock put on to each next attempt."""
        for _ in range(200):
            self.tell()
            next_at = self.office.one(
                "SELECT min(CASE state WHEN 'in_flight' THEN leased_until ELSE next_at END) AS at"
                " FROM message WHERE state IN ('waiting', 'in_flight')"
            )["at"]
            if next_at is None:
                return
            self.office.clock.at = max(self.office.clock.at, next_at)
            self.office.clock.move(minutes=1)
        raise AssertionError("the notices do not come to rest")

    def post(self, threads: int = 2) -> int:
        """Announce, and send events to subscribers until nothing is due now."""
        self.plan()
        posted = 0
        with ThreadPoolExecutor(threads) as pool:
            while done := webhook_sending.send(
                self.office.desk, self.office.clock, threads=pool, batch=threads
            ):
                posted += done
        return posted

    def notices(self, code: str, recipient: str = "applicant") -> list[dict[str, Any]]:
        return self.office.rows(
            "SELECT message.* FROM message JOIN dossier ON dossier.id = dossier_id"
            " WHERE code = :code AND recipient = :recipient ORDER BY message.id",
            code=code,
            recipient=recipient,
        )

    def letters(self, to: str = EMAIL) -> list[dict[str, Any]]:
        return self._listed("/mail/_messages", to)

    def texts(self, gateway: str, to: str | None = None) -> list[dict[str, Any]]:
        return self._listed(f"/{gateway}/_messages", to)

    def _listed(self, path: str, to: str | None) -> list[dict[str, Any]]:
        response = self.mocks.http.get(path, params={"to": to} if to else None)
        found: list[dict[str, Any]] = response.raise_for_status().json()["messages"]
        return found

    def events(self, endpoint: str = "kho") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.mocks.http.get(f"/hooks/_events/{endpoint}").json()[
            "events"
        ]
        return found

    def fault(self, partner: str, kind: str, **given: Given) -> None:
        self.mocks.fault(kind, partner=partner, **given)

    def hits(self, partner: str) -> Counter[str]:
        return Counter(self.mocks.http.get(f"/{partner}/_faults").json()["hits"])

    def contact(self, code: str, contact: str) -> None:
        """Write another contact on a dossier, as JSON."""
        self.office.change(
            "UPDATE dossier SET contact = CAST(:contact AS jsonb) WHERE code = :code",
            code=code,
            contact=contact,
        )

    def prefer(self, applicant: Actor, channel: Channel) -> None:
        notice_wishes.prefer(self.office.desk, channel, actor=applicant, now=self.office.clock())

    def mailbox(self, agency: str, role: Role, email: str) -> None:
        notice_wishes.set_address(
            self.office.desk, agency, role, email, actor=ADMINISTRATOR, now=self.office.clock()
        )

    def subscribe(
        self,
        *types: str,
        agency: str = "H44",
        endpoint: str = "kho",
        url: str | None = None,
        key: str = "1",
    ) -> dict[str, Any]:
        """Subscribe an endpoint of the mock, which learns the secret."""
        wish = webhooks.Wish(endpoint, url or f"{self.mocks.url}/hooks/{endpoint}", types, agency)
        once = Once(f"{key}-{endpoint}", "POST /v1/webhooks", "0")
        made = webhooks.create(
            self.office.desk, wish, actor=ADMINISTRATOR, now=self.office.clock(), once=once
        )
        self.learn(endpoint, made["secret"])
        return made

    def learn(self, endpoint: str, *secrets: str) -> None:
        response = self.mocks.http.put(
            f"/hooks/_endpoints/{endpoint}", json={"secrets": list(secrets)}
        )
        response.raise_for_status()

    def hook(self, webhook_id: int) -> dict[str, Any]:
        return self.office.one("SELECT * FROM webhook WHERE id = :id", id=webhook_id)

    def deliveries(self) -> list[dict[str, Any]]:
        return self.office.rows("SELECT * FROM webhook_delivery ORDER BY id")


def calm(mocks: Mocks) -> None:
    """Forget everything, and be well-behaved again; the receiver takes any clock."""
    for partner in PARTNERS:
        mocks.http.delete(f"/{partner}/_faults").raise_for_status()
        mocks.http.delete(f"/{partner}/_memory").raise_for_status()
        switches = {"chaos": 0.0, "delay_ms": 0.0}
        mocks.http.patch(f"/{partner}/_switches", json=switches).raise_for_status()
    mocks.http.patch("/hooks/_switches", json={"tolerance_s": 1e12}).raise_for_status()


def channels(mocks: Mocks) -> dict[str, Any]:
    """Return the settings that lead to the channels' mocks."""
    where = mocks.http.get("/mail/_server").json()
    return {
        **partners(mocks.url),
        "smtp_host": where["host"],
        "smtp_port": where["port"],
        "sms_url": f"{mocks.url}/sms",
        "zalo_url": f"{mocks.url}/zalo",
        "webhook_internal_hosts": frozenset({"127.0.0.1"}),
    }


@contextmanager
def telling_mocks(folder: Path) -> Iterator[Mocks]:
    with (
        running_mocks(folder, smtp_port=0) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as http,
    ):
        yield Mocks(url, http)


@contextmanager
def telling(database: str, mocks: Mocks, folder: Path, **overrides: Given) -> Iterator[Telling]:
    """Open an office whose channels are the mocks, with nothing told yet.

    `overrides` are fields of Settings.
    """
    calm(mocks)
    settings = settings_for(database, folder, **channels(mocks) | overrides)
    with opened(settings, mocks, folder) as office:
        office.change(f"TRUNCATE {', '.join(_TABLES)}")
        yield Telling(office, mocks)
