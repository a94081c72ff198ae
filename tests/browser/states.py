"""The states of the chat page that a person meets, each brought about as they would: for tests and for pictures."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Locator, expect

from tests.scripted_ollama import ScriptedOllama, done, error, hold, json_error, paced, thinking

from .chat import Chat
from .test_settings import choose

# About what a model takes for one, and how many come in a second.
_TOKEN = re.compile(r"\s*(?:[\u4e00-\u9fff]|\w{1,8}|\S)|\s+$")
PACE = 100


class Words(NamedTuple):
    """What is asked and answered in one language."""

    question: str
    answer: str
    thought: str
    picture: str
    seen: str
    next: str
    brief: str
    found: str
    phases: dict[str, str]


_CODE = """```python
def quicksort(items: list[int]) -> list[int]:
    if len(items) < 2:
        return items
    pivot, *rest = items
    low = [x for x in rest if x < pivot]
    high = [x for x in rest if x >= pivot]
    return quicksort(low) + [pivot] + quicksort(high)
```

"""
_SUM = "$$C(n) = n - 1 + \\frac{2}{n} \\sum_{k=0}^{n-1} C(k)$$\n\n"
ENGLISH = Words(
    "How does quicksort work, and what does it cost?",
    f"Quicksort picks a **pivot**, puts what is smaller before it and the rest behind it, and does the same with "
    f"both parts.\n\n{_CODE}| Case | Comparisons | When |\n| --- | --- | --- |\n"
    "| average | $O(n \\log n)$ | the order is random |\n| worst | $O(n^2)$ | the list is sorted already |\n\n"
    f"On average the count follows\n\n{_SUM}"
    "- [x] needs no second list\n- [ ] keeps equal items in order",
    "The person wants the idea first and what it costs after it.\n\n"
    "A short function shows the idea best; a table can compare the cases.",
    "What does this chart show?",
    "Five bars, each one **higher than the one before**, from 20 to 100.",
    "And which sort keeps equal items in order?",
    "Merge sort does, and so does insertion sort. ",
    "quicksort",
    {"thinking": "Thinking", "writing": "Writing", "queued": "1 ahead"},
)
CHINESE = Words(
    "快速排序是怎么工作的？代价有多大？",
    f"快速排序先选一个**基准**，把比它小的放在前面，其余的放在后面，再对两部分做同样的事。**注意：**基准选得不好，"
    f"代价会大得多。\n\n{_CODE}| 情况 | 比较次数 | 何时出现 |\n| --- | --- | --- |\n"
    "| 平均 | $O(n \\log n)$ | 顺序是随机的 |\n| 最坏 | $O(n^2)$ | 列表已经有序 |\n\n"
    f"平均的比较次数满足\n\n{_SUM}"
    "- [x] 不需要第二个列表\n- [ ] 保持相等元素的次序",
    "对方想先知道思路，再知道代价。\n\n一个简短的函数最能说明思路，再用表格比较各种情况。",
    "这张图说明了什么？",
    "五根柱子，从 20 到 100，**一根比一根高**。",
    "那么哪种排序能保持相等元素的次序？",
    "归并排序可以，插入排序也可以。",
    "排序",
    {"thinking": "思考中", "writing": "正在回答", "queued": "前面还有 1 "},
)


def states(chat: Chat, other: Chat, ollama: ScriptedOllama, able: str, words: Words) -> Iterator[str]:
    """Bring an empty conversation from one state to the next, and yield the name of each while it lasts.

    `other` is another tab with an empty conversation; `able` is a model that thinks and sees, for all controls to be
    there.
    """
    yield "empty"
    yield from _shortcuts(chat)
    yield from _panel(chat, other, able)
    yield from _answer(chat, ollama, words)
    yield from _menus(chat)
    yield from _branches(chat, ollama, words)
    yield from _search(chat, words)
    yield from _picture(chat, ollama, words)
    yield from _limit(chat)
    yield from _stopped(chat, ollama, words)
    yield from _history(chat, ollama, words)
    yield from _queue(chat, other, ollama, words)
    yield from _error(chat, ollama, words)
    yield from _down(chat, ollama)
    yield from _sidebar(chat)
    yield from _found(chat)
    yield from _deleted(other)


def _shortcuts(chat: Chat) -> Iterator[str]:
    chat.page.keyboard.press("Control+/")
    sheet = chat.page.locator(".keys")
    expect(sheet).to_be_visible()
    yield "shortcuts"
    chat.page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def _panel(chat: Chat, other: Chat, able: str) -> Iterator[str]:
    # A model answers one question at a time.
    for tab in (other, chat):
        tab.press("open-panel")
        tab.page.locator("#panel-model").select_option(able)
        if tab is chat:
            yield "panel"
        tab.page.locator("#panel [value=use]").click()
        expect(tab.page.locator("#think")).to_be_visible()


def _answer(chat: Chat, ollama: ScriptedOllama, words: Words) -> Iterator[str]:
    code = words.answer.index("    return quicksort")
    first, rest = (_TOKEN.findall(part) for part in (words.answer[:code], words.answer[code:]))
    count = len(first) + len(rest)
    ollama.enqueue(
        *[thinking(words.thought), hold("thought"), paced(first, PACE), hold("code"), paced(rest, PACE)],
        done(eval_count=count, eval_duration=count * 1_000_000_000 // PACE),
    )
    summary = chat.answers.last.locator(".thinking summary")
    _says(_ask(chat, words.question), words, "thinking")
    summary.click()
    expect(chat.answers.last.locator(".thinking-text")).to_be_visible()
    yield "thinking"
    summary.click()
    ollama.release("thought")
    _says(chat, words, "writing")
    expect(chat.text().locator("pre")).to_contain_text("high")
    yield "streaming"
    ollama.release("code")
    chat.ended()
    for part in (".hljs-keyword", "td .katex", ".katex-display"):
        expect(chat.text().locator(part).first).to_be_visible()
    expect(chat.status.locator(".status-mark")).to_be_hidden()
    yield "answer"
    _scroll_to(chat.text().locator("pre"))
    yield "code"


def _menus(chat: Chat) -> Iterator[str]:
    last = chat.answers.last
    yield from _carry(chat)
    with _menu(chat):
        yield "menu"
    chat.press("more", last).press("delete-message")
    dialog = chat.page.locator("#delete-message")
    expect(dialog).to_be_visible()
    yield "delete"
    dialog.locator("[value='']").click()
    chat.press("bad", last)
    expect(last.locator(".rating")).to_be_visible()
    yield "rating"
    chat.press("skip")
    chat.press("edit", chat.questions.last)
    expect(chat.page.locator(".edit")).to_be_visible()
    yield "edit"
    chat.press("cancel-edit")


def _carry(chat: Chat) -> Iterator[str]:
    dialog = chat.page.locator(".carry-dialog")
    chat.press("carry")
    expect(dialog).to_be_visible()
    yield "carry"
    dialog.locator("[action$='/share'] button").click()
    expect(dialog.locator("[readonly]")).to_be_focused()
    yield "shared"
    dialog.locator("[action$='/unshare'] button").click()
    expect(dialog.locator("[action$='/share'] button")).to_be_visible()
    chat.page.keyboard.press("Escape")


@contextmanager
def _menu(chat: Chat) -> Iterator[None]:
    menu = chat.page.locator("#message-menu")
    chat.press("more", chat.answers.last)
    expect(menu.locator(".menu-models button").first).to_be_visible()
    yield
    chat.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def _branches(chat: Chat, ollama: ScriptedOllama, words: Words) -> Iterator[str]:
    ollama.enqueue(words.brief, done(eval_count=11, eval_duration=270_000_000))
    chat.press("regenerate", chat.answers.last)
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    chat.ended()
    yield "branches"


def _search(chat: Chat, words: Words) -> Iterator[str]:
    opener = chat.page.locator("[data-action=open-sidebar]:visible")
    drawer = bool(opener.count())
    if drawer:
        opener.click()
    chat.press("search")
    dialog = chat.page.locator(".search-dialog")
    dialog.locator("[name=q]").fill(words.found)
    expect(dialog.locator(".hit mark").first).to_be_visible()
    yield "search"
    dialog.locator("summary").click()
    yield "filters"
    chat.press("search-close")
    if drawer:
        chat.page.keyboard.press("Escape")
    chat.press("find")
    chat.page.locator(".find input").fill(words.found)
    expect(chat.page.locator(".find-count")).to_contain_text("/")
    yield "find"
    chat.press("find-close")


def _picture(chat: Chat, ollama: ScriptedOllama, words: Words) -> Iterator[str]:
    notes = "\n".join([words.thought] * 20).encode()
    files: list[FilePayload] = [
        {"name": "chart.png", "mimeType": "", "buffer": _chart()},
        {"name": "notes.txt", "mimeType": "", "buffer": notes},
    ]
    chat.page.locator("#attach").set_input_files(files)
    expect(chat.page.locator(".chip[data-state=ready]")).to_have_count(2)
    chat.field.fill(words.picture)
    yield "files"
    ollama.enqueue(words.seen, done(prompt_eval_count=3100, eval_count=18, eval_duration=440_000_000))
    chat.press("send").turns(2).ended()
    expect(chat.questions.last.locator(".attached img")).not_to_have_js_property("naturalWidth", 0)
    yield "picture"


def _limit(chat: Chat) -> Iterator[str]:
    limit = int(chat.main.get_attribute("data-limit") or 0)
    chat.field.fill("长" * (limit + 12))
    chat.press("send")
    expect(chat.refusal).to_be_visible()
    expect(chat.page.locator(".composer-count")).to_have_text("-12")
    yield "limit"
    chat.field.fill("")


def _stopped(chat: Chat, ollama: ScriptedOllama, words: Words) -> Iterator[str]:
    ollama.enqueue(paced(list(words.brief * 4), 40), hold("never"))
    _says(_ask(chat, words.next), words, "writing")
    chat.field.fill(words.question)
    chat.press("send")
    expect(chat.page.locator("#waiting")).to_be_visible()
    expect(chat.status).to_contain_text("/")
    yield "waiting"
    chat.press("stop").ended("stopped")
    expect(chat.page.locator("#waiting[data-held]")).to_be_visible()
    yield "held"
    chat.press("remove-waiting")
    yield "stopped"


def _history(chat: Chat, ollama: ScriptedOllama, words: Words) -> Iterator[str]:
    # What the model takes is full after one turn.
    ollama.enqueue(words.brief, done(prompt_eval_count=3900, eval_count=100))
    choose(chat, history_turns="0")
    _ask(chat, words.next).ended()
    expect(chat.page.locator(".history-start")).to_have_count(1)
    chat.page.locator(".meter-ring").focus()
    expect(chat.page.locator(".meter-text")).to_be_visible()
    yield "window"
    chat.field.focus()
    choose(chat, history_turns="")


def _queue(chat: Chat, other: Chat, ollama: ScriptedOllama, words: Words) -> Iterator[str]:
    ollama.enqueue(hold("ahead"), words.brief)
    _ask(other, words.next).phase("reading")
    _says(_ask(chat, words.next), words, "queued")
    yield "queue"
    chat.press("stop").ended("stopped")
    ollama.release("ahead")
    other.ended()


def _error(chat: Chat, ollama: ScriptedOllama, words: Words) -> Iterator[str]:
    ollama.enqueue(words.brief, error("model runner has unexpectedly stopped"))
    _ask(chat, words.next).ended("failed")
    yield "error"


def _down(chat: Chat, ollama: ScriptedOllama) -> Iterator[str]:
    state = chat.page.locator("#model-state .state")
    # The site believes the second look that fails.
    for _ in range(2):
        away = json_error(500, "away")
        away.path = "/api/tags"
        ollama.play(away)
    expect(state).to_have_attribute("data-state", "down")
    yield "down"
    expect(state).to_have_attribute("data-state", "ready")


def _sidebar(chat: Chat) -> Iterator[str]:
    opener = chat.page.locator("[data-action=open-sidebar]:visible")
    if opener.count():
        opener.first.click()
        yield "sidebar"
    own = chat.entries.filter(has=chat.page.locator("[aria-current=page]"))
    chat.press("menu", own).press("pin", own)
    expect(own).to_have_attribute("data-pinned", "")
    chat.press("menu", own)
    expect(own.locator(".entry-menu")).to_be_visible()
    yield "entry"
    chat.press("archive", own)
    expect(own).to_have_count(0)
    note = chat.page.locator(".archived")
    expect(note).to_be_visible()
    # The offer to undo lies above the text for a while.
    chat.reload()
    yield "archived"
    note.locator("button").click()
    expect(chat.connected().page.locator(".archived")).to_be_hidden()


def _found(chat: Chat) -> Iterator[str]:
    question = chat.questions.nth(1)
    chat.open(f"{chat.page.url}?m={question.get_attribute('data-id')}")
    expect(question).to_be_focused()
    yield "found"


def _deleted(other: Chat) -> Iterator[str]:
    opener = other.page.locator("[data-action=open-sidebar]:visible")
    other.page.bring_to_front()
    if opener.count():
        opener.first.click()
    entry = other.entries.filter(has_not=other.page.locator("[aria-current=page]")).first
    other.press("menu", entry)
    other.press("delete", entry)
    expect(other.page.locator(".toast")).to_be_visible()
    yield "deleted"


def _ask(chat: Chat, text: str) -> Chat:
    """Ask as on a phone, where Enter breaks the line."""
    before = chat.answers.count()
    chat.field.fill(text)
    return chat.press("send").turns(before + 1)


def _says(chat: Chat, words: Words, phase: str) -> None:
    """Wait for a phase, and until the status line has put it into words."""
    chat.phase(phase)
    expect(chat.status).to_contain_text(words.phases[phase])


def _scroll_to(element: Locator) -> None:
    element.evaluate("(element) => element.scrollIntoView({ block: 'center' })")


def _chart() -> bytes:
    """Return a picture of five bars, each higher than the one before."""
    picture = Image.new("RGB", (640, 400), "#fffdf7")
    draw = ImageDraw.Draw(picture)
    for number in range(1, 6):
        draw.rectangle((110 * number - 70, 360 - 60 * number, 110 * number, 360), fill="#1f6650")
    draw.line((20, 360, 620, 360), fill="#25231f", width=3)
    content = BytesIO()
    picture.save(content, "png")
    return content.getvalue()
