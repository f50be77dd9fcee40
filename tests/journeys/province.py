"""A whole province for tests: web on a loopback port, a worker, the partners over real HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from app.composition import desk_of, engine_of
from app.signatures.certificates import Holder
from app.signatures.pki import make_sample_pki
from app.worker import Worker
from tests.builders import (
    CITIZEN,
    DISTRICT,
    JUSTICE,
    MONDAY,
    Api,
    mocks,
    partners,
    running_app,
    served,
    settings_for,
)
from tests.running import address_of, free_port


@contextmanager
def running_province(database_url: str, folder: Path) -> Iterator[Api]:
    """Run everything on a clock that stands, with keys to sign with in the data folder."""
    listening = free_port()
    web = address_of(listening)
    make_sample_pki(
        folder / "trust",
        MONDAY - timedelta(days=30),
        agencies=[(JUSTICE, "Sở Tư pháp"), (DISTRICT, "UBND Thành phố Việt Trì")],
        citizen=Holder("Trần Thị Mẫu", f"CCCD:{CITIZEN}"),
    )
    with mocks(folder, payment_confirm_url=f"{web}/v1/notices/payment") as mocks_url:
        settings = settings_for(database_url, folder, public_url=web, **partners(mocks_url))
        with (
            running_app(settings) as api,
            served(api.app, listening, owns_lifespan=False),
            _working(api),
        ):
            yield api


@contextmanager
def _working(api: Api) -> Iterator[None]:
    """Let a worker of its own work until the end of the block."""
    engine = engine_of(api.settings, pool_size=8)
    desk = desk_of(api.settings, engine)
    worker = Worker(desk, threads=4, now=api.clock)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.close()
        thread.join(timeout=20)
        assert not thread.is_alive()
        desk.partners.close()
        engine.dispose()
