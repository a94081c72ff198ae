"""What stands on the page stays where it is while an answer grows: no flicker, no jump, no scroll theft."""

import pytest
from playwright.sync_api import expect

from conversations.rendering import render
from tests.faults.proxy import Proxy
from tests.rendering.drawing import CORPUS
from tests.scripted_ollama import ScriptedOllama, hold, paced, thinking

from .chat import Chat
from .conftest import BROKEN_CONNECTION

# A link definition gives brackets far above it their meaning: they are drawn again, by what Markdown is.
REACHES_BACK = {"references", "hostile", "hostile-links", "hostile-fetch"}

# Draws `text` in small pieces, and returns what changed before the open block and the one before that, whose end
# may show only in the next line. What colours and formulas change comes later, and is no record of ours.
TOUCHED = """
async (texts) => {
  const name = performance.getEntriesByType("resource").map((one) => one.name)
    .find((one) => /\\/js\\/markdown[.\\w]*\\.js/.test(one));
  const { LiveMarkdown } = await import(name);
  const touched = [];
  for (const text of texts) {
    const place = document.createElement("div");
    const live = new LiveMarkdown(place);
    for (let i = 0; i < text.length; i += 3) {
      const complete = [...place.children].slice(0, -2);
      const changes = new MutationObserver(() => {});
      for (const one of complete) changes.observe(one, { subtree: true, childList: true, characterData: true });
      live.append(text.slice(i, i + 3));
      touched.push(...changes.takeRecords().map(({ target }) => target.textContent));
      if (complete.some((one) => one.parentNode !== place)) touched.push(`gone before ${i}`);
      changes.disconnect();
    }
  }
  return touched;
}
"""

# Draws `text` in small pieces, and returns the letters that were shown and then vanished or moved.
LOST = """
async (texts) => {
  const name = performance.getEntriesByType("resource").map((one) => one.name)
    .find((one) => /\\/js\\/markdown[.\\w]*\\.js/.test(one));
  const { LiveMarkdown } = await import(name);
  const lost = [];
  for (const text of texts) {
    const place = document.createElement("div");
    const live = new LiveMarkdown(place);
    let before = "";
    for (let i = 0; i < text.length; i += 3) {
      live.append(text.slice(i, i + 3));
      const letters = place.textContent.replace(/[^\\p{L}]/gu, "");
      if (!letters.startsWith(before)) lost.push(before);
      before = letters;
    }
  }
  return lost;
}
"""

CODE = """```python
def add(a, b):
    # a comment
    return a + b
```
"""

# Links and emphasis of which a piece brings a half.
HALVES = [
    "A [link](https://a.example/very/long 'with a title') in a line, ![a picture](https://a.example/p.png) too.",
    "**Bold [link](https://a.example/) in it** and *a `code` in emphasis*, ~~gone~~.",
    "这是**重点：**请看[文档](https://docs.example/a_(b)/c)，再看`代码`。",
]

# Draws `text` in an answer's place, and returns the heights of its blocks before and after all is coloured.
HEIGHTS = """
async (text) => {
  const name = performance.getEntriesByType("resource").map((one) => one.name)
    .find((one) => /\\/js\\/markdown[.\\w]*\\.js/.test(one));
  const { LiveMarkdown } = await import(name);
  const place = document.querySelector("#messages .message[data-role=assistant] .markdown");
  const live = new LiveMarkdown(place);
  live.append(text);
  const heights = () => [...place.children].map((one) => one.getBoundingClientRect().height);
  const before = heights();
  live.finish();
  while (!place.querySelector(".hljs-keyword")) await new Promise(requestAnimationFrame);
  return [before, heights()];
}
"""

