"""Characters that a page must not show as they are.

The browser's half is `static/js/markdown/characters.js`.
"""

import re

_LINE_END = re.compile(r"\r\n?")
# A terminal's colour and cursor codes, https://ecma-international.org/publications-and-standards/standards/ecma-48/
_TERMINAL_CODE = re.compile(r"\x1b\[[0-9:;?]{0,32}[ -/]{0,2}[@-~]")
# Other control characters, and the tag characters, which carry text that nobody sees.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\U000e0000-\U000e007f]")
# Characters that turn the direction of what follows: code can be made to read otherwise than it runs
# (https://trojansource.codes). The letters of right-to-left scripts need none of them.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Return `text` with `\\n` at line ends, no control codes, and direction controls spelled out."""
    text = _LINE_END.sub("\n", text)
    text = _TERMINAL_CODE.sub("", text)
    text = _INVISIBLE.sub("", text)
    return _DIRECTION.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)
