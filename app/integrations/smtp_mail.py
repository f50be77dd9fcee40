"""E-mail by SMTP (RFC 5321), one connection a letter.

A letter keeps its Message-ID however often it is sent: where the connection dies between the end
of the letter and the server's answer nobody knows whether it was taken, it is sent again, and a
mail store that suppresses duplicates keeps one.
"""

import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.header import Header
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from typing import Literal

from app.integrations.messaging import ChannelRefused, ChannelUnavailable, Letter, Receipt

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PERMANENT = 500
_TOOK = 250
_NO_SUCH_BOX = frozenset({550, 551, 553})
"""550 not found or no access, 551 not local, 553 name not allowed; other 5xx are of our making."""


@dataclass(frozen=True, slots=True)
class MailAccount:
    """Where letters are handed in, and who they come from."""

    host: str
    port: int
    sender: str
    sender_name: str = ""
    security: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """`timeout_s` holds for each step of the dialogue, `limit_s` for the whole of it."""

    account: MailAccount
    timeout_s: float = 10.0
    limit_s: float = 30.0

    def close(self) -> None:
        """Do nothing: each letter has a connection of its own."""

    def send(self, letter: Letter) -> Receipt:
        """Hand in a letter; raises `ChannelUnavailable` or `ChannelRefused`."""
        if not _ADDRESS.fullmatch(letter.address):
            raise ChannelRefused("bad_address", "not an address", is_person=True)
        content = self._written(letter)
        try:
            with self._connected() as dialogue:
                return dialogue.hand_in(self.account, letter.address, content)
        except smtplib.SMTPDataError as error:
            raise _judged(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPResponseException as error:
            # Greeting, login, sender: the fault is the account's or the server's, not the letter's.
            raise ChannelUnavailable(f"smtp_{error.smtp_code}", type(error).__name__) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelUnavailable("no_answer", type(error).__name__) from error

    def _written(self, letter: Letter) -> bytes:
        # Not EmailMessage: where it folds a long Vietnamese subject it loses a space.
        account, message = self.account, MIMEText(letter.body, "plain", "utf-8")
        domain = account.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{letter.id}@{domain}>"
        message["Date"] = format_datetime(letter.written_at)
        message["From"] = formataddr((account.sender_name, account.sender))
        message["To"] = letter.address
        message["Subject"] = Header(letter.subject, "utf-8")  # type: ignore[assignment]
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes, please
        return message.as_bytes(policy=compat32.clone(linesep="\r\n"))

    @contextmanager
    def _connected(self) -> Iterator["_Dialogue"]:
        server = self._server()
        try:
            yield _Dialogue(server, self.timeout_s, time.monotonic() + self.limit_s)
            with suppress(smtplib.SMTPException, OSError):
                server.putcmd("quit")  # nobody waits for the answer
        finally:
            server.close()

    def _server(self) -> smtplib.SMTP:
        account = self.account
        own_name = account.sender.rpartition("@")[2]  # else the resolver is asked for one
        if account.security == "tls":
            return smtplib.SMTP_SSL(
                account.host,
                account.port,
                own_name,
                timeout=self.timeout_s,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(account.host, account.port, own_name, timeout=self.timeout_s)


@dataclass(frozen=True, slots=True)
class _Dialogue:
    """A connection whose steps together may not outlast the claim of the letter."""

    server: smtplib.SMTP
    timeout_s: float
    ends_at: float

    def hand_in(self, account: MailAccount, address: str, content: bytes) -> Receipt:
        """Go through the dialogue; the server's answer to the end of the letter is the receipt."""
        self._step()
        self.server.ehlo_or_helo_if_needed()
        if account.security == "starttls":
            self._step()
            self.server.starttls(context=ssl.create_default_context())
        if account.username:
            self._step()
            self.server.login(account.username, account.password)
        self._step()
        code, said = self.server.mail(account.sender)
        if code != _TOOK:
            raise smtplib.SMTPSenderRefused(code, said, account.sender)
        self._step()
        code, said = self.server.rcpt(address)
        if code not in {_TOOK, 251}:  # 251: not local, it will forward
            raise smtplib.SMTPDataError(code, said)
        self._step()
        code, said = self.server.data(content)
        if code != _TOOK:
            raise smtplib.SMTPDataError(code, said)
        return Receipt(f"smtp_{code}", said.decode("ascii", "replace")[:200])

    def _step(self) -> None:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self.server.sock is not None:
            self.server.sock.settimeout(min(self.timeout_s, left))


def _judged(code: int, said: bytes | str) -> Exception:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    if code < _PERMANENT:
        return ChannelUnavailable(f"smtp_{code}", text)
    return ChannelRefused(f"smtp_{code}", text, is_person=code in _NO_SUCH_BOX)
