"""One dialogue with the mail server: commands in their order, each line as RFC 5321 wants it."""

import asyncio
import base64
import re
import struct
from collections.abc import Awaitable, Callable
from socket import SO_LINGER, SOL_SOCKET
from typing import Protocol

from app.mocks.config import MockConfig
from app.mocks.faults import Fault, Switchboard

SERVICES = frozenset({"connect", "rcpt", "data"})

_COMMAND_LIMIT, _LINE_LIMIT, _LETTER_LIMIT = 512, 1000, 1_000_000
_ADDRESS = re.compile(rb"<([^<>@\s]+@[A-Za-z0-9.-]+)>$")


class Keep(Protocol):
    """Puts a letter into its mailbox; returns what is wrong with it, if anything is."""

    def __call__(
        self, sender: str, recipient: str, raw: bytes, *, by_fault: bool
    ) -> str | None: ...


class _Over(Exception):
    """The dialogue has ended."""


class MailSession:
    """State of a dialogue: who greeted, who writes to whom."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        board: Switchboard,
        config: MockConfig,
        keep: Keep,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._board = board
        self._config = config
        self._keep = keep
        self._has_greeted = False
        self._is_known = not config.smtp_username
        self._sender: str | None = None
        self._recipient: str | None = None

    async def run(self) -> None:
        """Talk until one of both ends it."""
        delay_ms = self._board.partner.switches.number("delay_ms")
        await asyncio.sleep(delay_ms / 1000)
        try:
            if await self._meets("connect", "421 Xin quay lại sau", "554 Không phục vụ"):
                return
            await self._say("220 mail.motcua.test sẵn sàng")
            while True:
                line = await self._line(_COMMAND_LIMIT)
                verb, _, rest = line.partition(b" ")
                act = self._commands().get(verb.upper())
                if act is None:
                    await self._say("500 5.5.1 Lệnh không có")
                else:
                    await act(rest)
        except (_Over, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return

    def _commands(self) -> dict[bytes, Callable[[bytes], Awaitable[None]]]:
        return {
            b"EHLO": self._greet,
            b"AUTH": self._log_in,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"RSET": self._reset,
            b"QUIT": self._quit,
        }

    async def _greet(self, rest: bytes) -> None:
        if not rest.strip():
            await self._say("501 5.5.4 EHLO cần tên máy")
            return
        self._has_greeted = True
        await self._say("250-mail.motcua.test", "250-SIZE 1000000", "250 AUTH PLAIN")

    async def _log_in(self, rest: bytes) -> None:
        method, _, said = rest.partition(b" ")
        known = f"\0{self._config.smtp_username}\0{self._config.smtp_password}".encode()
        if method.upper() != b"PLAIN" or said != base64.b64encode(known):
            await self._say("535 5.7.8 Sai tên đăng nhập hoặc mật khẩu")
            return
        self._is_known = True
        await self._say("235 2.7.0 Đã đăng nhập")

    async def _mail(self, rest: bytes) -> None:
        found = _ADDRESS.search(rest.partition(b" ")[0].strip())
        if not self._has_greeted or not self._is_known or self._sender is not None:
            await self._say("503 5.5.1 Sai thứ tự lệnh")
        elif not rest.upper().startswith(b"FROM:") or found is None:
            await self._say("501 5.1.7 Địa chỉ gửi sai")
        else:
            self._sender = found[1].decode()
            await self._say("250 2.1.0 Được")

    async def _rcpt(self, rest: bytes) -> None:
        found = _ADDRESS.search(rest.strip())
        if self._sender is None:
            await self._say("503 5.5.1 Sai thứ tự lệnh")
        elif not rest.upper().startswith(b"TO:") or found is None:
            await self._say("553 5.1.3 Địa chỉ nhận sai")
        elif found[1].startswith(b"khong-co"):
            await self._say("550 5.1.1 Không có hộp thư này")
        elif found[1].startswith(b"day"):
            await self._say("452 4.2.2 Hộp thư đầy")
        elif not await self._meets("rcpt", "451 4.3.0 Xin thử lại", "550 5.1.1 Không có hộp thư"):
            self._recipient = found[1].decode()
            await self._say("250 2.1.5 Được")

    async def _data(self, _: bytes) -> None:
        if self._sender is None or self._recipient is None:
            await self._say("503 5.5.1 Sai thứ tự lệnh")
            return
        await self._say("354 Kết thúc bằng một dấu chấm riêng một dòng")
        raw = bytearray()
        while (line := await self._line(_LINE_LIMIT)) != b".":
            raw += line[1:] if line.startswith(b".") else line
            raw += b"\r\n"
            if len(raw) > _LETTER_LIMIT:
                raise _Over
        fault = self._board.draw("data")
        if fault is not None and fault.kind not in {"delay", "duplicate", "reset_after"}:
            await self._misbehave(fault, "451 4.3.0 Xin thử lại", "554 5.6.0 Không nhận thư này")
            return
        await self._take(bytes(raw), fault)

    async def _take(self, raw: bytes, fault: Fault | None) -> None:
        """Keep a letter, and answer as the fault wants it."""
        sender, recipient = self._sender or "", self._recipient or ""
        wrong = self._keep(sender, recipient, raw, by_fault=False)
        if wrong is not None:
            await self._say(f"554 5.6.0 {wrong}")
            return
        if fault is not None and fault.kind == "duplicate":
            self._keep(sender, recipient, raw, by_fault=True)
        if fault is not None and fault.kind == "delay":
            await asyncio.sleep(fault.seconds or 0)
        if fault is not None and fault.kind == "reset_after":
            self._drop()
        self._sender = self._recipient = None
        await self._say("250 2.0.0 Đã nhận")

    async def _reset(self, _: bytes) -> None:
        self._sender = self._recipient = None
        await self._say("250 2.0.0 Được")

    async def _quit(self, _: bytes) -> None:
        await self._say("221 2.0.0 Tạm biệt")
        raise _Over

    async def _meets(self, service: str, busy: str, refused: str) -> bool:
        """Meet the fault that was drawn for this step; tells whether it ended the step."""
        fault = self._board.draw(service)
        if fault is None:
            return False
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds or 0)
            return False
        await self._misbehave(fault, busy, refused)
        return True

    async def _misbehave(self, fault: Fault, busy: str, refused: str) -> None:
        answers = {"busy": busy, "refused": refused, "quota": "452 4.3.1 Vượt hạn mức"}
        if fault.kind in answers:
            await self._say(answers[fault.kind])
            return
        if fault.kind == "hang":
            await asyncio.sleep(3600 if fault.seconds is None else fault.seconds)
        self._drop()

    def _drop(self) -> None:
        """Reset the connection as a failing network does."""
        wire = self._writer.get_extra_info("socket")
        wire.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        raise _Over

    async def _line(self, longest: int) -> bytes:
        """Read a line that ends in CR LF; a bare LF or a line that is too long ends it all."""
        line = await self._reader.readuntil(b"\n")
        if not line.endswith(b"\r\n") or len(line) > longest or not line.isascii():
            await self._say("500 5.5.2 Dòng sai: cần CR LF, ASCII, đủ ngắn")
            raise _Over
        return line[:-2]

    async def _say(self, *lines: str) -> None:
        # A server that does not offer SMTPUTF8 speaks ASCII only.
        text = "".join(f"{line}\r\n" for line in lines)
        self._writer.write(text.encode("ascii", "replace"))
        await self._writer.drain()
