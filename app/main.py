"""Web process: settings, engine, clients, routers, problem handlers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi_offline import FastAPIOffline
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.api import (
    acts,
    catalogue,
    documents,
    dossiers,
    figures,
    intake,
    papers,
    payments,
    problems,
    reasons,
    steering,
)
from app.api.dependencies import Doors
from app.api.health import router as health_router
from app.api.limits import BodyLimit
from app.api.observation import Observation
from app.composition import desk_of, engine_of
from app.db.bell import Bell
from app.db.migrate import is_current
from app.integrations.identity import IdentityProvider, TokenRefused
from app.services.desk import Desk
from app.settings import Settings

_DESCRIPTION = """
Back end of the electronic one-stop desk (một cửa điện tử).

* Log in with a token of the identity provider: `Authorization: Bearer ...`.
* Every POST takes an `Idempotency-Key`; acts on a dossier take `If-Match` with the ETag read.
* Refusals are problem documents (RFC 9457): a stable `code`, a Vietnamese `detail`, JSON pointers.
"""


def create() -> FastAPI:
    """Make the application from the environment; called by uvicorn in every process."""
    return build(Settings())


def build(settings: Settings) -> FastAPI:
    """Make the application; nothing is connected before the first request needs it."""
    engine = engine_of(settings, pool_size=16)
    bell = Bell(engine)
    desk = desk_of(settings, engine, bell)
    identity = httpx.Client(timeout=settings.partner_timeout_s, trust_env=False)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(_close, bell, identity, engine)

    # The API's own pages work without the Internet: their scripts come from here.
    app = FastAPIOffline(
        title="Một cửa điện tử",
        version="0.1.0",
        description=_DESCRIPTION,
        lifespan=lifespan,
    )
    app.state.doors = Doors(
        desk=desk,
        guard=IdentityProvider(
            identity,
            settings.keys_url,
            settings.issuer,
            settings.identity_audience,
            settings.identity_leeway_s,
        ),
        now=clock.now,
        refused=TokenRefused,
        readiness=lambda: _readiness(desk),
        link_key=settings.link_key,
    )
    for module in (
        *(intake, dossiers, acts, papers, documents, payments, catalogue, figures),
        *(steering, reasons),
    ):
        app.include_router(module.router)
    app.include_router(health_router)
    problems.register(app)
    app.add_middleware(BodyLimit, upload_limit=desk.rules.upload_limit_bytes)
    app.add_middleware(Observation)
    return app


def _close(bell: Bell, identity: httpx.Client, engine: Engine) -> None:
    bell.close()
    identity.close()
    engine.dispose()


def _readiness(desk: Desk) -> dict[str, bool]:
    """Tell whether the database answers and is at this release's revision."""
    try:
        with desk.engine.connect() as db:
            return {"database": True, "migrations": is_current(db)}
    except SQLAlchemyError:
        return {"database": False, "migrations": False}
