"""Another system of the province that subscribed to events: it checks each one, and remembers.

Signatures as Standard Webhooks has them, events as CloudEvents 1.0 in structured JSON; both are
checked here independently of the product. An endpoint must be made known with its secrets first.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.config import MockConfig
from app.mocks.exchange import is_by_fault
from app.mocks.faults import Partner
from app.mocks.fields import Check, Table, faults_of, inner, must, shaped, text, whole
from app.mocks.memory import Memory
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, page_of, parse_object, read_object, refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS hook_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, subject TEXT NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL,
    secret INTEGER NOT NULL, by_fault INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS hook_events_endpoint ON hook_events (endpoint, sequence);
"""
_PREFIX = "whsec_"


def _instant(value: object, where: str) -> list[str]:
    try:
        if isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None:
            return []
    except ValueError:
        pass
    return [f"{where}: phải là thời điểm RFC 3339"]


def _exactly(wanted: str) -> Check:
    return lambda value, where: [] if value == wanted else [f"{where}: phải là {wanted}"]


_EVENT: Table = {
    "specversion": must(_exactly("1.0")),
    "id": must(shaped(r"evt_[0-9a-f]{32}", "evt_0123...")),
    "source": must(text()),
    "type": must(shaped(r"vn\.motcua\.dossier\.[a-z_]+", "vn.motcua.dossier.accepted")),
    "subject": must(text()),
    "time": must(_instant),
    "datacontenttype": must(_exactly("application/json")),
    "sequence": must(shaped(r"\d{10}", "0000000001")),
    "data": must(
        inner(
            {
                "code": must(text()),
                "status": must(text()),
                "status_label": must(text()),
                "version": must(whole(1)),
                "agency": must(text()),
            }
        )
    ),
}


@dataclass
class _Hooks:
    memory: Memory
    switches: Switches
    now: Callable[[], datetime]
    secrets: dict[str, list[bytes]] = field(default_factory=dict)

    async def take(self, request: Request) -> Response:
        """Check one event and remember it."""
        name = request.path_params["name"]
        if name not in self.secrets:
            return Json({"detail": "Không có điểm nhận này"}, 404)
        raw = await request.body()
        used = self._secret_of(name, request, raw)
        if used is None:
            return Json({"detail": "Chữ ký hoặc thời điểm sai"}, 401)
        try:
            event = self._checked(request, raw)
        except Malformed as error:
            return refusal(error)
        self.memory.write(
            "INSERT INTO hook_events (endpoint, id, type, subject, version, status, secret,"
            " by_fault, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                name,
                event["id"],
                event["type"],
                event["subject"],
                event["data"]["version"],
                event["data"]["status"],
                used,
                is_by_fault(request.scope),
                self.now().isoformat(),
            ),
        )
        return Response(status_code=204)

    def _secret_of(self, name: str, request: Request, raw: bytes) -> int | None:
        """Return which of the secrets signed a request that is not too old; None: none did."""
        headers = request.headers
        stamp = headers.get("webhook-timestamp", "")
        if not (stamp.isascii() and stamp.isdigit()):
            return None
        if abs(self.now().timestamp() - int(stamp)) > self.switches.number("tolerance_s"):
            return None
        signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + raw
        given = headers.get("webhook-signature", "").split(" ")
        for number, secret in enumerate(self.secrets[name]):
            mark = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
            if any(hmac.compare_digest(f"v1,{mark}".encode(), one.encode()) for one in given):
                return number
        return None

    def _checked(self, request: Request, raw: bytes) -> dict[str, Any]:
        kind = request.headers.get("content-type", "")
        if kind != "application/cloudevents+json; charset=utf-8":
            raise Malformed(f"Content-Type sai: {kind}")
        event = parse_object(raw)
        if faults := faults_of(_EVENT, event, ""):
            raise Malformed("; ".join(faults))
        if event["id"] != request.headers["webhook-id"]:
            raise Malformed("webhook-id khác id của sự kiện")
        return event

    async def make(self, request: Request) -> Response:
        """Make an endpoint known, with the secrets that it takes."""
        try:
            keys = _keys((await read_object(request)).get("secrets"))
            self.secrets[request.path_params["name"]] = keys
        except Malformed as error:
            return refusal(error)
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        """List what came, by pages, in order."""
        try:
            after, limit = page_of(request)
        except Malformed as error:
            return refusal(error)
        rows = self.memory.rows(
            "SELECT * FROM hook_events WHERE endpoint = ? AND sequence > ?"
            " ORDER BY sequence LIMIT ?",
            (request.path_params["name"], int(after) if after.isdigit() else 0, limit),
        )
        found = [dict(row) | {"by_fault": bool(row["by_fault"])} for row in rows]
        last = str(found[-1]["sequence"]) if len(found) == limit else None
        return Json({"events": found, "next": last})

    async def forget(self, _: Request) -> Response:
        """Forget what came, and every endpoint."""
        self.memory.write("DELETE FROM hook_events")
        self.secrets.clear()
        return Response(status_code=204)


def hooks(config: MockConfig, memory: Memory, now: Callable[[], datetime]) -> Partner:
    """Build the receiver; endpoints live as long as the process."""
    switches = Switches(
        {
            "delay_ms": float(config.delay_ms),
            "chaos": float(config.chaos),
            "tolerance_s": 300.0,
        }
    )
    found = _Hooks(memory, switches, now)
    return Partner(
        name="hooks",
        app=Router(
            [
                Route("/_endpoints/{name}", found.make, methods=["PUT"]),
                Route("/_events/{name}", found.events),
                Route("/_memory", found.forget, methods=["DELETE"]),
                Route("/{name}", found.take, methods=["POST"]),
            ]
        ),
        services=frozenset({"event"}),
        service_of=lambda _path, _body: "event",
        switches=switches,
        # A 200 without having taken the event is a lie that no sender can find out.
        without=frozenset({"html_page"}),
    )


def _keys(secrets: object) -> list[bytes]:
    if not isinstance(secrets, list) or not secrets:
        raise Malformed("secrets phải là danh sách không rỗng")
    return [_key(secret) for secret in secrets]


def _key(secret: object) -> bytes:
    if isinstance(secret, str) and secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    raise Malformed("mỗi secret là whsec_ và Base64")
