"""Is it alive, is it ready, and the figures for machines."""

import os

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from app.api.dependencies import CurrentDoors
from app.api.scraping import gauges

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
    """Return the counters of all web processes, and gauges from the maintained sums.

    Workers are seen through what they leave in the database: any web process tells of all.
    """
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        counted = generate_latest(registry)
    else:
        counted = generate_latest(REGISTRY)
    now = doors.now()
    gauged = doors.gauges.get(now, lambda: gauges(doors.desk, now))
    return PlainTextResponse(counted + gauged, media_type=CONTENT_TYPE_LATEST)