# Draws `text` in an answer's place where `html`, its stored form, stands with colours and formulas, and adds `more`.
# Returns how far what stood there was touched, whether it is still there, and the heights of each frame.
TAKEN_OVER = """
async ([html, text, more]) => {
  const name = performance.getEntriesByType("resource").map((one) => one.name)
    .find((one) => /\\/js\\/markdown[.\\w]*\\.js/.test(one));
  const { LiveMarkdown, enhance } = await import(name);
  const place = document.querySelector("#messages .message[data-role=assistant] .markdown");
  const frame = () => new Promise(requestAnimationFrame);
  place.innerHTML = html;
  enhance(place);
  while (!place.querySelector(".hljs-keyword") || !place.querySelector(".katex")) await frame();
  await frame();
  const before = [...place.querySelectorAll("*")];
  const heights = [place.offsetHeight];
  let touched = 0;
  const changes = new MutationObserver((records) => { touched += records.length; });
  changes.observe(place, { subtree: true, childList: true, characterData: true, attributes: true });
  const live = new LiveMarkdown(place);
  live.setText(text);
  heights.push(place.offsetHeight);
  await frame();
  const atFirst = touched;
  live.setText(text + more);
  live.setText(text + more);
  for (let i = 0; i < 3; i += 1) { await frame(); heights.push(place.offsetHeight); }
  return [atFirst, before.every((one) => one.isConnected), heights];
}
"""

# Watches an answer: its blocks, what is taken away, and how high it is in each frame.
WATCH = """
() => {
  const article = document.querySelector("#messages .message[data-role=assistant]");
  const text = article.querySelector(".markdown");
  window.watched = { blocks: [...text.children], lost: [], least: article.offsetHeight, hidden: 0 };
  new MutationObserver((records) => {
    for (const { removedNodes, target } of records) {
      for (const node of removedNodes) if (node.nodeType === 1) watched.lost.push(node.outerHTML || target.nodeName);
    }
  }).observe(text, { subtree: true, childList: true });
  new MutationObserver(() => { watched.hidden += 1; })
    .observe(article.querySelector(".thinking"), { attributes: true, attributeFilter: ["hidden"] });
  const look = () => {
    watched.least = Math.min(watched.least, article.offsetHeight);
    requestAnimationFrame(look);
  };
  look();
  return article.offsetHeight;
}
"""

# The reader's place: the block in the middle of the window, and where it stands.
PLACE = """
(() => {
  const box = document.getElementById("scroller").getBoundingClientRect();
  const blocks = [...document.querySelectorAll("#messages .markdown > *")];
  window.read ??= blocks.find((one) => one.getBoundingClientRect().top > box.top + box.height / 2);
  return read.isConnected ? Math.round(read.getBoundingClientRect().top) : null;
})()
"""

# Notes when an answer's text is drawn.
NOTE_DRAWS = """
() => {
  window.draws = [];
  const isText = ({ target }) => (target.parentElement ?? target).closest(".markdown");
  new MutationObserver((changes) => changes.some(isText) && draws.push(performance.now()))
    .observe(document.getElementById("messages"), { subtree: true, childList: true, characterData: true });
}
"""
PAUSE_MS = 80


@pytest.fixture
def ready(chat: Chat, ollama: ScriptedOllama) -> Chat:
    """A page that has drawn an answer, and whose clock then stands still: no draw is slow, so none is put off."""
    ollama.enqueue("Ready.")
    chat.ask("Load what draws answers.").ended()
    chat.evaluate("performance.now = () => 0")
    return chat


def test_only_the_open_block_is_drawn_again_whatever_the_answer(ready: Chat) -> None:
    texts = [text for name, text in CORPUS.items() if name not in REACHES_BACK]
    assert ready.page.evaluate(TOUCHED, texts) == []
    assert ready.page.evaluate(TOUCHED, [CORPUS["references"]]) != []  # so it would have been seen


def test_no_word_that_was_shown_vanishes(ready: Chat) -> None:
    # Some shapes cannot be told before they are whole: a definition, the x of a task.
    names = ("recorded", "chinese-emphasis", "chinese-math", "quicksort", "spring")
    plain = [text for name, text in CORPUS.items() if name.startswith(names)]
    assert ready.page.evaluate(LOST, [*plain, *HALVES]) == []
    assert ready.page.evaluate(LOST, ["[a]: https://a.example"]) != []  # so it would have been seen


