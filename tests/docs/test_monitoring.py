"""The dashboard and the alert rules ask for what /metrics tells, in a form that machines read."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.api.observation import REQUEST_LABELS, SECONDS_LABELS
from app.api.scraping import FAMILIES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "operations"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))
RULES: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))

LABELS = {name: set(labels) for name, (_, labels) in FAMILIES.items()} | {
    "motcua_requests_total": set(REQUEST_LABELS),
    "motcua_request_seconds_bucket": {*SECONDS_LABELS, "le"},
}
MADE_HERE = {"class"}  # by label_replace
_METRIC = re.compile(r"\b(motcua_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
_BY = re.compile(r"\bby \(([^)]*)\)")
_DURATION = re.compile(r"\d+[smhd]")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    yield from (rule["expr"] for rule in rules())


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_metric_and_label_asked_for_is_told(expression: str) -> None:
    found = _METRIC.findall(expression)
    assert found
    known: set[str] = set()
    for name, matchers in found:
        assert name in LABELS, name
        known |= LABELS[name]
        parsed = _MATCHER.findall(matchers)
        assert ",".join("".join((a, b, f'"{c}"')) for a, b, c in parsed) == matchers
        assert {label for label, _, _ in parsed} <= LABELS[name]
    for listed in _BY.findall(expression):
        assert set(re.split(r", *", listed)) <= known | MADE_HERE
    for opens, closes in ("()", "[]", "{}"):
        assert expression.count(opens) == expression.count(closes)


def test_what_the_database_tells_is_never_added_up_over_processes() -> None:
    """Each web process tells the same of it: `max` comes before any sum."""
    for expression in expressions():
        for name, _ in _METRIC.findall(expression):
            if name in FAMILIES and "absent" not in expression:
                assert re.search(rf"max(?: by \([^)]*\))? ?\((?:delta\()?{name}", expression)


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    assert DASHBOARD["schemaVersion"] >= 36
    assert DASHBOARD["uid"]
    assert DASHBOARD["timezone"] == "Asia/Ho_Chi_Minh"
    assert [each["name"] for each in DASHBOARD["templating"]["list"]] == ["datasource"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["type"] in {"stat", "timeseries", "bargauge"}
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)
        # What leaders read is Vietnamese: it has marks.
        assert re.search(r"[^\x00-\x7f]", panel["title"] + panel["description"])


def test_every_family_is_watched_somewhere() -> None:
    asked = {name for expression in expressions() for name, _ in _METRIC.findall(expression)}

    assert asked | {"motcua_recount_dossiers"} == set(LABELS)


def test_the_rules_are_those_that_prometheus_reads() -> None:
    assert set(RULES) == {"groups"}
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert _DURATION.fullmatch(rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
        told = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert told <= {
            label for listed in _BY.findall(rule["expr"]) for label in listed.split(", ")
        }
