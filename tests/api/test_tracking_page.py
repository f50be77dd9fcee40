"""The page that the QR code opens: whole in itself, without a script, closed to injections."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import httpx2
import pytest

from app.api.tracking import wants_page
from app.domain.lifecycle import Status
from tests.builders import CITIZEN, Api, a_dossier

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class _Page(HTMLParser):
    """What a page is made of: its elements, and the texts between them."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _open(api: Api, code: str, check: str | None = None) -> httpx2.Response:
    params = {} if check is None else {"check": check}
    return api.http.get(f"/v1/tracking/{code}", params=params, headers={"Accept": BROWSER})


def test_a_browser_is_asked_for_the_check_digits_without_any_look_up(api: Api) -> None:
    known, unknown = _open(api, a_dossier(api)), _open(api, "H44.29-261005-9998")

    for answer in (known, unknown):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "RateLimit" not in answer.headers  # nothing was asked of the database
    page = _Page(known)
    [form] = page.all("form")
    assert (form["method"], "action" in form) == ("get", False)  # to where it came from
    [field] = page.all("input")
    assert (field["name"], field["pattern"], field["inputmode"]) == ("check", "[0-9]{4}", "numeric")
    assert page.all("label")[0]["for"] == field["id"]
    assert page.all("html")[0]["lang"] == "vi"
    assert "H44.29-261005-9998" in _Page(unknown).texts


def test_with_the_right_digits_it_shows_the_steps(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)

    page = _Page(_open(api, code, CITIZEN[-4:]))

    assert "Hồ sơ đang được giải quyết tại UBND Thành phố Việt Trì." in page.texts
    assert "còn 3 ngày" in page.texts
    assert "09:00 ngày 08/10/2026" in page.texts
    assert len(page.all("li")) == 3
    assert page.all("form") == []


def test_it_loads_and_runs_nothing(api: Api) -> None:
    code = a_dossier(api)
    for answer in (_open(api, code), _open(api, code, CITIZEN[-4:]), _open(api, code, "9999")):
        page = _Page(answer)
        used = {tag for tag, _ in page.elements}
        assert not used & {"script", "link", "img", "iframe", "object", "embed", "base", "a"}
        assert "http" not in answer.text.replace('http-equiv"', "")
        assert not any(name.startswith("on") for _, found in page.elements for name in found)
        assert not any("style" in found for _, found in page.elements)


def test_the_policy_lets_in_its_own_style_and_nothing_else(api: Api) -> None:
    answer = _open(api, a_dossier(api))

    policy = answer.headers["Content-Security-Policy"]
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize("code", ["<script>alert(1)</script>", '"><img src=x>', "&amp;", "x' y"])
def test_what_is_no_code_is_not_shown(api: Api, code: str) -> None:
    answer = api.http.get(
        "/v1/tracking/" + "".join(f"%{byte:02X}" for byte in code.encode()),
        headers={"Accept": BROWSER},
    )

    assert answer.status_code == 200
    assert code not in answer.text
    assert {"script", "img"}.isdisjoint(tag for tag, _ in _Page(answer).elements)


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.9, application/json;q=0.1", True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("text/html;q=0.1, application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=nonsense", False),
        (";;;,,,", False),
    ],
)
def test_who_wants_a_page_gets_one(accept: str, *, page: bool) -> None:
    assert wants_page(accept) is page
