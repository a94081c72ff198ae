"""The chat page in the words of the person who uses it."""

from typing import Any, Self

from playwright.sync_api import Locator, Page, expect

_TOO_WIDE = """
[...document.querySelectorAll("body *")]
  .filter((element) => element.checkVisibility() && !element.closest(".visually-hidden, .skip-link, template"))
  .filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
  })
  .filter((element) => {
    for (let above = element.parentElement; above !== document.body; above = above.parentElement) {
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(above).overflowX) && above.clientWidth <= innerWidth
          && !above.matches(".scroller, .chat")) return false;
    }
    return true;
  })
  .map((element) => element.outerHTML.slice(0, 120))
"""

_AT_END = """() => {
  const scroller = document.getElementById("scroller");
  return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < 2;
}"""


class Chat:
    """A tab with a conversation. Everything waits for what it looks for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.main = page.locator("#chat")
        self.field = page.locator("#text")
        self.status = page.locator(".status")
        self.refusal = page.locator(".dock .refusal")
        self.answers = page.locator("#messages .message[data-role=assistant]")
        self.texts = self.answers.locator(".markdown")
        self.questions = page.locator("#messages .message[data-role=user]")
        self.entries = page.locator("#conversations .entry")
        self._asked = 0

    def open(self, address: str = "/") -> Self:
        """Go there and wait for the connection."""
        self.page.goto(address)
        return self.connected()

    def connected(self) -> Self:
        """Wait for the connection."""
        expect(self.main).to_have_attribute("data-connection", "open")
        return self

    def reload(self) -> Self:
        """Load the page again."""
        self.page.reload()
        return self.connected()

    def tab(self) -> "Chat":
        """Open the same conversation in another tab."""
        return Chat(self.page.context.new_page()).open(self.page.url)

    def ask(self, text: str) -> Self:
        """Type a question and press Enter."""
        self._asked = self.questions.count() + 1
        self.field.fill(text)
        self.field.press("Enter")
        return self

    def phase(self, name: str) -> Self:
        """Wait for a phase."""
        expect(self.main).to_have_attribute("data-phase", name)
        return self

    def turns(self, count: int) -> Self:
        """Wait until so many answers have begun, whoever asked for them."""
        expect(self.answers).to_have_count(count)
        self._asked = 0
        return self

    def ended(self, status: str = "completed") -> Locator:
        """Wait until the last answer, that to the last question asked, has ended so, and return it."""
        if self._asked:
            expect(self.answers).to_have_count(self._asked)
            self._asked = 0
        expect(self.answers.last).to_have_attribute("data-status", status)
        self.phase("idle")
        return self.answers.last

    def at_end(self) -> Self:
        """Wait until the page shows its end."""
        self.page.wait_for_function(_AT_END)
        return self

    def text(self) -> Locator:
        """The text of the last answer."""
        return self.answers.last.locator(".markdown")

    def press(self, action: str, within: Locator | None = None) -> Self:
        """Press the button that does `action`."""
        (within or self.page).locator(f"[data-action={action}]:visible").first.click()
        return self

    def entry(self, title: str) -> Locator:
        """The conversation of that title in the list."""
        return self.entries.filter(has_text=title)

    def too_wide(self) -> list[str]:
        """What reaches out of the window, but for what may be scrolled on its own, such as code."""
        return list(self.page.evaluate(_TOO_WIDE))

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(script)
