"""The Markdown dialect of answers: what is on, what is off, and the HTML of each part.

CommonMark with tables and strikethrough as in GitHub's, plus: a single line break breaks, `https://…` is a
link as it stands, `- [x]` is a task, `<br>` breaks (models write it in tables), emphasis works beside CJK
characters, formulas (see `math.py`). Minus: raw HTML, pictures (each becomes a link, so that reading an answer
asks nobody for anything), links other than http, https and mailto, and style attributes, which the site's
Content-Security-Policy refuses.

The browser's half is `static/js/markdown/dialect.js`.
"""

import re
from collections.abc import Sequence
from types import FunctionType
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, heading, lheading, paragraph
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from conversations.rendering.cjk import CjkParserInline
from conversations.rendering.math import add_math, paragraph_rule

# Letters are spelled out: ignoring case means other letters in browsers than in Python.
_SAFE_LINK = re.compile(r"(?:[Hh][Tt]{2}[Pp][Ss]?|[Mm][Aa][Ii][Ll][Tt][Oo]):")
_SCHEME = re.compile(r"(?:^|[^A-Za-z0-9+.-])([Hh][Tt]{2}[Pp][Ss]?)\Z")
# Letters of Chinese, Japanese, Korean and European languages belong to a path, their punctuation ends it.
_ADDRESS = re.compile(
    r"://[A-Za-z0-9\[][A-Za-z0-9._~:@%\[\]-]{0,253}"
    r"(?:[/?#][A-Za-z0-9._~:/?#@!$&'()+,;=%\[\]\u00c0-\u024f\u3040-\u30fa\u3400-\u9fff\uac00-\ud7a3-]{0,2000})?"
)
_LINE_BREAK = re.compile(r"<[Bb][Rr] ?/?>")
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_LANGUAGE = re.compile(r"[a-z0-9+#._-]{1,30}")
# How deep quotes, and blocks of all kinds, may stand in one another (a list with its item counts as two).
# What is deeper is text. A quote costs its depth for every line in it.
_MAX_QUOTE_LEVEL = 8
_MAX_LEVEL = 16
_ALIGNMENT = re.compile(r"text-align:(\w+)")


