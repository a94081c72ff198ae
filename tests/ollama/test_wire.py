"""The bytes of an answer, without a network: cut anywhere, the same chunks come out."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.ollama.wire import MAX_LINE, Chunk, LineSplitter, parse_line, parse_object

# What a model may write, with everything that a careless splitter or decoder would trip over made likely.
TRAPS = "\n\r\u0085\u2028\u2029\x1c字😀\u0301\ufeff"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(TRAPS))


def answer(texts: list[str], *, raw: bool) -> bytes:
    lines = [{"message": {"content": text, "thinking": text[::-1]}, "done": False} for text in texts]
    lines.append({"message": {"content": ""}, "done": True, "done_reason": "stop"})
    return b"".join(json.dumps(line, ensure_ascii=not raw).encode() + b"\n" for line in lines)


def chunks_of(pieces: list[bytes]) -> list[Chunk]:
    splitter = LineSplitter()
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    parsed = [parse_line(line) for line in [*lines, splitter.flush()]]
    return [found[0] for found in parsed if found]


@given(st.lists(TEXT, max_size=8), st.booleans(), st.data())
def test_answer_cut_at_any_bytes_gives_the_same_text(
    texts: list[str], raw: bool, data: st.DataObject
) -> None:
    body = answer(texts, raw=raw)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=20)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    chunks = chunks_of(pieces)
    assert "".join(chunk.text for chunk in chunks) == "".join(texts)
    assert [chunk.thinking for chunk in chunks if not chunk.done] == [text[::-1] for text in texts]
    assert chunks[-1].done


def test_answer_that_comes_byte_by_byte_gives_the_same_text() -> None:
    body = answer(["汉字", "👨‍👩‍👧", "e\u0301"], raw=True)
    chunks = chunks_of([bytes([byte]) for byte in body])
    assert "".join(chunk.text for chunk in chunks) == "汉字👨‍👩‍👧e\u0301"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["message", "done", "done_reason", "total_duration", "eval_count", "model", "created_at"]


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.dictionaries(st.sampled_from(["thinking", "role"]), JSON),
)
def test_odd_values_in_any_place_cost_no_text(fields: dict[str, object], message: dict[str, object]) -> None:
    line = json.dumps(fields | {"message": message | {"content": "kept"}}).encode()
    found = parse_line(line)
    assert found
    assert found[0].text == "kept"


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_but_value_error(line: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_line(line)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"\u003cb\u003e \u0026 \u2028", "<b> & \u2028"),
        (rb"\ud83d\ude00", "😀"),
        (rb"a\u0000b", "a\ufffdb"),
        (rb"\ud83d", "\ufffd"),
        (rb"\ude00\ud83d x", "\ufffd\ufffd x"),
        (b"\xff\xe4\xb8 ok", "\ufffd\ufffd ok"),
        (b"\x7f\xc2\x85", "\x7f\u0085"),
    ],
)
def test_escapes_are_read_and_what_cannot_be_stored_is_replaced(written: bytes, text: str) -> None:
    found = parse_line(b'{"message":{"content":"%s"},"done":false}' % written)
    assert found
    assert found[0].text == text
    text.encode()


def test_megabyte_in_one_line_is_read_and_an_endless_line_is_refused() -> None:
    long = answer(["x" * 1_000_000], raw=True)
    assert (
        chunks_of([long[start : start + 16_384] for start in range(0, len(long), 16_384)])[0].text
        == "x" * 1_000_000
    )
    splitter = LineSplitter()
    for _ in range(MAX_LINE // 100_000):
        splitter.feed(b"x" * 100_000)
    with pytest.raises(ValueError, match="longer"):
        splitter.feed(b"x")


def test_line_just_below_the_limit_is_read_in_time_linear_in_its_length() -> None:
    text = "x" * (MAX_LINE // 2 - 100)
    long = answer([text], raw=True)
    assert chunks_of([long[start : start + 100] for start in range(0, len(long), 100)])[0].text == text


@pytest.mark.parametrize(
    "line", [b"[]", b"7", b'"text"', b"{", b"<html>", b"data: {}", b"[" * 100_000, b'{"a":1}']
)
def test_what_is_no_line_of_a_chat_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_line(line)


def test_nesting_that_no_parser_survives_is_refused() -> None:
    with pytest.raises(ValueError, match="deep"):
        parse_object('{"a":' * 100_000)


def test_figures_that_no_database_keeps_are_unknown_ones() -> None:
    figures = b'"eval_count":5000000000,"total_duration":9999999999999999999,"eval_duration":7'
    found = parse_line(b'{"message":{"content":""},"done":true,' + figures + b"}")
    assert found is not None
    chunk, _ = found
    assert chunk.stats is not None
    assert (chunk.stats.output_tokens, chunk.stats.total_ns, chunk.stats.output_ns) == (None, None, 7)
