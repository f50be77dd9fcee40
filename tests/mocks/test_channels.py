"""The mocks of mail server, SMS, Zalo and a subscriber: strict, with memory, faults on demand."""

import base64
import hmac
import json
import smtplib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import httpx2
import pytest

from app.mocks.config import MockConfig
from app.mocks.server import create_app
from tests.mocks.conftest import Serve

SENDER, TO = "motcua@motcua.test", "mau@example.vn"
SMS = {
    "ApiKey": "sample-sms-key",
    "SecretKey": "sample-sms-secret",
    "Phone": "0900000001",
    "Content": "Hồ sơ đã tiếp nhận",
    "Brandname": "MOTCUA",
    "IsUnicode": "1",
    "RequestId": "notice-1",
}
ZNS = {
    "phone": "84900000001",
    "template_id": "motcua_accepted",
    "template_data": {"content": "Hồ sơ đã tiếp nhận"},
    "tracking_id": "notice-1",
}
TOKEN = {"access_token": "sample-zalo-token"}
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def live(serve: Serve, config: MockConfig) -> Iterator[httpx2.Client]:
    with (
        serve(create_app(replace(config, smtp_port=0))) as url,
        httpx2.Client(base_url=url, timeout=5, trust_env=False) as http,
    ):
        yield http


def _port(live: httpx2.Client) -> int:
    return int(live.get("/mail/_server").json()["port"])


def _letter(**changes: str | None) -> bytes:
    message = EmailMessage(policy=SMTP)
    headers: dict[str, str | None] = {
        "Message-ID": "<notice-1@motcua.test>",
        "Date": "Mon, 05 Oct 2026 09:00:00 +0700",
        "From": SENDER,
        "To": TO,
        "Subject": "Đã tiếp nhận",
        **changes,
    }
    for name, value in headers.items():
        if value is not None:
            message[name] = value
    message.set_content("Hồ sơ\n.\nđã tiếp nhận", cte="quoted-printable")
    return message.as_bytes()


def _send(live: httpx2.Client, to: str = TO, raw: bytes | None = None) -> Any:  # noqa: ANN401
    with smtplib.SMTP("127.0.0.1", _port(live), "motcua.test", timeout=5) as server:
        return server.sendmail(SENDER, to, raw or _letter())


