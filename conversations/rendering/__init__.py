"""Markdown → HTML, for what is stored and shown again.

The browser draws the same dialect while an answer is written: `static/js/markdown/` mirrors the modules of
this package, and a test holds the two equal. Whoever changes one side changes both.
"""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from conversations.rendering.characters import clean, without_unfit
from conversations.rendering.dialect import create_parser

__all__ = ["MAX_MARKDOWN", "plain", "render", "stored"]

# UTF-16 units of Markdown, as browsers count them; what follows is shown as plain text. It bounds the time
# that one text can take: about 1 ms per 1,000 characters as a rule, and a test has the worst known shapes.
MAX_MARKDOWN = 65_536

_parser = create_parser()


def render(text: str) -> SafeString:
    """Return the HTML of a model's `text`: inert, without requests to anyone, and safe to put on a page.

    It takes processor time (see MAX_MARKDOWN), so asynchronous code calls it in a thread.
    """
    markdown, rest = _split(clean(text))
    # Entities may have made characters that were taken away before.
    html = without_unfit(_parser.render(markdown))
    # Safe: the parser escapes all text, has raw HTML off, and lets only http, https and mailto links through.
    return mark_safe(html + (plain(rest) if rest else ""))  # noqa: S308 -- the parser escapes all text


def plain(text: str) -> SafeString:
    """Return the HTML of `text` as it is written."""
    return format_html('<div class="plain">{}</div>', clean(text))


def stored(html: str) -> SafeString:
    """Return what `render` or `plain` made earlier and the database kept, safe to put on a page as it was then."""
    # Only the end of a generation writes Message.html (services/generations.py), and writes what these two return,
    # which escape all text.
    return mark_safe(html)  # noqa: S308 -- made by `render` or `plain`, which escape all text


def _split(text: str) -> tuple[str, str]:
    """Return what of `text` is drawn as Markdown, ending with a line where it can, and the rest."""
    if len(text) <= MAX_MARKDOWN // 2:
        return text, ""
    head = text.encode("utf-16-le", "surrogatepass")[: 2 * MAX_MARKDOWN].decode("utf-16-le", "ignore")
    if len(head) == len(text):
        return text, ""
    end = head.rfind("\n") + 1 or len(head)
    return text[:end], text[end:]
