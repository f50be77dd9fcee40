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
    agency_changes,
    apologies,
    calendar,
    calendar_changes,
    catalogue,
    claims,
    delegations,
    deliveries,
    description,
    documents,
    dossiers,
    drafts,
    durations,
    extractions,
    figures,
    forecasts,
    handovers,
    health,
    intake,
    lookups,
    notices,
    opinions,
    papers,
    parcels,
    payments,
    petition_acts,
    petitions,
    problems,
    procedure_drafts,
    queue,
    ratings,
    reasons,
    registers,
    steering,
    tracking,
    warnings,
    webhooks,
)
from app.api.dependencies import Doors
from app.api.limits import BodyLimit
from app.api.observation import Observation
from app.composition import client_of, desk_of, engine_of
from app.db.bell import Bell
from app.db.migrate import is_current
from app.integrations.identity import IdentityProvider, TokenRefused
from app.services.desk import Desk
from app.settings import Settings

RESOURCES = (
    agency_changes,  # before the catalogue, whose path of one agency would take its own
    *(intake, dossiers, acts, papers, registers, documents, payments, catalogue, figures),
    *(steering, durations, reasons, extractions),
    *(claims, queue, delegations),
    *(calendar, calendar_changes, warnings, apologies, forecasts),
    *(drafts, tracking, ratings, petition_acts, petitions),
    *(handovers, opinions, procedure_drafts),
    *(lookups, parcels, notices, webhooks, deliveries),
    health,
)
"""Modules of the API, in the order in which the document shows them."""

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
    identity = client_of(settings, "")

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
        trusted_proxies=settings.trusted_proxies,
    )
    for module in RESOURCES:
        app.include_router(module.router)
    description.complete(app)
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
