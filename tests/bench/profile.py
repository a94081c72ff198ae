"""Where the time goes: py-spy samples the site while 50 answers are read, and each sample is put to a layer."""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.site import ROOT

from .loads import COUNT, RATE, Load, read
from .loads import STREAMS as PEOPLE
from .processes import Scripted, new_readers, running_site
from .results import Outcome, Row

SAMPLES_PER_SECOND = 250
# A sample belongs to the first layer of which one of its functions' files is found, from the innermost out.
LAYERS = {
    "reading Ollama (aiohttp, httpx)": ("aiohttp/", "httpx/", "httpx_aiohttp/", "conversations/ollama/"),
    "database (writer, checkpoints)": ("django/db", "sqlite3", "writer.py", "services/", "database.py"),
    "WebSocket in and out (autobahn, daphne, twisted, channels)": (
        "autobahn/",
        "daphne/",
        "twisted/",
        "channels/",
        "socket.py",
        "consumers.py",
    ),
    "generation (live answers, clocks, frames)": ("conversations/",),
}
# What a machine's own folders add to a file's name.
BEFORE_MODULE = re.compile(rf"\(.*(?:site-packages|python[\d.]+|{re.escape(str(ROOT))})/")
EVENT_LOOP = "event loop and its system calls"
# Where the event loop's own time is seen; a compiled one's is its starter's, twisted's reactor.
LOOPS = ("/selectors.py", "asyncioreactor.py")
# A thread that waits for work, in a call that py-spy takes for work.
WAITING = "concurrent/futures/thread.py:"


def layer(stack: list[str]) -> str:
    """The layer of one sample, outermost function first."""
    if any(loop in stack[-1] for loop in LOOPS):
        return EVENT_LOOP
    for function in reversed(stack):
        for name, files in LAYERS.items():
            if "asyncioreactor.py" not in function and any(file in function for file in files):
                return name
    return EVENT_LOOP if any("asyncio/" in function for function in stack) else "other"


def grouped(raw: str) -> tuple[Counter[str], Counter[str]]:
    """Samples by layer and by function (own time), of py-spy's collapsed stacks; waiting ones do not count."""
    layers: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if WAITING in frames[-1]:
            continue
        layers[layer(frames)] += int(count)
        functions[BEFORE_MODULE.sub("(", frames[-1])] += int(count)
    return layers, functions


def profile() -> Outcome:
    """Sample the site while it is read; the sampling itself slows it a little."""
    outcome = Outcome()
    with Scripted() as ollama, running_site(ollama.url) as site, tempfile.TemporaryDirectory() as folder:
        targets = new_readers(site, PEOPLE)
        kept = Path(folder) / "samples"
        seconds = COUNT / RATE + 1
        program = Path(sys.executable).with_name("py-spy")
        options = f"--full-filenames -f raw -r {SAMPLES_PER_SECOND} -d {seconds:.0f} -p {site.pid}".split()
        spy = subprocess.Popen(
            [program, "record", *options, "-o", kept],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        figures = read("site", targets, ollama, Load(), site.pid)
        _out, said = spy.communicate(timeout=60)
        if not kept.exists():
            raise RuntimeError(f"py-spy: {said}")
        layers, functions = grouped(kept.read_text(encoding="utf-8"))
    total = sum(layers.values())
    for name, samples in layers.most_common():
        share = samples / total
        outcome.rows.append(
            Row(f"profile: {name}", f"{share:.0%}, {share * figures['cpu_us_per_token']:.0f} µs/token")
        )
    outcome.figures = {
        "load": figures,
        "samples": total,
        "layers": dict(layers.most_common()),
        "functions": {name: round(count / total, 4) for name, count in functions.most_common(25)},
    }
    return outcome
