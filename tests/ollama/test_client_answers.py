"""What the client makes of a real server's answers: every legal shape, and the odd ones met in the wild."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest

from conversations.ollama.client import ChatRequest, OllamaClient
from conversations.ollama.wire import Chunk, Stats
from tests.scripted_ollama import ScriptedOllama, done, line, thinking

from .conftest import MODEL, QUESTION, read

NOTHING_KNOWN = Stats()


def ndjson(*objects: dict[str, object]) -> bytes:
    return b"".join(json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in objects)


def says(text: object) -> dict[str, object]:
    return {"message": {"role": "assistant", "content": text}, "done": False}


DONE: dict[str, object] = {"message": {"content": ""}, "done": True, "done_reason": "stop"}


@pytest.mark.wire(1)
async def test_text_is_joined_and_figures_are_read(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue("Hel", "lo, ", "世界")
    reply = await read(client)
    assert reply.text == "Hello, 世界"
    assert reply.error is None
    last = reply.chunks[-1]
    assert (last.done, last.done_reason) == (True, "stop")
    assert last.stats == Stats(
        total_ns=2_100_000_000,
        load_ns=21_000_000,
        prompt_tokens=31,
        prompt_ns=180_000_000,
        output_tokens=3,
        output_ns=1_890_000_000,
    )


async def test_each_line_becomes_a_chunk_as_it_comes(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue("a", "b")
    reply = await read(client)
    assert [chunk.text for chunk in reply.chunks] == ["a", "b", ""]


@pytest.mark.wire(2)
async def test_thinking_and_text_are_kept_apart_also_in_one_line(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(thinking("Let me "), thinking("see.", "Well"), ", yes")
    reply = await read(client)
    assert reply.thinking == "Let me see."
    assert reply.text == "Well, yes"


@pytest.mark.wire(3)
async def test_text_of_the_final_line_belongs_to_the_answer(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue("Yes", done("!"))
    assert (await read(client)).text == "Yes!"


@pytest.mark.wire(4)
async def test_tool_calls_are_collected_once_each(ollama: ScriptedOllama, client: OllamaClient) -> None:
    def calls(name: str) -> dict[str, object]:
        call = {"id": "call_1", "function": {"index": 0, "name": name, "arguments": {"city": "Oslo"}}}
        return {"role": "assistant", "content": "", "tool_calls": [call]}

    ollama.enqueue(line(message=calls("a"), done=False), line(message=calls("b"), done=True))
    reply = await read(client)
    assert [call["function"]["name"] for chunk in reply.chunks for call in chunk.tool_calls] == ["a", "b"]


@pytest.mark.wire(5)
async def test_whole_answer_in_one_line(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue(done("All of it"))
    reply = await read(client)
    assert (reply.text, reply.done, len(reply.chunks)) == ("All of it", True, 1)


@pytest.mark.wire(5)
async def test_empty_answer_is_no_error(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue(done())
    reply = await read(client)
    assert (reply.text, reply.done, reply.error) == ("", True, None)


@pytest.mark.wire(6)
async def test_empty_lines_of_text_are_activity_without_text(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(*[""] * 50, "x")
    reply = await read(client)
    assert (reply.text, len(reply.chunks)) == ("x", 52)


@pytest.mark.wire(7, 20)
@pytest.mark.parametrize(
    "fields",
    [
        {"message": {"content": None}, "done": False},
        {"message": {}, "done": False},
        {"message": None, "done": False},
        {"message": {"content": 7, "thinking": ["x"], "tool_calls": "no"}, "done": False},
        {"done": False},
        {"message": {"content": ""}},
        {"message": {"content": ""}, "error": "", "done": "false"},
    ],
)
async def test_missing_and_misspelt_fields_cost_nothing(
    ollama: ScriptedOllama, client: OllamaClient, fields: dict[str, object]
) -> None:
    ollama.enqueue("a", line(**fields), "b")
    reply = await read(client)
    assert (reply.text, reply.done, reply.error) == ("ab", True, None)


@pytest.mark.wire(20)
@pytest.mark.parametrize("error", [None, ""])
async def test_an_error_that_is_none_takes_no_text_away(
    ollama: ScriptedOllama, client: OllamaClient, error: str | None
) -> None:
    ollama.enqueue("a", line(message={"content": "x"}, error=error, done=False), "b")
    reply = await read(client)
    assert (reply.text, reply.done, reply.error) == ("axb", True, None)


@pytest.mark.wire(35)
async def test_unknown_fields_other_order_and_duplicates_are_tolerated(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(
        b'{"x":{"y":[1]},"done":true,"done":false,"message":{"z":0,"content":"a","content":"b"},"model":"?"}\n',
        done(remote_host="https://ollama.example", created_at="long ago"),
    )
    reply = await read(client)
    assert (reply.text, reply.done) == ("b", True)


@pytest.mark.wire(10)
async def test_only_the_newline_byte_ends_a_line(ollama: ScriptedOllama, client: OllamaClient) -> None:
    text = "a\u0085b\u2028c\u2029d"
    ollama.enqueue(ndjson(says(text)), rb'{"message":{"content":"\u000b\u000c\n"},"done":false}' + b"\n")
    reply = await read(client)
    assert (reply.text, reply.error) == (text + "\x0b\x0c\n", None)


@pytest.mark.wire(14)
async def test_carriage_returns_blank_lines_and_a_byte_order_mark_are_tolerated(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    first = b"\xef\xbb\xbf" + ndjson(says("a")).replace(b"\n", b"\r\n")
    ollama.enqueue(first, b"\n\r\n   \n\t\n", ndjson(says("b"), DONE), finish=False)
    reply = await read(client)
    assert (reply.text, reply.done, reply.error) == ("ab", True, None)


@pytest.mark.wire(15)
async def test_last_line_needs_no_newline(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue("a", json.dumps({"message": {"content": "b"}, "done": True}).encode(), finish=False)
    reply = await read(client)
    assert (reply.text, reply.done) == ("ab", True)


@pytest.mark.wire(16)
async def test_answer_that_ends_within_a_line_is_cut_off_and_keeps_its_text(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue("kept", b'{"message":{"content":"lo', finish=False)
    reply = await read(client)
    assert (reply.text, reply.done, reply.error) == ("kept", False, None)


@pytest.mark.wire(17)
async def test_clean_end_without_a_final_line_is_cut_off_and_no_error(
    ollama: ScriptedOllama, client: OllamaClient
) -> None:
    ollama.enqueue(*["\n"] * 31, finish=False)
    reply = await read(client)
    assert (reply.text, reply.done, reply.error) == ("\n" * 31, False, None)


@pytest.mark.wire(25)
@pytest.mark.parametrize("reason", ["stop", "length", "load", "unload", "something-new", None])
async def test_reason_of_the_end_is_told(
    ollama: ScriptedOllama, client: OllamaClient, reason: str | None
) -> None:
    ollama.enqueue("a", done(done_reason=reason))
    assert (await read(client)).chunks[-1].done_reason == (reason or "")


@pytest.mark.wire(27)
@pytest.mark.parametrize(
    "kind", ["", "application/json", "text/plain", "application/x-ndjson; charset=utf-8"]
)
async def test_content_type_does_not_matter(ollama: ScriptedOllama, client: OllamaClient, kind: str) -> None:
    ollama.enqueue("a", content_type=kind)
    assert (await read(client)).text == "a"


@pytest.mark.wire(26)
async def test_one_plain_object_instead_of_a_stream(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue(
        json.dumps(DONE | {"done_reason": "load"}).encode(),
        content_type="application/json",
        framing="length",
        finish=False,
    )
    reply = await read(client)
    assert reply.chunks == [Chunk(done=True, done_reason="load", stats=NOTHING_KNOWN)]


@pytest.mark.wire(34)
@pytest.mark.parametrize(
    "figure",
    [b"NaN", b"-Infinity", b"1e400", b"-5", b'"12"', b"true", b"null", b"[]", b"9" * 25, b"9" * 5000],
)
async def test_impossible_figures_are_dropped_and_the_text_is_kept(
    ollama: ScriptedOllama, client: OllamaClient, figure: bytes
) -> None:
    names = [b"total_duration", b"load_duration", b"eval_count", b"eval_duration", b"prompt_eval_count"]
    fields = b",".join(b'"%s":%s' % (name, figure) for name in names)
    ollama.enqueue(b'{"message":{"content":"kept"},"done":true,%s}\n' % fields, finish=False)
    reply = await read(client)
    assert (reply.text, reply.error) == ("kept", None)
    assert reply.chunks[-1].stats == NOTHING_KNOWN


async def test_pace_is_told_only_where_it_can_be() -> None:
    assert Stats(output_tokens=57, output_ns=2_000_000_000).tokens_per_second == 28.5
    assert Stats(output_tokens=57, output_ns=0).tokens_per_second is None
    assert NOTHING_KNOWN.tokens_per_second is None


@pytest.mark.wire(36)
async def test_lines_after_the_final_one_are_not_read(ollama: ScriptedOllama, client: OllamaClient) -> None:
    ollama.enqueue("a", done(), "late", done("again"))
    reply = await read(client)
    assert (reply.text, sum(chunk.done for chunk in reply.chunks)) == ("a", 1)


BODY = ndjson(says("He"), says("llo"), DONE)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.wire(13, 41)
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
        b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY,
        CHUNKED + b"%x;a=b\r\n%s\r\n0\r\nX: y\r\n\r\n" % (len(BODY), BODY),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
        CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n",
    ],
    ids=["length", "http-1.0", "until-close", "extension-and-trailer", "continue", "byte-per-chunk"],
)
async def test_framing_of_http_does_not_matter(
    ollama: ScriptedOllama, client: OllamaClient, answer: bytes
) -> None:
    ollama.enqueue(answer, framing="none")
    reply = await read(client)
    assert (reply.text, reply.done, reply.error) == ("Hello", True, None)


@pytest.mark.wire(32)
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
async def test_compression_that_nobody_asked_for_is_undone(
    ollama: ScriptedOllama, client: OllamaClient, pack: Callable[[bytes], bytes]
) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    packed = pack(BODY)
    ollama.enqueue(packed[:20], packed[20:], headers={"Content-Encoding": encoding}, finish=False)
    assert (await read(client)).text == "Hello"


@pytest.mark.wire(47)
async def test_question_goes_out_as_asked(ollama: ScriptedOllama, client: OllamaClient) -> None:
    system = {"role": "system", "content": "Be brief."}
    silent = {"role": "assistant", "content": ""}
    messages = [system, silent, {"role": "user", "content": "“你好” \x00 \ud83d 😀"}]
    await read(client, ChatRequest(MODEL, messages, {"num_ctx": 4096, "stop": ["<|im_end|>"]}, think=False))
    (chat,) = ollama.chats
    assert chat.json == {
        "model": MODEL,
        "messages": [system, silent, {"role": "user", "content": "“你好” \x00 \ufffd 😀"}],
        "stream": True,
        "options": {"num_ctx": 4096, "stop": ["<|im_end|>"]},
        "think": False,
    }
    assert "你好".encode() in chat.body
    assert chat.headers["content-type"] == "application/json"
    assert chat.headers["accept-encoding"] == "identity"
    assert not chat.headers.keys() & {"origin", "cookie", "authorization", "transfer-encoding"}


async def test_what_is_not_asked_for_is_not_sent(ollama: ScriptedOllama, client: OllamaClient) -> None:
    await read(client, QUESTION)
    assert ollama.chats[0].json.keys() == {"model", "messages", "stream"}


@pytest.mark.wire(47)
async def test_large_history_is_sent_whole(ollama: ScriptedOllama, client: OllamaClient) -> None:
    text = "长" * 1_000_000
    ollama.enqueue("ok")
    await read(client, ChatRequest(MODEL, [{"role": "user", "content": text}]))
    assert ollama.chats[0].json["messages"][0]["content"] == text
