"""People who open pages, a process of their own: each the first page or a conversation, once in a while."""

import asyncio
import json
import random
import sys
import time
from typing import Any

import httpx

from .readers import percentile


async def visit(client: httpx.AsyncClient, person: dict[str, Any], every: float, seen: list[Any]) -> None:
    """Open pages for ever; notes milliseconds, or None for one that failed."""
    cookie = {"Cookie": person["headers"]["Cookie"]}
    # Its own page is there from the first question on, which comes within a second.
    paths = ("/", f"/c/{person['conversation']}/")
    await asyncio.sleep(1 + random.random() * every)  # the load: people come one after another
    for number in range(10**9):
        begun = time.monotonic()
        try:
            answer = await client.get(person["origin"] + paths[number % 2], headers=cookie)
            good = answer.status_code == httpx.codes.OK
            seen.append((time.monotonic() - begun) * 1000 if good else None)
        except httpx.HTTPError:
            seen.append(None)
        await asyncio.sleep(max(0, begun + every - time.monotonic()))  # the load: their pace


async def main() -> None:
    """Prepare, wait for the word, visit until the next word, tell."""
    plan = json.loads(await asyncio.to_thread(sys.stdin.readline))
    seen: list[float | None] = []
    async with httpx.AsyncClient(
        trust_env=False, timeout=20, limits=httpx.Limits(max_connections=50)
    ) as client:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        begun = time.monotonic()
        tasks = [asyncio.create_task(visit(client, person, plan["every"], seen)) for person in plan["people"]]
        await asyncio.to_thread(sys.stdin.readline)
        took = time.monotonic() - begun
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    good = [value for value in seen if value is not None]
    shares = {f"p{share}": round(percentile(good, share / 100), 1) for share in (50, 99, 100)}
    print(
        json.dumps({"per_s": round(len(good) / took, 1), "failed": len(seen) - len(good), "ms": shares}),
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main())
