"""What stands on the page stays where it is while an answer grows: no flicker, no jump, no scroll theft."""

import pytest
from playwright.sync_api import expect

from tests.rendering.drawing import CORPUS
from tests.scripted_ollama import ScriptedOllama, hold, paced

from .chat import Chat

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
    # Some shapes cannot be told before they are whole: the address of a link, a definition, the x of a task.
    plain = [text for name, text in CORPUS.items() if name.startswith(("recorded", "chinese-math", "spring"))]
    assert ready.page.evaluate(LOST, plain) == []
    assert ready.page.evaluate(LOST, ["A [link](https://a.example)"]) != []  # so it would have been seen


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
