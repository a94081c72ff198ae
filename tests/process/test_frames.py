"""Bad input on the socket: every frame gets a clear answer, and the socket lives on."""

from contextlib import closing, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.scripted_ollama import ScriptedOllama, hold, tokens
from tests.site import Site
from tests.tab import Tab

pytestmark = pytest.mark.process

SENDING = '{"type": "message.send", "client_id": "a", "text": "'
NOBODYS = "00000000-0000-4000-8000-000000000000"
RATING = '{"type": "message.rate", "message": "' + NOBODYS + '", "rating": 1, "comment": "'


@pytest.mark.fault(33)
@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", "bad_frame"),
        ("[1]", "bad_frame"),
        ("null", "bad_frame"),
        ("[" * 100_000, "bad_frame"),
        (b"\x00\x01", "bad_frame"),
        ("{}", "unknown_type"),
        ('{"type": "__class__"}', "unknown_type"),
        ('{"type": "message.send"}', "bad_frame"),
        ('{"type": "message.send", "client_id": "a", "text": 5}', "bad_frame"),
        ('{"type": "message.send", "client_id": "a", "text": "\\ud83d"}', "bad_frame"),
        ('{"type": "message.send", "client_id": "a\\u0000", "text": "hi"}', "bad_frame"),
        ('{"type": "message.send", "client_id": "a", "text": "hi", "model": "\\u0000"}', "bad_frame"),
        ('{"type": "message.send", "client_id": "a", "text": "  "}', "empty"),
        (SENDING + "x" * 32_001 + '"}', "too_long"),
        (SENDING + "x" * 300_000 + '"}', "too_large"),
        ('{"type": "message.send", "client_id": "a", "text": "hi", "model": "../x"}', "unknown_model"),
        ('{"type": "message.send", "client_id": "a", "text": "hi", "options": {"top_k": "x"}}', "bad_option"),
        ('{"type": "branch.select", "message": "' + NOBODYS + '"}', "not_found"),
        ('{"type": "answer.continue", "client_id": "a", "message": "' + NOBODYS + '"}', "not_found"),
        ('{"type": "message.delete", "message": "' + NOBODYS + '"}', "not_found"),
        ('{"type": "message.delete", "message": "1"}', "bad_frame"),
        ('{"type": "message.rate", "message": "' + NOBODYS + '", "rating": 1}', "not_found"),
        ('{"type": "message.rate", "message": "' + NOBODYS + '", "rating": 2}', "bad_option"),
        ('{"type": "message.rate", "message": "' + NOBODYS + '", "rating": "good"}', "bad_frame"),
        (RATING + "x" * 2_001 + '"}', "too_long"),
    ],
)
def test_bad_frame_is_answered_and_the_socket_lives(site, client, frame, code):
    with Tab(site, client) as tab:
        tab.wait("snapshot")
        tab.send_raw(frame)
        error = tab.wait("error")
        assert error["code"] == code
        assert error["text"]
        tab.send("ping")
        tab.wait("pong")


def test_refusals_come_in_the_persons_language(site, client):
    with Tab(site, client) as tab:
        tab.close()
        tab.open(**{"Accept-Language": "zh-CN,zh;q=0.9"})
        tab.send("message.send", client_id="leer", text=" ")
        error = tab.wait("error")
        assert error["client_id"] == "leer"
        assert not error["text"].isascii()


def test_flood_and_repeated_nonsense_are_closed(site, client):
    with Tab(site, client) as tab:
        tab.wait("snapshot")
        with suppress(ConnectionClosed):
            for _ in range(60):
                tab.send("ping")
        assert tab.wait_close() == 4029
    with Tab(site, client) as tab:
        tab.wait("snapshot")
        with suppress(ConnectionClosed):
            for _ in range(10):
                tab.send_raw("{")
        assert tab.wait_close() == 4029


def test_reader_that_does_not_acknowledge_is_let_go_and_comes_back_to_the_whole(site, client, ollama):
    text = "0123456789abcdef" * 64
    ollama.enqueue(tokens(500, 200, text), hold("rest"), tokens(100, 0, text))
    with Tab(site, client, acks=False) as tab:
        tab.ask("Much")
        assert tab.wait_close() == 4008
    with Tab(site, client, tab.conversation) as again:
        # Behind an end the rest of a long text is read from its page: here it is to come by the socket.
        again.wait_text(text * 500)
        ollama.release("rest")
        again.wait("generation.finished")
        assert again.text == text * 600


def test_resync_gives_a_new_snapshot_but_not_before_the_last_is_acknowledged(site, client, ollama):
    ollama.enqueue("some ", hold("resync"))
    with Tab(site, client) as tab:
        tab.ask("Resync")
        tab.wait_text("some ")
        with Tab(site, client, tab.conversation, acks=False) as other:
            snapshot = other.wait("snapshot")
            other.send("resync")
            assert other.wait("error")["code"] == "rate"
            state = snapshot["generation"]
            other.send("ack", generation=state["id"], end=state["end"])
            other.send("resync")
            assert other.wait("snapshot")["generation"]["text"] == "some "
        ollama.release("resync")
        tab.wait("generation.finished")


def test_logging_out_closes_the_sockets(site: Site, ollama: ScriptedOllama):
    with closing(site.log_in("eve")) as client, Tab(site, client) as tab:
        tab.wait("snapshot")
        site.post(client, "/accounts/logout/")
        tab.wait("session.ended")
        assert tab.wait_close() == 4001
