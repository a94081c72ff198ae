"""Answers side by side: the site, and what it is compared with."""

from tests.site import Site

from .loads import COUNT, RATE, STREAMS, Figures, Load, read, read_site, server, sound
from .processes import Measurer, Scripted, new_readers, running_site
from .results import Outcome, Row

# Seconds between two pages of each of 50 people: as people read, and as no people do.
PAGE_EVERY = (5, 2)
LOAD = f"{STREAMS} answers × {RATE} tokens/s × {COUNT} tokens"


def add_soundness(outcome: Outcome, name: str, figures: Figures) -> None:
    """Tell what was lost or failed."""
    text = f"{figures['lost']} lost, {figures['failed']} failed of {figures['streams']}"
    if figures["broken"]:
        text += f" ({'; '.join(figures['broken'])})"
    outcome.rows.append(Row(f"{name}: tokens lost, answers failed", text, "none", sound(figures)))


def add_ages(outcome: Outcome, name: str, figures: Figures) -> None:
    """Tell how old tokens were when they arrived."""
    outcome.add(f"{name}: age of a token, p50", figures["age_ms"]["p50"], "ms", 30)
    outcome.add(f"{name}: age of a token, p99", figures["age_ms"]["p99"], "ms", 80)


def compared(kind: str, module: str = "") -> Outcome:
    """The same load on something that is less than the site."""
    outcome = Outcome()
    names = {
        "direct": "reading Ollama alone",
        "relay": "a plain FastAPI relay",
        "bare": "a bare Channels consumer",
    }
    with Scripted() as ollama:
        if module:
            with server(module, ollama.url) as (pid, port):
                scheme = "ws" if kind == "bare" else "http"
                figures = _compare(kind, f"{scheme}://127.0.0.1:{port}/", ollama, pid)
        else:
            figures = _compare(kind, ollama.url, ollama, 0)
    name = f"{names[kind]}, {LOAD}"
    outcome.add(f"{name}: processor time per token", figures["cpu_us_per_token"], "µs")
    outcome.add(f"{name}: first token, p50", figures["first_ms"]["p50"], "ms")
    outcome.add(f"{name}: first token, p99", figures["first_ms"]["p99"], "ms")
    outcome.add(f"{name}: age of a token, p99", figures["age_ms"]["p99"], "ms")
    outcome.rows.append(Row(f"{name}: failed", str(figures["failed"])))
    outcome.figures = figures
    return outcome


def _compare(kind: str, url: str, ollama: Scripted, pid: int) -> Figures:
    targets = [{"url": url}] * STREAMS
    return read(kind, targets, ollama, Load(), pid)


def floor() -> Outcome:
    """Reading Ollama through the site's client and nothing else."""
    return compared("direct")


def relay() -> Outcome:
    """A plain relay."""
    return compared("relay", "tests.bench.relay")


def bare() -> Outcome:
    """A bare consumer."""
    return compared("bare", "tests.bench.bare")


def streams() -> Outcome:
    """The site: alone, with half the tokens (what the question itself costs), and while people open pages."""
    outcome = Outcome()
    with Scripted() as ollama, running_site(ollama.url) as site:
        alone = read_site(site, ollama)
        half = read_site(site, ollama, load=Load(COUNT // 2))
        with_pages = {every: _with_pages(site, ollama, every) for every in PAGE_EVERY}
    tokens = alone["tokens"] - half["tokens"]
    slope = (alone["server_cpu_s"] - half["server_cpu_s"]) / max(1, tokens) * 1e6
    outcome.add(f"{LOAD}: server processor time per token", alone["cpu_us_per_token"], "µs", 110)
    outcome.add(f"{LOAD}: the same without the question's start and end", slope, "µs")
    add_ages(outcome, LOAD, alone)
    add_soundness(outcome, LOAD, alone)
    outcome.add(f"{LOAD}: bytes per frame", alone["bytes_per_frame"], "")
    outcome.add(f"{LOAD}: frames per second and answer", alone["frames_per_s"], "", 26)
    for every, figures in with_pages.items():
        add_pages(outcome, every, figures)
    outcome.figures = {"alone": alone, "half": half, "with_pages": with_pages, "slope_us": round(slope, 1)}
    return outcome


def add_pages(outcome: Outcome, every: int, figures: Figures) -> None:
    """Tell of answers and pages side by side."""
    name = f"the same while 50 people open a page every {every} s"
    add_ages(outcome, name, figures)
    add_soundness(outcome, name, figures)
    pages = figures["pages"]
    outcome.add(f"{name}: pages per second", pages["per_s"], "")
    outcome.add(f"{name}: a page took, p50", pages["ms"]["p50"], "ms")
    outcome.add(f"{name}: a page took, p99", pages["ms"]["p99"], "ms")
    outcome.rows.append(Row(f"{name}: pages failed", str(pages["failed"]), "none", not pages["failed"]))


def _with_pages(site: Site, ollama: Scripted, every: int) -> Figures:
    targets = new_readers(site, STREAMS)
    people = [{"origin": site.url, **target} for target in targets]
    with Measurer("tests.bench.visitors", {"people": people, "every": every}) as visitors:
        visitors.go()
        figures = read("site", targets, ollama, Load(), site.pid)
        visitors.go()
        figures["pages"] = visitors.result(60)
    return figures


def many() -> Outcome:
    """Many slow answers on one process."""
    outcome = Outcome()
    with Scripted() as ollama, running_site(ollama.url) as site:
        for count, rate, tokens in ((200, 10, 100), (500, 5, 50)):
            figures = read_site(site, ollama, count, Load(tokens, rate))
            name = f"{count} answers × {rate} tokens/s"
            add_soundness(outcome, name, figures)
            outcome.add(f"{name}: longest wait for a first token", figures["first_ms"]["p100"] / 1000, "s", 2)
            outcome.add(f"{name}: first question to last first token", figures["last_first_s"], "s")
            outcome.add(f"{name}: age of a token, p99", figures["age_ms"]["p99"], "ms")
            outcome.figures[f"{count}x{rate}"] = figures
    return outcome


def first() -> Outcome:
    """How long the first token takes: of one stream against reading directly, and of 50 at once."""
    outcome = Outcome()
    one_by_one = Load(3, delays=[0.3 * number for number in range(25)])
    with Scripted() as ollama, running_site(ollama.url) as site:
        read_site(site, ollama, 5, Load(3))
        here = read_site(site, ollama, 25, one_by_one)
        there = read("direct", [{"url": ollama.url}] * 25, ollama, one_by_one)
        at_once = read_site(site, ollama, STREAMS, Load(100, delays=[0.0] * STREAMS))
    later = here["first_ms"]["p50"] - there["first_ms"]["p50"]
    outcome.add("one answer: first token later than by reading Ollama directly (p50 of 25)", later, "ms", 12)
    outcome.add("50 asked at once: first token, p50", at_once["first_ms"]["p50"], "ms")
    outcome.add("50 asked at once: first token, p99", at_once["first_ms"]["p99"], "ms", 250)
    add_soundness(outcome, "50 asked at once", at_once)
    outcome.figures = {"one": here, "direct": there, "at_once": at_once}
    return outcome
