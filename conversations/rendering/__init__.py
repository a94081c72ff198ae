"""Markdown → HTML, for what is stored and shown again.

The browser draws the same dialect while an answer is written: `static/js/markdown/` mirrors the modules of
this package, and a test holds the two equal. Whoever changes one side changes both.
"""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from conversations.rendering.characters import clean, without_unfit
from conversations.rendering.dialect import create_parser
from conversations.rendering.mathml import draw_formulas

__all__ = ["MAX_MARKDOWN", "plain", "render", "stored", "with_formulas"]

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
    # Only the end of a generation, an import and made-up conversations write Message.html (services/generations.py,
    # services/bringing.py, demo/), and write what these two return, which escape all text.
    return mark_safe(html)  # noqa: S308 -- made by `render` or `plain`, which escape all text


def with_formulas(html: SafeString) -> SafeString:
    """Return stored HTML with its formulas drawn as MathML, for documents without the site's modules."""
    # Safe: `html` is, and what stands in place of a formula is written by ElementTree, which escapes text and values,
    # from a list of elements and attributes, of which none runs, has a style or leads elsewhere (mathml.py).
    return mark_safe(draw_formulas(html))  # noqa: S308 -- escaped by ElementTree


def _split(text: str) -> tuple[str, str]:
    """Return what of `text` is drawn as Markdown, ending with a line where it can, and the rest."""
    if len(text) <= MAX_MARKDOWN // 2:
        return text, ""
    head = text.encode("utf-16-le", "surrogatepass")[: 2 * MAX_MARKDOWN].decode("utf-16-le", "ignore")
    if len(head) == len(text):
        return text, ""
    end = head.rfind("\n") + 1 or len(head)
    return text[:end], text[end:]
