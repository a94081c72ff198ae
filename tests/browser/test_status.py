"""The status line: figures while an answer is written, what came of it afterwards, and how full the window is."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, done, hold, json_error, paced, thinking

from .chat import Chat

DONE = re.compile(r"^Done · first token [\d.]+ m?s · 40 tokens · 50 tokens/s · [\d.]+ s in all$")
STOPPED = re.compile(r"^Stopped after 1 token, model released in (\d+|<1) ms$")


def words(number: int) -> list[str]:
    return ["word "] * number


def last_line(chat: Chat, pattern: re.Pattern[str] | str) -> str:
    """Return what the line says when all is over, which a reload must not change."""
    expect(chat.status).to_have_text(pattern, use_inner_text=True)
    live = chat.status.inner_text()
    chat.reload()
    expect(chat.status).to_have_text(live, use_inner_text=True)
    return live


def test_speed_and_count_are_told_while_it_writes_and_what_it_took_at_the_end(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    time = chat.page.locator(".status-time")
    ollama.enqueue(paced(words(40), 20), hold(), done(eval_count=40, eval_duration=800_000_000))
    chat.ask("Write forty words").phase("writing")
    expect(time).to_have_text(re.compile(r"^\d\d tokens/s · \d\d of 1,024 tokens$"))
    chat.reload().phase("writing")
    expect(time).to_have_text(re.compile("40 of 1,024 tokens"))
    expect(time).to_have_text(re.compile(r"^40 of 1,024 tokens · none for \d s$"))
    expect(time).to_have_attribute("aria-hidden", "true")
    expect(chat.page.locator("#announcer")).to_have_text("Writing")
    ollama.release()
    chat.ended()
    expect(chat.page.locator("#announcer")).not_to_contain_text("Done")
    last_line(chat, DONE)


def test_a_stop_says_after_what_and_how_soon_the_model_was_free(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("One", hold("never"))
    chat.ask("Count").phase("writing")
    expect(chat.text()).to_have_text("One")
    chat.press("stop").ended("stopped")
    last_line(chat, STOPPED)
    chat.answers.last.locator(".facts summary").click()
    expect(chat.answers.last.locator(".facts dl")).to_contain_text("Model released in")
    ollama.enqueue(hold("never"))
    chat.ask("Never mind").phase("reading")
    expect(chat.status).to_have_text(re.compile("Reading the question"))
    chat.press("stop").ended("stopped")
    assert last_line(chat, re.compile("^Stopped before the first word, model released in")).endswith(" ms")


def test_the_meter_tells_how_full_the_window_is(chat: Chat, ollama: ScriptedOllama) -> None:
    meter = chat.page.locator(".meter")
    ring = meter.get_by_role("meter")
    expect(meter).to_be_hidden()
    ollama.enqueue("Short", done(prompt_eval_count=1000, eval_count=24))
    chat.ask("A quarter").ended()
    full = "1,024 of 4,096 tokens of the model's window"
    expect(ring).to_have_attribute("aria-valuetext", full)
    expect(meter.locator(".meter-text")).to_be_hidden()
    ring.focus()
    expect(meter.locator(".meter-text")).to_have_text(full)
    ollama.enqueue("Long", done(prompt_eval_count=3900, eval_count=100))
    chat.ask("Nearly all").ended()
    expect(meter.locator(".meter-share")).to_have_text("98%")
    chat.reload()
    expect(meter.locator(".meter-share")).to_be_visible()
    expect(ring).to_have_attribute("aria-valuenow", "4000")
    chat.answers.last.locator(".facts summary").click()
    expect(chat.answers.last.locator(".facts dl")).to_contain_text("Window in tokens4,096")
    ollama.enqueue("Cut", hold("never"))
    chat.ask("And more").phase("writing")
    expect(chat.text()).to_have_text("Cut")
    chat.press("stop").ended("stopped")
    expect(ring).to_have_attribute("aria-valuetext", re.compile("^At least 4,000 of 4,096 tokens"))


def test_a_phone_in_chinese_says_all_of_it(open_chat: Callable[..., Chat], ollama: ScriptedOllama) -> None:
    chat = open_chat(
        locale="zh-CN", timezone_id="Asia/Tokyo", viewport={"width": 360, "height": 740}, has_touch=True
    )
    ollama.enqueue(thinking("想一想"), hold(), *words(3), hold("more"), done(prompt_eval_count=4000))
    chat.field.fill("你好")
    chat.press("send").phase("thinking")
    title = chat.answers.last.locator(".thinking-title")
    expect(title).to_have_text("思考中")
    ollama.release()
    chat.phase("writing")
    expect(title).to_have_text(re.compile("^思考了"))
    expect(chat.page.locator(".status-time")).to_have_text(re.compile("3|4 / 1,024 个 token"))
    ollama.release("more")
    chat.ended()
    last_line(
        chat, re.compile(r"^完成 · 首个 token [\d.]+ (毫秒|秒) · \d 个 token · .* token/秒 · 共 [\d.]+ 秒$")
    )
    chat.page.locator(".meter-ring").tap()
    expect(chat.page.locator(".meter-text")).to_have_text(re.compile("已用 4,0.. / 4,096 个 token"))
    assert chat.too_wide() == []
    _tells_since_when(chat, ollama)


def _tells_since_when(chat: Chat, ollama: ScriptedOllama) -> None:
    """An Ollama that answers two looks wrongly is away for some seconds, by the reader's own clock."""
    state = chat.page.locator("#model-state .state")
    for _ in range(2):
        script = json_error(500, "away")
        script.path = "/api/tags"
        ollama.play(script)
    expect(state).to_have_attribute("data-state", "down")
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    clocks = [(now - timedelta(minutes=ago)).strftime("%H:%M") for ago in (0, 1)]
    expect(state).to_have_text(re.compile(f"自 ({'|'.join(clocks)}) 起没有响应"))
    live = state.inner_text()
    chat.page.reload()
    expect(state).to_have_text(live, use_inner_text=True)
    expect(state).to_have_attribute("data-state", "ready")
