"""`python -m conversations.ollama.embedded --port N`: serves the embedded model until it is told to end.

The port opens at once and its address is printed as one line; the model loads meanwhile, and questions wait
for it. Ends on SIGTERM, SIGINT and, with `--end-with-stdin`, when its standard input closes: that is the
starter's pipe, which the system closes even if the starter was killed.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from .model import PACKAGE, ModelFile, find_file

if TYPE_CHECKING:
    from .engine import Engine
    from .web import Service

EXIT_MISSING = 3
"""The exit code when a needed package is not installed."""

_NICENESS = 5
_CUT_OFF_AFTER = 0.1
"""Seconds for answers under way at the end; aiohttp takes 0 for "without limit"."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Runs the process; returns its exit code."""
    arguments = _arguments()
    path = find_file()
    missing = [name for name in ("xllamacpp", "aiohttp") if importlib.util.find_spec(name) is None]
    if path is None:
        missing.append(PACKAGE)
    if path is None or missing:
        print(f"The embedded model needs these Python packages: {', '.join(missing)}.", file=sys.stderr)
        return EXIT_MISSING
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)  # the site's own process must stay quick while the model writes
    try:
        return asyncio.run(_serve(arguments, path))
    except KeyboardInterrupt:  # Windows, where the event loop takes no signal handlers
        return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conversations.ollama.embedded", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input closes")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace, path: Path) -> int:
    from aiohttp import web

    from .engine import Engine
    from .web import Service

    end = asyncio.Event()
    _end_on_signals(end)
    if arguments.end_with_stdin:
        _end_with_stdin(end)
    engine = Engine()
    service = Service(engine)
    runner = web.AppRunner(
        service.application(), handler_cancellation=True, access_log=None, shutdown_timeout=_CUT_OFF_AFTER
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, arguments.host, arguments.port).start()
        print(f"listening on http://{arguments.host}:{runner.addresses[0][1]}", flush=True)
        await _load(engine, service, path)
        _end_on_signals(end)  # llama.cpp has put its own handlers in place, which would end only the engine
        await end.wait()
    except (OSError, RuntimeError) as error:
        print(f"The embedded model cannot start: {error}", file=sys.stderr)
        return 1
    finally:
        await runner.cleanup()
        await engine.close()
    return 0


async def _load(engine: "Engine", service: "Service", path: Path) -> None:
    await engine.load(path)
    service.ready.set_result(await asyncio.to_thread(ModelFile.read, path))


def _end_on_signals(end: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, end.set)


def _end_with_stdin(end: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def wait_for_close() -> None:
        while os.read(0, 1024):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(end.set)

    # A thread, since Windows cannot watch a pipe from the event loop.
    threading.Thread(target=wait_for_close, name="stdin", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
