"""Asking, editing, regenerating, continuing and choosing branches, as rows."""

import uuid
from unittest import mock

from django.test import TestCase, override_settings
from django.utils import timezone

from conversations import describe
from conversations.models import Conversation, Generation, Message, User
from conversations.services import branches, conversations, generations, messages
from conversations.services.beginning import Asker
from conversations.services.conversations import Chosen
from conversations.services.generations import Ending

from .asking import AskingCase, choose, refused


class Asking(AskingCase):
    """What comes of asking, again and in other words."""

    def test_first_message_creates_the_conversation_with_a_title(self) -> None:
        asked = self.ask("写一首诗\n关于春天")
        conversation = Conversation.objects.get()
        assert (conversation.pk, conversation.title, conversation.owner) == (self.pk, "写一首诗", self.alice)
        assert asked.question is not None
        assert asked.question.content == "写一首诗\n关于春天"
        assert asked.generation.status == "queued"
        assert [event.kind for event in asked.generation.events.all()] == ["queued"]

    def test_unsigned_or_foreign_ids_create_nothing(self) -> None:
        for asker in (
            Asker(self.alice, self.pk, "process", choose),
            Asker(self.bob, self.pk, "process", choose, conversations.sign_new(self.alice, self.pk)),
        ):
            with refused("not_found"):
                messages.send(asker, "a", "hello")
        assert not Conversation.objects.exists()

    def test_someone_elses_conversation_is_not_found(self) -> None:
        self.ask_and_answer()
        with refused("not_found"):
            messages.send(self.asker_for(self.bob), "b", "hello")
        assert Message.objects.count() == 2

    def test_resent_client_id_makes_one_message(self) -> None:
        first = messages.send(self.asker, "same", "hello")
        again = messages.send(self.asker, "same", "hello")
        assert again.repeated
        assert again.generation == first.generation
        assert again.question == first.question
        assert Message.objects.count() == 2
        # What is told of it is told where no database may be asked.
        with self.assertNumQueries(0):
            assert describe.conversation(again.generation.conversation).leaf == first.generation.message_id

    def test_a_second_question_while_one_is_answered_stores_nothing(self) -> None:
        self.ask()
        with refused("busy"):
            self.ask()
        assert Message.objects.count() == 2

    def test_empty_and_too_long_texts_are_refused(self) -> None:
        with refused("empty"):
            self.ask(" \n\t ")
        with override_settings(MAX_MESSAGE_CHARS=5):
            with refused("too_long"):
                self.ask("123456")
            self.ask("12345")

    def test_nul_characters_are_made_storable(self) -> None:
        asked = self.ask("a\x00b")
        assert asked.question is not None
        assert asked.question.content == "a\ufffdb"

    def test_settings_belong_to_the_conversation_and_hold_from_this_message(self) -> None:
        asked = self.ask(model="qwen3:8b", options={"temperature": 0.1, "seed": None}, system="Be brief")
        assert (asked.generation.model, asked.generation.options) == ("qwen3:8b", {"temperature": 0.1})
        self.end(asked)
        assert self.ask("again").generation.options == {"temperature": 0.1}
        conversation = Conversation.objects.get()
        assert (conversation.model, conversation.system_prompt) == ("qwen3:8b", "Be brief")

    def test_profile_of_internlm2_lies_under_the_chosen_options(self) -> None:
        asked = self.ask(options={"temperature": 0})
        assert asked.generation.options == {
            "temperature": 0,
            "top_p": 0.9,
            "repeat_penalty": 1.1,
            "num_predict": 1024,
        }

    def test_wrong_options_and_unknown_models_are_named_and_change_nothing(self) -> None:
        for options, name in (
            ({"temperature": "hot"}, "temperature"),
            ({"num_ctx": 1.5}, "num_ctx"),
            ({"stop": "text"}, "stop"),
            ({"seed": True}, "seed"),
            ({"top_p": float("nan")}, "top_p"),
            ({"foo": {"deep": 1}}, "foo"),
        ):
            with self.subTest(options=options), refused("bad_option", name):
                self.ask(options=options)
        with refused("unknown_model", "missing"):
            self.ask(model="missing")
        assert not Conversation.objects.exists()

    def test_edit_makes_a_sibling_and_keeps_the_old_branch(self) -> None:
        first = self.ask_and_answer("one", "first")
        assert first.question is not None
        edited = messages.edit(self.asker, "e", first.question.pk, "uno")
        self.end(edited, "primo")
        assert self.shown() == ["uno", "primo"]
        assert edited.question is not None
        branches.select(self.alice, self.pk, first.question.pk)
        assert self.shown() == ["one", "first"]
        siblings = Message.objects.siblings_of([first.question])[None]
        assert siblings == [first.question.pk, edited.question.pk]

    def test_settings_chosen_for_an_edited_question_belong_to_the_conversation_from_then_on(self) -> None:
        first = self.ask_and_answer("one", "first")
        assert first.question is not None
        chosen = Chosen("cold:1b", {"seed": 7}, "Be brief", think=True)
        edited = messages.edit(self.asker, "e", first.question.pk, "uno", chosen=chosen).generation
        assert (edited.model, edited.options, edited.think) == ("cold:1b", {"seed": 7}, "on")
        assert generations.call(edited).system == "Be brief"
        generations.finish(edited.pk, Ending("completed", "stop", "primo"))
        again = self.ask("two").generation
        assert (again.model, again.options, again.think) == ("cold:1b", {"seed": 7}, "on")

    def test_wrong_settings_of_an_edited_question_are_named_and_change_nothing(self) -> None:
        first = self.ask_and_answer("one", "first")
        assert first.question is not None
        for chosen, code in (
            (Chosen("missing"), "unknown_model"),
            (Chosen(options={"seed": 1.5}), "bad_option"),
        ):
            with self.subTest(code=code), refused(code):
                messages.edit(self.asker, "e", first.question.pk, "uno", chosen=chosen)
        assert self.shown() == ["one", "first"]
        conversation = Conversation.objects.get()
        assert (conversation.model, conversation.options) == ("", {})

    def test_regenerate_makes_a_sibling_answer_by_another_model(self) -> None:
        first = self.ask_and_answer()
        again = messages.regenerate(self.asker, "r", first.generation.message_id, "qwen3:8b")
        assert again.question is None
        assert again.generation.model == "qwen3:8b"
        assert again.generation.message.parent == first.question
        assert Conversation.objects.get().model == ""

    def test_options_of_a_regenerated_answer_are_its_own(self) -> None:
        first = self.ask(options={"seed": 7})
        self.end(first)
        options = {"repeat_penalty": 1.2, "top_k": None}
        again = messages.regenerate(self.asker, "r", first.generation.message_id, options=options)
        assert again.generation.options == {**first.generation.options, "repeat_penalty": 1.2}
        assert Conversation.objects.get().options == {"seed": 7}
        self.end(again)
        assert self.ask("next").generation.options == first.generation.options

    def test_wrong_options_of_a_regenerated_answer_are_named_and_change_nothing(self) -> None:
        first = self.ask_and_answer()
        for options in ({"repeat_penalty": 99}, {"repeat_penalty": "high"}, {"seed": [1]}):
            with self.subTest(options=options), refused("bad_option", next(iter(options))):
                messages.regenerate(self.asker, "r", first.generation.message_id, options=options)
        assert Generation.objects.count() == 1

    def test_continue_goes_on_in_the_same_message(self) -> None:
        first = self.ask_and_answer("count", "1, 2, ")
        more = messages.continue_answer(self.asker, "c", first.generation.message_id)
        assert more.generation.message_id == first.generation.message_id
        call = generations.call(more.generation)
        assert [turn[:2] for turn in call.turns] == [("user", "count"), ("assistant", "1, 2, ")]

    def test_an_answer_that_was_asked_about_since_is_not_continued(self) -> None:
        first = self.ask_and_answer("count", "1, 2, ")
        second = self.ask_and_answer("what comes next?", "3")
        with refused("bad_frame"):
            messages.continue_answer(self.asker, "c", first.generation.message_id)
        assert self.shown() == ["count", "1, 2, ", "what comes next?", "3"]
        assert Generation.objects.count() == 2
        more = messages.continue_answer(self.asker, "d", second.generation.message_id)
        self.end(more, "3, 4")
        assert self.shown() == ["count", "1, 2, ", "what comes next?", "3, 4"]

    def test_an_answer_is_continued_by_the_model_that_wrote_it_with_its_own_options(self) -> None:
        first = self.ask(options={"seed": 7}, think="high")
        self.end(first)
        above = {"repeat_penalty": 1.3}
        other = messages.regenerate(self.asker, "r", first.generation.message_id, "cold:1b", above)
        self.end(other, "1, 2, ")
        Conversation.objects.update(model="qwen3:8b", options={"seed": 8}, think="off")
        for number in range(2):
            more = messages.continue_answer(self.asker, f"c{number}", other.generation.message_id).generation
            assert (more.model, more.think) == ("cold:1b", "high")
            assert more.options == {"seed": 7, "repeat_penalty": 1.3}
            generations.finish(more.pk, Ending("stopped", "user_stop", "1, 2, 3, "))

    def test_an_answer_whose_model_is_gone_is_continued_as_the_conversation_has_chosen(self) -> None:
        first = self.ask_and_answer("count", "1, 2, ")
        Generation.objects.update(model="missing", options={"seed": 7})
        Conversation.objects.update(model="qwen3:8b", options={"seed": 8})
        more = messages.continue_answer(self.asker, "c", first.generation.message_id).generation
        assert (more.model, more.options) == ("qwen3:8b", {"seed": 8})

    def test_next_question_knows_the_conversation(self) -> None:
        first = self.ask_and_answer("one", "first")
        asked = self.ask("two")
        call = generations.call(asked.generation)
        assert [turn[:2] for turn in call.turns] == [("user", "one"), ("assistant", "first"), ("user", "two")]
        assert first.question is not None
        assert (call.turns[0][2], call.unread) == (first.question.pk, 0)

    def test_of_a_long_conversation_the_end_is_read_and_the_rest_counted(self) -> None:
        for text in ("one", "two", "three"):
            self.ask_and_answer(text)
        asked = self.ask("four")
        with mock.patch.object(generations, "_MAX_HISTORY", 4):
            call = generations.call(asked.generation)
        assert [turn[1] for turn in call.turns] == ["answer", "three", "answer", "four"]
        assert call.unread == 3

    def test_deleted_conversation_is_gone_until_restored(self) -> None:
        asked = self.ask()
        assert conversations.delete(self.alice, self.pk) == [asked.generation.pk]
        with refused("not_found"):
            self.ask()
        with refused("not_found"):
            conversations.restore(self.bob, self.pk)
        assert conversations.restore(self.alice, self.pk).pk == self.pk

    def test_rename_is_the_owners(self) -> None:
        self.ask()
        with refused("not_found"):
            conversations.rename(self.bob, self.pk, "mine")
        with refused("empty"):
            conversations.rename(self.alice, self.pk, "  ")
        assert conversations.rename(self.alice, self.pk, " 春天\n的诗 ").title == "春天 的诗"

    def test_long_branch_reads_only_its_end(self) -> None:
        for number in range(3):
            self.ask_and_answer(f"q{number}", f"a{number}")
        leaf = Conversation.objects.get().shown_leaf_id
        with self.assertNumQueries(2):
            assert [message.content for message in Message.objects.branch(leaf, 2)] == ["q2", "a2"]


