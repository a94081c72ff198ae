"""What the page says of the model that would answer, by what was last seen of Ollama."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client

from conversations.generation.backend import Picture, backend
from conversations.models import User
from conversations.ollama.catalogue import ModelInfo

DOWN_SINCE = datetime(2026, 3, 10, 6, 2, tzinfo=UTC)


def installed(name: str) -> ModelInfo:
    return ModelInfo(name, 1_200_000_000, frozenset({"completion"}), "", "", "", "", "")


INTERNLM = (installed("internlm2:1.8b"),)
OTHER = (installed("other:1b"),)


@pytest.mark.parametrize(
    ("picture", "model", "sentences"),
    [
        (Picture(), "", ["Looking for Ollama"]),
        (
            Picture(looked=True, models=INTERNLM, loaded={"internlm2:1.8b": 4096}),
            "",
            ["internlm2:1.8b is connected."],
        ),
        (Picture(looked=True, models=INTERNLM), "", ["will be loaded with your question"]),
        (
            Picture(looked=True, models=INTERNLM),
            "qwen3:4b",
            ["qwen3:4b is not pulled", "ollama pull qwen3:4b"],
        ),
        (Picture(looked=True), "", ["no model that can chat", "ollama pull internlm2:1.8b"]),
        (Picture(looked=True, down_since=DOWN_SINCE), "", ["has not answered since 2026-03-10 14:02"]),
        (
            Picture(looked=True, models=OTHER),
            "",
            ["internlm2:1.8b is not pulled, so other:1b stands in for it"],
        ),
        (
            Picture(looked=True, models=OTHER, demonstration=True),
            "",
            [
                "No Ollama answers at http://ollama.example:11434/ (OLLAMA_BASE_URL)",
                "demonstration model",
                "English only",
                '<a href="https://ollama.com/download" rel="noreferrer">',
                "ollama pull internlm2:1.8b",
            ],
        ),
    ],
)
def test_sentences_of_states(
    client: Client,
    anna: User,
    monkeypatch: pytest.MonkeyPatch,
    picture: Picture,
    model: str,
    sentences: list[str],
) -> None:
    anna.time_zone = "Asia/Shanghai"
    anna.save()
    monkeypatch.setattr(backend, "picture", picture)
    monkeypatch.setattr(settings, "OLLAMA_BASE_URL", "http://name:secret@ollama.example:11434/")
    html = " ".join(client.get("/model-state", {"model": model}).content.decode().split())
    for sentence in sentences:
        assert sentence in html
    assert "secret" not in html
    assert client.get("/").status_code == 200


def test_the_demonstration_offers_english_examples(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "picture", Picture(looked=True, models=OTHER, demonstration=True))
    html = client.get("/").content.decode()
    assert '<ul class="examples" data-for="own" hidden>' in html
    assert '<ul class="examples" data-for="demonstration">' in html
    assert "data-demonstration data-empty" in " ".join(html.split())


def test_models_to_choose_from(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Picture(looked=True, models=(*INTERNLM, *OTHER), loaded={"other:1b": 4096})
    monkeypatch.setattr(backend, "picture", picture)
    html = client.get("/model-options").content.decode()
    assert '<option value="internlm2:1.8b" ' in html
    assert '<option value="" data-name="internlm2:1.8b" ' in html
    assert "loaded" in html
