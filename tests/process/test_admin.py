"""The administrator's log while the server runs: reading along, and stopping other people's answers."""

import pytest

from tests.scripted_ollama import hold
from tests.tab import Tab

pytestmark = pytest.mark.process


def test_administrator_reads_along_and_stops_an_answer(site, client, eve, ollama):
    number = len(ollama.chats) + 1
    ollama.enqueue("**春天**来了", hold("writing"))
    with Tab(site, eve) as tab:
        started = tab.ask("写一首关于春天的诗")
        ollama.wait_held("writing")
        tab.wait_text("来了")
        log = f"/admin/conversations/generation/{started['generation']}/"
        assert f"{log}stop/" in client.get(f"{log}change/").text
        answer = site.post(client, f"{log}stop/")
        assert answer.status_code == 200
        finished = tab.wait("generation.finished")
        assert (finished["status"], finished["reason"]) == ("stopped", "user_stop")
        assert ollama.wait_closed(number).closed
    transcript = client.get(f"/admin/conversations/conversation/{tab.conversation}/change/").text
    assert "写一首关于春天的诗" in transcript
    assert "<strong>春天</strong>来了" in transcript
    assert "stopped" in transcript
    assert f"{log}stop/" not in client.get(f"{log}change/").text