def _letters(live: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = live.get("/mail/_messages").json()["messages"]
    return found


def test_a_letter_lies_in_its_mailbox_as_it_was_written(live: httpx2.Client) -> None:
    _send(live)

    [letter] = _letters(live)
    assert (letter["recipient"], letter["subject"]) == (TO, "Đã tiếp nhận")
    assert letter["body"].replace("\r\n", "\n") == "Hồ sơ\n.\nđã tiếp nhận\n"
    assert live.get("/mail/_messages", params={"to": "khac@example.vn"}).json()["messages"] == []


@pytest.mark.parametrize("header", ["Message-ID", "Date", "From", "To", "Subject"])
def test_a_letter_without_a_needed_header_is_refused(live: httpx2.Client, header: str) -> None:
    with pytest.raises(smtplib.SMTPDataError, match=header):
        _send(live, raw=_letter(**{header: None}))
    assert _letters(live) == []


@pytest.mark.parametrize(("to", "code"), [("khong-co@example.vn", 550), ("day@example.vn", 452)])
def test_some_mailboxes_take_nothing(live: httpx2.Client, to: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        _send(live, to)
    assert refusal.value.recipients[to][0] == code


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"MAIL FROM:<a@b.vn>\r\n", b"503"),
        (b"EHLO x\r\nRCPT TO:<a@b.vn>\r\n", b"503"),
        (b"EHLO x\r\nDATA\r\n", b"503"),
        (b"EHLO\r\n", b"501"),
        (b"EHLO x\r\nMAIL FROM:a@b.vn\r\n", b"501"),
        (b"EHLO x\r\nMAIL FROM:<a@b.vn>\r\nMAIL FROM:<a@b.vn>\r\n", b"503"),
        (b"EHLO x\r\nMAIL FROM:<a@b.vn>\r\nRCPT TO:ai do\r\n", b"553"),
        (b"VRFY a\r\n", b"500"),
        (b"EHLO x\n", b"500"),
        (b"EHLO " + b"x" * 600 + b"\r\n", b"500"),
        ("EHLO máy\r\n".encode(), b"500"),
    ],
)
def test_what_is_out_of_order_or_misspelt_is_refused(
    live: httpx2.Client, said: bytes, answer: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", _port(live)), timeout=5) as wire:
        wire.sendall(said)
        wire.shutdown(socket.SHUT_WR)
        heard = b""
        while piece := wire.recv(4096):
            heard += piece

    assert heard.strip().split(b"\r\n")[-1].startswith(answer), heard


def test_who_must_log_in_is_not_let_in_otherwise(serve: Serve, config: MockConfig) -> None:
    wanted = replace(config, smtp_port=0, smtp_username="motcua", smtp_password="mat-khau")
    with (
        serve(create_app(wanted)) as url,
        httpx2.Client(base_url=url, timeout=5, trust_env=False) as live,
    ):
        with pytest.raises(smtplib.SMTPSenderRefused):
            _send(live)
        with smtplib.SMTP("127.0.0.1", _port(live), "motcua.test", timeout=5) as server:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                server.login("motcua", "sai")
            server.login("motcua", "mat-khau")
            server.sendmail(SENDER, TO, _letter())
        assert len(_letters(live)) == 1


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("reset_before", 0), ("busy", 0), ("refused", 0), ("quota", 0), ("reset_after", 1)],
)
def test_a_fault_strikes_once_where_it_was_asked_for(
    live: httpx2.Client, kind: str, kept: int
) -> None:
    live.post("/mail/_faults", json={"kind": kind, "service": "data"}).raise_for_status()

    with pytest.raises((smtplib.SMTPException, OSError)):
        _send(live)
    assert len(_letters(live)) == kept
    _send(live)
    assert len(_letters(live)) == kept + 1


def test_a_letter_delivered_twice_by_a_fault_is_marked(live: httpx2.Client) -> None:
    live.post("/mail/_faults", json={"kind": "duplicate", "service": "data"}).raise_for_status()

    _send(live)

    assert [letter["by_fault"] for letter in _letters(live)] == [False, True]


def test_faults_of_http_are_none_of_the_mail_servers(live: httpx2.Client) -> None:
    assert live.post("/mail/_faults", json={"kind": "html_page"}).status_code == 422
    assert live.post("/sms/_faults", json={"kind": "busy"}).status_code == 422
    assert live.post("/hooks/_faults", json={"kind": "html_page"}).status_code == 422


def _sms(live: httpx2.Client, **changes: str) -> dict[str, Any]:
    answer: dict[str, Any] = live.post("/sms/messages", json=SMS | changes).json()
    return answer


def test_a_short_message_is_sent_once_for_its_number(live: httpx2.Client) -> None:
    first, again = _sms(live), _sms(live)
    other = _sms(live, Content="Nội dung khác")

    assert (first["CodeResult"], again["CodeResult"], other["CodeResult"]) == ("100", "124", "122")
    assert first["SMSID"] == again["SMSID"]
    [sent] = live.get("/sms/_messages").json()["messages"]
    assert (sent["phone"], sent["times"]) == ("0900000001", 2)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SecretKey": "sai"}, "101"),
        ({"Phone": "84900000001"}, "105"),
        ({"Phone": "0900010000"}, "105"),
        ({"Brandname": "KHAC"}, "104"),
        ({"IsUnicode": "0"}, "118"),
        ({"IsUnicode": "có"}, "118"),
        ({"Content": "a" * 403}, "118"),
        ({"Thua": "1"}, "118"),
    ],
)
def test_a_short_message_that_breaks_the_contract_is_refused(
    live: httpx2.Client, changes: dict[str, str], code: str
) -> None:
    assert _sms(live, **changes)["CodeResult"] == code
    assert live.get("/sms/_messages").json()["messages"] == []


