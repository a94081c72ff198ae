"""Emphasis beside Chinese, Japanese and Korean characters.

CommonMark decides by the characters beside `**` whether it can open or close, and takes full-width
punctuation for the edge of a word: `**注意：**请先` stays as it is. The rule here is that of the npm package
markdown-it-cjk-friendly, which the browser uses; a test compares them over all characters.
Its text: https://github.com/tats-u/markdown-cjk-friendly/blob/main/specification.md
"""

import re
import unicodedata

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

# Hangul that is not wide by itself: vowels and final consonants, written after a wide initial.
_NEUTRAL_HANGUL = re.compile("[\u1160-\u11ff\ud7b0-\ud7c6\ud7cb-\ud7fb]")
# Wide since Unicode 16, which not every Python knows: symbols of the Book of Changes and counting rods.
_NEWLY_WIDE = re.compile(
    "[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376]"
)
# Brackets and squared ideographs, wide without being emoji though they stand among them.
_WIDE_AMONG_EMOJI = re.compile(
    "[\u2329\u232a\u2630-\u2637\u268a-\u268f\U0001f200\U0001f202\U0001f210-\U0001f219\U0001f21b-\U0001f22e"
    "\U0001f230\U0001f231\U0001f237\U0001f23b\U0001f240-\U0001f248\U0001f260-\U0001f265]"
)
_EMOJI = re.compile("[\u231a-\u2b55\U0001f004-\U0001faff]")
_QUOTATION_MARK = re.compile("[\u2018\u2019\u201c\u201d]")
_VARIATION_SELECTOR = re.compile("[\ufe00-\ufe0e]")
_IDEOGRAPHIC_SELECTOR = re.compile("[\U000e0100-\U000e01ef]")


def is_cjk(char: str) -> bool | None:
    """Return whether `char` is Chinese, Japanese or Korean; None where that depends on its neighbours."""
    if char < "\u1100" or unicodedata.category(char) == "Cn":
        return False
    width = unicodedata.east_asian_width(char)
    if width == "A":
        return None
    if width == "W":
        return not _EMOJI.match(char) or bool(_WIDE_AMONG_EMOJI.match(char))
    return width in ("F", "H") or bool(_NEUTRAL_HANGUL.match(char) or _NEWLY_WIDE.match(char))


def _ends_cjk(text: str) -> bool:
    """Return whether `text`, which ends where a delimiter begins, ends with a CJK character."""
    last = text[-1:]
    if len(text) > 1 and _VARIATION_SELECTOR.match(last):
        found = is_cjk(text[-2])
        return last == "\ufe01" and bool(_QUOTATION_MARK.match(text[-2])) if found is None else found
    found = is_cjk(last) if last else False
    return bool(_IDEOGRAPHIC_SELECTOR.match(last)) if found is None else found


def _is_punctuation(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) or isPunctChar(char)


class CjkStateInline(StateInline):
    """Inline state with the CJK-friendly rule for delimiters."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 markdown-it's names
        """Return how long the run of delimiters at `start` is, and whether it can open and close emphasis."""
        marker = self.src[start]
        end = start
        while end < self.posMax and self.src[end] == marker:
            end += 1
        before = self._main_char_before(start)
        after = self.src[end] if end < self.posMax else " "
        space_before, space_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
        if space_before or space_after:
            return Scanned(not space_after, not space_before, end - start)
        can_open, can_close = _is_punctuation(before), _is_punctuation(after)
        if canSplitWord:
            cjk = is_cjk(after) or _ends_cjk(self.src[max(start - 2, 0) : start])
            can_open, can_close = cjk or can_open or not can_close, cjk or can_close or not can_open
        return Scanned(can_open, can_close, end - start)

    def _main_char_before(self, start: int) -> str:
        """Return the character before `start`, not a variation selector; a space at the beginning."""
        last = self.src[start - 1] if start else " "
        if _VARIATION_SELECTOR.match(last):
            selected = self.src[start - 2] if start > 1 else " "
            if unicodedata.category(selected) != "Zs":
                return selected
        return last


class CjkParserInline(ParserInline):
    """Inline parser whose delimiters follow the CJK-friendly rule."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Parse `src` and append its tokens to `tokens`."""
        state = CjkStateInline(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens
