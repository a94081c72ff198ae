"""Answers for programs: the load of `streams`, read as events of the HTTP API."""

from tests.site import Site

from .loads import COUNT, RATE, STREAMS, Figures, Load, read_api
from .processes import Scripted, running_site
from .results import Outcome
from .streams import add_ages, add_soundness

LOAD = f"{STREAMS} event streams × {RATE} tokens/s × {COUNT} tokens"
AT_ONCE = f"{STREAMS} asked at once"
OPEN = 200


def api() -> Outcome:
    """The API: questions within a second and all in the same instant, and what an open stream holds."""
    outcome = Outcome()
    with Scripted() as ollama, running_site(ollama.url) as site:
        spread = read_api(site, ollama)
        half = read_api(site, ollama, load=Load(COUNT // 2))
        at_once = read_api(site, ollama, load=Load(COUNT // 2, delays=[0.0] * STREAMS))
        one, many = (held_open(site, ollama, number) for number in (1, OPEN))
    tokens = spread["tokens"] - half["tokens"]
    slope = (spread["server_cpu_s"] - half["server_cpu_s"]) / max(1, tokens) * 1e6
    outcome.add(f"{LOAD}: server processor time per token", spread["cpu_us_per_token"], "µs", 150)
    outcome.add(f"{LOAD}: the same without the question's start and end", slope, "µs")
    for name, figures, aim in ((LOAD, spread, 100), (AT_ONCE, at_once, None)):
        outcome.add(f"{name}: first token, p50", figures["first_ms"]["p50"], "ms", aim)
        outcome.add(f"{name}: first token, p99", figures["first_ms"]["p99"], "ms")
        add_soundness(outcome, name, figures)
    add_ages(outcome, LOAD, spread)
    outcome.add(f"{LOAD}: bytes per event", spread["bytes_per_frame"], "")
    outcome.add(f"{LOAD}: events per second and answer", spread["frames_per_s"], "", 26)
    add_soundness(outcome, f"{OPEN} open streams", many)
    outcome.add(f"{OPEN} open streams: threads more than with one", many["threads"] - one["threads"], "", 0)
    outcome.figures = {
        "spread": spread,
        "half": half,
        "at_once": at_once,
        "one": one,
        "many": many,
        "slope_us": round(slope, 1),
    }
    return outcome


def held_open(site: Site, ollama: Scripted, number: int) -> Figures:
    """Read that many slow answers, all of which are open from the first second on.

    The threads that the site keeps for its database are there by then: the loads before have used them all.
    """
    return read_api(site, ollama, number, Load(50, 10))
