"""The Markdown of answers as HTML: what people see."""

import re

import pytest

from conversations.rendering import render
from conversations.rendering.characters import clean
from tests.rendering.drawing import CORPUS

LINK = ' target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**注意：**请先保存", "<strong>注意：</strong>请先保存"),
        ("这是**“重点”**内容", "这是<strong>“重点”</strong>内容"),
        ("他说*（很轻）*好", "他说<em>（很轻）</em>好"),
        ("日本語**「強調」**です", "日本語<strong>「強調」</strong>です"),
        ("한국어 **강조(예)**입니다", "한국어 <strong>강조(예)</strong>입니다"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("~~旧~~新", "<s>旧</s>新"),
    ],
)
def test_emphasis_beside_cjk_characters(text: str, html: str) -> None:
    assert render(text) == f"<p>{html}</p>\n"


def test_single_line_break_is_kept() -> None:
    assert render("one\ntwo") == "<p>one<br>\ntwo</p>\n"


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("https://example.com/a?b=1#c", "https://example.com/a?b=1#c", ""),
        ("https://example.com/a.", "https://example.com/a", "."),
        ("https://example.com/路径，后面", "https://example.com/%E8%B7%AF%E5%BE%84", "，后面"),
        ("https://example.com。后面", "https://example.com", "。后面"),
        ("http://e.com/a_(b)", "http://e.com/a_(b)", ""),
        ("http://e.com/a)", "http://e.com/a", ")"),
    ],
)
def test_address_in_text_is_a_link(text: str, address: str, rest: str) -> None:
    shown = text.removesuffix(rest)
    assert render(text) == f'<p><a href="{address}"{LINK}>{shown}</a>{rest}</p>\n'


def test_address_in_code_is_no_link() -> None:
    assert "<a" not in render("`https://example.com` and\n\n    https://example.com")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//host",
        "/path",
        "#x",
        "blob:x",
        "ws://x",
        "file:///etc",
        "",
    ],
)
def test_other_addresses_are_no_links(address: str) -> None:
    assert "<a" not in render(f"[text]({address}) ![picture]({address}) <{address}>")


def test_picture_is_a_link_to_it() -> None:
    assert render("![a *red* bird](https://e.com/b.png)") == (
        f'<p><a href="https://e.com/b.png" class="picture"{LINK}>a red bird</a></p>\n'
    )


def test_picture_without_a_description_is_its_address() -> None:
    assert render("![](https://e.com/b.png)") == (
        f'<p><a href="https://e.com/b.png"{LINK}>https://e.com/b.png</a></p>\n'
    )


def test_picture_within_a_link_is_its_text() -> None:
    assert render("[![badge](https://e.com/b.svg)](https://e.com)") == (
        f'<p><a href="https://e.com"{LINK}>badge</a></p>\n'
    )


def test_code_names_its_language() -> None:
    assert render('```Python title="x"\nif a < b:\n```') == (
        '<pre class="code" data-language="python"><code tabindex="0">if a &lt; b:\n</code></pre>\n'
    )


def test_table_scrolls_in_a_box_and_aligns_by_classes() -> None:
    html = render("| a | b |\n|--|--:|\n| 1<br>2 | 3 |")
    assert html.startswith('<div class="table"><table>')
    assert '<td>1<br>\n2</td>\n<td class="right">3</td>' in html
    assert "style" not in html


def test_tasks_are_boxes() -> None:
    assert (
        '<li class="task"><label><input type="checkbox" disabled="" checked=""> done</label></li>'
        in render("- [x] done")
    )


def formula(source: str) -> str:
    return f'<span class="math"><code>{source}</code></span>'


