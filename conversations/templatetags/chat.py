"""Small things that templates draw again and again."""

import functools

from django import template
from django.templatetags.static import static
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from chatsite import modules
from conversations.rendering.characters import without_unfit

register = template.Library()


@register.simple_tag
@functools.cache
def icon(name: str) -> SafeString:
    """Draw an icon of the sprite (names: `chatsite.staticfiles.ICONS`), without meaning to a screen reader."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name
    )


@register.simple_tag
def module(entry: str) -> SafeString:
    """Load the module `entry` (a static file), and ask for all that it needs in the same moment."""
    preloads = [(address,) for address in modules.needed_by(entry)]
    script = format_html('<script type="module" src="{}"></script>', static(entry))
    return format_html_join("\n", '<link rel="modulepreload" href="{}">', preloads) + script


@register.filter(is_safe=True)
def harmless(html: str) -> str:
    """Return HTML without characters that deceive: control codes, and those that turn the direction of text."""
    return without_unfit(html)


@register.filter
def as_characters(count: int) -> str:
    """Return the length of a text in words, as the browser's modules write it."""
    figure = number_format(count, 0, use_l10n=True, force_grouping=True)
    return gettext("{count} characters").replace("{count}", figure)
