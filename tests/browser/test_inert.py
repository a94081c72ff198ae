"""Every hostile text, one character at a time and from history, in the page itself under its own policy."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.rendering.drawing import CORPUS
from tests.scripted_ollama import ScriptedOllama

from .chat import Chat
from .elsewhere import Elsewhere
from .test_hostile_answer import BOMB, STRANGERS, WIDE_TABLE
from .test_markdown import HOSTILE_FORMULAS

HOSTILE = {name: text for name, text in CORPUS.items() if name.startswith("hostile")}
DEEP = "\n\n".join(
    ["> " * 200 + "x", "[" * 500 + "]" * 500, "*" * 300 + "a" + "*" * 300, "- " * 200 + "x", "`" * 500 + "\n"]
)
# Half of a character, unprintable ones, terminal codes that never end, marks stacked on one letter.
ODD = "a\ud800b \udc00c\x00d\x1b[31e\x1b]0;title\x07f\u200b\u2060\ufeff\u202eg" + "e" + "\u0301" * 400
FORMULAS = "\n\n".join(f"$$\n{one.strip()}\n$$" for one in HOSTILE_FORMULAS)

# What an answer may be made of; all else is an attack that came through. KaTeX sets styles by script, which the
# policy allows; an attribute of the parser's could not have come so far.
WATCH = """
(() => {
  const TAGS = new Set(`p br strong em s a code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 hr table thead tbody tr th td
    input label div span button svg use path math semantics annotation`.split(/\\s+/));
  const ATTRIBUTES = {
    "*": ["class"], a: ["href", "target", "rel", "title"], ol: ["start"], input: ["type", "disabled", "checked"],
    pre: ["data-language"], code: ["tabindex"], table: ["tabindex"], div: ["data-display", "data-open", "tabindex"],
    span: ["data-display", "data-open"],
    button: ["type", "title", "aria-label"], svg: ["aria-hidden", "focusable"], use: ["href"],
  };
  const allowed = (tag, name) => ATTRIBUTES["*"].includes(name) || ATTRIBUTES[tag]?.includes(name);
  // Unseen characters, and such as turn the direction of the text around them.
  const UNFIT = /[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\u{e0000}-\\u{e007f}]/u;
  window.unfit = (element) => UNFIT.test(element.textContent) ||
    [...element.querySelectorAll("*")].some((one) => [...one.attributes].some(({ value }) => UNFIT.test(value)));
  const isAddress = (tag, value) => tag === "use" ? /^[^:]*#[a-z-]+$/.test(value) : /^(?:https?|mailto):/i.test(value);
  window.strange = (element) => {
    if (element.closest(".katex")) {
      const active = "a, img, script, iframe, image, foreignObject, style, link, [href], [src], [id], [onclick]";
      return element.matches(active);
    }
    const tag = element.localName;
    return !TAGS.has(tag) || [...element.attributes].some(({ name, value }) =>
      !allowed(tag, name) || (name === "href" && !isAddress(tag, value)));
  };
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
  window.longest = 0;
  window.tasks = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  tasks.observe({ type: "longtask" });
})()
"""

# Draws `text` in pieces of `size` in an answer's place, and looks at whatever changed after each piece.
WRITE = """
async ({ text, size }) => {
  const name = performance.getEntriesByType("resource").map((one) => one.name)
    .find((one) => /\\/js\\/markdown[.\\w]*\\.js/.test(one));
  const { LiveMarkdown } = await import(name);
  const place = document.createElement("div");
  place.className = "markdown";
  document.getElementById("messages").append(place);
  const live = new LiveMarkdown(place);
  const changes = new MutationObserver(() => {});
  changes.observe(place, { subtree: true, childList: true, attributes: true });
  const found = new Set();
  const look = () => {
    for (const { target, addedNodes, type } of changes.takeRecords()) {
      const roots = type === "attributes" ? [target] : [...addedNodes].filter((one) => one.nodeType === 1);
      for (const root of roots) {
        if (root.isConnected === false) continue;
        for (const one of [root, ...root.querySelectorAll("*")]) if (strange(one)) found.add(one.outerHTML);
      }
    }
  };
  const rest = () => new Promise((resolve) => setTimeout(resolve));
  let since = performance.now();
  for (let i = 0; i < text.length; i += size) {
    live.append(text.slice(i, i + size));
    look();
    if (performance.now() - since > 20) { await rest(); since = performance.now(); }
  }
  live.finish();
  for (let i = 0; i < 10; i += 1) { await rest(); look(); }
  for (const one of place.querySelectorAll("*")) if (strange(one)) found.add(one.outerHTML);
  if (unfit(place)) found.add(`unfit: ${place.textContent}`);
  place.remove();
  return [...found].map((one) => one.slice(0, 200));
}
"""


@pytest.fixture
def stranger() -> Iterator[Elsewhere]:
    """A server that must hear nothing."""
    with Elsewhere() as server:
        yield server
        assert server.asked == []


def _is_quiet(chat: Chat) -> None:
    """Nothing ran, the policy had nothing to refuse, and the page was never gone for long."""
    assert chat.evaluate("[window.pwned ?? null, violations]") == [None, []]
    # Two thirds of a second were seen on a slow machine that was idle, 2.4 s on one that was busy. What takes a grammar
    # ever longer with each character takes minutes on both.
    assert chat.evaluate("longest") < 10_000


def test_hostile_texts_are_inert_at_every_character(
    chat: Chat, ollama: ScriptedOllama, stranger: Elsewhere
) -> None:
    ollama.enqueue("Ready.")
    chat.ask("Load what draws answers.").ended()
    chat.evaluate(WATCH)
    assert chat.evaluate("['img', 'script', 'iframe'].every((name) => strange(document.createElement(name)))")
    one_by_one = [*HOSTILE.values(), DEEP, ODD]
    texts = [(text, 1) for text in one_by_one] + [(text, 50) for text in (FORMULAS, WIDE_TABLE, BOMB)]
    for text, size in texts:
        wanted: dict[str, Any] = {"text": STRANGERS.sub(stranger.url, text), "size": size}
        assert chat.page.evaluate(WRITE, wanted) == []
    _is_quiet(chat)


# In the answers of a page, what is strange, and what shows characters that a page must not show.
STRANGE = """
[...document.querySelectorAll("#messages .markdown")].flatMap((answer) =>
  [...answer.querySelectorAll("*")].filter(strange).concat(unfit(answer) ? [answer] : []).map((one) => one.outerHTML))
