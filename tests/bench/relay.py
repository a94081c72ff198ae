"""For comparison: a plain relay, as one writes it first. `python -m tests.bench.relay OLLAMA PORT`.

An HTTP client for each request, an event for each token; it keeps nothing and nobody has to log in.
"""

import json
import sys
from collections.abc import AsyncIterator

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


async def events(ollama: str) -> AsyncIterator[str]:
    """Ask Ollama and pass each token on as an event."""
    question = {"model": "internlm2:1.8b", "messages": [{"role": "user", "content": "go"}]}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        client.stream("POST", f"{ollama}/api/chat", json=question) as response,
    ):
        async for line in response.aiter_lines():
            if text := json.loads(line)["message"]["content"]:
                yield f"data: {json.dumps({'text': text})}\n\n"
    yield "data: end\n\n"


@app.get("/")
async def ask() -> StreamingResponse:
    """Answer with the stream of the model's answer."""
    return StreamingResponse(events(sys.argv[1]), media_type="text/event-stream")


@app.get("/healthz")
async def health() -> str:
    """Tell that the relay is there."""
    return "ok"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
