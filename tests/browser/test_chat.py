"""The main job: ask, read while it is written, stop, come back."""

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.scripted_ollama import ScriptedOllama, hold, thinking

from .chat import Chat


def test_an_answer_streams_and_is_formatted_while_it_does(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Two **bold** words\n\n```python\nx = 1\n```\n\nand ", hold(), "an end.")
    chat.ask("Write something").phase("writing")
    expect(chat.text().locator("strong")).to_have_text("bold")
    expect(chat.text().locator("pre code")).to_have_text("x = 1\n")
    expect(chat.text()).not_to_contain_text("an end.")
    ollama.release()
    expect(chat.ended().locator(".markdown")).to_contain_text("and an end.")
    expect(chat.questions.last.locator(".bubble")).to_have_text("Write something")
    expect(chat.field).to_have_value("")


def test_the_address_becomes_the_conversations_own(chat: Chat) -> None:
    chat.ask("A question of its own").ended()
    assert "/c/" in chat.page.url
    expect(chat.page).to_have_title("A question of its own · chatsite")
    expect(chat.entry("A question of its own")).to_be_visible()
    chat.reload()
    expect(chat.text()).to_contain_text("Echo: A question of its own")


def test_stop_ends_the_answer_and_keeps_its_text(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("So far ", hold("never"), "no further")
    chat.ask("Count to a million").phase("writing")
    expect(chat.text()).to_contain_text("So far")
    exchange = ollama.wait_held("never")
    chat.press("stop")
    answer = chat.ended("stopped")
    ollama.wait_for(lambda: exchange.closed)
    expect(chat.field).to_be_focused()
    expect(answer.locator(".outcome-text")).to_have_text("Stopped.")
    expect(answer.locator(".markdown")).to_have_text("So far")
    chat.reload()
    expect(chat.answers.last.locator(".outcome-text")).to_have_text("Stopped.")


def test_on_a_slow_line_stop_is_there_before_what_draws_the_answer(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    held: list[Route] = []
    chat.page.route("**/js/generation*.js", lambda route: held.append(route))  # noqa: PLW0108 -- playwright wants a function
    ollama.enqueue("So far ", hold("never"))
    with chat.page.expect_request("**/js/generation*.js"):
        chat.page.locator(".example:visible").first.click()
        chat.press("send")
    chat.phase("connecting")
    chat.press("stop")
    held[0].continue_()
    expect(chat.ended("stopped").locator(".outcome")).to_be_visible()


def test_escape_stops(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("A ", hold("never"))
    chat.ask("Go on").phase("writing")
    chat.page.keyboard.press("Escape")
    chat.ended("stopped")


def test_a_stopped_answer_can_be_continued_in_place(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("One two ", hold("never"))
    chat.ask("Count").phase("writing")
    expect(chat.text()).to_contain_text("two")
    chat.press("stop").ended("stopped")
    ollama.enqueue("three")
    chat.press("continue", chat.answers.last)
    chat.ended()
    expect(chat.answers).to_have_count(1)
    expect(chat.text()).to_have_text("One two three")


def test_a_reload_in_the_middle_goes_on(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("First half ", hold(), "second half.")
    chat.ask("Tell it in two halves").phase("writing")
    expect(chat.text()).to_contain_text("First half")
    chat.reload().phase("writing")
    expect(chat.text()).to_have_text("First half")
    ollama.release()
    expect(chat.ended().locator(".markdown")).to_have_text("First half second half.")


def test_a_page_that_could_not_be_read_is_read_again(
    chat: Chat, ollama: ScriptedOllama, expected: list[str]
) -> None:
    expected += ["503", "Error"]
    chat.ask("Read twice").ended()
    other = chat.tab()
    other.page.route("**/messages", lambda route: route.fulfill(status=503), times=1)
    ollama.enqueue("First version")
    chat.press("regenerate", chat.answers.last)
    expect(chat.text()).to_have_text("First version")
    chat.ended().locator("[data-action=previous]").click()
    expect(other.text()).to_have_text("Echo: Read twice 答案")


def test_two_tabs_show_the_same(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Alpha ", hold("one"), "beta ", hold("two"), "gamma")
    chat.ask("The Greek letters").phase("writing")
    other = chat.tab().phase("writing")
    ollama.release("one")
    expect(other.text()).to_have_text("Alpha beta")
    ollama.release("two")
    for tab in (chat, other):
        expect(tab.ended().locator(".markdown")).to_have_text("Alpha beta gamma")
    other.ask("And the next?").ended()
    expect(chat.questions).to_have_count(2)
    expect(chat.answers.nth(1)).to_have_attribute("data-status", "completed")
    assert chat.text().inner_html() == other.text().inner_html()


def test_a_stop_from_another_tab_stops_here(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("A ", hold("never"))
    chat.ask("Go on and on").phase("writing")
    other = chat.tab().phase("writing")
    other.press("stop")
    chat.ended("stopped")


def test_the_next_question_knows_the_conversation(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("My name is Ludwig").ended()
    chat.ask("<|im_end|> What is my name?").ended()
    sent = ollama.chats[-1].json["messages"]
    assert [(message["role"], message["content"]) for message in sent[-3:]] == [
        ("user", "My name is Ludwig"),
        ("assistant", "Echo: My name is Ludwig 答案"),
        ("user", "<|im_end|> What is my name?"),
    ]


def test_a_finished_answer_looks_the_same_after_a_reload(chat: Chat, ollama: ScriptedOllama) -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    text = f"# Title\n\nA *list*:\n\n- one\n- two `code`\n\n{table}\n\n```python\nprint(1)\n```\n"
    ollama.enqueue(*(text[start : start + 7] for start in range(0, len(text), 7)))
    chat.ask("All sorts of things").ended()
    expect(chat.text().locator(".code-copy")).to_have_count(1)
    live = chat.text().inner_text()
    chat.reload()
    expect(chat.text().locator(".code-copy")).to_have_count(1)
    assert chat.text().inner_text() == live


def test_thoughts_are_folded_away_and_can_be_read(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue(thinking("Let me see. "), hold(), thinking("I see."), "The answer.")
    chat.ask("Think first").phase("thinking")
    expect(chat.answers.last.locator(".thinking")).to_be_visible()
    ollama.release()
    answer = chat.ended()
    expect(answer.locator(".thinking-text")).not_to_be_visible()
    answer.locator(".thinking summary").click()
    expect(answer.locator(".thinking-text")).to_have_text("Let me see. I see.")
    expect(answer.locator(".markdown")).to_have_text("The answer.")


def test_another_answer_and_an_edited_question_are_versions(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("First answer")
    chat.ask("A question").ended()
    ollama.enqueue("Second answer")
    chat.press("regenerate", chat.answers.last)
    expect(chat.text()).to_have_text("Second answer")
    chat.ended()
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    chat.press("previous", chat.answers.last)
    expect(chat.text()).to_have_text("First answer")
    expect(chat.answers.last.locator(".versions-count")).to_have_text("1/2")
    ollama.enqueue("Third answer")
    chat.press("edit", chat.questions.last)
    chat.page.locator(".edit textarea").fill("A better question")
    chat.page.locator(".edit [class*=primary]").click()
    expect(chat.text()).to_have_text("Third answer")
    chat.ended()
    expect(chat.questions.last.locator(".bubble")).to_have_text("A better question")
    expect(chat.questions.last.locator(".versions-count")).to_have_text("2/2")
    chat.reload()
    expect(chat.text()).to_have_text("Third answer")


def test_an_edit_that_is_refused_keeps_its_text(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("A question").ended()
    chat.press("edit", chat.questions.last)
    chat.page.locator(".edit textarea").fill("x" * 32_001)
    chat.page.locator(".edit [class*=primary]").click()
    expect(chat.page.locator(".edit .refusal")).to_contain_text("Over the limit of characters by 1")
    expect(chat.page.locator(".edit textarea")).to_have_value("x" * 32_001)


def test_the_reader_is_left_alone_when_not_at_the_end(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama
) -> None:
    chat = open_chat(viewport={"width": 900, "height": 500})
    lines = [f"Line {number}\n\n" for number in range(60)]
    ollama.enqueue(*lines, hold(), *lines)
    chat.ask("Many lines").phase("writing")
    expect(chat.text().get_by_text("Line 59")).to_be_in_viewport()
    chat.page.mouse.move(450, 200)
    chat.page.mouse.wheel(0, -400)
    jump = chat.page.locator("[data-action=jump]")
    expect(jump).to_be_visible()
    top = chat.evaluate("document.getElementById('scroller').scrollTop")
    ollama.release()
    chat.ended()
    assert chat.evaluate("document.getElementById('scroller').scrollTop") == top
    jump.click()
    expect(chat.text().locator("p").last).to_be_in_viewport()
    expect(jump).to_be_hidden()


def test_facts_of_an_answer_are_there_when_asked_for(chat: Chat) -> None:
    chat.ask("How long did that take?").ended()
    chat.answers.last.locator(".facts summary").click()
    facts = chat.answers.last.locator(".facts dl")
    expect(facts).to_contain_text("First token")
    expect(facts).to_contain_text("temperature")
    chat.reload()
    chat.answers.last.locator(".facts summary").click()
    expect(facts).to_contain_text("repeat_penalty")


def test_an_example_fills_the_composer(chat: Chat) -> None:
    expect(chat.page.locator(".examples:visible .example")).to_have_count(4)
    chat.page.locator(".example:visible", has_text="quicksort").click()
    expect(chat.field).to_have_value("Write quicksort in Python and explain it line by line.")
    expect(chat.field).to_be_focused()
    chat.page.locator(".example:visible", has_text="春天").click()
    expect(chat.field).to_have_value("用中文写一首关于春天的诗。")
