"""`python -m tests.scripted_ollama [--host H] [--port P]`: the scripted Ollama as a process of its own."""

import argparse
import asyncio
import contextlib

from .server import Server


async def _main(host: str, port: int) -> None:
    server = Server()
    await server.start(host, port)
    print(f"listening on http://{host}:{server.port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(arguments.host, arguments.port))
