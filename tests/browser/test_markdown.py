"""The page's modules in a real browser, under the site's Content-Security-Policy."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from csp.utils import build_policy
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from conversations.rendering import render
from tests.rendering.conftest import drawing
from tests.rendering.drawing import CORPUS, Drawing

__all__ = ["drawing"]

PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Markdown</title><link rel="icon" href="data:,">
<script type="application/json" id="page-data">{"strings": {}, "outcomes": {}}</script>
<div class="markdown" id="live"></div><div class="markdown" id="stored"></div></html>"""

# Characters that a page must not show: unseen ones, and such as turn the direction of the text around them.
UNFIT = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"

# Whether every formula that is closed in the element of that id is drawn.
ALL_DRAWN = """(id) => !document.querySelector(`#${id} .math:not([data-open]) > code`)"""


class Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", build_policy())
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(drawing: Drawing) -> Iterator[str]:
    (drawing.directory / "page.html").write_text(PAGE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(drawing.directory)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


class Tab:
    """A page with the Markdown modules; it remembers whatever the browser complained about or asked others for."""

    def __init__(self, page: Page, address: str, module: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", partial(self._request, address))
        page.goto(address + "page.html")
        page.evaluate("async (module) => { window.markdown = await import(module); }", address + module)

    def _console(self, message: ConsoleMessage) -> None:
        # What is logged is a text's doing, too: no module of the page logs anything.
        self.complaints.append(message.text)

    def _request(self, own: str, request: Request) -> None:
        if not request.url.startswith(own):
            self.complaints.append(f"request for {request.url}")

    def write(self, text: str, size: int) -> None:
        """Draw `text` in pieces of `size`, one per frame, into #live."""
        self.page.evaluate(
            """async ({text, size}) => {
              const live = new markdown.LiveMarkdown(document.getElementById("live"));
              const characters = [...text];
              for (let i = 0; i < characters.length; i += size) {
                live.append(characters.slice(i, i + size).join(""));
                if (i % (size * 20) === 0) await new Promise(requestAnimationFrame);
              }
              live.finish();
            }""",
            {"text": text, "size": size},
        )

    def show(self, html: str) -> None:
        """Put stored HTML into #stored, as the server's template would have."""
        self.page.evaluate(
            """(html) => {
              const stored = document.getElementById("stored");
              stored.innerHTML = html;
              markdown.enhance(stored);
            }""",
            html,
        )


@pytest.fixture
def tab(browser: Browser, address: str, drawing: Drawing) -> Iterator[Tab]:
    page = browser.new_page()
    yield Tab(page, address, drawing.names["js/markdown.js"])
    page.close()


def test_hostile_answer_runs_nothing_and_asks_nobody(tab: Tab) -> None:
    tab.write(CORPUS["hostile"], 1)
    tab.show(render(CORPUS["hostile"]))
    tab.page.wait_for_timeout(200)  # the span in which nothing may happen
    assert tab.page.evaluate("window.pwned") is None
    assert tab.complaints == []


def test_live_and_stored_code_get_colours_and_a_button(tab: Tab) -> None:
    tab.write(CORPUS["quicksort"], 3)
    tab.show(render(CORPUS["quicksort"]))
    for place in ("live", "stored"):
        code = tab.page.locator(f"#{place} pre.code[data-language=python]")
        code.locator(".hljs-keyword").first.wait_for()
        assert code.locator("code").text_content() == CORPUS["quicksort"].split("```")[1].removeprefix(
            "python\n"
        )
        button = code.locator("button")
        assert button.get_attribute("aria-label") == "Copy code"
        assert button.locator("use").evaluate("(use) => use.getBBox().width") > 0
    assert tab.page.evaluate("live.isEqualNode(Object.assign(stored, { id: 'live' }))")
    assert tab.complaints == []


NEVER_CLOSED = "$$never closed $x$ **b**\n- a"


def test_live_and_stored_formulas_are_drawn(tab: Tab) -> None:
    tab.write(CORPUS["math"], 3)
    tab.show(render(CORPUS["math"]))
    for place in ("live", "stored"):
        tab.page.wait_for_function(ALL_DRAWN, arg=place)
        formulas = tab.page.locator(f"#{place} .math:not([data-open])")
        sources = formulas.locator("annotation").all_text_contents()
        assert sources[:3] == [r"S = \pi r^2", "r", "S"]
        assert len(sources) == formulas.count()
        assert formulas.locator("math").count() == len(sources)
        assert formulas.locator(".katex-html[aria-hidden=true]").count() == len(sources)
        assert tab.page.locator(f"#{place} [data-open]").first.text_content() == NEVER_CLOSED
    assert tab.page.evaluate("live.isEqualNode(Object.assign(stored, { id: 'live' }))")
    fonts = tab.page.evaluate(
        "document.fonts.ready.then((all) => [...all].filter((one) => one.status === 'loaded').length)"
    )
    assert fonts > 0
    assert tab.complaints == []


def test_formulas_that_are_drawn_stay_when_the_answer_is_drawn_again(tab: Tab) -> None:
    tab.page.evaluate(
        """() => {
          window.growing = new markdown.LiveMarkdown(document.getElementById("live"));
          growing.append("First $a^2$ and [a].\\n\\n$$\\nb\\n$$\\n\\nmore\\n\\n");
        }"""
    )
    tab.page.wait_for_function(ALL_DRAWN, arg="live")
    drawn = tab.page.evaluate(
        """() => {
          const before = [...live.querySelectorAll(".katex")];
          growing.append("[a]: https://a.example/\\n\\nend\\n\\nof it");
          growing.finish();
          return before.map((one) => one.isConnected);
        }"""
    )
    assert drawn == [True, True]
    assert tab.page.locator("#live a").count() == 1
    assert tab.complaints == []


HOSTILE_FORMULAS = [
    *r"""
\href{javascript:alert(1)}{x} ¦\href{https://evil.example/}{x} ¦\url{https://evil.example/}
¦\includegraphics{https://evil.example/x.png} ¦\htmlData{x=1}{a} ¦\htmlClass{evil}{a} ¦\htmlId{evil}{a}
¦\htmlStyle{position:fixed}{a} ¦\rule{500em}{500em} ¦\kern{-500em}x ¦\raisebox{500em}{x}
¦\def\a{\b\b}\def\b{\c\c}\def\c{\d\d}\def\d{\e\e}\def\e{\f\f}\def\f{\g\g}\def\g{\h\h}\def\h{xx}\a\a
¦\def\x{\x\x}\x ¦\gdef\frac{stolen} ¦\frac ¦\nosuchcommand{a} ¦a & b ¦<img src=x onerror=alert(1)>
¦\def\a#1{#2}\a1 ¦\begin{CD}@\end{CD} ¦\show\a ¦\message{a}b ¦\errmessage{a}b ¦\char"202E x ¦\@char{917569}
¦\pmb{x} ¦\fcolorbox{red}{yellow}{x} ¦\color{url(https://evil.example/)}x ¦\textcolor{#f00;background:red}{x}
""".replace("\n", "").split("¦"),
    "{" * 1000 + "}" * 1000,
    "x^" * 900 + "x",
    "x" * 2049,
]


def test_hostile_formulas_are_inert(tab: Tab) -> None:
    text = "\n\n".join([*(f"$$\n{one.strip()}\n$$" for one in HOSTILE_FORMULAS), r"$$\frac{1}{2}$$"])
    tab.write(text, 40)
    tab.show(render(text))
    for place in ("live", "stored"):
        # The last one is drawn when all others were tried, and no formula changed what the command means.
        last = tab.page.locator(f"#{place} .math").last
        last.locator(".mfrac").wait_for()
        assert tab.page.locator(f"#{place} .math").count() == len(HOSTILE_FORMULAS) + 1
        bad = "a, img, script, iframe, [id], [data-x], .evil"
        assert tab.page.locator(f"#{place} .math :is({bad})").count() == 0
        heights = tab.page.locator(f"#{place} .math *").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect().height)"
        )
        assert max(heights) < 1000
        assert not re.search(UNFIT, str(tab.page.locator(f"#{place}").text_content()))
        assert tab.page.locator(f"#{place} .math > code").count() >= 4
    assert tab.complaints == []


def test_nothing_of_highlight_is_loaded_without_code_of_a_language(tab: Tab) -> None:
    requests: list[str] = []
    tab.page.on("request", lambda request: requests.append(request.url))
    text = "Text with `code`.\n\n```\nplain\n```\n\n    indented\n"
    tab.write(text, 10)
    tab.show(render(text))
    assert tab.page.get_by_role("button", name="Copy code").count() == 4
    assert not any("highlight" in url for url in requests)
    tab.write(CORPUS["quicksort"], 10)
    tab.page.locator("#live .hljs-keyword").first.wait_for()
    assert any("highlight" in url for url in requests)


def test_nothing_of_katex_is_loaded_without_a_formula(tab: Tab) -> None:
    requests: list[str] = []
    tab.page.on("request", lambda request: requests.append(request.url))
    tab.write("It costs $5 and $6.\n\n" + CORPUS["quicksort"], 10)
    tab.page.locator("#live .hljs-keyword").first.wait_for()
    assert not any("katex" in url or "math" in url for url in requests)


def test_copying_without_a_clipboard_of_the_browser(tab: Tab) -> None:
    tab.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    tab.page.evaluate(
        "document.addEventListener('copy', () => { window.copied = getSelection().toString() })"
    )
    tab.show(render("```text\none\n  two\n```"))
    tab.page.get_by_role("button", name="Copy code").click()
    tab.page.get_by_role("button", name="Copied").wait_for()
    assert tab.page.evaluate("window.copied") == "one\n  two\n"


