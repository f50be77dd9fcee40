"""Letters over real SMTP: as they were written, and what each refusal means."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.domain.calendar import LOCAL_ZONE
from app.domain.message_texts import TEMPLATES, Facts, Topic, text_of
from app.integrations.messaging import ChannelRefused, ChannelUnavailable, Letter
from app.integrations.smtp_mail import MailAccount, SmtpMail
from tests.builders import mocks

AT = datetime(2026, 10, 5, 9, tzinfo=LOCAL_ZONE)
LETTER = Letter("notice-1-email", "mau@example.vn", "received", "Đã nhận", "Nội dung", "", AT)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        mocks(tmp_path_factory.mktemp("mail"), smtp_port=0) as url,
        httpx.Client(base_url=f"{url}/mail", trust_env=False) as http,
    ):
        yield http


@pytest.fixture
def mail(server: httpx.Client) -> SmtpMail:
    server.delete("/_memory")
    server.delete("/_faults")
    where = server.get("/_server").json()
    account = MailAccount(where["host"], where["port"], "motcua@motcua.test", "Một cửa điện tử")
    return SmtpMail(account, timeout_s=1.0, limit_s=2.0)


def _letters(server: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/_messages").json()["messages"]
    return found


@pytest.mark.parametrize("topic", TEMPLATES)
def test_a_letter_arrives_word_for_word(server: httpx.Client, mail: SmtpMail, topic: Topic) -> None:
    facts = Facts("H44.29.01-261005-0001", "Thủ tục " * 30, "Sở Tư pháp", AT, AT, AT.date())
    told = text_of(topic, facts)

    receipt = mail.send(replace(LETTER, subject=told.subject, body=told.body))

    [letter] = _letters(server)
    assert letter["subject"] == told.subject
    assert letter["body"].replace("\r\n", "\n").rstrip("\n") == told.body
    assert letter["message_id"] == "<notice-1-email@motcua.test>"
    assert receipt.code == "smtp_250"


@pytest.mark.parametrize(
    "address",
    ["", "khong phai", "a@b", "a@b.vn\r\nRCPT TO:<c@d.vn>", "<a@b.vn>", "a@b.vn, c@d.vn", "ế@b.vn"],
)
def test_what_is_no_address_is_not_written_to(
    server: httpx.Client, mail: SmtpMail, address: str
) -> None:
    with pytest.raises(ChannelRefused) as refusal:
        mail.send(replace(LETTER, address=address))

    assert refusal.value.is_person
    assert _letters(server) == []


@pytest.mark.parametrize(
    ("stage", "kind", "error", "code"),
    [
        ("connect", "refused", ChannelUnavailable, "smtp_554"),
        ("connect", "busy", ChannelUnavailable, "smtp_421"),
        ("rcpt", "refused", ChannelRefused, "smtp_550"),
        ("rcpt", "busy", ChannelUnavailable, "smtp_451"),
        ("data", "refused", ChannelRefused, "smtp_554"),
        ("data", "quota", ChannelUnavailable, "smtp_452"),
        ("data", "reset_after", ChannelUnavailable, "no_answer"),
        ("data", "hang", ChannelUnavailable, "no_answer"),
    ],
)
def test_a_refusal_is_of_the_person_the_letter_or_the_moment(
    server: httpx.Client,
    mail: SmtpMail,
    stage: str,
    kind: str,
    error: type[Exception],
    code: str,
) -> None:
    server.post("/_faults", json={"kind": kind, "service": stage, "seconds": 5})

    with pytest.raises(error) as refusal:
        mail.send(LETTER)

    assert getattr(refusal.value, "code", None) == code
    assert getattr(refusal.value, "is_person", False) is (code == "smtp_550")


def test_a_wrong_password_is_not_the_letters_fault(mail: SmtpMail) -> None:
    account = replace(mail.account, username="motcua", password="sai")

    with pytest.raises(ChannelUnavailable) as refusal:
        SmtpMail(account, 1.0, 2.0).send(LETTER)

    assert refusal.value.code == "smtp_535"


def test_a_server_that_offers_no_tls_is_not_used_without_it(
    server: httpx.Client, mail: SmtpMail
) -> None:
    account = replace(mail.account, security="starttls")

    with pytest.raises(ChannelUnavailable):
        SmtpMail(account, 1.0, 2.0).send(LETTER)
    assert _letters(server) == []
