"""An Ollama behind https: an unknown certificate is refused by name, a trusted one is accepted."""

import asyncio
import ssl
from pathlib import Path

import pytest

from conversations.ollama.client import OllamaClient
from conversations.ollama.errors import BadAnswer, OllamaUnavailable
from tests.certificate import self_signed
from tests.scripted_ollama import ScriptedOllama

VERSION = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"version":"0.33.0"}'


async def ask_version(certificate: Path, content: bytes = VERSION) -> str:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            writer.write(content)
            await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        async with OllamaClient(f"https://127.0.0.1:{port}") as client:
            return await client.version()


@pytest.mark.wire(43)
async def test_unknown_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OllamaUnavailable) as failure:
        await ask_version(self_signed(tmp_path / "server.pem"))
    assert failure.value.kind == "tls"


async def test_certificate_that_the_machine_trusts_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert await ask_version(certificate) == "0.33.0"


@pytest.mark.wire(24)
async def test_move_from_https_to_http_is_not_followed(
    ollama: ScriptedOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    move = f"HTTP/1.1 307 Moved\r\nLocation: {ollama.base_url}/api/version\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(BadAnswer, match="redirection"):
        await ask_version(certificate, move.encode())
    assert ollama.requests == []
