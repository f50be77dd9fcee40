"""Is it alive, is it ready, and the figures for machines."""

import os

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from app.api.dependencies import CurrentDoors
from app.domain.calendar import LOCAL_ZONE
from app.domain.periods import Period
from app.services import figures

router = APIRouter(tags=["operations"])


@router.get("/livez", summary="Is this process alive?")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz", summary="Can it work: database there and migrated?")
def readyz(doors: CurrentDoors) -> JSONResponse:
    checks = doors.readiness()
    is_ready = all(checks.values())
    return JSONResponse(
        {"status": "ready" if is_ready else "not ready", "checks": checks},
        200 if is_ready else 503,
    )


@router.get(
    "/metrics", summary="Figures for machines (Prometheus)", response_class=PlainTextResponse
)
def metrics(doors: CurrentDoors) -> PlainTextResponse:
    """Return the counters of all web processes and gauges from the maintained sums."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        counted = generate_latest(registry)
    else:
        counted = generate_latest(REGISTRY)
    return PlainTextResponse(counted + _gauges(doors), media_type=CONTENT_TYPE_LATEST)


def _gauges(doors: CurrentDoors) -> bytes:
    today = doors.now().astimezone(LOCAL_ZONE).date()
    registry = CollectorRegistry()
    received = Gauge(
        "motcua_received_dossiers",
        "Dossiers received in the current month or year",
        ["period", "agency", "channel"],
        registry=registry,
    )
    rate = Gauge(
        "motcua_online_rate_percent",
        "Online-processing rate of the current month or year; absent where nothing was received",
        ["period", "agency"],
        registry=registry,
    )
    for name, first in (("month", today.replace(day=1)), ("year", today.replace(month=1, day=1))):
        for code, intake in figures.received_by_agency(doors.desk, Period(first, today)).items():
            received.labels(name, code, "online").set(intake.online)
            received.labels(name, code, "at_desk").set(intake.at_desk)
            if intake.online_rate is not None:
                rate.labels(name, code).set(float(intake.online_rate))
    return generate_latest(registry)