class LastWord(TestCase):
    """How generations end in the database."""

    alice: User

    @classmethod
    def setUpTestData(cls) -> None:
        cls.alice = User.objects.create_user("alice")

    def begin(self, process: str = "me") -> Generation:
        pk = uuid.uuid4()
        asker = Asker(self.alice, pk, process, choose, conversations.sign_new(self.alice, pk))
        return messages.send(asker, "c", "hello").generation

    def test_finish_wins_once(self) -> None:
        generation = self.begin()
        assert generations.finish(generation.pk, Ending("stopped", "user_stop", "half"))
        assert generations.finish(generation.pk, Ending("completed", "stop", "whole")) is None
        generation.refresh_from_db()
        assert (generation.status, generation.message.content) == ("stopped", "half")

    def test_checkpoints_of_a_dead_process_become_an_interrupted_answer(self) -> None:
        generation = self.begin("dead")
        chunks = [
            generations.Chunk(generation.pk, 0, "春眠", ""),
            generations.Chunk(generation.pk, 2, "不觉晓", "想"),
        ]
        generations.checkpoint([generation.pk], chunks[:1], {generation.pk: "writing"}, [])
        generations.checkpoint([generation.pk], chunks, {}, [])
        assert generations.heartbeats([generation.pk]) == {}
        heartbeats = generations.heartbeats()
        generations.checkpoint([generation.pk], [], {}, [])
        assert generations.sweep(heartbeats) == []
        assert generations.sweep(generations.heartbeats()) == [generation]
        assert generations.sweep(heartbeats) == []
        generation.refresh_from_db()
        assert (generation.status, generation.reason) == ("interrupted", "process_died")
        assert (generation.message.content, generation.message.thinking) == ("春眠不觉晓", "想")
        assert not generation.chunks.exists()

    def test_another_process_reads_what_is_new_and_what_has_ended(self) -> None:
        generation = self.begin("owner")
        conversation = generation.conversation_id
        chunks = [
            generations.Chunk(generation.pk, 0, "春眠", ""),
            generations.Chunk(generation.pk, 2, "不觉晓", "想"),
        ]
        generations.checkpoint([generation.pk], chunks, {generation.pk: "writing"}, [])
        assert generations.elsewhere("owner", {conversation}, {}) == []
        assert generations.elsewhere("me", set(), {}) == []
        whole, new = (
            generations.elsewhere("me", {conversation}, read)[0] for read in ({}, {generation.pk: 2})
        )
        assert (whole.text, whole.thinking, whole.row.phase) == ("春眠不觉晓", "想", "writing")
        assert (new.text, new.thinking) == ("不觉晓", "想")
        generations.finish(generation.pk, Ending("completed", "stop", "春眠不觉晓。"))
        ended = generations.elsewhere("me", {conversation}, {})[0]
        assert (ended.row.status, ended.row.message.content) == ("completed", "春眠不觉晓。")

    def test_facts_of_a_repeated_checkpoint_are_kept_once(self) -> None:
        generation = self.begin()
        fact = generations.Fact(generation.pk, timezone.now(), "first_token")
        generations.checkpoint([generation.pk], [], {}, [fact])
        generations.checkpoint([generation.pk], [], {}, [fact])
        assert generation.events.filter(kind="first_token").count() == 1

    def test_checkpoint_names_what_is_to_end(self) -> None:
        asked, gone, quiet = self.begin(), self.begin(), self.begin()
        generations.request_stop(asked.pk, self.alice)
        chunk = generations.Chunk(gone.pk, 0, "text", "")
        gone.conversation.delete()
        assert set(generations.checkpoint([asked.pk, gone.pk, quiet.pk], [chunk], {}, [])) == {
            asked.pk,
            gone.pk,
        }
        assert quiet.is_live

    def test_checkpoint_without_text_hears_of_an_end_that_another_process_brought(self) -> None:
        generation = self.begin()
        generations.finish(generation.pk, Ending("interrupted", "process_died"))
        assert generations.checkpoint([generation.pk], [], {}, []) == [generation.pk]

    def test_stop_is_marked_once_with_its_asker(self) -> None:
        generation = self.begin()
        assert generations.request_stop(generation.pk, self.alice)
        assert not generations.request_stop(generation.pk, None)
        generation.refresh_from_db()
        assert generation.stop_requested_by == self.alice
        generations.finish(generation.pk, Ending("stopped", "user_stop"))
        assert not generations.request_stop(generation.pk, self.alice)
