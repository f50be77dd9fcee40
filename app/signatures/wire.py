"""A verdict as JSON values and back; what comes back from a child process is not believed."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from app.domain.signature import Coverage, Indication, SignatureReport, SubIndication, Verdict

_INSTANTS = frozenset({"claimed_signing_at", "proven_signing_at"})
_FLAGS = frozenset({"intact", "valid", "trusted"})
_LONGEST_TEXT = 2_000


class NotAVerdict(ValueError):
    """An answer that is not a verdict, or one that contradicts itself."""


def to_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON values, instants in ISO 8601."""
    values = asdict(verdict)
    for report in values["signatures"]:
        for name in _INSTANTS:
            instant: datetime | None = report[name]
            report[name] = instant.isoformat() if instant else None
    values["signatures"] = list(values["signatures"])
    return values


def from_json(values: object) -> Verdict:
    """Read a verdict; raises NotAVerdict unless it is complete and agrees with itself."""
    try:
        found = _mapping(values)
        reports = found.pop("signatures")
        if not isinstance(reports, list):
            raise NotAVerdict("signatures")
        signatures = tuple(SignatureReport(**_facts(_mapping(item))) for item in reports)
        verdict = Verdict(**_facts(found), signatures=signatures)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise NotAVerdict(str(error)) from error
    if not verdict.is_sound:
        raise NotAVerdict("contradicts itself")
    return verdict


def _mapping(values: object) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise NotAVerdict("not an object")
    return dict(values)


def _facts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the values of one record into facts of the right types; unknown names are refused."""
    known = {field.name for field in fields(SignatureReport)}
    if not set(values) <= known:
        raise NotAVerdict("unknown member")
    return {name: _fact(name, value) for name, value in values.items()}


def _fact(name: str, value: Any) -> Any:  # noqa: ANN401  (JSON values)
    if name in _FLAGS and not isinstance(value, bool):
        raise NotAVerdict(name)
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        raise NotAVerdict(name)
    if value is None or name in _FLAGS:
        return value
    if name in _INSTANTS:
        return datetime.fromisoformat(value)
    if not isinstance(value, str):
        raise NotAVerdict(name)
    kinds = {"indication": Indication, "sub_indication": SubIndication, "coverage": Coverage}
    return kinds[name](value) if name in kinds else value
