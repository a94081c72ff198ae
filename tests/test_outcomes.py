"""How an answer ended is told by what is stored, in words that are true for what happened."""

import pytest

from conversations import outcomes
from conversations.generation.calling import outcome_of
from conversations.models import Generation
from conversations.ollama.errors import (
    BadAnswer,
    EndlessAnswer,
    OllamaError,
    OllamaRefused,
    OllamaStalled,
    OllamaUnavailable,
    StreamBroken,
)


def told(error: OllamaError, content: str = "Half ") -> str:
    """Return the sentence for an answer that ended with `error`, by what is kept of it."""
    ended = outcome_of(error)
    row = Generation(model="m:1b", reason=ended.reason, error_detail=ended.error_detail)
    return outcomes.sentence(outcomes.code(row, content), row.model, outcomes.excerpt(row.error_detail))


@pytest.mark.parametrize(
    ("error", "content", "words"),
    [
        (OllamaUnavailable("refused", "no"), "", "Ollama does not answer"),
        (OllamaUnavailable("dns", "no such host"), "", "cannot be reached at the address"),
        (OllamaUnavailable("timeout", ""), "", "cannot be reached at the address"),
        (OllamaUnavailable("tls", "expired"), "", "its certificate"),
        (StreamBroken("reset"), "Half ", "broke off in mid-answer. Retry, or continue"),
        (StreamBroken("reset"), "", "before an answer came"),
        (OllamaStalled("streaming", 120), "Half ", "fell silent in mid-answer"),
        (OllamaStalled("first_byte", 600), "", "did not begin to answer in time"),
        (OllamaRefused(200, "an error: it terminated."), "Half ", "error: an error: it terminated. Retry"),
        (OllamaRefused(500), "", "error: HTTP 500. Retry"),
        (OllamaRefused(503, "server busy"), "", "Ollama is busy"),
        (OllamaRefused(429, "slow down", 7.0), "", "Ollama is busy"),
        (OllamaRefused(401, "unauthorized"), "", "OLLAMA_API_KEY"),
        (BadAnswer(403, "<html>Forbidden</html>"), "", "OLLAMA_API_KEY"),
        (BadAnswer(502, "<html>Bad gateway</html>"), "", "Something other than Ollama"),
        (EndlessAnswer("1000001 lines"), "Half ", "this site's limit"),
    ],
)
def test_each_failure_is_told_as_what_it_was(error, content, words):
    sentence = told(error, content)
    assert words in sentence
    assert "<html>" not in sentence


def test_a_long_error_is_only_begun():
    assert len(told(OllamaRefused(200, "x" * 500))) < 300


def test_an_answer_without_text_is_told_and_one_with_text_is_not():
    row = Generation(model="m:1b", reason="stop")
    assert outcomes.sentence(outcomes.code(row, " \n"), "m:1b").startswith("The model ended without")
    assert outcomes.sentence(outcomes.code(row, "Yes."), "m:1b") == ""


def test_a_failure_kept_without_its_cause_is_told_in_general():
    row = Generation(model="m:1b", reason="ollama_error", error_detail="HTTP 502: <html>")
    assert outcomes.sentence(outcomes.code(row, ""), "m:1b", "x").startswith("Ollama reported an error. ")


@pytest.mark.parametrize(
    ("used", "higher"),
    [
        ({}, 1.2),
        ({"repeat_penalty": 1.1}, 1.2),
        ({"repeat_penalty": 1.25}, 1.35),
        ({"repeat_penalty": 1}, 1.1),
        ({"repeat_penalty": 0}, 1.1),
        ({"repeat_penalty": 1.95}, 2.0),
        ({"repeat_penalty": 2}, None),
    ],
)
def test_after_an_answer_without_its_end_mark_a_higher_penalty_is_offered(used, higher):
    assert outcomes.higher_penalty(Generation(reason="cut_off", options=used)) == higher


def test_after_other_ends_no_penalty_is_offered():
    assert outcomes.higher_penalty(Generation(reason="stop")) is None


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("1, 2, 3, ", "4, 5", "stop"),
        ("1, 2, 3, ", "1, 2, 3, 4, 5", "anew"),
        ("春眠不觉晓，", "\n\n春眠不觉晓，处处闻啼鸟。", "anew"),
        ("Yes ", "Yes it is", "stop"),
        ("", "春眠不觉晓", "stop"),
    ],
)
def test_a_continued_answer_that_begins_anew_says_so(before, after, code):
    row = Generation(status="completed", reason="stop", begins_at=len(before))
    assert outcomes.code(row, before + after) == code
