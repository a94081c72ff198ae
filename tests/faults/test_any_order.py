"""Two tabs, every command, in any order and at any moment: what they are told agrees with what is stored."""

import random
import re
import uuid
from collections import Counter
from typing import Any

import pytest

from tests.scripted_ollama import pause, thinking
from tests.tab import Frame, Tab

pytestmark = [pytest.mark.process, pytest.mark.fault("every command in any order")]

WORDS = ["one ", "two ", "three "]
ALLOWED = {"busy", "not_found", "rate", "empty", "bad_option", "not_capable"}
# So few commands that their socket is not closed for a flood.
VISIT = 8
ROWS = (
    "[[str(row.pk), row.status, row.message.content, row.chunks.count()]"
    " for row in Generation.objects.select_related('message').filter(conversation='{}')]"
)


class Wanderer(Tab):
    """A tab that follows each generation from the position where it joined, and remembers what it has met."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.questions: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.ends: dict[str, list[int]] = {}
        self.asked: list[Frame] = []

    def _take(self, frame: Frame) -> None:
        match frame:
            case {"type": "snapshot", "generation": {"id": generation, "end": end}}:
                self.ends[generation] = end
                self._ack(generation, end)
            case {"type": "message.created", "message": {"id": message}, "client_id": client_id}:
                self.questions[client_id] = message
            case {"type": "generation.started", "generation": generation, "message": message, "at": at}:
                self.answers[generation] = message
                self.ends.setdefault(generation, at)
            case {"type": "generation.delta", "generation": generation, "at": at, "end": end}:
                assert at == self.ends[generation]
                self.ends[generation] = end
                self._ack(generation, end)


def step(tab: Wanderer, dice: random.Random) -> None:
    """Send any command about anything that the tab has met, or one of its commands again."""
    answer = dice.choice([*tab.answers.values(), str(uuid.UUID(int=0))])
    question = dice.choice([*tab.questions.values(), answer])
    client_id = uuid.UUID(int=dice.getrandbits(128)).hex
    command: Frame = dice.choice(
        [
            {"type": "message.send", "client_id": client_id, "text": "Count"},
            {"type": "message.send", "client_id": client_id, "text": "Count", "parent": answer},
            {"type": "message.edit", "client_id": client_id, "text": "Count again", "message": question},
            {"type": "answer.regenerate", "client_id": client_id, "message": answer},
            {"type": "answer.continue", "client_id": client_id, "message": answer},
            {"type": "branch.select", "message": dice.choice([answer, question])},
            {"type": "message.delete", "message": dice.choice([answer, question])},
            {"type": "message.rate", "message": answer, "rating": dice.choice([-1, 0, 1])},
            *({"type": "generation.stop", "generation": generation} for generation in list(tab.ends)[-2:]),
            {"type": "resync"},
            *tab.asked[-2:],
        ]
    )
    if "client_id" in command:
        tab.asked.append(command)
    fields = {name: value for name, value in command.items() if name != "type"}
    tab.send(command["type"], **fields)
    if dice.random() < 0.7:
        tab.send("ping")
        tab.wait("pong")


def wander(site: Any, client: Any, seed: int, visits: int) -> Counter[str]:
    """Walk through one conversation with two tabs; return how its generations ended."""
    dice = random.Random(seed)
    first = Wanderer(site, client)
    tabs = [first, first.twin()]
    for _ in range(visits):
        for tab in tabs:
            tab.open()
            tab.wait("snapshot")
        for _ in range(VISIT):
            step(dice.choice(tabs), dice)
        for tab in tabs:
            tab.send("ping")
            tab.wait("pong")
            tab.close()
    with first.twin() as last:
        if last.wait("snapshot").get("generation"):
            last.wait("generation.finished")
    return agreement(site, tabs)


def agreement(site: Any, tabs: list[Wanderer]) -> Counter[str]:
    """See that every end that a tab was told is the one that is stored, and that every answer has one.

    Answers may have been deleted since, with all that is known of them.
    """
    rows = {row[0]: row[1:] for row in site.query(ROWS.format(tabs[0].conversation))}
    frames = [frame for tab in tabs for frame in tab.frames]
    for frame in frames:
        if frame["type"] == "generation.finished" and frame["generation"] in rows:
            assert frame["status"] == rows[frame["generation"]][0]
    continued = {
        command["client_id"] for tab in tabs for command in tab.asked if "continue" in command["type"]
    }
    for frame in frames:
        if frame["type"] == "error":
            # An answer that was asked about since is not continued.
            too_late = frame["code"] == "bad_frame" and frame.get("client_id") in continued
            assert too_late or frame["code"] in ALLOWED, frame
    for status, content, chunks in rows.values():
        assert status in {"completed", "stopped"}
        assert "".join(re.findall("|".join(WORDS), content)) == content
        assert chunks == 0
    return Counter(row[0] for row in rows.values())


def test_two_tabs_agree_with_what_is_stored_whatever_they_ask_for(site, client, ollama, happened):
    ollama.always(thinking("hm"), *(piece for word in WORDS for piece in (pause(0.01), word)))
    ends = wander(site, client, 1, 4)
    happened("Every end was stored as it was told; no command failed.", commands=4 * VISIT, **ends)


@pytest.mark.slow_fault
@pytest.mark.parametrize("seed", range(2, 12))
def test_two_tabs_agree_for_long(site, client, ollama, happened, seed):
    ollama.always(thinking("hm"), *(piece for word in WORDS for piece in (pause(0.01), word)))
    ends = wander(site, client, seed, 25)
    happened("Every end was stored as it was told; no command failed.", commands=25 * VISIT, **ends)
