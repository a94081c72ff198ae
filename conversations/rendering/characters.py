"""Characters that a page must not show as they are.

The browser's half is `static/js/markdown/characters.js`.
"""

import re

_LINE_END = re.compile("\r\n?|[\u2028\u2029]")
# A terminal's colour and cursor codes, https://ecma-international.org/publications-and-standards/standards/ecma-48/
_TERMINAL_CODE = re.compile(r"\x1b\[[0-9:;?]{0,32}[ -/]{0,2}[@-~]")
# Control characters; the tag characters, which carry text that nobody sees; the mark of byte order, which the parsers
# of browser and server take for a blank or not. Then, kept apart by a group, what turns the direction of what follows:
# code can be made to read otherwise than it runs (https://trojansource.codes). The letters of right-to-left scripts
# need none of them.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\U000e0000-\U000e007f]|([\u202a-\u202e\u2066-\u2069])"
)


def clean(text: str) -> str:
    """Return `text` with `\\n` at line ends, no control codes, and direction controls spelled out."""
    return without_unfit(_TERMINAL_CODE.sub("", _LINE_END.sub("\n", text)))


def without_unfit(text: str) -> str:
    """Return `text` without the single characters that `clean` takes away; safe for HTML, of which it eats nothing."""
    return _UNFIT.sub(lambda match: f"⟨U+{ord(match[1]):04X}⟩" if match[1] else "", text)
