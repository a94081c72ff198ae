"""Presets: made, changed, deleted and begun with, on pages that need no script, and only by their owner."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from conversations.generation.backend import Picture, backend
from conversations.models import Conversation, Preset, User
from conversations.ollama.catalogue import ModelInfo
from conversations.services import presets
from conversations.services.presets import MAX_PRESETS

FETCH: Any = {"headers": {"Accept": "application/json"}}
FIELDS = {
    "name": "Tutor",
    "model": "muse:1b",
    "system": "You are patient.\r\nAsk back.",
    "think": "on",
    "temperature": "0,3",
    "num_ctx": "8192",
    "stop": "END\r\nSTOP",
    "other": '{"top_k": 5}',
}
OPTIONS = {"temperature": 0.3, "num_ctx": 8192, "stop": ["END", "STOP"], "top_k": 5}


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ollama offers two models."""
    some = tuple(ModelInfo(name, None, None, "", "", "", "", "") for name in ("internlm2:1.8b", "muse:1b"))
    monkeypatch.setattr(backend, "picture", Picture(looked=True, models=some))


@pytest.fixture
def tutor(anna: User) -> Preset:
    """A preset of Anna's."""
    return Preset.objects.create(
        owner=anna, name="Tutor", model="muse:1b", system_prompt="You are patient.", options=OPTIONS
    )


@pytest.fixture
def shared(db: None) -> Preset:
    """A preset of everybody's."""
    return Preset.objects.create(name="House style", system_prompt="Be brief.")


def test_a_preset_is_made_as_it_was_written(client: Client, anna: User) -> None:
    answer = client.post(reverse("new_preset"), FIELDS, follow=True)
    assert "“Tutor” is saved." in answer.text
    made = anna.presets.get()
    assert (made.name, made.model, made.think, made.options) == ("Tutor", "muse:1b", "on", OPTIONS)
    assert made.system_prompt.splitlines() == ["You are patient.", "Ask back."]


