"""What a program must not send is refused with the right status, a code and a sentence, and changes nothing."""

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests import patience
from tests.api_client import CHAT, Program, Stream, make_tokens, patiently
from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site, wait_until

pytestmark = pytest.mark.process

COUNTS = (
    "[[model.objects.count() for model in (Conversation, Message, Generation, GenerationEvent, ApiToken)],"
    " list(Conversation.objects.order_by('pk').values_list('pk', 'model', 'system_prompt', 'updated_at'))]"
)
HAN = re.compile(r"[\u4e00-\u9fff]")
NOWHERE = "00000000-0000-4000-8000-000000000000"
CODES = {
    400: "bad_json bad_cursor bad_position bad_host",
    401: "token_missing token_unknown token_expired",
    403: "account_inactive",
    404: "not_found unknown_model unknown_address",
    405: "wrong_method",
    409: "busy",
    413: "too_large",
    422: "wrong_type empty too_long bad_option",
}
STATUS = {code: status for status, codes in CODES.items() for code in codes.split()}
# What is refused before anybody looks who asks.
BEFORE_THE_TOKEN = {"bad_host", "unknown_address", "wrong_method"}
KIB = 1024
AT_ONCE = 40


@dataclass
class Person:
    """Somebody with a conversation that is over and one whose answer is being written."""

    program: Program
    mine: dict[str, Any]
    busy: Stream
    expired: str

    def fill(self, text: str, other: "Person") -> str:
        """Put ids in the places of their names."""
        places = {
            "MINE": self.mine["conversation"],
            "DONE": self.mine["generation"],
            "BUSY": self.busy.conversation,
            "RUNNING": self.busy.generation,
            "THEIRS": other.mine["conversation"],
            "THEIR_GENERATION": other.busy.generation,
            "EXPIRED": self.expired,
            "TOKEN": self.program.token,
        }
        return re.sub(r"<(\w+)>", lambda found: str(places[found[1]]), text)


@dataclass(frozen=True)
class Case:
    """A request that is refused with `code`; `says` has to stand in the sentence."""

    code: str
    path: str = CHAT
    body: bytes | None = None
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    says: str = ""


def asks(code: str, says: str = "", **fields: Any) -> Case:
    """Return the case of a question with these fields, one of them bad."""
    return Case(code, body=json.dumps({"prompt": "Hi", **fields}).encode(), says=says)


def sends(body: bytes | str) -> Case:
    """Return the case of a body that is no JSON object."""
    return Case("bad_json", body=body.encode() if isinstance(body, str) else body)