@pytest.mark.parametrize(
    ("changes", "token", "code"),
    [
        ({}, "sai", -124),
        ({"phone": "0900000001"}, None, -108),
        ({"phone": "84900010000"}, None, -118),
        ({"template_id": "khac"}, None, -132),
        ({"template_data": {}}, None, -132),
        ({"them": 1}, None, -132),
        ({}, None, 0),
    ],
)
def test_a_template_message_is_judged(
    live: httpx2.Client, changes: dict[str, Any], token: str | None, code: int
) -> None:
    headers = {"access_token": token} if token else TOKEN
    answer = live.post("/zalo/message/template", json=ZNS | changes, headers=headers).json()

    assert answer["error"] == code
    assert len(live.get("/zalo/_messages").json()["messages"]) == (code == 0)


def _event(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    return {
        "specversion": "1.0",
        "id": "evt_" + "0" * 32,
        "source": "/H44/dossiers",
        "type": "vn.motcua.dossier.accepted",
        "subject": "H44.10-261005-0001",
        "time": "2026-10-05T09:00:00+07:00",
        "datacontenttype": "application/json",
        "sequence": "0000000002",
        "data": {
            "code": "H44.10-261005-0001",
            "status": "accepted",
            "status_label": "Được tiếp nhận",
            "version": 2,
            "agency": "H44.10",
        },
        **changes,
    }


def _post_event(
    live: httpx2.Client, event: dict[str, Any], key: bytes = KEY, *, age_s: float = 0
) -> int:
    body = json.dumps(event).encode()
    stamp = str(int(time.time() - age_s))
    mark = hmac.digest(key, f"{event['id']}.{stamp}.".encode() + body, "sha256")
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": event["id"],
        "webhook-timestamp": stamp,
        "webhook-signature": "v1,AAAA v1," + base64.b64encode(mark).decode(),
    }
    return live.post("/hooks/kho", content=body, headers=headers).status_code


def test_a_subscriber_takes_events_that_are_signed_and_whole(live: httpx2.Client) -> None:
    assert _post_event(live, _event()) == 404
    made = live.put("/hooks/_endpoints/kho", json={"secrets": [SECRET]})
    assert made.status_code == 204

    assert _post_event(live, _event()) == 204
    assert _post_event(live, _event(), b"x" * 32) == 401
    assert _post_event(live, _event(), age_s=400) == 401
    assert _post_event(live, _event(type="vn.khac.accepted")) == 422
    assert _post_event(live, _event(data={"name": "Trần Thị Mẫu"})) == 422
    assert _post_event(live, _event(them=1)) == 422

    [event] = live.get("/hooks/_events/kho").json()["events"]
    assert (event["subject"], event["version"], event["secret"]) == ("H44.10-261005-0001", 2, 0)


@pytest.mark.parametrize("secrets", [[], "whsec_x", ["khac"], ["whsec_!!"]])
def test_an_endpoint_needs_secrets_that_are_ones(live: httpx2.Client, secrets: object) -> None:
    assert live.put("/hooks/_endpoints/kho", json={"secrets": secrets}).status_code == 422


def test_what_was_remembered_outlives_a_restart_and_is_forgotten_on_demand(
    serve: Serve, config: MockConfig
) -> None:
    wanted = replace(config, smtp_port=0)
    for times in (1, 2):
        with (
            serve(create_app(wanted)) as url,
            httpx2.Client(base_url=url, timeout=5, trust_env=False) as live,
        ):
            _send(live)
            assert len(_letters(live)) == times
            if times == 2:
                live.delete("/mail/_memory").raise_for_status()
                assert _letters(live) == []
