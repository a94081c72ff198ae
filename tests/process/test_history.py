"""What goes along with a question through a real server: the turns that fit, and an option for one answer alone."""

import pytest

from tests.scripted_ollama import hold
from tests.tab import Tab

pytestmark = pytest.mark.process


def test_an_answer_that_repeats_itself_is_asked_again_with_a_higher_penalty(site, client, ollama):
    with Tab(site, client) as tab:
        ollama.enqueue(*["\n"] * 31, finish=False)
        tab.ask("Loop?")
        finished = tab.wait("generation.finished")
        assert finished["repeat_penalty"] == 1.2
        again = {"message": finished["message"], "options": {"repeat_penalty": finished["repeat_penalty"]}}
        tab.send("answer.regenerate", client_id="wrong", **{**again, "options": {"repeat_penalty": "high"}})
        assert (refusal := tab.wait("error"))["code"] == "bad_option"
        assert "“repeat_penalty” has to be a number from 0 to 10" in refusal["text"]
        tab.send("answer.regenerate", client_id="again", **again)
        assert tab.wait("generation.started")["options"]["repeat_penalty"] == 1.2
        assert "repeat_penalty" not in tab.wait("generation.finished")
        assert ollama.chats[-1].json["options"]["repeat_penalty"] == 1.2
        tab.ask("Next?")
        tab.wait("generation.finished")
        assert ollama.chats[-1].json["options"]["repeat_penalty"] == 1.1


def test_what_no_longer_fits_the_window_is_left_out_and_told(site, client, ollama):
    with Tab(site, client) as tab:
        for text in ("一" * 80, "二" * 80):
            ollama.enqueue("好")
            tab.ask(text, options={"num_ctx": 256})
            assert "history_start" not in tab.wait("generation.finished")
        created = [frame["message"] for frame in tab.frames if frame["type"] == "message.created"]
        ollama.enqueue("A word", hold("rest"))
        tab.ask("三" * 80)
        assert tab.wait("generation.status", phase="writing")["history_start"] == created[1]["id"]
        with Tab(site, client, tab.conversation) as late:
            assert late.wait("snapshot")["generation"]["history_start"] == created[1]["id"]
        ollama.release("rest")
        finished = tab.wait("generation.finished")
    assert (finished["history_start"], finished["omitted"]) == (created[1]["id"], 2)
    sent = [message["content"][0] for message in ollama.chats[-1].json["messages"]]
    assert sent[0] == "二"
    assert sent[-1] == "三"