def gets(code: str, path: str, says: str = "", method: str = "GET", **headers: str) -> Case:
    """Return the case of a call without a body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Case(code, path, method=method, headers=named, says=says)


def lets_in(code: str, authorization: str) -> Case:
    """Return the case of a call with this header."""
    return gets(code, "/api/models", Authorization=authorization)


STREAM, STOP = "/api/generations/<DONE>/stream", "/api/generations/<DONE>/stop"
BODIES = {
    "empty": sends(""),
    "text": sends("prompt=Hi"),
    "list": sends("[]"),
    "string": sends('"Hi"'),
    "null": sends("null"),
    "number": sends("1"),
    "cut": sends('{"prompt": "Hi"'),
    "more behind": sends('{"prompt": "Hi"} {}'),
    "single quotes": sends("{'prompt': 'Hi'}"),
    "NaN": sends('{"prompt": "Hi", "temperature": NaN}'),
    "Infinity": sends('{"prompt": "Hi", "temperature": -Infinity}'),
    "control character": sends('{"prompt": "a\nb"}'),
    "not UTF-8": sends(b'{"prompt": "\xff"}'),
    "UTF-16": sends('{"prompt": "Hi"}'.encode("utf-16")),
    "BOM": sends('\ufeff{"prompt": "Hi"}'),
    "surrogate": sends(r'{"prompt": "\ud800"}'),
    "half a pair": sends(r'{"prompt": "\udc00\ud83d"}'),
    "surrogate in UTF-8": sends(b'{"prompt": "\xed\xa0\x80"}'),
    "surrogate in an option": sends(r'{"prompt": "Hi", "options": {"\udfff": 1}}'),
    "deep lists": sends("[" * 100_000),
    "deep and closed": sends("[" * 50_000 + "]" * 50_000),
    "deep objects": sends('{"prompt": "Hi", "options": ' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "}"),
    "form": Case(
        "bad_json", body=b"prompt=Hi", headers={"Content-Type": "application/x-www-form-urlencoded"}
    ),
    "too large": Case("too_large", body=b'{"prompt": "Hi"}' + b" " * (256 * KIB)),
    "not JSON and too large": Case("too_large", body=b"x" * (256 * KIB + 1)),
}
TYPES = {
    "no prompt": Case("wrong_type", body=b"{}", says="prompt"),
    "prompt null": asks("wrong_type", "prompt", prompt=None),
    "prompt number": asks("wrong_type", "prompt", prompt=1),
    "prompt list": asks("wrong_type", "prompt", prompt=["Hi"]),
    "same name twice": Case("wrong_type", body=b'{"prompt": "Hi", "prompt": 1}', says="prompt"),
    "model number": asks("wrong_type", "model", model=5),
    "model very long": asks("wrong_type", "model", model="m" * 201),
    "conversation": asks("wrong_type", "conversation", conversation="x"),
    "conversation number": asks("wrong_type", "conversation", conversation=5),
    "system": asks("wrong_type", "system", system=["Be brief"]),
    "options list": asks("wrong_type", "options", options=[]),
    "options text": asks("wrong_type", "options", options="{}"),
    "max_tokens text": asks("wrong_type", "max_tokens", max_tokens="5"),
    "max_tokens fraction": asks("wrong_type", "max_tokens", max_tokens=1.5),
    "max_tokens huge": asks("wrong_type", "max_tokens", max_tokens=10**40),
    "temperature text": asks("wrong_type", "temperature", temperature="hot"),
    "temperature boolean": asks("wrong_type", "temperature", temperature=True),
    "stream text": asks("wrong_type", "stream", stream="no"),
    "stream number": asks("wrong_type", "stream", stream=0),
    "stream null": asks("wrong_type", "stream", stream=None),
    "keep": asks("wrong_type", "keep", keep="yes"),
    "unknown field": asks("wrong_type", "messages", messages=[]),
    "upper case": asks("wrong_type", "Prompt", Prompt="Hi"),
    "client_id": asks("wrong_type", "client_id", client_id="1"),
}
VALUES = {
    "empty": asks("empty", prompt=""),
    "blank": asks("empty", prompt=" \n\t\r\n"),
    "long": asks("too_long", "32000", prompt="字" * 32_001),
    "long system": asks("too_long", "16000", system="s" * 16_001),
    "temperature high": asks("bad_option", "temperature", temperature=5.01),
    "temperature low": asks("bad_option", "temperature", temperature=-0.01),
    "top_p": asks("bad_option", "top_p", top_p=1.01),
    "repeat_penalty": asks("bad_option", "repeat_penalty", repeat_penalty=10.5),
    "max_tokens": asks("bad_option", "num_predict", max_tokens=-3),
    "option above": asks("bad_option", "num_predict", max_tokens=5, options={"num_predict": "x"}),
    "num_ctx": asks("bad_option", "num_ctx", options={"num_ctx": 1}),
    "num_ctx boolean": asks("bad_option", "num_ctx", options={"num_ctx": True}),
    "stop": asks("bad_option", "stop", options={"stop": "###"}),
    "history": asks("bad_option", "history_turns", options={"history_turns": -1}),
    "list": asks("bad_option", "mirostat", options={"mirostat": [1]}),
    "no name": asks("bad_option", options={"": 1}),
    "NUL": asks("bad_option", options={"a\x00": 1}),
    "many": asks("bad_option", options={f"option{number}": 1 for number in range(41)}),
    "unknown model": asks("unknown_model", "none:1b", model="none:1b"),
    "no conversation": asks("not_found", conversation=NOWHERE),
    "their conversation": asks("not_found", conversation="<THEIRS>"),
    "busy": asks("busy", conversation="<BUSY>"),
    "busy with another model": asks("busy", conversation="<BUSY>", model="none:1b", system="x"),
}
CALLS = {
    "stream of nothing": gets("not_found", f"/api/generations/{NOWHERE}/stream"),
    "their stream": gets("not_found", "/api/generations/<THEIR_GENERATION>/stream"),
    "their stop": gets("not_found", "/api/generations/<THEIR_GENERATION>/stop", method="POST"),
    "stop of nothing": gets("not_found", f"/api/generations/{NOWHERE}/stop", method="POST"),
    "their conversation": gets("not_found", "/api/conversations/<THEIRS>"),
    "no conversation": gets("not_found", f"/api/conversations/{NOWHERE}"),
    "not an id": gets("unknown_address", "/api/conversations/none"),
    "root": gets("unknown_address", "/api/"),
    "nothing": gets("unknown_address", "/api/nothing"),
    "chat": gets("unknown_address", "/api/chat", method="POST"),
    "slash behind": gets("unknown_address", f"{CHAT}/", method="POST"),
    "dots": gets("unknown_address", "/api/%2e%2e/accounts"),
    "bytes": gets("unknown_address", "/api/%ff%00"),
    "long address": gets("unknown_address", "/api/" + "a" * 8000),
    "GET": gets("wrong_method", CHAT, says="POST"),
    "PUT": Case("wrong_method", body=b'{"prompt": "Hi"}', method="PUT", says="POST"),
    "DELETE": gets("wrong_method", "/api/conversations/<MINE>", method="DELETE", says="GET"),
    "POST models": gets("wrong_method", "/api/models", method="POST", says="GET"),
    "GET stop": gets("wrong_method", "/api/generations/<RUNNING>/stop", says="POST"),
    "unknown method": gets("wrong_method", "/api/models", method="BREW", says="GET"),
    "host": gets("bad_host", "/api/models", Host="evil.example.org"),
    "broken host": gets("bad_host", "/api/models", Host="a b"),
}
PLACES = {
    **{
        f"limit {value[:9]}": gets("bad_cursor", f"/api/conversations?limit={value}")
        for value in ("0", "201", "-1", "x", "", "1.5", "%EF%BC%95", "9" * 5000, "1e1", "5%00")
    },
    **{
        f"cursor {value[:9]}": gets("bad_cursor", f"/api/conversations?cursor={value}")
        for value in ("x", "%00", "%ff", "😀", "a" * 8000, NOWHERE, "eyJ9", "0")
    },
    "messages limit": gets("bad_cursor", "/api/conversations/<MINE>?limit=0"),
    "messages cursor": gets("bad_cursor", "/api/conversations/<MINE>?cursor=x"),
    "messages nowhere": gets("bad_cursor", f"/api/conversations/<MINE>?cursor={NOWHERE}"),
    **{
        f"position {value[:9]}": gets("bad_position", STREAM, Last_Event_ID=value)
        for value in (
            "x",
            "1",
            ":",
            "1:",
            ":1",
            "-1:0",
            "1:2:3",
            "0x1:0",
            "99999:0",
            "0:99999",
            "9" * 5000 + ":0",
            "1.5:0",
        )
    },
}
TOKENS = {
    "none": lets_in("token_missing", ""),
    "basic": lets_in("token_missing", "Basic YW5uOnNlY3JldA=="),
    "bare": lets_in("token_missing", "<TOKEN>"),
    "no token": lets_in("token_missing", "Bearer"),
    "not ours": lets_in("token_unknown", "Bearer sk-1234567890"),
    "cut": lets_in("token_unknown", "Bearer chatsite_short"),
    "one letter more": lets_in("token_unknown", "Bearer <TOKEN>x"),
    "unknown": lets_in("token_unknown", "Bearer chatsite_" + "a" * 43),
    "two": lets_in("token_unknown", "Bearer <TOKEN> <TOKEN>"),
    "long": lets_in("token_unknown", "Bearer " + "x" * 4000),
    "expired": lets_in("token_expired", "Bearer <EXPIRED>"),
    "before all else": Case("token_unknown", body=b"[", headers={"Authorization": "Bearer x"}),
}
CASES = {
    f"{kind}: {name}": case
    for kind, table in {
        "body": BODIES,
        "type": TYPES,
        "value": VALUES,
        "call": CALLS,
        "place": PLACES,
        "token": TOKENS,
    }.items()
    for name, case in table.items()
}


@pytest.fixture(scope="module")
def pair(site: Site, ollama: ScriptedOllama) -> Iterator[tuple[Person, Person]]:
    """Somebody whose browser says which language they read, and somebody who has chosen Chinese."""
    english, chinese = make_tokens(site, "ann")[0], make_tokens(site, "小红", language="zh-hans")[0]
    (expired, expired_too) = make_tokens(site, "ann", "小红", days=1)
    site.run(
        "from django.utils import timezone; from conversations.models import *\n"
        "ApiToken.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now())"
    )
    with ExitStack() as stack:
        pair = [
            _person(stack, ollama, Program(site, token), old)
            for token, old in ((english, expired), (chinese, expired_too))
        ]
        for person in pair:
            person.busy.wait_text("busy")
        yield pair[0], pair[1]
        ollama.release("held", 2)


def _person(stack: ExitStack, ollama: ScriptedOllama, program: Program, expired: str) -> Person:
    stack.enter_context(program)
    mine = program.ask_whole("Hi")
    ollama.enqueue("busy", hold("held"))
    return Person(program, mine, stack.enter_context(program.ask("Wait")), expired)


@pytest.fixture(scope="module")
def before(site: Site, pair: tuple[Person, Person]) -> Any:
    """What there is before anything bad was sent."""
    # The first words of the two answers have been stored by now, or a moment later.
    wait_until(lambda: site.query("GenerationChunk.objects.count()") == 2)
    return site.query(COUNTS)


def send(person: Person, other: Person, case: Case, language: str) -> httpx.Response:
    """Send what is refused."""
    body = (
        case.body if case.body is None else person.fill(case.body.decode("latin-1"), other).encode("latin-1")
    )
    headers = {name: person.fill(value, other) for name, value in case.headers.items()}
    if body is not None:
        headers = {"Content-Type": "application/json"} | headers
    path = person.fill(case.path, other)
    headers["Accept-Language"] = language
    client = person.program.client
    return patiently(lambda: client.request(case.method, path, content=body, headers=headers))


def refusal(answer: httpx.Response, code: str) -> str:
    """Check how an answer refuses and return its sentence."""
    assert answer.headers["Content-Type"].split(";")[0] == "application/json", answer.text
    assert "Set-Cookie" not in answer.headers
    assert "no-store" in answer.headers["Cache-Control"]
    told = answer.json()
    assert (answer.status_code, told["error"]["code"]) == (STATUS[code], code), answer.text
    assert told == {"error": {"code": code, "message": told["error"]["message"]}}
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") == (answer.status_code == 401)
    return str(told["error"]["message"])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_bad_is_refused_in_both_languages(pair, before, case):
    ann, hong = pair
    plain, in_chinese, chosen = (
        send(ann, hong, case, "en"),
        send(ann, hong, case, "zh-CN,zh;q=0.9,en;q=0.5"),
        send(hong, ann, case, "en"),
    )
    english = refusal(plain, case.code)
    assert not HAN.search(english)
    assert case.says in english
    assert len(english) > 10
    assert HAN.search(refusal(in_chinese, case.code))
    if STATUS[case.code] != 401 and case.code not in BEFORE_THE_TOKEN:
        # Where it is known who asks, their own choice counts.
        assert HAN.search(refusal(chosen, case.code))
    if case.code == "wrong_method":
        assert case.says in plain.headers["Allow"]


def test_nothing_of_it_has_changed_anything(site, before):
    assert site.query(COUNTS) == before


def test_head_is_answered_without_a_body(pair):
    answer = pair[0].program.client.head(CHAT)
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (405, "POST", b"")


def test_the_site_works_on_as_before(pair):
    for person in pair:
        assert person.program.ask_whole("And now?", conversation=person.mine["conversation"])["text"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": "Hi\\u0000", "system": "\\u0000"}',
        b'{"prompt": 1, "prompt": "Hi"}',
        b' \r\n\t{"prompt": "Hi"}\n',
        b'{"prompt": "Hi", "model": null, "conversation": null, "system": null, "options": null, "top_p": null}',
        b'{"prompt": "Hi", "options": {"seed": null, "num_predict": -2, "penalize_newline": true}}',
        json.dumps({"prompt": "😀" * 1000 + "\u202e\u2028"}).encode(),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_what_only_looks_odd_is_answered(site, ollama, curious, body, content_type):
    answer = curious().post(CHAT, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200, answer.text
    assert '"done":true' in answer.text.replace(" ", "")
    assert "error" not in answer.text


@pytest.fixture(scope="module")
def curious(site: Site) -> Iterator[Any]:
    """Return what gives the clients of some people in turn."""
    with ExitStack() as stack:
        tokens = make_tokens(site, *[f"curious{number}" for number in range(6)])
        clients = [stack.enter_context(Program(site, token)).client for token in tokens]
        turns = iter(clients * 10)
        yield lambda: next(turns)


def test_a_token_is_known_however_bearer_is_written(curious):
    client = curious()
    token = client.headers["Authorization"].split()[1]
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert client.get("/api/models", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


def test_a_token_in_the_address_or_the_body_counts_for_nothing(site, pair):
    token = pair[0].program.token
    answer = httpx.post(
        f"{site.url}{CHAT}?token={token}", json={"prompt": "Hi", "token": token}, trust_env=False
    )
    refusal(answer, "token_missing")


def test_a_spent_quota_says_when_there_is_more(site, ollama):
    (token,) = make_tokens(site, "thrifty")
    site.run(
        "from conversations.models import *\n"
        "Quota.objects.create(person=User.objects.get(username='thrifty'), messages=1)"
    )
    with Program(site, token) as program:
        asked = program.ask_whole("Hi")
        for body in (
            {"prompt": "Hi"},
            {"prompt": "Hi", "conversation": asked["conversation"], "stream": False},
        ):
            answer = program.client.post(CHAT, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (429, "quota")
            assert 0 < int(answer.headers["Retry-After"]) <= 24 * 60 * 60
        assert len(program.get("/api/conversations")["conversations"]) == 1
        assert len(program.conversation(asked["conversation"])["messages"]) == 2


def test_a_flood_is_refused_and_nobody_else_is(site):
    flood, other = make_tokens(site, "flood", "patient")
    with Program(site, flood) as program, Program(site, other) as patient:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = threads.map(lambda _: program.client.get("/api/models"), range(3 * AT_ONCE))
        refused = [answer for answer in answers if answer.status_code != httpx.codes.OK]
        assert refused
        for answer in refused:
            assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate")
            assert answer.headers["Retry-After"] == "1"
        assert patient.get("/api/models")
        wait_until(lambda: program.client.get("/api/models").status_code == httpx.codes.OK)


def test_of_the_streams_of_one_person_there_is_a_most(site, ollama):
    (token,) = make_tokens(site, "greedy")
    ollama.enqueue("busy", hold("greedy"))
    with Program(site, token) as program, ExitStack() as stack:
        first = stack.enter_context(program.ask("Hi"))
        others = 0
        while others < 99:
            with suppress(AssertionError):
                stack.enter_context(program.join(first.generation))
                others += 1
            # As fast as there may be calls.
            program.get("/api/models")
        answer = program.client.get(f"/api/generations/{first.generation}/stream")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate")
        assert program.get("/api/models")
        ollama.release("greedy")
        assert first.finish()["status"] == "completed"


@pytest.mark.parametrize(
    ("length", "piece"),
    [
        (b"Content-Length: 9999999999", b"x" * 65_536),
        (b"Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    ],
    ids=["announced", "in pieces"],
)
def test_a_body_without_end_ends_its_connection_and_is_kept_nowhere(site, pair, length, piece):
    before = site.rss_kib()
    token = pair[0].program.token.encode()
    head = b"POST /api/chat/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=patience.SECONDS) as connection:
        connection.sendall(head % (token, length))
        with pytest.raises(ConnectionError):
            connection.sendall(piece * (64 * KIB * KIB // 65_536))
    assert site.rss_kib() - before < 16 * KIB
    assert pair[0].program.get("/api/models")
