"""For comparison: a Channels consumer that sends each token as a frame. `python -m tests.bench.bare OLLAMA PORT`.

It reads Ollama through the site's client and keeps nothing; nobody has to log in.
"""

import asyncio
import contextlib
import json
import sys
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from daphne.server import Server
from django.conf import settings
from django.core.asgi import get_asgi_application

from conversations.ollama.client import ChatRequest, OllamaClient

client = OllamaClient(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:11434")


class Relay(AsyncWebsocketConsumer):
    """Answers whatever it gets with the model's answer."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Begin an answer; the socket goes on listening."""
        self.task = asyncio.create_task(self._answer())

    async def _answer(self) -> None:
        request = ChatRequest("internlm2:1.8b", [{"role": "user", "content": "go"}])
        async with contextlib.aclosing(client.chat(request)) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    await self.send(json.dumps({"text": chunk.text}))
        await self.send("end")


def application() -> Any:
    """Pages (none) and sockets."""
    settings.configure(ROOT_URLCONF=(), ALLOWED_HOSTS=["*"], SECRET_KEY="none")
    django.setup()
    return ProtocolTypeRouter({"http": get_asgi_application(), "websocket": Relay.as_asgi()})


if __name__ == "__main__":
    Server(application(), endpoints=[f"tcp:port={sys.argv[2]}:interface=127.0.0.1"]).run()
