"""What the browser draws while an answer is written equals what the server stores, wherever it was cut."""

import sys
import unicodedata
from random import Random

import pytest
from markdown_it.rules_inline.state_inline import Scanned

from conversations.rendering import MAX_MARKDOWN
from conversations.rendering.cjk import CjkStateInline
from conversations.rendering.dialect import create_parser
from tests.rendering.drawing import CORPUS, Case, Drawing, cases, pieces, run_node

# Lines that change one another's meaning; joined at random they make shapes that nobody thinks of.
LINES = """# h¦- a¦- b¦  c¦    code¦1. x¦2) y¦10. z¦* s¦> q¦> - n¦```py¦```¦~~~¦| a | b |¦a|b¦|---|:-:|¦--|--¦x | y¦
para **b** `c`¦[foo]¦[foo]: http://u.e/¦[foo]: http://second/ 't'¦[bar]: <http://b>¦"title"¦'ti¦tle'¦---¦===¦
-¦*¦+¦***¦- [ ] t¦- [x] **d**¦   - nested¦      - deep¦\tcode¦  ¦中文**注意：**请¦- - -¦1.¦1. ¦-   ¦> ¦a<br>b¦
    ¦$$¦$$x$$¦$$ y¦  $$ z¦a $$¦> $$¦- $$¦\\[¦\\]¦\\[ a \\] b¦+ c \\]¦$a$ \\(b\\) $1 $2¦= d¦\\(¦\\)¦| $a$ | \\[b\\] |¦
[x][foo] ![i](http://i/p.png)¦https://x.y/z).¦**open¦`open¦<b>h</b>¦- ```¦  ```¦  text¦- > q¦\r¦¦¦¦
\u3000\u3000缩进¦\u3000¦- \u3000x¦# \u3000t\u3000 #¦\u3000**b**\u3000¦| \u3000a | b\u00a0 |¦\u00a0¦
\u00a0x\u00a0¦> \u3000¦[\ufefffoo]¦\ufeff¦| \ufeffa | \ufeff |¦a\u2028b¦\u2029¦\ufeff[foo]: http://v.e/¦
[fo\u2028o]¦&#x202e;¦<http://a.e/%00>¦a \\ ¦\\  """


def report(differences: list[tuple[Case, str, str]]) -> str:
    return "\n\n".join(
        f"pieces {case.pieces}\nlive   {live!r}\nstored {stored!r}" for case, live, stored in differences[:3]
    )


def assert_equal(drawing: Drawing, wanted: list[Case]) -> None:
    differences = drawing.differences(wanted)
    assert not differences, report(differences)


def test_commonmark_examples(drawing: Drawing) -> None:
    random = Random(1)
    examples: list[str] = run_node("examples.mjs", {}, drawing.directory)
    assert len(examples) == 652
    # Most examples link to paths, which are no links here: with addresses instead, they are.
    linked = [text.replace("/ur", "https://u.example/") for text in examples if "/ur" in text]
    assert_equal(drawing, [case for text in examples + linked for case in cases(text, random, cuts=1)])


@pytest.mark.parametrize("name", CORPUS)
def test_answers(drawing: Drawing, name: str) -> None:
    assert_equal(drawing, cases(CORPUS[name], Random(name), cuts=12))


def test_lines_in_random_order(drawing: Drawing) -> None:
    random = Random(3)
    lines = LINES.replace("¦\n", "¦").split("¦")
    texts = ["\n".join(random.choices(lines, k=random.randint(2, 12))) for _ in range(150)]
    assert_equal(drawing, [case for text in texts for case in cases(text, random, cuts=1)])


@pytest.mark.parametrize("line", ["一行**中文**。\n", "- item 😀\n", "no line end 😀 "])
def test_text_beyond_the_limit(drawing: Drawing, line: str) -> None:
    text = "```\n" + line * (MAX_MARKDOWN // len(line))
    assert_equal(drawing, [Case(text, [text[:100], text[100:]])])
    text = text.removeprefix("```") + "\n**rest** <b>"
    random = Random(4)
    end = MAX_MARKDOWN // 2
    assert_equal(
        drawing, [Case(text, [text[:end], *pieces(text[end : end + 400], random), text[end + 400 :]])]
    )


def test_delimiters_beside_every_character(drawing: Drawing) -> None:
    characters = "".join(
        chr(code)
        for code in range(sys.maxunicode + 1)
        # Unassigned characters gain their properties with the Unicode version of each side.
        if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")
    )
    modules = [drawing.path(f"vendor/{name}.js") for name in ("markdown-it", "markdown-it-cjk-friendly")]
    theirs = run_node("delimiters.mjs", {"modules": modules, "characters": characters}, drawing.directory)
    parser = create_parser()

    def scan(text: str, start: int) -> Scanned:
        return CjkStateInline(text, parser, {}, []).scanDelims(start, True)

    ours = [[scan(f"{char}**.", 1).can_open, scan(f".**{char}", 1).can_close] for char in characters]
    differing = [f"U+{ord(char):04X}" for char, a, b in zip(characters, ours, theirs, strict=True) if a != b]
    assert differing == []