class Renderer(RendererHTML):
    """HTML of the parts that differ from markdown-it's own."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return fenced code; the page adds colours and a copy button by `data-language`."""
        language = _LANGUAGE.match(tokens[idx].info.strip(" \t").lower())
        attribute = f' data-language="{language[0]}"' if language else ""
        return f'<pre class="code"{attribute}><code tabindex="0">{escapeHtml(tokens[idx].content)}</code></pre>\n'

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return indented code."""
        return f'<pre class="code"><code tabindex="0">{escapeHtml(tokens[idx].content)}</code></pre>\n'

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the start of a table within a box that can scroll sideways."""
        return '<div class="table"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the end of a table."""
        return "</table></div>\n"

    def task(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the box of a task and the start of its words, which are its label."""
        checked = ' checked=""' if tokens[idx].markup != " " else ""
        return f'<label><input type="checkbox" disabled=""{checked}> '

    def task_end(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the end of a task's words."""
        return "</label>"


def _trim_address(address: str) -> str:
    """Return `address` without the punctuation at its end that belongs to the sentence around it."""
    while (last := address[-1]) in ".,:;!?'_~([" or (
        last in ")]" and address.count(last) > address.count("(" if last == ")" else "[")
    ):
        address = address[:-1]
    return address


def _bare_link(state: StateInline, silent: bool) -> bool:
    """Inline rule: an http or https address in the text is a link."""
    if state.src[state.pos] != ":" or state.linkLevel > 0:
        return False
    scheme = _SCHEME.search(state.pending[-8:])
    address = _ADDRESS.match(state.src, state.pos, state.posMax)
    if not scheme or not address:
        return False
    rest = _trim_address(address[0])
    url = scheme[1] + rest
    href = state.md.normalizeLink(url)
    if len(rest) <= 3 or not state.md.validateLink(href):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        state.push("link_open", "a", 1).attrs = {"href": href}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(rest)
    return True


def _line_break(state: StateInline, silent: bool) -> bool:
    """Inline rule: `<br>` is a line break."""
    match = _LINE_BREAK.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = match.end()
    return True


def _backslash(state: StateInline, silent: bool) -> bool:
    """Inline rule of the browser's library: a backslash before a blank leaves the blank alone, which may end a line."""
    if state.src[state.pos : state.pos + 2] != "\\ ":
        return False
    if not silent:
        token = state.push("text_special", "", 0)
        token.content = token.markup = "\\"
        token.info = "escape"
    state.pos += 1
    return True


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Block rule: what stands too deep is a paragraph; markdown-it's own limit would drop the text."""
    if silent or state.level < _MAX_QUOTE_LEVEL:
        return False
    is_quote = state.src[state.bMarks[start] + state.tShift[start]] == ">"
    return (is_quote or state.level >= _MAX_LEVEL) and paragraph_rule(state)(state, start, end, False)


def _trim(text: str) -> str:
    return text.strip(" \t\n\r")


def _with_browsers_blanks(rule: RuleFuncBlockType) -> RuleFuncBlockType:
    """Return the library's block `rule`, trimming text as the browser's library does.

    That one takes away ASCII blanks only, so a paragraph keeps U+3000, with which Chinese ones are indented. The rule
    is the library's own code with another helper: a copy of it would miss what is mended there, and another helper in
    the library's module would change it for everybody.
    """
    rule = cast("FunctionType", rule)
    return FunctionType(rule.__code__, {**rule.__globals__, "mdTrim": _trim}, rule.__name__)


def _is_safe(url: str) -> bool:
    return bool(_SAFE_LINK.match(url))


def _as_written(link: str) -> str:
    """Return an address as it is shown: decoded, it may show other letters, or characters that were taken away."""
    return link


def _guard_links(state: StateCore) -> None:
    """Core rule: links open elsewhere and tell nothing; pictures become links, or text inside a link."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = _guarded(token.children)


def _guarded(tokens: list[Token]) -> list[Token]:
    guarded: list[Token] = []
    inside_link = False
    for token in tokens:
        if token.type == "image":
            guarded += _linked_picture(token, inside_link)
        elif token.type == "link_open":
            # An empty address is not asked about while parsing.
            inside_link = _is_safe(str(token.attrs["href"]))
            if inside_link:
                token.attrs.update(target="_blank", rel="noopener noreferrer nofollow")
                guarded.append(token)
        elif token.type != "link_close":
            guarded.append(token)
        elif inside_link:
            inside_link = False
            guarded.append(token)
    return guarded


def _linked_picture(image: Token, inside_link: bool) -> list[Token]:
    """Return tokens of a picture's description, leading to the picture unless inside a link already."""
    address = str(image.attrs["src"])
    text = Token("text", "", 0)
    described = _words(image.children or [])
    text.content = described or address
    if inside_link or not _is_safe(address):
        return [text]
    attrs: dict[str, str | int | float] = {"href": address}
    if described:
        attrs["class"] = "picture"  # by which the page shows the address, too
    attrs |= {"target": "_blank", "rel": "noopener noreferrer nofollow"}
    return [Token("link_open", "a", 1, attrs=attrs), text, Token("link_close", "a", -1)]


def _words(tokens: list[Token]) -> str:
    """Return the text of inline `tokens` without their markup."""
    return "".join(_words(token.children) if token.children else token.content for token in tokens)


def _mark_tasks(state: StateCore) -> None:
    """Core rule: a list item that begins with `[ ]` or `[x]` is a task."""
    for item, block, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if item.type != "list_item_open" or block.type != "paragraph_open" or not inline.children:
            continue
        first = inline.children[0]
        match = _TASK.match(first.content) if first.type == "text" else None
        if match:
            first.content = first.content[match.end() :]
            inline.children.insert(0, Token("task", "", 0, markup=match[1]))
            inline.children.append(Token("task_end", "", 0))
            item.attrSet("class", "task")


def _align_cells(state: StateCore) -> None:
    """Core rule: the alignment of table cells is a class."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            alignment = _ALIGNMENT.match(str(token.attrs.pop("style")))
            token.attrs["class"] = alignment[1] if alignment else ""


def create_parser() -> MarkdownIt:
    """Return a parser of the dialect; its `render` may be called from several threads."""
    md = MarkdownIt("js-default", {"html": False, "breaks": True, "maxNesting": 20}, renderer_cls=Renderer)
    inline = CjkParserInline()
    md.inline = inline
    md.validateLink = _is_safe  # type: ignore[method-assign]
    md.normalizeLinkText = _as_written  # type: ignore[method-assign]
    md.block.ruler.at(
        "heading", _with_browsers_blanks(heading), {"alt": ["paragraph", "reference", "blockquote"]}
    )
    md.block.ruler.at("lheading", _with_browsers_blanks(lheading))
    md.block.ruler.at("paragraph", _with_browsers_blanks(paragraph))
    md.block.ruler.before("blockquote", "too_deep", _too_deep)
    inline.ruler.before("autolink", "line_break", _line_break)
    inline.ruler.before("linkify", "bare_link", _bare_link)
    add_math(md)
    inline.ruler.before("escape", "backslash", _backslash)
    for name, rule in (
        ("guard_links", _guard_links),
        ("mark_tasks", _mark_tasks),
        ("align_cells", _align_cells),
    ):
        md.core.ruler.push(name, rule)
    return md
