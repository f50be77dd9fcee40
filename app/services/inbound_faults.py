"""Faults of what came in, as they are kept: without a value of the message."""

from collections.abc import Iterable

from app.domain.application import Fault


def faults_view(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """Return faults as JSON."""
    return [
        {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail} for fault in faults
    ]
