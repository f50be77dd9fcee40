"""For machines: alive, ready, and figures with a bounded set of labels."""

import re
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import (
    DESK,
    FULL,
    MONDAY,
    PROVINCE,
    Api,
    a_dossier,
    an_application,
    refused,
    running_app,
    settings_for,
    succeeded,
)

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def _metrics(api: Api) -> Samples:
    answer = api.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    found: Samples = defaultdict(dict)
    for line in answer.text.splitlines():
        if line and not line.startswith("#"):
            match = _SAMPLE.match(line)
            assert match is not None, line
            labels = tuple(_LABEL.findall(match[2] or ""))
            found[match[1]][labels] = float(match[3])
    return found


def test_a_process_that_answers_is_alive(api: Api) -> None:
    assert api.http.get("/livez").json() == {"status": "alive"}


def test_with_its_database_at_the_right_revision_it_is_ready(api: Api) -> None:
    answer = api.http.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": True, "migrations": True}}


def test_without_a_database_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    away = settings_for(f"postgresql://postgres@/motcua?host={tmp_path}", tmp_path)
    with running_app(away) as nobody:
        assert nobody.http.get("/livez").status_code == 200
        answer = nobody.http.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": False, "migrations": False}


def test_on_a_database_of_another_revision_it_is_not_ready(own_api: Api) -> None:
    with own_api.owner.begin() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = 'khac'")

    answer = own_api.http.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "migrations": False}


def test_the_gauges_are_the_annex_of_the_month_and_the_year(own_api: Api) -> None:
    api = own_api
    for days in (-200, -3, 0):
        api.clock.at = MONDAY + timedelta(days=days)
        a_dossier(api, procedure=FULL)
        succeeded(api.receptionist().post("/v1/dossiers/intake", an_application(DESK)))
    metrics = _metrics(api)

    for period, first in (("month", "2026-10-01"), ("year", "2026-01-01")):
        rows = succeeded(
            api.person("analyst", PROVINCE).get(
                "/v1/figures/annex", **{"from": first, "to": "2026-10-05"}
            )
        )["rows"]
        members = [row for row in rows if row["row"] != "total"]
        whole = {
            "agency_code": "all",
            **{name: sum(row[name] for row in members) for name in ("total", "online", "at_desk")},
        }
        for row in [*(row for row in members if row["total"]), whole]:
            place = (("agency", row["agency_code"]), ("period", period))
            for channel in ("online", "at_desk"):
                labels = tuple(sorted((*place, ("channel", channel))))
                gauges = _by_labels(metrics["motcua_received_dossiers"])
                assert gauges[labels] == row[channel]
            rates = _by_labels(metrics["motcua_online_rate_percent"])
            expected = round(100 * row["online"] / row["total"] + 1e-9, 2)
            assert rates[tuple(sorted(place))] == pytest.approx(expected, abs=0.0051)
            if row is not whole:
                assert rates[tuple(sorted(place))] == float(row["online_rate_percent"])


def test_what_machines_watch_is_what_people_read(own_api: Api) -> None:
    """Dossiers by agency and channel, as the running figures have them."""
    api = own_api
    for days in (-40, -3, 0):
        api.clock.at = MONDAY + timedelta(days=days)
        a_dossier(api, procedure=FULL)
        succeeded(api.receptionist().post("/v1/dossiers/intake", an_application(DESK)))
    asked = {
        (period, channel): succeeded(
            api.person("analyst", PROVINCE).get(
                "/v1/figures/running",
                **{"from": first, "to": "2026-10-05", "group": "agency", "channel": channel},
            )
        )["rows"]
        for period, first in (("month", "2026-10-01"), ("year", "2026-01-01"))
        for channel in ("online", "desk")
    }
    metrics = {name: _by_labels(found) for name, found in _after(api, seconds=60).items()}

    for (period, channel), rows in asked.items():
        for row in rows:
            place, counted = {"agency": row["code"], "channel": channel}, row["counts"]
            for timing in ("early", "on_time", "late"):
                resolved = {**place, "period": period, "timing": timing}
                assert _value(metrics, "resolved", resolved) == counted[f"resolved_{timing}"]
            for name in ("open", "overdue"):
                assert _value(metrics, name, place) == counted[name]


def _value(metrics: Samples, name: str, labels: dict[str, str]) -> float:
    """Return a gauge of dossiers; where there is none, nothing was counted."""
    return metrics[f"motcua_{name}_dossiers"].get(tuple(sorted(labels.items())), 0)


def test_the_ledger_is_told_as_its_summary_says(own_api: Api) -> None:
    a_dossier(own_api, procedure=FULL)
    summary = succeeded(own_api.person("administrator", PROVINCE).get("/v1/deliveries/summary"))
    metrics = _after(own_api, seconds=60)

    for line in summary["items"]:
        for state in ("waiting", "in_flight", "blocked", "dead"):
            key = (("partner", line["partner"]), ("state", state))
            assert metrics["motcua_deliveries"][key] == line[state]
        age = metrics["motcua_delivery_oldest_seconds"][(("partner", line["partner"]),)]
        assert int(age) == (0 if line["oldest_age_s"] is None else line["oldest_age_s"] + 60)
    assert metrics["motcua_payments_pending"] == {
        (("status", "opened"),): 0,
        (("status", "pending"),): 0,
    }


