"""The status line: figures while an answer is written, what came of it afterwards, and how full the window is."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Route, expect

from tests.faults.locks import locked
from tests.scripted_ollama import ScriptedOllama, cut, done, hold, json_error, paced, thinking, tokens
from tests.site import Site

from .chat import Chat

DONE = re.compile(r"^Done · first token [\d.]+ m?s · 40 tokens · 50 tokens/s · [\d.]+ s in all$")
# The page's own rule for counts that come after so many milliseconds each, by a clock that stands still meanwhile.
PACES = """async (gaps) => {
  const names = performance.getEntriesByType("resource").map((entry) => entry.name);
  const { Pace } = await import(names.find((url) => /\\/pace\\./.test(url)));
  let now = performance.now();
  Object.defineProperty(performance, "now", { value: () => now });
  const pace = new Pace();
  let count = 0;
  return gaps.map((gap) => {
    now += gap;
    count += 20;
    pace.take("writing", count);
    return pace.words();
  });
}"""
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
    expect(time).to_have_text(re.compile(r"^\d+ tokens/s · \d\d of 1,024 tokens$"))
    chat.reload().phase("writing")
    expect(time).to_have_text(re.compile("40 of 1,024 tokens"))
    expect(time).to_have_text(re.compile(r"^40 of 1,024 tokens · none for \d+ s$"))
    expect(time).to_have_attribute("aria-hidden", "true")
    expect(chat.page.locator("#announcer")).to_have_text("Writing")
    ollama.release()
    chat.ended()
    expect(chat.page.locator("#announcer")).not_to_contain_text("Done")
    last_line(chat, DONE)


def test_counts_that_come_together_say_nothing_of_the_speed(chat: Chat) -> None:
    chat.ask("Load what counts").ended()
    together = chat.page.evaluate(PACES, [0, 0, 1, 400])
    assert together == ["20 tokens", "40 tokens", "60 tokens", "80 tokens"]
    chat.reload().ask("Load it again").ended()
    assert chat.page.evaluate(PACES, [0, 100, 400])[-1] == "80 tokens/s · 60 tokens"


@pytest.mark.sqlite
def test_the_page_says_that_what_it_shows_is_not_saved_yet(
    chat: Chat, ollama: ScriptedOllama, site: Site
) -> None:
    ollama.enqueue("Begun. ", tokens(400, 50), hold(), "The end")
    chat.ask("Go on").phase("writing")
    expect(chat.text()).to_contain_text("Begun.")
    with locked(site):
        expect(chat.main).to_have_attribute("data-unsaved", "")
        expect(chat.status).to_contain_text("Writing. Not saved yet: the database does not answer")
    expect(chat.main).not_to_have_attribute("data-unsaved", "")
    expect(chat.status).not_to_contain_text("Not saved yet")
    ollama.release()
    chat.ended()


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
    expect(chat.page.locator(".status-time")).to_have_text(
        re.compile(r"^([\d.]+ token/秒 · |)4 / 1,024 个 token( · 已 \d+ 秒没有新内容|)$")
    )
    ollama.release("more")
    chat.ended()
    last_line(
        chat, re.compile(r"^完成 · 首个 token [\d.]+ (毫秒|秒) · \d 个 token · .* token/秒 · 共 [\d.]+ 秒$")
    )
    chat.page.locator(".meter-ring").tap()
    expect(chat.page.locator(".meter-text")).to_have_text(re.compile("已用 4,0.. / 4,096 个 token"))
    assert chat.too_wide() == []


def test_in_chinese_a_stop_and_a_failure_are_told_too(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama
) -> None:
    chat = open_chat(locale="zh-CN")
    ollama.enqueue("一", hold("never"))
    chat.ask("数数").phase("writing")
    expect(chat.text()).to_have_text("一")
    chat.press("stop").ended("stopped")
    last_line(chat, re.compile(r"^生成 1 个 token 后停止，释放模型用时 (\d+|<1) 毫秒$"))
    ollama.enqueue("一", cut())
    chat.ask("再数").ended("failed")
    last_line(chat, "回答到一半时，与 Ollama 的连接断开了。可以重试，或从这里继续。")


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("en-US", "has not answered since {clocks}. What"), ("zh-CN", "自 {clocks} 起没有响应")],
)
def test_an_ollama_that_is_away_is_told_of_with_the_reader_s_own_time(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama, locale: str, sentence: str
) -> None:
    """It answers two looks wrongly, so that it is away for some seconds."""
    chat = open_chat(locale=locale, timezone_id="Asia/Tokyo")
    # The first page told the server the zone.
    chat.reload()
    state = chat.page.locator("#model-state .state")
    for _ in range(2):
        script = json_error(500, "away")
        script.path = "/api/tags"
        ollama.play(script)
    expect(state).to_have_attribute("data-state", "down")
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    clocks = [(now - timedelta(minutes=ago)).strftime("%H:%M") for ago in (0, 1)]
    expect(state).to_have_text(re.compile(sentence.format(clocks=f"({'|'.join(clocks)})")))
    live = state.inner_text()
    chat.page.reload()
    expect(state).to_have_text(live, use_inner_text=True)
    expect(state).to_have_attribute("data-state", "ready")


def test_a_state_that_could_not_be_read_is_read_again(chat: Chat, expected: list[str]) -> None:
    expected.append("503")
    refused: list[Route] = []

    def refuse(route: Route) -> None:
        refused.append(route)
        route.fulfill(status=503)

    chat.page.route("**/model-state?*", refuse)
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option("eyes:1b")
    chat.page.locator("#panel [value=use]").click()
    # For the question, and when the server tells of the model: nothing else makes the page read it.
    with chat.page.expect_response(lambda _: len(refused) > 1):
        chat.ask("And you?").ended()
    chat.page.unroute_all()
    expect(chat.page.locator("#model-state .state")).to_have_attribute("data-name", "eyes:1b")


def test_what_the_line_offers_is_as_large_as_a_finger(
    open_chat: Callable[..., Chat], own_login: dict[str, str]
) -> None:
    phone = open_chat(
        cookies=own_login,
        locale="zh-CN",
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
    )
    phone.field.fill("你好")
    phone.press("send").turns(1).ended()
    token = phone.page.locator("#csrf [name=csrfmiddlewaretoken]").input_value()
    form: dict[str, str | float | bool] = {"csrfmiddlewaretoken": token}
    phone.page.request.post(f"{phone.page.url}delete", form=form, headers={"Referer": phone.page.url})
    _assert_large(phone, ".status-new")
    phone.open("/")
    other = phone.page.context.new_page()
    other.goto("/account/")
    other.locator("form[action$='/accounts/logout/'] button").click()
    _assert_large(phone, ".status-login")


def _assert_large(phone: Chat, selector: str) -> None:
    link = phone.page.locator(selector)
    expect(link).to_be_visible()
    box = link.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44, box
