"""A tab of Chromium that tells what its page costs: bytes, seconds until it is usable, its main thread, its frames."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, find_chromium
from tests.site import Site

WATCH = Path(__file__).with_name("watch.js")
LONG_FRAME_MS = 50
USABLE = "() => watch.usable"
# Decoded sizes: what the modules have before they are compressed.
LOADED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map(({ name, decodedBodySize, transferSize }) => [new URL(name).pathname, decodedBodySize, transferSize])"""


@dataclass(frozen=True)
class Smoothness:
    """What a page did for a while. `busy`, `script`, `style` and `layout` are shares of the time of the main thread by
    the clock; the first is the sum over all its tasks. `processor` is the share by its processor time, which other work
    on the machine does not stretch."""

    seconds: float
    busy: float
    processor: float
    script: float
    style: float
    layout: float
    frames_per_s: float
    longest_frame_ms: float
    long_frames: int
    long_tasks: int
    heap_mb: float
    nodes: int


class Tab:
    """A tab with an empty cache, logged in by `cookies`."""

    def __init__(self, browser: Browser, site: Site, cookies: dict[str, str]) -> None:
        context = browser.new_context(
            base_url=site.url, locale="en-US", viewport={"width": 1280, "height": 800}
        )
        context.add_cookies(
            [{"name": name, "value": value, "url": site.url} for name, value in cookies.items()]
        )
        context.add_init_script(path=WATCH)
        self.page: Page = context.new_page()
        self._devtools = context.new_cdp_session(self.page)
        self._devtools.send("Performance.enable")
        self._browser = browser.new_browser_cdp_session()

    def open(self, address: str) -> float:
        """Go there and return the milliseconds until the connection is open and the field takes text."""
        self.page.goto(address)
        usable: float = self.page.wait_for_function(USABLE).json_value()
        return usable

    def leave(self) -> None:
        """Show nothing and do nothing from now on; closing a context was seen to wait for ever."""
        self.page.goto("about:blank")

    def loaded(self) -> list[tuple[str, int, int]]:
        """Return path, size and bytes over the wire of all that the page has loaded, once nothing more comes."""
        self.page.wait_for_load_state("networkidle")
        found: list[tuple[str, int, int]] = self.page.evaluate(LOADED)
        return found

    def ask(self, text: str) -> None:
        """Send a question."""
        self.page.locator("#text").fill(text)
        self.page.locator("#text").press("Enter")

    def watch_answer(self) -> Smoothness:
        """Watch the page from the first word of an answer to its end."""
        self._reach("writing")
        return self._watched(lambda: self._reach("idle"))

    def weigh_answer(self) -> tuple[float, float]:
        """Return the shares `busy` and `processor` of an answer from its first word to its end, with no frame counted:
        counting makes the page draw 60 frames a second, which it does not for its readers."""
        self._reach("writing")
        before, spent = self._metrics(), self._main_threads()
        self._reach("idle")
        after, busiest = self._metrics(), self._busiest(spent)
        seconds = after["Timestamp"] - before["Timestamp"]
        return (after["TaskDuration"] - before["TaskDuration"]) / seconds, busiest / seconds

    def watch_idle(self, seconds: float) -> Smoothness:
        """Watch the page while nothing happens, which shows what the watching takes."""
        return self._watched(lambda: self.page.wait_for_timeout(seconds * 1000))  # the span that is measured

    def _reach(self, phase: str) -> None:
        self.page.evaluate("phase => watch.phase(phase)", phase)

    def _watched(self, action: Callable[[], None]) -> Smoothness:
        self.page.evaluate("() => watch.begin()")
        before, spent = self._metrics(), self._main_threads()
        action()
        after, busiest = self._metrics(), self._busiest(spent)
        seen = self.page.evaluate("() => watch.end()")
        return _smoothness(before, after, seen, busiest)

    def _busiest(self, spent: dict[int, float]) -> float:
        """Return what the busiest main thread has spent since: of the tabs, only the one that is watched does
        anything."""
        return max(later - spent.get(pid, later) for pid, later in self._main_threads().items())

    def _metrics(self) -> dict[str, float]:
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}

    def _main_threads(self) -> dict[int, float]:
        """Return the processor seconds of the main thread of each renderer; Linux counts them in nanoseconds."""
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        renderers = [process["id"] for process in processes if process["type"] == "renderer"]
        accounts = {pid: Path(f"/proc/{pid}/task/{pid}/schedstat") for pid in renderers}
        return {
            pid: int(path.read_text().split()[0]) / 1e9 for pid, path in accounts.items() if path.exists()
        }


def _smoothness(
    before: dict[str, float], after: dict[str, float], seen: dict[str, list[float]], spent: float
) -> Smoothness:
    seconds = after["Timestamp"] - before["Timestamp"]
    share = {name: (after[f"{name}Duration"] - before[f"{name}Duration"]) / seconds for name in _PARTS}
    frames = seen["frames"]
    gaps = [later - earlier for earlier, later in pairwise(frames)]
    return Smoothness(
        seconds=seconds,
        busy=share["Task"],
        processor=spent / seconds,
        script=share["Script"],
        style=share["RecalcStyle"],
        layout=share["Layout"],
        frames_per_s=len(gaps) / (frames[-1] - frames[0]) * 1000,
        longest_frame_ms=max(gaps),
        long_frames=sum(gap > LONG_FRAME_MS for gap in gaps),
        long_tasks=len(seen["tasks"]),
        heap_mb=after["JSHeapUsedSize"] / 1e6,
        nodes=int(after["Nodes"]),
    )


_PARTS = ("Task", "Script", "RecalcStyle", "Layout")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium as the browser tests do."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()
