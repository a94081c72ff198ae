"""Sentences that live in two places must be the same in both."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from conversations import js_strings, outcomes
from conversations.text import language_of

SCRIPTS = Path(settings.BASE_DIR, "static", "js")
CALL = re.compile(r"""\bt\(\s*"((?:[^"\\]|\\.)*)\"""")
REASONS = "length cut_off user_stop limit model_missing ollama_down ollama_error stalled process_died restart internal"


def test_every_sentence_of_the_modules_can_be_translated() -> None:
    used = {text for path in SCRIPTS.rglob("*.js") for text in CALL.findall(path.read_text(encoding="utf-8"))}
    assert used == set(js_strings.STRINGS)


def test_every_way_to_end_badly_has_a_sentence() -> None:
    assert set(outcomes.SENTENCES) >= set(REASONS.split())
    assert outcomes.sentence("stop", "m") == ""
    assert "ollama pull llama3" in outcomes.sentence("model_missing", "llama3")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("Write quicksort", "en"),
        ("用中文写一首关于春天的诗。", "zh-Hans"),
        ("用 Python 写 quicksort 算法", "zh-Hans"),
        ("The character 春 means spring, and this sentence about it is mostly an English one", "en"),
        ("これは日本語です", "ja"),
        ("안녕하세요", "ko"),
        ("12345 😀", "en"),
    ],
)
def test_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language
