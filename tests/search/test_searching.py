"""Searching real rows through the services that write them, by the index of the database that the tests run on."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation, Message, SearchEntry, User
from conversations.search import index
from conversations.search.searching import PAGE_SIZE, Filters, Results, messages_of, search
from conversations.services import branches, conversations, messages
from conversations.services.beginning import Asker
from tests.services.asking import AskingCase, choose

ALL = Filters()


def found(results: Results) -> list[str]:
    """The messages, and the titles in front of them."""
    titles = [f"title: {hit.conversation.title}" for hit in results.titles]
    return [*titles, *(hit.message.content for hit in results.messages if hit.message)]


class Searching(AskingCase):
    """One conversation with a question and an answer; others are made by the tests."""

    def setUp(self) -> None:
        super().setUp()
        self.asked = self.ask_and_answer("春天的花园怎么种？", "Plant in 春天, when the Garden wakes.")

    def look(self, query: str, filters: Filters = ALL, user: User | None = None) -> list[str]:
        return found(search(user or self.alice, query, filters))

    def another(self, text: str, answer: str = "answer", user: User | None = None) -> None:
        self.pk = uuid.uuid4()
        self.asker = self.asker_for(user or self.alice)
        self.ask_and_answer(text, answer)

    def test_words_of_two_chinese_characters_are_found_and_so_is_one(self) -> None:
        for query in ("春天", "春", "花园"):
            assert "春天的花园怎么种？" in self.look(query)
        assert self.look("天春") == []

    def test_titles_come_first_and_messages_follow_newest_first(self) -> None:
        assert self.look("春天") == [
            "title: 春天的花园怎么种？",
            "Plant in 春天, when the Garden wakes.",
            "春天的花园怎么种？",
        ]

    def test_case_width_and_the_beginning_of_a_word_that_is_being_typed(self) -> None:
        answer = ["Plant in 春天, when the Garden wakes."]
        for query in ("garden", "ＧＡＲＤＥＮ", "gard", "plant wak"):
            assert self.look(query) == answer
        assert self.look("gard ") == []

    def test_all_the_words_have_to_be_there(self) -> None:
        assert self.look("garden plant") == ["Plant in 春天, when the Garden wakes."]
        assert self.look("garden tractor") == []

    def test_nothing_of_anybody_else_is_found(self) -> None:
        self.another("secret garden", user=self.bob)
        assert self.look("secret") == []
        assert self.look("secret", user=self.bob) == ["title: secret garden", "secret garden"]

    def test_what_is_deleted_is_not_found_and_comes_back_with_the_undo(self) -> None:
        conversations.delete(self.alice, self.pk)
        assert self.look("garden") == []
        conversations.restore(self.alice, self.pk)
        assert len(self.look("garden")) == 1

    def test_a_renamed_conversation_is_found_by_its_new_title_only(self) -> None:
        conversations.rename(self.alice, self.pk, "Orchids")
        assert self.look("orchids") == ["title: Orchids"]
        assert self.look("春天")[0] != "title: 春天的花园怎么种？"

    def test_an_answer_is_found_when_it_has_ended_and_again_when_it_was_continued(self) -> None:
        asked = self.ask("And tulips?")
        assert self.look("hyacinths") == []
        self.end(asked, "No: hyacinths")
        assert self.look("hyacinths") == ["No: hyacinths"]
        more = messages.continue_answer(self.asker, "more", asked.generation.message_id)
        self.end(more, "No: hyacinths and crocuses")
        assert self.look("crocuses") == ["No: hyacinths and crocuses"]
        assert SearchEntry.objects.filter(message=asked.generation.message_id).count() == 1

    def test_deleted_messages_leave_the_index(self) -> None:
        branches.delete(self.alice, self.pk, self.asked.generation.message_id)
        assert self.look("garden") == []
        assert SearchEntry.objects.count() == 2
        Conversation.objects.all().delete()
        assert SearchEntry.objects.count() == 0

    def test_mine_or_the_models_words(self) -> None:
        assert self.look("春天", Filters(role="user")) == ["春天的花园怎么种？"]
        assert self.look("春天", Filters(role="assistant")) == ["Plant in 春天, when the Garden wakes."]

    def test_the_model(self) -> None:
        assert len(self.look("春天", Filters(model="internlm2:1.8b"))) == 2
        assert self.look("春天", Filters(model="internlm2:1")) == []

    def test_pinned_and_archived(self) -> None:
        self.another("another garden")
        Conversation.objects.filter(pk=self.pk).update(pinned=True)
        assert self.look("garden", Filters(pinned=True)) == ["title: another garden", "another garden"]
        assert self.look("garden", Filters(pinned=False)) == ["Plant in 春天, when the Garden wakes."]
        Conversation.objects.filter(pk=self.pk).update(pinned=False, archived_at=timezone.now())
        assert self.look("garden", Filters(archived=True)) == ["title: another garden", "another garden"]
        assert self.look("garden", Filters(archived=False)) == ["Plant in 春天, when the Garden wakes."]
        assert self.look("garden", Filters(pinned=True)) == []

    def test_days_are_the_persons_own(self) -> None:
        late = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
        Message.objects.filter(role=Message.Role.ASSISTANT).update(created_at=late)
        SearchEntry.objects.all().delete()
        for message in Message.objects.select_related("conversation"):
            index.add([index.message_entry(message, message.conversation.owner_id, "m")])
        with timezone.override("Asia/Shanghai"):
            assert self.look("garden", Filters(since=date(2026, 3, 10), until=date(2026, 3, 10)))
            assert not self.look("garden", Filters(until=date(2026, 3, 9)))
        with timezone.override("UTC"):
            assert self.look("garden", Filters(since=date(2026, 3, 9), until=date(2026, 3, 9)))

    def test_pages_follow_each_other_without_gap_or_repeat(self) -> None:
        for number in range(PAGE_SIZE + 5):
            asked = self.ask(f"tulip {number}")
            self.end(asked)
        first = search(self.alice, "tulip", ALL)
        assert first.next_page is not None
        second = search(self.alice, "tulip", ALL, first.next_page)
        assert second.next_page is None
        assert [*found(first), *found(second)] == [f"tulip {n}" for n in reversed(range(PAGE_SIZE + 5))]

    def test_what_only_looks_like_a_match_to_the_index_costs_no_page_its_hits(self) -> None:
        for number in range(PAGE_SIZE + 10):
            self.end(self.ask(f"天地 地春 春地 地天 {number}"))
        self.end(self.ask("春天地"))
        results = search(self.alice, "春天地", ALL)
        assert found(results) == ["春天地"]

    def test_what_a_conversation_shows_is_found_in_it_the_oldest_first(self) -> None:
        first = self.pk
        self.end(self.ask("garden again"))
        self.another("another garden")
        again = messages.regenerate(
            Asker(self.alice, first, "process", choose), "again", self.asked.generation.message_id
        )
        self.end(again, "another garden, on another branch")
        branches.select(self.alice, first, self.asked.generation.message_id)
        ids, more = messages_of(Conversation.objects.get(pk=first), "garden")
        contents = [Message.objects.get(pk=pk).content for pk in ids]
        assert contents == ["Plant in 春天, when the Garden wakes.", "garden again"]
        assert not more

    def test_the_number_of_queries_does_not_grow_with_what_is_found(self) -> None:
        with CaptureQueriesContext(
            connection,
        ) as few:
            search(self.alice, "garden", ALL)
        for _ in range(15):
            self.end(self.ask("garden"), "garden")
        with CaptureQueriesContext(connection) as many:
            assert len(search(self.alice, "garden", ALL).messages) == PAGE_SIZE
        assert len(many) <= len(few) + 1

    def test_two_in_the_same_moment_are_both_kept(self) -> None:
        now = timezone.now()
        conversation = Conversation.objects.get(pk=self.pk)
        rows = [
            Message(conversation=conversation, role="user", content=f"same moment {n}", created_at=now)
            for n in range(3)
        ]
        Message.objects.bulk_create(rows)
        index.add([index.message_entry(row, self.alice.pk, "m") for row in rows[:2]])
        index.add([index.message_entry(rows[2], self.alice.pk, "m")])
        assert len(self.look("moment")) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["", " ", "'", '"', "a' OR 1=1 --", "* AND (", "NEAR(a b)", "\\", "a & !b | c:*", "%_", "§o1"]
)
def test_nothing_that_is_typed_is_the_databases_language(query: str) -> None:
    person = User.objects.create_user("carol")
    other = User.objects.create_user("dave")
    conversation = Conversation.objects.create(owner=other, title="a b c", updated_at=timezone.now())
    index.put(index.title_entry(conversation))
    assert found(search(person, query, ALL)) == []


@pytest.mark.django_db
def test_the_index_is_filled_with_what_was_there_before_it() -> None:
    from django.apps import apps

    from conversations.search import filling

    person = User.objects.create_user("carol")
    conversation = Conversation.objects.create(owner=person, title="Old title", updated_at=timezone.now())
    Message.objects.create(
        conversation=conversation,
        role="user",
        content="old words",
        created_at=timezone.now() - timedelta(days=9),
    )
    filling.fill(apps.get_model)
    assert found(search(person, "old", ALL)) == ["title: Old title", "old words"]
