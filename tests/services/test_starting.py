"""What a new conversation starts with, and in which order it is looked for."""

from conversations.models import Conversation, Preset, User
from conversations.services.starting import Start, start

from .asking import AskingCase, choose


class StartingCase(AskingCase):
    """One person, and a preset of theirs."""

    def begin_with(self, model: str = "", preset: Preset | None = None) -> None:
        User.objects.filter(pk=self.alice.pk).update(default_model=model, default_preset=preset)
        self.alice.refresh_from_db()

    def stored(self) -> Conversation:
        return Conversation.objects.get(pk=self.pk)

    def test_who_has_chosen_nothing_starts_with_nothing(self) -> None:
        assert start(self.alice, choose) == Start()
        self.ask()
        assert (self.stored().model, self.stored().options) == ("", {})

    def test_the_first_question_copies_the_preset(self) -> None:
        preset = Preset.objects.create(
            owner=self.alice, name="Tutor", model="muse:1b", system_prompt="Ask back.", options={"seed": 7}
        )
        self.begin_with("other:1b", preset)
        asked = self.ask()
        stored = self.stored()
        assert (stored.model, stored.system_prompt, stored.options) == ("muse:1b", "Ask back.", {"seed": 7})
        assert (asked.generation.model, asked.generation.options["seed"]) == ("muse:1b", 7)
        Preset.objects.update(system_prompt="Be brief.", options={})
        self.end(asked)
        assert self.ask("And?").generation.options["seed"] == 7
        assert self.stored().system_prompt == "Ask back."

    def test_what_is_chosen_with_the_question_stands_above_the_preset(self) -> None:
        self.begin_with("", Preset.objects.create(name="House", model="muse:1b", system_prompt="Be brief."))
        self.ask(model="own:1b", system="")
        assert (self.stored().model, self.stored().system_prompt) == ("own:1b", "")

    def test_the_presets_model_comes_before_the_persons_and_that_before_the_sites(self) -> None:
        preset = Preset.objects.create(owner=self.alice, name="Tutor", model="muse:1b")
        self.begin_with("own:1b", preset)
        assert start(self.alice, choose).model == "muse:1b"
        Preset.objects.update(model="")
        assert start(self.alice, choose).model == "own:1b"
        self.begin_with("", preset)
        assert start(self.alice, choose).model == ""

    def test_a_model_that_is_gone_is_passed_over_and_named(self) -> None:
        preset = Preset.objects.create(owner=self.alice, name="Tutor", model="missing")
        self.begin_with("own:1b", preset)
        begin = start(self.alice, choose)
        assert (begin.model, begin.gone) == ("own:1b", "missing")
        self.begin_with("missing")
        assert self.ask().generation.model == "internlm2:1.8b"

    def test_a_preset_that_has_become_somebody_elses_is_none(self) -> None:
        preset = Preset.objects.create(owner=self.bob, name="Bob's", system_prompt="secret")
        self.begin_with("", preset)
        assert start(self.alice, choose) == Start()