def displayed(source: str) -> str:
    return f'<div class="math" data-display=""><code>{source}</code></div>\n'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("面积$S = \\pi r^2$，其中", "面积" + formula(r"S = \pi r^2") + "，其中"),
        ("**和$a_1 * b_1$是**", f"<strong>和{formula('a_1 * b_1')}是</strong>"),
        (r"\(a < b\) and \(c\\\)", formula("a &lt; b") + " and " + formula("c\\\\")),
        (r"the $n$th, $\$5$", "the " + formula("n") + "th, " + formula(r"\$5")),
        ("so $$x$$ is", 'so <span class="math" data-display=""><code>x</code></span> is'),
        ("so \\[\nx\n\\]", 'so <span class="math" data-display=""><code>x</code></span>'),
    ],
)
def test_formula_in_a_paragraph(text: str, html: str) -> None:
    assert render(text) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $6",
        "$5, $6, US$7/US$8 and 9$",
        "a $ b $ c",
        "$x$5 and $ y$ and $y $",
        r"\$a\$",
        "so $$ and $",
        "$$$x$$$",
        r"\\(a\\)",
        "$" + "x" * 2049 + "$",
    ],
)
def test_dollars_that_are_no_formula(text: str) -> None:
    assert "math" not in render(text)


@pytest.mark.parametrize(
    "text", ["cost $5 in `$x`", "`$a$` and `\\(b\\)`", "```\n$$\nx\n$$\n```", "    $$x$$"]
)
def test_formulas_in_code_are_code(text: str) -> None:
    assert "math" not in render(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("$$\nx\n- y\n+ z\n$$", displayed("x\n- y\n+ z")),
        ("so\n\\[ x \\]\nand", f"<p>so</p>\n{displayed('x')}<p>and</p>\n"),
        ("$$\nx\n$$, **with** y", f"{displayed('x')}<p>, <strong>with</strong> y</p>\n"),
        ("> $$\n> x\n> $$", f"<blockquote>\n{displayed('x')}</blockquote>\n"),
        ("1. a\n   $$\n   x\n   y\n   $$", "<ol>\n<li>a" + displayed("x\ny") + "</li>\n</ol>\n"),
        ("$$\n<b>", '<div class="math" data-open=""><code>$$\n&lt;b&gt;</code></div>\n'),
        ("$$x\n\n# h", '<div class="math" data-open=""><code>$$x</code></div>\n<h1>h</h1>\n'),
    ],
)
def test_formula_as_a_block(text: str, html: str) -> None:
    assert render(text) == html


def test_html_is_text() -> None:
    assert render("<b>x</b> & y") == "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>\n"


def test_quotes_and_lists_that_are_too_deep_stay_as_text() -> None:
    quotes = render("> " * 30 + "end")
    assert quotes.count("<blockquote>") == 8
    assert "end" in quotes
    lists = render("\n".join("  " * depth + f"- {depth}" for depth in range(30)))
    assert lists.count("<ul>") == 8
    assert "- 29" in lists


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("a\x00b\x07c\x7fd\x85e\tf", "abcde\tf"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("a\u202eb\u2066c", "a⟨U+202E⟩b⟨U+2066⟩c"),
        ("a\u2028b\u2029c\ufeffd", "a\nb\ncd"),
        ("family 👩\u200d👩\u200d👧, שלום", "family 👩\u200d👩\u200d👧, שלום"),
    ],
)
def test_invisible_characters(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert cleaned.split("\n", maxsplit=1)[0] in render(text)


SEEN_THROUGH = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"


@pytest.mark.parametrize("name", CORPUS)
def test_no_text_has_characters_that_a_page_must_not_show(name: str) -> None:
    assert re.findall(SEEN_THROUGH, render(CORPUS[name])) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<http://a.example/%00>", "http://a.example/%00"),
        ("<http://a.example/%E2%80%AEgpj.exe>", "http://a.example/%E2%80%AEgpj.exe"),
        ("<http://xn--pple-43d.com>", "http://xn--pple-43d.com"),
    ],
)
def test_address_in_angles_is_shown_as_it_is_written(text: str, shown: str) -> None:
    assert f">{shown}</a>" in render(text)


def test_characters_that_entities_make_are_seen_or_gone() -> None:
    assert render("&#x202e;a&#xE0041;b") == "<p>⟨U+202E⟩ab</p>\n"
    assert 'title="t⟨U+202E⟩t"' in render('[a](http://b "t&#x202e;t")')


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("\u3000\u3000春眠不觉晓\u3000", "<p>\u3000\u3000春眠不觉晓\u3000</p>\n"),
        ("# \u3000标题", "<h1>\u3000标题</h1>\n"),
        ("\u3000标题\n===", "<h1>\u3000标题</h1>\n"),
    ],
)
def test_indent_of_chinese_paragraphs_is_kept(text: str, html: str) -> None:
    assert render(text) == html