def test_what_stands_in_quarantine_is_told_until_it_is_discarded(own_api: Api) -> None:
    hour, quarantined = 3600, (("state", "quarantined"),)
    administrator = own_api.person("administrator", PROVINCE)
    secret = own_api.settings.portal_inbound_secret.get_secret_value()
    assert _after(own_api, seconds=60)["motcua_inbound_oldest_seconds"] == {(): 0}
    own_api.http.post(
        "/v1/notices/portal/nhanhsdvcqg", json={}, headers={"Authorization": f"Bearer {secret}"}
    )

    metrics = _after(own_api, seconds=hour)

    assert metrics["motcua_inbound"] == {
        (("state", "waiting"),): 0,
        (("state", "in_flight"),): 0,
        quarantined: 1,
    }
    assert metrics["motcua_inbound_oldest_seconds"] == {(): hour}
    [stuck] = succeeded(administrator.get("/v1/inbound"))["items"]
    succeeded(administrator.post(f"/v1/inbound/{stuck['id']}/discard", {"reason": "Bản tin thử"}))
    metrics = _after(own_api, seconds=60)
    assert metrics["motcua_inbound"][quarantined] == 0
    assert metrics["motcua_inbound_oldest_seconds"] == {(): 0}


def _after(api: Api, *, seconds: int) -> Samples:
    """Return the metrics once those before are forgotten."""
    api.clock.at += timedelta(seconds=seconds)
    return _metrics(api)


def test_verdicts_and_the_recount_are_told(own_api: Api) -> None:
    before = _metrics(own_api)
    assert "motcua_recount_differences" not in before
    with own_api.owner.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO stored_file VALUES ('x', 1, 'application/pdf', now(), NULL, NULL)"
        )
        for n in (1, 2):
            db.exec_driver_sql(
                "INSERT INTO signature_verdict (sha256, n, checked_at, indication, reason, report,"
                f" policy) VALUES ('x', {n}, now(), 'TOTAL_FAILED', '', '{{}}', '')"
            )
        db.exec_driver_sql(
            "INSERT INTO figure_check (checked_at, dossiers, differences, seconds, report)"
            " VALUES (to_timestamp(1000), 7, 2, 1, '[]')"
        )
    again = _metrics(own_api)  # within five seconds the database is not asked again
    assert again["motcua_signature_verdicts"] == before["motcua_signature_verdicts"]
    assert "motcua_recount_differences" not in again

    found = _after(own_api, seconds=6)

    failed = found["motcua_signature_verdicts"][(("indication", "TOTAL_FAILED"),)]
    assert failed == 2
    assert found["motcua_recount_timestamp_seconds"] == {(): 1000}
    assert found["motcua_recount_dossiers"] == {(): 7}
    assert found["motcua_recount_differences"] == {(): 2}


def _by_labels(
    samples: dict[tuple[tuple[str, str], ...], float],
) -> dict[tuple[tuple[str, str], ...], float]:
    return {tuple(sorted(labels)): value for labels, value in samples.items()}


def test_where_nothing_was_received_there_is_no_rate(own_api: Api) -> None:
    metrics = _metrics(own_api)

    assert metrics["motcua_online_rate_percent"] == {}
    assert set(metrics["motcua_received_dossiers"].values()) == {0}


def test_requests_are_counted_by_route_and_not_by_address(api: Api) -> None:
    """Whoever asks for made-up addresses, methods and codes makes no new label."""
    code = a_dossier(api)
    routes = set(api.app.openapi()["paths"]) | {"other"}
    routes |= {"/openapi.json", "/docs", "/redoc"}
    for n in range(5):
        api.citizen().get(f"/v1/dossiers/H44.29-261005-9{n}99")
        api.http.get(f"/made-up-{n}")
        api.http.request(f"MADEUP{n}", "/v1/dossiers")
        api.citizen().get(f"/v1/dossiers/{code}")

    counted = _metrics(api)["motcua_requests_total"]

    labels = [dict(names) for names in counted]
    assert {label["route"] for label in labels} <= routes
    assert {label["method"] for label in labels} <= {
        "GET",
        "POST",
        "DELETE",
        "HEAD",
        "PUT",
        "PATCH",
        "OPTIONS",
        "other",
    }
    assert {"/v1/dossiers/{code}", "/v1/dossiers", "other"} <= {label["route"] for label in labels}


def test_every_answer_is_counted_once_with_its_status(api: Api) -> None:
    def count() -> float:
        counted = _metrics(api)["motcua_requests_total"]
        return sum(
            value
            for labels, value in counted.items()
            if dict(labels).get("route") == "/v1/dossiers/{code}"
            and dict(labels)["status"] == "404"
        )

    before = count()
    for _ in range(3):
        refused(api.citizen().get("/v1/dossiers/H44.29-261005-9999"), 404, "dossier.not_found")

    assert count() == before + 3


def test_the_time_to_answer_is_measured_by_route(api: Api) -> None:
    api.citizen().get("/v1/dossiers")

    measured = _metrics(api)["motcua_request_seconds_count"]

    assert any(dict(labels)["route"] == "/v1/dossiers" for labels in measured)


def test_the_apis_own_pages_load_nothing_from_elsewhere(api: Api) -> None:
    for path in ("/docs", "/openapi.json"):
        answer = api.http.get(path)
        assert answer.status_code == 200
    page = api.http.get("/docs").text
    assert not re.findall(r"""(?:src|href)=["']https?://""", page)
