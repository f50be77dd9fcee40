"""The mocks as one application."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.mocks.config import MockConfig


def test_the_front_page_says_in_plain_words_what_is_there(http: TestClient) -> None:
    page = http.get("/")

    assert page.status_code == 200
    for partner in ("/identity", "/national-portal", "/payment"):
        assert partner in page.text
    assert "mô phỏng" in page.text


def test_it_says_that_it_lives(http: TestClient) -> None:
    assert http.get("/livez").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/khac", "/payment", "/national-portal/khac", "/identity/_khac"])
def test_what_is_not_there_is_not_found(http: TestClient, path: str) -> None:
    assert http.get(path).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"chaos": 1.5},
        {"chaos": -0.1},
        {"delay_ms": -1},
        {"payment_signature": "md5"},
        {"public_url": "http://127.0.0.1:8001/"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MockConfig(Path(), **wrong)


def test_secrets_are_not_printed() -> None:
    shown = repr(MockConfig(Path(), portal_password="p-bí-mật", payment_secret="s-bí-mật"))

    assert "bí-mật" not in shown
