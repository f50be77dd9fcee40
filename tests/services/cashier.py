"""An office whose citizens pay: the platform's notices reach its web process over real HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from app.domain.lifecycle import Act
from app.domain.payments import Purpose
from app.main import build
from app.services import fees, notices
from tests.builders import mocks as running_mocks
from tests.builders import partners, served, settings_for, with_clock
from tests.running import address_of, free_port
from tests.services.office import Mocks, Office, opened

_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Cashier:
    office: Office

    def open(self, code: str, purpose: Purpose = Purpose.ACCEPTANCE) -> str:
        """Open a payment at the platform as the applicant would; return its reference."""
        request = self.office.request(code, Act.WITHDRAW)  # by the applicant
        opened = fees.open_payment(self.office.desk, request, purpose=purpose, payer_ip="127.0.0.1")
        self.office.settle()
        return str(opened["reference"])

    def pay(self, reference: str, outcome: str = "paid") -> None:
        """Choose an outcome on the platform's page and wait for its notice to arrive."""
        before = self.waiting()
        address = self.office.payment(reference)["pay_url"]
        self.office.mocks.http.post(address, json={"outcome": outcome}).raise_for_status()
        until(lambda: self.waiting() > before)

    def waiting(self) -> int:
        found = self.office.one("SELECT count(*) AS n FROM notice WHERE state = 'waiting'")
        return int(found["n"])

    def apply(self) -> None:
        """Do what a worker does with the notices that came."""
        self.office.clock.move(minutes=1)
        while self.waiting():
            notices.apply_waiting(self.office.desk, now=self.office.clock())

    def notice(self, reference: str, fault: str | None = None) -> list[dict[str, Any]]:
        """Have a notice sent by hand; return our answers."""
        return [sent["body"] for sent in self.office.mocks.notice(reference, fault)]

    def books(self, code: str) -> Mapping[str, Any]:
        """Return everything that money could change about a dossier."""
        return self.office.one(
            """
            SELECT to_jsonb(dossier) AS dossier,
                (SELECT jsonb_agg(payment ORDER BY reference) FROM payment
                    WHERE dossier_id = dossier.id) AS payments,
                (SELECT jsonb_agg(dossier_event ORDER BY seq) FROM dossier_event
                    WHERE dossier_id = dossier.id) AS events,
                (SELECT jsonb_agg(delivery ORDER BY id) FROM delivery
                    WHERE dossier_id = dossier.id) AS deliveries
            FROM dossier WHERE code = :code
            """,
            code=code,
        )

    def kept(self, reference: str) -> list[dict[str, Any]]:
        """Return the notices on record about a reference, in the order they came."""
        return self.office.rows(
            "SELECT state, reason, body FROM notice WHERE key LIKE :key || '|%' ORDER BY id",
            key=reference,
        )


def until(look: Callable[[], bool]) -> None:
    """Wait for something that other threads bring about."""
    deadline = monotonic() + _PATIENCE_S
    while not look():
        assert monotonic() < deadline, "it did not come about"
        sleep(0.01)


@contextmanager
def a_cashier(database_url: str, folder: Path, scheme: str = "sha256") -> Iterator[Cashier]:
    """Run web process and mocks that know each other's address."""
    listening = free_port()
    web_url = address_of(listening)
    told = {
        "payment_confirm_url": f"{web_url}/v1/notices/payment",
        "payment_signature": scheme,
    }
    with (
        running_mocks(folder, **told) as mocks_url,
        httpx.Client(base_url=mocks_url, trust_env=False, timeout=30) as http,
    ):
        settings = settings_for(
            database_url,
            folder,
            public_url=web_url,
            payment_signature=scheme,
            **partners(mocks_url),
        )
        with opened(settings, Mocks(mocks_url, http), folder) as office:
            app = with_clock(build(settings), office.clock)
            with served(app, listening):
                yield Cashier(office)