def test_stored_text_that_goes_on_is_not_touched(ready: Chat) -> None:
    text = f"One **bold**.\n\n{CODE}\nTwo $x^2$.\n\n$$\n\\frac{{1}}{{2}}\n$$\n\n- item\n- last wor"
    at_first, stays, heights = ready.page.evaluate(TAKEN_OVER, [render(text), text, "ds\n\nThe end."])
    assert at_first == 0
    assert stays
    assert heights == sorted(heights)


def test_a_connection_that_comes_back_leaves_what_is_shown_where_it_is(
    far: Chat, proxy: Proxy, ollama: ScriptedOllama, expected: list[str]
) -> None:
    thoughts = [thinking(f"Thought {number}\n") for number in range(60)]
    text = f"One.\n\n{CODE}\n$$\n\\frac{{1}}{{2}}\n$$\n\n- item\n- item\n\nLast **wor"
    ollama.enqueue(*thoughts, text, hold("cut"), "ds**.\n\n", hold("back"), "The end.")
    expected.extend(BROKEN_CONNECTION)
    far.ask("Much").phase("writing")
    expect(far.text()).to_contain_text("Last wor")
    far.page.locator("#messages .katex").first.wait_for(state="attached")
    far.page.locator("#messages .hljs-keyword").first.wait_for(state="attached")
    far.page.locator("#messages .thinking summary").click()
    thought = far.page.locator("#messages .thinking-text")
    thought.evaluate("(box) => box.scrollTo(0, 40)")
    height = far.page.evaluate(WATCH)
    proxy.cut()
    expect(far.main).to_have_attribute("data-connection", "lost")
    ollama.release("cut")
    far.evaluate("dispatchEvent(new Event('online'))")
    far.connected()
    expect(far.text()).to_contain_text("Last words.")
    assert far.evaluate("watched.blocks.every((one) => one.isConnected)")
    assert far.evaluate("[watched.lost, watched.hidden]") == [[], 0]
    assert far.evaluate("watched.least") >= height
    assert thought.evaluate("(box) => box.scrollTop") == 40
    ollama.release("back")
    far.ended()


def test_code_shows_its_language(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue(f"{CODE}\n```\nplain\n```\n")
    chat.ask("Code").ended()
    label = """(all) => all.map((one) => {
      const { content, height, visibility, opacity } = getComputedStyle(one, "::before");
      return [content, parseFloat(height) > 0 && visibility === "visible" && opacity === "1"];
    })"""
    assert chat.text().locator("pre.code").evaluate_all(label) == [['"python"', True], ["none", False]]


def test_however_fast_text_comes_it_is_drawn_a_few_times_a_second(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.evaluate(NOTE_DRAWS)
    ollama.enqueue(paced(["word "] * 200, 100))
    chat.ask("Hurry").ended()
    draws = chat.evaluate("draws")
    # The end does not wait.
    assert 3 < len(draws) <= (draws[-1] - draws[0]) / PAUSE_MS + 2


def test_code_keeps_its_height_when_colours_and_button_come(ready: Chat) -> None:
    before, after = ready.page.evaluate(HEIGHTS, f"One.\n\n{CODE}\nTwo.\n\n{CODE}\nThree.")
    assert before == after
    assert len(after) == 5


def test_reader_in_the_middle_stays_there_while_code_is_coloured_and_formulas_come(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    paragraphs = [f"Paragraph {number} of a long answer.\n\n" for number in range(60)]
    rich = [f"{CODE}\n$$\n\\frac{{{number}}}{{2}}\n$$\n\n- item {number}\n\n" for number in range(70)]
    ollama.enqueue(*paragraphs, hold("read"), *rich, "The end.")
    chat.ask("Much")
    expect(chat.text()).to_contain_text("Paragraph 59")
    chat.page.locator("#scroller").hover()
    chat.page.mouse.wheel(0, -900)
    chat.page.wait_for_function(
        "() => { const s = document.getElementById('scroller');"
        " return s.scrollHeight - s.clientHeight - s.scrollTop > 600 }"
    )
    place = chat.evaluate(PLACE)
    ollama.release("read")
    chat.ended()
    chat.page.locator("#messages .katex").first.wait_for(state="attached")
    chat.page.locator("#messages .hljs-keyword").first.wait_for(state="attached")
    assert chat.evaluate(PLACE) == place
