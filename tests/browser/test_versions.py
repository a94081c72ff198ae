"""Going through the versions of an answer and of a question."""

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama

from .chat import Chat


def ask(chat: Chat, ollama: ScriptedOllama, question: str, answer: str) -> None:
    """Ask and wait for that answer."""
    ollama.enqueue(answer)
    chat.ask(question).ended()


def test_three_versions_of_an_answer_are_gone_through_in_both_directions(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ask(chat, ollama, "Which?", "Version 1.")
    for place in (2, 3):
        ollama.enqueue(f"Version {place}.")
        chat.press("regenerate", chat.answers.last)
        expect(chat.text()).to_have_text(f"Version {place}.")
        chat.ended()

    def go(action: str, place: int) -> None:
        chat.press(action, chat.answers.last)
        expect(chat.text()).to_have_text(f"Version {place}.")
        expect(chat.answers.last.locator(".versions-count")).to_have_text(f"{place}/3")

    expect(chat.answers.last.locator("[data-action=next]")).to_be_disabled()
    go("previous", 2)
    go("previous", 1)
    expect(chat.answers.last.locator("[data-action=previous]")).to_be_disabled()
    go("next", 2)
    # By keyboard the next press needs no way back to the button.
    expect(chat.answers.last.locator("[data-action=next]")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.text()).to_have_text("Version 3.")
    chat.reload()
    expect(chat.answers.last.locator(".versions-count")).to_have_text("3/3")


def test_a_question_that_was_edited_in_the_middle_comes_back_with_all_its_turns(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    for question, answer in (("First", "One."), ("Second", "Two."), ("Third", "Three.")):
        ask(chat, ollama, question, answer)
    ollama.enqueue("Another two.")
    chat.press("edit", chat.questions.nth(1))
    chat.page.locator(".edit textarea").fill("Second, in other words")
    chat.page.locator(".edit").get_by_role("button", name="Ask again").click()
    expect(chat.texts).to_have_text(["One.", "Another two."])
    chat.ended()
    chat.press("previous", chat.questions.nth(1))
    expect(chat.texts).to_have_text(["One.", "Two.", "Three."])
    expect(chat.questions.locator(".bubble")).to_have_text(["First", "Second", "Third"])
    expect(chat.questions.nth(1).locator(".versions-count")).to_have_text("1/2")
    # What is asked now stands below the old question.
    ask(chat, ollama, "Fourth", "Four.")
    chat.press("next", chat.questions.nth(1))
    expect(chat.texts).to_have_text(["One.", "Another two."])
    chat.press("previous", chat.questions.nth(1))
    expect(chat.texts).to_have_text(["One.", "Two.", "Three.", "Four."])
    chat.reload()
    expect(chat.texts).to_have_text(["One.", "Two.", "Three.", "Four."])
