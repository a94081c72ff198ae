"""Writes one scripted answer onto one connection."""

import asyncio
import http
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .script import Piece, Script

Waiter = Callable[[str], Awaitable[None]]


class Player:
    """Plays a script once. `wait` is awaited for a hold, `loaded` called once the model is in memory."""

    def __init__(
        self,
        script: Script,
        writer: asyncio.StreamWriter,
        model: str,
        wait: Waiter,
        loaded: Callable[[], None],
    ) -> None:
        self.lines = 0
        self.reusable = script.framing in {"chunked", "length"}
        self._script = script
        self._writer = writer
        self._model = model
        self._wait = wait
        self._loaded = loaded
        self._started = script.framing == "none"
        self._collected: list[bytes] = []

    async def play(self) -> None:
        """Everything, from the status line to the end that the framing has."""
        for piece in self._script.pieces:
            await self._step(piece)
            if not self.reusable and self._writer.is_closing():
                return
        if self._script.framing == "length":
            await self._start(sum(map(len, self._collected)))
            self._writer.write(b"".join(self._collected))
        elif self._script.framing == "chunked":
            await self._start()
            self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def _step(self, piece: Piece) -> None:
        match piece:
            case str():
                await self._say(self._delta(piece))
            case bytes():
                await self._write(piece)
            case {"line": fields}:
                await self._say(fields)
            case {"tokens": count, "rate": rate, "text": str(text)}:
                await self._tokens(int(count), float(rate), text)
            case {"stamped": count, "rate": rate}:
                await self._stamped(int(count), float(rate))
            case {"paced": texts, "rate": rate}:
                await self._paced(list(texts), float(rate))
            case {"done": fields, "content": content}:
                await self._say(self._final(fields, content))
            case {"error": text}:
                await self._say({"error": text})
            case _:
                await self._act(piece)

    async def _act(self, piece: Piece) -> None:
        """A piece that writes no line."""
        match piece:
            case {"hold": name}:
                await self._wait(name)
            case {"pause": seconds}:
                await asyncio.sleep(float(seconds))  # what the script says
            case {"load": _}:
                self._loaded()
            case {"headers": _}:
                await self._start()
            case {"cut": how}:
                self._cut(how)
            case _:
                raise ValueError(f"no such piece: {piece!r}")

    async def _tokens(self, count: int, rate: float, text: str) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for number in range(count):
            # Without a rate one turn of the loop, in which it sees the client leave.
            await asyncio.sleep(begin + number / rate - loop.time() if rate else 0)  # the model's pace
            await self._say(self._delta(text))

    async def _paced(self, texts: list[str], rate: float) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for number, text in enumerate(texts):
            await asyncio.sleep(begin + number / rate - loop.time())  # the model's pace
            await self._say(self._delta(text))

    async def _stamped(self, count: int, rate: float) -> None:
        """Tokens that tell when they were written, at little cost: this is not what a benchmark measures."""
        loop = asyncio.get_running_loop()
        before, after = _around(
            self._named() | {"message": {"role": "assistant", "content": "@"}, "done": False}
        )
        begin = loop.time()
        for number in range(count):
            await asyncio.sleep(begin + number / rate - loop.time() if rate else 0)  # as in `_tokens`
            self.lines += 1
            await self._write(b"%s%08d %s" % (before, int(time.monotonic() * 10_000) % 10**8, after))

    def _delta(self, text: str) -> dict[str, Any]:
        return self._named() | {"message": {"role": "assistant", "content": text}, "done": False}

    def _final(self, fields: dict[str, Any], content: str) -> dict[str, Any]:
        counted = {
            "message": {"role": "assistant", "content": content},
            "done": True,
            "done_reason": "stop",
            "total_duration": 2_100_000_000,
            "load_duration": 21_000_000,
            "prompt_eval_count": 31,
            "prompt_eval_duration": 180_000_000,
            "eval_count": max(1, self.lines),
            "eval_duration": 1_890_000_000,
        }
        return {key: value for key, value in (self._named() | counted | fields).items() if value is not None}

    def _named(self) -> dict[str, Any]:
        return {"model": self._model, "created_at": "2026-08-21T10:00:00.1234Z"}

    async def _say(self, fields: dict[str, Any]) -> None:
        self.lines += 1
        # As Go writes it: compact, raw UTF-8, a few characters escaped.
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
        await self._write(text.encode("utf-8", "surrogatepass") + b"\n")

    async def _write(self, data: bytes) -> None:
        if self._script.delay:
            await asyncio.sleep(self._script.delay)  # what the script says
        if self._script.framing == "length":
            self._collected.append(data)
            return
        await self._start()
        self._writer.write(b"%x\r\n%s\r\n" % (len(data), data) if self._script.framing == "chunked" else data)
        await self._writer.drain()

    async def _start(self, length: int | None = None) -> None:
        if self._started:
            return
        self._started = True
        script = self._script
        version = "1.0" if script.framing == "close" else "1.1"
        phrase = http.HTTPStatus(script.status).phrase if script.status in set(http.HTTPStatus) else "Unknown"
        lines = [f"HTTP/{version} {script.status} {phrase}"]
        if script.content_type:
            lines.append(f"Content-Type: {script.content_type}")
        if script.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif script.framing == "length":
            lines.append(f"Content-Length: {length or 0}")
        lines += [f"{name}: {value}" for name, value in script.headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        await self._writer.drain()

    def _cut(self, how: str) -> None:
        self.reusable = False
        if how == "reset":
            # Lingering for no time at all makes the kernel send RST in place of FIN.
            connection = self._writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        else:
            self._writer.close()


def _around(fields: dict[str, Any]) -> tuple[bytes, bytes]:
    """The two ends of a line whose text is `@`."""
    before, after = json.dumps(fields, separators=(",", ":")).encode().split(b"@")
    return before, after + b"\n"
