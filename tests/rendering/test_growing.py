"""What a text looks like before it is whole."""

import re
from random import Random

import pytest

from tests.rendering.drawing import CORPUS, Drawing, pieces
from tests.rendering.test_equality import LINES

TASK_LIST = (
    "1. Step one:\n   ```bash\n   ls\n   ```\n   Then:\n   ```bash\n   pwd\n   ```\n2. Next\n\n3. Third"
)
TABLE = "| a | b |\n|---|---|\n"
HALF_FENCE = ["```\n`", "`", "x\ny\n", "  ", "`", "``", "x"]


# A link definition that is half written gives brackets far above it their meaning only once it is complete.
REACHES_BACK = re.compile(r"\]:")


@pytest.mark.parametrize("name", [name for name, text in CORPUS.items() if not REACHES_BACK.search(text)])
def test_a_text_that_grows_looks_as_if_it_had_come_at_once(drawing: Drawing, name: str) -> None:
    random = Random(name)
    assert drawing.jumps([pieces(CORPUS[name], random) for _ in range(3)]) == []


def test_lines_in_random_order_look_as_if_they_had_come_at_once(drawing: Drawing) -> None:
    random = Random(5)
    lines = [line for line in LINES.replace("¦\n", "¦").split("¦") if not REACHES_BACK.search(line)]
    texts = ["\n".join(random.choices(lines, k=random.randint(2, 10))) for _ in range(150)]
    assert drawing.jumps([pieces(text, random) for text in texts]) == []


def test_code_in_a_list_that_turns_loose_keeps_its_buttons(drawing: Drawing) -> None:
    assert drawing.jumps([list(TASK_LIST)]) == []
    assert drawing.shown(list(TASK_LIST)).count("<button") == 2


def test_half_of_a_closing_fence_is_not_shown_and_comes_once(drawing: Drawing) -> None:
    assert drawing.jumps([HALF_FENCE]) == []
    assert '<code tabindex="0"></code>' in drawing.shown(HALF_FENCE[:2])
    assert '<code tabindex="0">``x\ny\n</code>' in drawing.shown(HALF_FENCE[:5])
    assert '<code tabindex="0">``x\ny\n  ```x</code>' in drawing.shown(HALF_FENCE)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bo", "<strong>bo</strong>"),
        ("**bold*", "<strong>bold</strong>"),
        ("**bold**", "<strong>bold</strong>"),
        ("**bold *it", "<strong>bold <em>it</em></strong>"),
        ("这是**重点", "这是<strong>重点</strong>"),
        ("**注意：", "<strong>注意：</strong>"),
        ("**注意：**", "<strong>注意：</strong>"),
        ("**注意：**请", "<strong>注意：</strong>请"),
        ("a ~~old", "a <s>old</s>"),
        ("`co", "<code>co</code>"),
        ("``a ` b", "<code>a ` b</code>"),
        ("**a `co", "<strong>a <code>co</code></strong>"),
        ("costs $5 and **bo", "costs $5 and <strong>bo</strong>"),
        ("first\n**bo", "first<br>\n<strong>bo</strong>"),
    ],
)
def test_what_is_open_at_the_end_is_drawn_as_if_it_were_closed(
    drawing: Drawing, text: str, html: str
) -> None:
    assert drawing.shown(list(text)) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("[text](http", "text"),
        ("see [the docs](https://docs.example/very/lo", "see the docs"),
        ("![a *red* bird](https://e.com/b.png", "a <em>red</em> bird"),
        ('**see [a](http://b.c/(d) "ti', "<strong>see a</strong>"),
        ("[a](is text", "[a](is text"),
    ],
)
def test_of_a_link_without_its_end_only_the_words_are_shown(drawing: Drawing, text: str, html: str) -> None:
    assert drawing.shown(list(text)) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3",
        "2 * 3 * 4 *5",
        "2*3 = 6",
        "2**8 bits",
        "a snake_case_name",
        "10~20",
        "`**a` b",
        "`a*b",
        "$x*y",
        "\\(a **b",
        "\\[ *a",
        "costs $5 and $6",
        "\\*a",
        "**a\nb",
    ],
)
def test_what_opens_nothing_is_not_closed(drawing: Drawing, text: str) -> None:
    shown = drawing.shown(list(text))
    assert not any(tag in shown for tag in ("<strong>", "<em>", "<s>"))
    assert shown.count("*") == text.count("*")


@pytest.mark.parametrize(
    "text", ["**a\n\n    **a", "**a\n\n```\n**a", "- **a\n\n---", "**a\n", TABLE + "**a | b |"]
)
def test_lines_that_are_over_are_drawn_as_they_are(drawing: Drawing, text: str) -> None:
    assert "<strong>" not in drawing.shown(list(text))


def test_the_cell_that_is_written_is_closed_too(drawing: Drawing) -> None:
    assert "<td><strong>x</strong></td>" in drawing.shown(list(TABLE + "| **x"))
