r"""Formulas: `$…$` and `\(…\)` in a line; `$$…$$` and `\[…\]` displayed, within a paragraph or as a block.

A dollar is money more often than not, so `$…$` is a formula only where nothing speaks against it: it stays in
one line, its ends touch no blanks, no letter or digit stands before it and no digit behind. No formula in a
paragraph holds a backtick, as code comes first. A block begins with a line and ends with the closing pair or
before a blank line, so that no line far below changes it.

The stored HTML holds the source of a formula as code; the page draws it. What is never closed is shown as it is.

The browser's half is `static/js/markdown/math.js`.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

# UTF-16 units of a formula in a paragraph, as browsers count them; what is longer is text, and a longer block is
# not drawn.
_MAX_FORMULA = 2048
_CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_BLANKS = " \t\n"
_WORD = re.compile(r"[A-Za-z0-9]")
_DIGIT = re.compile(r"[0-9]")


def _find_closing(src: str, closing: str, start: int, end: int) -> int:
    """Return where `closing` stands in `src`, not escaped by a backslash; -1 if it does not before `end`."""
    pos = src.find(closing, start, end)
    while pos >= 0:
        before = pos
        while before > start and src[before - 1] == "\\":
            before -= 1
        if (pos - before) % 2 == 0:
            return pos
        pos = src.find(closing, pos + 1, end)
    return -1


def _next_closing(state: StateInline, closing: str, start: int) -> int:
    """Return where the next `closing` from `start` on stands; the end of the text if there is none."""
    # An answer holds for all openings before it, so that a text of many openings is searched once.
    known: dict[str, tuple[int, int]] = vars(state).setdefault("closings", {})
    since, found = known.get(closing, (0, -1))
    if not since <= start <= found:
        found = _find_closing(state.src, closing, start, len(state.src))
        found = found if found >= 0 else len(state.src)
        known[closing] = start, found
    return found


def _opening(src: str, pos: int) -> str:
    """Return the pair or the dollar that opens a formula at `pos`, or an empty string."""
    pair = src[pos : pos + 2]
    if pair in _CLOSING:
        return "" if src[pos : pos + 3] == "$$$" or (pair == "$$" and src[pos - 1 : pos] == "$") else pair
    before = src[pos - 1] if pos else " "
    is_dollar = pair[:1] == "$" and pair[1:] not in _BLANKS
    return "$" if is_dollar and before != "$" and not _WORD.match(before) else ""


def _is_formula(content: str, opening: str, after: str) -> bool:
    """Return whether `content`, between `opening` and a closing before `after`, is a formula of a paragraph."""
    if "`" in content or not content.strip(_BLANKS):
        return False
    if len(content.encode("utf-16-le", "surrogatepass")) > 2 * _MAX_FORMULA:
        return False
    if opening != "$":
        return after != "$" or opening != "$$"
    return content[-1] not in _BLANKS and "\n" not in content and after != "$" and not _DIGIT.match(after)


def _inline(state: StateInline, silent: bool) -> bool:
    """Inline rule: a formula in a paragraph."""
    if state.src[state.pos] not in "$\\":
        return False
    opening = _opening(state.src, state.pos)
    if not opening:
        return False
    closing = _CLOSING.get(opening, "$")
    start = state.pos + len(opening)
    end = _next_closing(state, closing, start)
    after = end + len(closing)
    if after > state.posMax or end - start > _MAX_FORMULA:
        return False
    if not _is_formula(state.src[start:end], opening, state.src[after : after + 1]):
        return False
    if not silent:
        token = state.push("math_inline", "span", 0)
        token.content = state.src[start:end].strip(_BLANKS)
        token.markup = opening
    state.pos = after
    return True


def _closes_another(state: StateBlock, start: int, opening: str) -> bool:
    """Return whether the paragraph above the line `start` has a `$$` that waits for the one there."""
    if state.parentType != "paragraph" or opening != "$$":
        return False
    above = state.src[state.bMarks[state.line] : state.bMarks[start]]
    last = above.rfind("$$")
    return last >= 0 and above.count("$$", above.rfind("\n", 0, last) + 1) % 2 == 1


def _opens_block(state: StateBlock, start: int, opening: str) -> bool:
    """Return whether the line `start`, which begins with `opening`, begins a block."""
    begin, end = state.bMarks[start] + state.tShift[start] + 2, state.eMarks[start]
    if state.src[begin - 2 : begin + 1] == "$$$" or state.sCount[start] - state.blkIndent >= 4:
        return False
    close = _find_closing(state.src, _CLOSING[opening], begin, end)
    content, rest = state.src[begin:close].strip(_BLANKS), state.src[close + 2 : end].strip(_BLANKS)
    if close >= 0 and (rest or not content):
        return False
    return not _closes_another(state, start, opening)


def _block_end(state: StateBlock, start: int, end: int, closing: str) -> tuple[int, int]:
    """Return the line and the position of the closing pair; without one the line after the block, and -1."""
    pos = state.bMarks[start] + state.tShift[start] + 2
    for line in range(start, end):
        if line > start:
            if state.isEmpty(line) or state.sCount[line] < state.blkIndent:
                return line, -1
            pos = state.bMarks[line] + state.tShift[line]
        close = _find_closing(state.src, closing, pos, state.eMarks[line])
        if close >= 0:
            return line, close
    return end, -1


def _source(state: StateBlock, start: int, line: int, close: int) -> str:
    """Return the source of the block from the line `start` to the position `close` in `line`.

    Without a closing pair, that is where `close` is -1, the opening one belongs to it.
    """
    begin = state.bMarks[start] + state.tShift[start] + (2 if close >= 0 else 0)
    if line == start:
        return state.src[begin:close].strip(_BLANKS)
    lines = [state.src[begin : state.eMarks[start]]]
    if line > start + 1:
        lines.append(state.getLines(start + 1, line, state.blkIndent, False))
    if close >= 0:
        lines.append(state.src[state.bMarks[line] + state.tShift[line] : close])
    return "\n".join(lines).strip(_BLANKS)


def paragraph_rule(state: StateBlock) -> RuleFuncBlockType:
    """Return the block rule that makes paragraphs, which is the last one."""
    return state.md.block.ruler.getRules("")[-1]


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Block rule: a displayed formula of its own."""
    pos = state.bMarks[start] + state.tShift[start]
    opening = state.src[pos : pos + 2]
    if opening not in ("$$", "\\[") or not _opens_block(state, start, opening):
        return False
    if silent:
        return True
    line, close = _block_end(state, start, end, _CLOSING[opening])
    token = state.push("math_block", "div", 0)
    token.content = _source(state, start, line, close)
    token.markup = opening
    token.meta["open"] = close < 0
    state.line = line if close < 0 else line + 1
    token.map = [start, state.line]
    if close >= 0 and state.src[close + 2 : state.eMarks[line]].strip(_BLANKS):
        # The sentence goes on behind the formula: the rest of the line begins a paragraph.
        state.line = line
        state.bMarks[line], state.tShift[line] = close + 2, 0
        return paragraph_rule(state)(state, line, end, False)
    return True


def _render_inline(
    self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    attribute = ' data-display=""' if tokens[idx].markup in ("$$", "\\[") else ""
    return f'<span class="math"{attribute}><code>{escapeHtml(tokens[idx].content)}</code></span>'


def _render_block(
    self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[idx]
    attribute = "data-open" if token.meta["open"] else "data-display"
    return f'<div class="math" {attribute}=""><code>{escapeHtml(token.content)}</code></div>\n'


def add_math(md: MarkdownIt) -> None:
    """Add formulas to the parser `md`."""
    chains: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    md.inline.ruler.before("escape", "math_inline", _inline)
    md.block.ruler.after("fence", "math_block", _block, chains)
    md.add_render_rule("math_inline", _render_inline)
    md.add_render_rule("math_block", _render_block)