def test_complete_blocks_are_not_touched_again(tab: Tab) -> None:
    text = CORPUS["lists"] + CORPUS["quicksort"]
    touched = tab.page.evaluate(
        """async (text) => {
          const element = document.getElementById("live");
          const live = new markdown.LiveMarkdown(element);
          const touched = [];
          for (const character of text) {
            const complete = [...element.children].slice(0, -2);
            const observer = new MutationObserver(() => {});
            for (const one of complete) {
              observer.observe(one, { subtree: true, childList: true, characterData: true });
            }
            live.append(character);
            // Colours and buttons are added later, once for each block.
            touched.push(...observer.takeRecords().map(({ target }) => target.textContent));
            observer.disconnect();
          }
          return touched;
        }""",
        text,
    )
    assert touched == []


@pytest.mark.parametrize(
    "line",
    ["Some **bold** words and `code`.\n\n", "- an item with *words*\n", "1. an item\n\n   - inner\n\n"],
)
@pytest.mark.parametrize("start", ["", "```python\n"])
def test_cost_of_a_piece_does_not_grow_with_the_answer(tab: Tab, start: str, line: str) -> None:
    answer = start + line * (30_000 // len(line))
    early, late = tab.page.evaluate(
        """(text) => {
          const live = new markdown.LiveMarkdown(document.getElementById("live"));
          const pieces = text.match(/[^]{1,20}/g);
          const times = pieces.map((piece) => {
            const start = performance.now();
            live.append(piece);
            return performance.now() - start;
          });
          live.finish();
          const median = (some) => some.toSorted((a, b) => a - b)[Math.floor(some.length / 2)];
          return [median(times.slice(100, 400)), median(times.slice(-300))];
        }""",
        answer,
    )
    print(f"\nmilliseconds per piece of 20 characters: {early:.3f} early, {late:.3f} late")
    assert late < 3 * early + 1
    assert tab.complaints == []