def test_a_form_without_changes_changes_nothing(client: Client, tutor: Preset) -> None:
    page = client.get(reverse("preset", args=[tutor.pk]))
    initial = {name: value for name, value in page.context["form"].initial.items() if value is not None}
    assert client.post(reverse("preset", args=[tutor.pk]), initial).status_code == 302
    before = Preset.objects.filter(pk=tutor.pk).values().get()
    tutor.refresh_from_db()
    assert before["options"] == OPTIONS
    assert (before["system_prompt"], before["model"]) == ("You are patient.", "muse:1b")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", " ", "This field is required."),
        ("name", "a\u202eb", "characters that cannot be shown"),
        ("name", "x" * 81, "at most 80 characters"),
        ("system", "x" * 16_001, "at most 16000 characters"),
        ("think", "hard", "Select a valid choice"),
        ("model", "x" * 201, "at most 200 characters"),
        ("temperature", "warm", "“Temperature (temperature)” has to be a number from 0 to 5."),
        ("temperature", "1e400", "“Temperature (temperature)” has to be a number from 0 to 5."),
        ("num_ctx", "2048.5", "“Window in tokens (num_ctx)” has to be a whole number from 256 to 4194304."),
        ("stop", "x" * 201, "“stop” has to be a list of at most 16 texts of 1 to 200 characters."),
        ("other", "[1]", "Other options must be a JSON object"),
        ("other", "[" * 9000, "Other options must be a JSON object"),
        ("other", '{"top_k": NaN}', "“top_k” has to be a whole number from 0 to 100000."),
        ("other", '{"temperature": 1}', "“temperature” stands here and in the JSON."),
        ("other", '{"zzz": {"deep": 1}}', "“zzz” has to be a number, true, false or a text"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_lost(
    client: Client, anna: User, field: str, value: str, sentence: str
) -> None:
    fields = FIELDS | {field: value}
    page = client.post(reverse("new_preset"), fields)
    text = page.text.replace("&quot;", '"')
    assert sentence in text
    assert "You are patient." in text or field == "system"
    assert page.context["form"].data["other"] == fields["other"]
    told = client.post(reverse("new_preset"), fields, **FETCH)
    assert told.status_code == 400
    assert sentence in told.json()["text"]
    assert told.json()["field"] in PANEL_FIELDS
    assert not anna.presets.exists()


PANEL_FIELDS = {*FIELDS, "seed"}


def test_names_are_taken_once_whatever_their_capitals(client: Client, anna: User, tutor: Preset) -> None:
    told = client.post(reverse("new_preset"), FIELDS | {"name": "tUTOR"}, **FETCH)
    assert told.json() == {"field": "name", "text": "You have a preset of this name already."}
    other = presets.make(anna, presets.Values("Other"))
    page = client.post(reverse("preset", args=[other.pk]), FIELDS)
    assert "You have a preset of this name already." in page.text
    assert sorted(anna.presets.values_list("name", flat=True)) == ["Other", "Tutor"]


def test_the_number_of_presets_is_limited(client: Client, anna: User) -> None:
    Preset.objects.bulk_create(Preset(owner=anna, name=f"No. {number}") for number in range(MAX_PRESETS))
    page = client.post(reverse("new_preset"), FIELDS)
    assert f"You have {MAX_PRESETS} presets" in page.text
    assert 'value="Tutor"' in page.text
    assert anna.presets.count() == MAX_PRESETS
    assert "New preset" not in client.get(reverse("presets")).text


def test_two_people_and_everybody_may_use_one_name(anna: User, eve: User, shared: Preset) -> None:
    for owner in (anna, eve):
        Preset.objects.create(owner=owner, name="House style")
    with pytest.raises(IntegrityError), transaction.atomic():
        Preset.objects.create(name="house STYLE")


@pytest.mark.parametrize("name", ["preset", "delete_preset"])
def test_what_belongs_to_others_answers_like_what_is_missing(
    client: Client, eve: User, shared: Preset, name: str
) -> None:
    foreign = presets.make(eve, presets.Values("Eve's", system_prompt="secret"))
    before = list(Preset.objects.values())
    for pk in (foreign.pk, shared.pk, uuid.uuid4()):
        assert client.post(reverse(name, args=[pk]), FIELDS).status_code == 404
    assert list(Preset.objects.values()) == before
    for wanted in (str(foreign.pk), str(uuid.uuid4()), "no id"):
        assert client.post(reverse("default_preset"), {"preset": wanted}).status_code == 404
    assert "Eve" not in client.get(reverse("presets")).text + client.get(reverse("preset_menu")).text


def test_the_list_and_the_menu_show_the_own_and_the_shared_ones(
    client: Client, tutor: Preset, shared: Preset
) -> None:
    html = client.get(reverse("presets")).text
    assert html.index("Tutor") < html.index("Shared by the administrator") < html.index("House style")
    assert reverse("preset", args=[shared.pk]) not in html
    Preset.objects.filter(pk=tutor.pk).update(model="gone:1b")
    menu = client.get(reverse("preset_menu")).text
    assert "gone:1b · not pulled" in menu
    assert menu.index("Tutor") < menu.index("House style")


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_new_conversations_start_with_the_default_one(
    client: Client, anna: User, tutor: Preset, shared: Preset, kind: str
) -> None:
    preset = tutor if kind == "own" else shared
    client.post(reverse("default_preset"), {"preset": str(preset.pk)})
    assert "New conversations start with it" in client.get(reverse("presets")).text
    page = client.get("/")
    assert page.context["data"]["settings"] == {
        "model": preset.model,
        "options": preset.options,
        "system": preset.system_prompt,
        "think": "",
    }
    assert f"Starts with the preset “{preset.name}”." in page.text
    client.post(reverse("default_preset"), {"preset": ""})
    assert client.get("/").context["data"]["settings"]["system"] == ""


def test_a_preset_without_a_model_leaves_it_to_the_persons_default(
    client: Client, anna: User, shared: Preset
) -> None:
    User.objects.filter(pk=anna.pk).update(default_preset=shared, default_model="muse:1b")
    assert client.get("/").context["data"]["settings"]["model"] == "muse:1b"


def test_a_default_preset_whose_model_is_gone_says_who_answers(
    client: Client, anna: User, tutor: Preset
) -> None:
    Preset.objects.update(model="gone:1b")
    User.objects.filter(pk=anna.pk).update(default_preset=tutor)
    page = client.get("/")
    assert page.context["data"]["settings"]["model"] == ""
    assert "gone:1b, which new conversations start with, is not pulled any more" in page.text


def test_a_deleted_default_is_none(client: Client, anna: User, tutor: Preset) -> None:
    User.objects.filter(pk=anna.pk).update(default_preset=tutor)
    client.post(reverse("delete_preset", args=[tutor.pk]))
    anna.refresh_from_db()
    assert anna.default_preset is None
    assert client.get("/").context["data"]["settings"]["system"] == ""


def test_a_conversation_keeps_what_it_has_copied(client: Client, anna: User, tutor: Preset) -> None:
    conversation = Conversation.objects.create(
        owner=anna, title="Old", system_prompt=tutor.system_prompt, updated_at=anna.date_joined
    )
    client.post(reverse("preset", args=[tutor.pk]), FIELDS | {"system": "You are strict."})
    conversation.refresh_from_db()
    assert conversation.system_prompt == "You are patient."


def test_what_a_preset_says_is_inert_in_the_menu(client: Client, anna: User) -> None:
    presets.make(anna, presets.Values("<b>&'\"", system_prompt="'\"><script>alert(1)</script>"))
    menu = client.get(reverse("preset_menu")).text
    assert "<script>" not in menu
    assert "<b>" not in menu


def test_strangers_are_asked_to_log_in(db: None) -> None:
    for name in ("presets", "new_preset", "preset_menu"):
        assert Client().get(reverse(name))["Location"].startswith("/accounts/login/")
