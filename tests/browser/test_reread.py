"""Whoever reads or writes on a page keeps place, focus and words when its messages change or are read again."""

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama, hold

from .chat import Chat

LONG = "".join(f"Paragraph {number} of a long answer.\n\n" for number in range(40))
# Where the reader is: the paragraph in the middle of the window, and how far it is from the top.
PLACE = """(() => {
  const box = document.getElementById("scroller").getBoundingClientRect();
  const middle = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2).closest(".markdown > *");
  window.read ??= middle;
  return [read.textContent, Math.round(read.getBoundingClientRect().top)];
})()"""
NOTE_LEAST = """() => {
  window.least = Infinity;
  const look = () => {
    window.least = Math.min(window.least, document.querySelector(".message:last-child .markdown").textContent.length);
    requestAnimationFrame(look);
  };
  look();
}"""


def ask_for_much(chat: Chat, ollama: ScriptedOllama, until: str) -> None:
    """Ask, and wait for all of a long answer but its end, which comes when `until` is released."""
    ollama.enqueue(LONG, hold(until), "The end.")
    chat.ask("First").phase("writing")
    expect(chat.text()).to_contain_text("Paragraph 39")


def read_above(chat: Chat) -> object:
    """Scroll up to the middle of a long answer, and return the place."""
    chat.page.locator("#scroller").hover()
    chat.page.mouse.wheel(0, -700)
    expect(chat.page.locator("[data-action=jump]")).to_be_visible()
    return chat.evaluate(PLACE)


def test_who_reads_above_stays_there_when_the_question_that_waited_is_asked(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ask_for_much(chat, ollama, "first")
    chat.field.fill("Second")
    chat.field.press("Enter")
    expect(chat.page.locator("#waiting")).to_be_visible()
    place = read_above(chat)
    ollama.enqueue("To the second")
    ollama.release("first")
    chat.turns(2).ended()
    expect(chat.text()).to_have_text("To the second")
    assert chat.evaluate(PLACE) == place


def test_who_reads_above_stays_there_when_another_tab_asks(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue(LONG)
    chat.ask("First").ended()
    other = chat.tab()
    chat.page.bring_to_front()
    place = read_above(chat)
    other.ask("From elsewhere").ended()
    chat.turns(2).ended()
    assert chat.evaluate(PLACE) == place
    chat.ask("From here").ended()
    expect(chat.questions.last).to_be_in_viewport()


def test_an_edit_that_is_being_written_outlives_other_versions_below_it(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    chat.ask("First").ended()
    chat.ask("Second").ended()
    other = chat.tab()
    chat.press("edit", chat.questions.first)
    field = chat.page.locator(".edit textarea")
    field.fill("First, in many words")
    ollama.enqueue("Another one")
    other.press("regenerate", other.answers.last)
    expect(other.answers.last.locator(".versions-count")).to_have_text("2/2")
    other.ended()
    expect(chat.text()).to_have_text("Another one")
    other.press("previous", other.answers.last)
    expect(chat.answers.last.locator(".versions-count")).to_have_text("1/2")
    expect(field).to_have_value("First, in many words")
    expect(field).to_be_focused()


def test_focus_goes_along_to_the_version_that_is_shown(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("First").ended()
    ollama.enqueue("Another one")
    chat.press("regenerate", chat.answers.last)
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    chat.ended()
    chat.answers.last.locator("[data-action=previous]").press("Enter")
    expect(chat.answers.last.locator(".versions-count")).to_have_text("1/2")
    # There is none before it.
    expect(chat.answers.last.locator("[data-action=next]")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    expect(chat.answers.last.locator("[data-action=previous]")).to_be_focused()


def test_an_answer_that_is_continued_never_leaves_the_page(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("One two three ", hold("never"))
    chat.ask("Count").phase("writing")
    expect(chat.text()).to_contain_text("three")
    chat.press("stop").ended("stopped")
    chat.evaluate(f"({NOTE_LEAST})()")
    ollama.enqueue("four")
    chat.press("continue", chat.answers.last)
    chat.ended()
    expect(chat.text()).to_have_text("One two three four")
    assert chat.evaluate("least") >= len("One two three")


def test_who_is_at_the_end_is_there_also_when_the_answer_has_ended(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    for number in range(4):
        ollama.enqueue(LONG if number == 0 else "Short")
        chat.ask(f"Question {number}").ended()
        expect(chat.status).to_contain_text("Done")
        chat.at_end()
        expect(chat.page.locator("[data-action=jump]")).to_be_hidden()


def test_what_shrinks_below_the_text_for_a_moment_takes_nobody_from_the_end(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ask_for_much(chat, ollama, "on")
    chat.at_end()
    chat.page.evaluate(
        """async () => {
          const { style } = document.querySelector(".dock");
          const scroller = document.getElementById("scroller");
          const moved = new Promise((resolve) => scroller.addEventListener("scroll", resolve, { once: true }));
          style.marginTop = "-80px";
          scroller.scrollTop;  // it is laid out
          style.marginTop = "";
          await moved;
        }"""
    )
    chat.at_end()
    expect(chat.page.locator("[data-action=jump]")).to_be_hidden()
    # A reader who goes up by less stays there.
    chat.page.locator("#scroller").hover()
    chat.page.mouse.wheel(0, -90)
    expect(chat.page.locator("[data-action=jump]")).to_be_visible()
    ollama.release("on")
    chat.ended()
    expect(chat.page.locator("[data-action=jump]")).to_be_visible()