"""
EXTRAS = {"deep": DEEP, "odd": ODD, "formulas": FORMULAS, "wide table": WIDE_TABLE, "bomb": BOMB}
# Each is an answer of its own, so that none is within what another one has not closed. A page holds 25 of them.
TEXTS = list((CORPUS | EXTRAS).items())


@pytest.mark.parametrize("texts", [dict(TEXTS[::2]), dict(TEXTS[1::2])], ids=["one", "other"])
def test_every_text_is_inert_from_history(
    chat: Chat, ollama: ScriptedOllama, stranger: Elsewhere, texts: dict[str, str]
) -> None:
    for name, text in texts.items():
        ollama.enqueue(STRANGERS.sub(stranger.url, text) or " ")
        chat.ask(name).ended()
    chat.page.add_init_script(WATCH)
    chat.reload()
    expect(chat.answers).to_have_count(len(texts))
    chat.page.locator("#messages .katex").first.wait_for(state="attached")
    chat.page.locator("#messages [class^=hljs]").first.wait_for(state="attached")
    assert chat.evaluate(STRANGE) == []
    _is_quiet(chat)


def test_a_picture_from_history_shows_whom_it_would_ask(
    chat: Chat, ollama: ScriptedOllama, stranger: Elsewhere
) -> None:
    ollama.enqueue(STRANGERS.sub(stranger.url, CORPUS["hostile-fetch"]))
    chat.ask("Pictures").ended()
    chat.reload()
    picture = chat.text().locator(f"a.picture[href^='{stranger.url}/']").first
    shown = picture.evaluate("(one) => getComputedStyle(one, '::after').content")
    assert stranger.url in shown
