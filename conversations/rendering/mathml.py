"""Formulas as MathML, for documents that are read without the site: browsers draw it by themselves.

On the site KaTeX draws them (static/js/markdown/formulas.js). What cannot be translated stays as it was written.
"""

import html
import re
from xml.etree.ElementTree import Element, tostring

from latex2mathml import converter

from .characters import without_unfit

# As long as the page draws.
_MAX_FORMULA = 2048
# The formulas in what `render` wrote: text in it has no such signs.
_FORMULA = re.compile(r'<(span|div) class="math"( data-display="")?><code>([^<]*)</code></\1>')
# https://www.w3.org/TR/mathml-core/, without what leads elsewhere, has a style or runs.
_TAGS = (
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover"
    " munderover mmultiscripts mprescripts none mtable mtr mtd menclose merror"
)
_ATTRIBUTES = (
    "display stretchy mathvariant mathcolor linethickness accent accentunder fence form separator lspace rspace"
    " width height depth columnalign rowspacing columnspacing columnlines rowlines minsize maxsize movablelimits"
    " displaystyle scriptlevel largeop symmetric notation"
)
_VALUE = re.compile(r"[\w .%#+-]{0,60}")
_SPACE = "http://www.w3.org/1998/Math/MathML"
# The same to the eye; the translator knows the second ones only.
_SAME = {r"{aligned}": r"{align}", r"{gathered}": r"{align}", r"\dfrac": r"\frac", r"\tfrac": r"\frac"}


def draw_formulas(page: str) -> str:
    """Return stored HTML with its formulas as MathML."""
    return _FORMULA.sub(_drawn, page)


def _drawn(found: re.Match[str]) -> str:
    source = html.unescape(found[3])
    display = found[1] == "div" or bool(found[2])
    try:
        element = _translated(source, "block" if display else "inline")
    except Exception:  # noqa: BLE001 -- the translator fails in many ways, deep formulas end its stack
        return found[0]
    return tostring(element, encoding="unicode") if element is not None else found[0]


def _translated(source: str, display: str) -> Element | None:
    """Return the formula, None where it has something that a page must not have."""
    if len(source) > _MAX_FORMULA:
        return None
    for name, same in _SAME.items():
        source = source.replace(name, same)
    element = converter.convert_to_element(source, display=display)
    return element if all(_is_fit(one) for one in element.iter()) else None


def _is_fit(one: Element) -> bool:
    """Make what is left of the translator's entities characters, and look at tag and attributes."""
    if one.tag not in _TAGS.split():
        return False
    one.text = without_unfit(html.unescape(one.text or ""))
    # The name of a command that the translator does not know.
    if one.text.startswith("\\") and len(one.text) > 1:
        return False
    for name, value in one.attrib.items():
        is_space = name == "xmlns" and value == _SPACE
        if not is_space and (name not in _ATTRIBUTES.split() or not _VALUE.fullmatch(value)):
            return False
    return True
