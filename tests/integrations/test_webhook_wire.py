"""The wire to subscribers, over real sockets: what is called, what is refused, what is read."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from app.domain.network import UrlRefused
from app.integrations.webhook_wire import EndpointRefused, EndpointUnavailable, WebhookWire

BODY = b'{"a":1}'
HOST = "kho.noi-bo"
Answer = Callable[[socket.socket], None]


@contextmanager
def an_endpoint(answer: Answer) -> Iterator[tuple[int, list[bytes]]]:
    """Run a server that reads one request on each connection and does with it what is wanted."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                with suppress(TimeoutError), listening.accept()[0] as connection:
                    connection.settimeout(2)
                    heard.append(_request(connection))
                    with suppress(OSError):
                        answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], heard
        done.set()
        thread.join()


def _request(connection: socket.socket) -> bytes:
    read = b""
    while not read.endswith(BODY):
        piece = connection.recv(4096)
        if not piece:
            break
        read += piece
    return read


def _saying(text: bytes) -> Answer:
    return lambda connection: connection.sendall(text)


NO_CONTENT = _saying(b"HTTP/1.1 204 No Content\r\n\r\n")


def _wire(*addresses: str, timeout_s: float = 2.0, internal: str = HOST) -> WebhookWire:
    return WebhookWire({internal}, timeout_s, lambda _host, _port: list(addresses))


def _post(wire: WebhookWire, port: int, path: str = "/su-kien?a=1") -> str:
    return wire.post(f"http://{HOST}:{port}{path}", {"webhook-id": "evt_1"}, BODY).code


def test_the_request_goes_to_the_address_that_was_checked_under_the_hosts_own_name() -> None:
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    with an_endpoint(NO_CONTENT) as (port, heard):
        assert _post(WebhookWire({HOST}, 2.0, resolve), port) == "http_204"

    assert asked == [(HOST, port)], "one answer of the resolver, checked and used"
    lines = heard[0].split(b"\r\n")
    assert lines[0] == b"POST /su-kien?a=1 HTTP/1.1"
    assert f"Host: {HOST}:{port}".encode() in lines
    assert heard[0].endswith(BODY)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["64:ff9b::7f00:1"],
        [],
    ],
)
def test_a_host_with_one_address_inside_is_not_called_at_all(addresses: list[str]) -> None:
    with an_endpoint(NO_CONTENT) as (port, heard):
        wire = _wire(*addresses, internal="khac")
        with pytest.raises(EndpointUnavailable) as refusal:
            wire.post(f"https://kho.example.vn:{port}/", {}, BODY)

    assert refusal.value.code == "address_refused"
    assert heard == []


def test_a_name_that_does_not_resolve_is_tried_again_later() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("Name or service not known")

    with pytest.raises(EndpointUnavailable) as refusal:
        WebhookWire(resolve=resolve).post("https://kho.example.vn/", {}, BODY)

    assert refusal.value.code == "no_answer"


def test_a_redirect_is_not_followed() -> None:
    with an_endpoint(NO_CONTENT) as (inside, heard_inside):
        text = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside}/\r\n\r\n".encode()
        with (
            an_endpoint(_saying(text)) as (port, heard),
            pytest.raises(EndpointRefused) as refusal,
        ):
            _post(_wire("127.0.0.1"), port)

    assert refusal.value.code == "http_302"
    assert (len(heard), heard_inside) == (1, [])


@pytest.mark.parametrize(
    ("status", "error", "is_gone"),
    [
        (400, EndpointRefused, False),
        (401, EndpointRefused, False),
        (410, EndpointRefused, True),
        (408, EndpointUnavailable, None),
        (429, EndpointUnavailable, None),
        (500, EndpointUnavailable, None),
        (503, EndpointUnavailable, None),
    ],
)
def test_an_answer_that_is_no_success_says_whose_fault_it_is(
    status: int, error: type[Exception], *, is_gone: bool | None
) -> None:
    text = f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nno".encode()
    with an_endpoint(_saying(text)) as (port, _), pytest.raises(error) as refusal:
        _post(_wire("127.0.0.1"), port)

    assert str(refusal.value) == "no"
    assert getattr(refusal.value, "is_gone", None) is is_gone


def test_of_a_large_answer_only_the_beginning_is_read() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(b"x" * 10_000)

    with an_endpoint(flood) as (port, _):
        taken = _wire("127.0.0.1").post(f"http://{HOST}:{port}/", {}, BODY)

    assert len(taken.answer) == 1000


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_not_waited_for_long(beginning: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    with an_endpoint(drip) as (port, _):
        started = time.monotonic()
        with pytest.raises(EndpointUnavailable):
            _post(_wire("127.0.0.1", timeout_s=0.2), port)

    assert time.monotonic() - started < 2


def test_an_endpoint_that_says_nothing_or_hangs_up_is_away() -> None:
    for answer in (lambda _connection: time.sleep(0.5), lambda connection: connection.close()):
        with an_endpoint(answer) as (port, _), pytest.raises(EndpointUnavailable) as refusal:
            _post(_wire("127.0.0.1", timeout_s=0.2), port)
        assert refusal.value.code == "no_answer"


def test_https_wants_a_certificate_that_holds() -> None:
    with an_endpoint(NO_CONTENT) as (port, _), pytest.raises(EndpointUnavailable) as refusal:
        _wire("127.0.0.1").post(f"https://{HOST}:{port}/", {}, BODY)

    assert refusal.value.code == "no_answer"


def test_the_environment_does_not_lead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with an_endpoint(NO_CONTENT) as (port, _):
        assert _post(_wire("127.0.0.1"), port) == "http_204"


def test_an_address_is_looked_at_when_somebody_subscribes() -> None:
    wire = _wire("10.0.0.1", internal="khac")
    with pytest.raises(UrlRefused):
        wire.check("https://kho.example.vn/")
    wire.check("http://khac/")


def test_a_url_that_was_kept_and_is_no_longer_allowed_is_not_called() -> None:
    with (
        an_endpoint(NO_CONTENT) as (port, heard),
        pytest.raises(EndpointUnavailable) as refusal,
    ):
        WebhookWire().post(f"http://127.0.0.1:{port}/", {}, BODY)

    assert (refusal.value.code, heard) == ("url_refused", [])
