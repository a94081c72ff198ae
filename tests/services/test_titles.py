"""Titles that models make: what is taken of what they write, and when one is kept."""

import pytest
from django.utils import timezone

from conversations.models import Conversation
from conversations.search.searching import Filters, search
from conversations.services import conversations, titles

from .asking import AskingCase


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("How Quicksort Works", "How Quicksort Works"),
        ('\n\n "How Quicksort Works."\n\nI chose it because', "How Quicksort Works"),
        ("**Title: “Sorting”**", "Sorting"),
        ("# Sorting lists", "Sorting lists"),
        ("标题：《快速排序的原理》", "快速排序的原理"),
        ("《红楼梦》读后感", "《红楼梦》读后感"),
        ("“Yes” and “No”", "“Yes” and “No”"),
        ('"Understanding quick', "Understanding quick"),
        ("<think>The person wants\nsorting</think>\nSorting", "Sorting"),
        ("<think>and never an end", ""),
        ("a\u202eb\x00c\u200bd", "a b c d"),
        ("one\x0btwo", "one"),
        ("", ""),
        (" \n\t\n", ""),
        ('***\n""\n...', ""),
        ("字" * 200, "字" * 79 + "…"),
        ("word " * 40, ("word " * 40)[:79].rsplit(" ", 1)[0] + "…"),
    ],
)
def test_of_what_a_model_writes_the_title_is_taken(written: str, title: str) -> None:
    assert titles.cleaned(written) == title
    assert len(title) <= titles.MAX_MADE_TITLE


class WhenCase(AskingCase):
    """After which answers a title is made, and whether it is kept."""

    def subject(self, text: str = "什么是快速排序？") -> titles.Subject | None:
        asked = self.ask_and_answer(text)
        self.generation = asked.generation
        return titles.subject(asked.generation.pk)

    def title(self) -> str:
        return Conversation.objects.get(pk=self.pk).title

    def test_after_the_first_answer(self) -> None:
        wanted = self.subject()
        assert wanted is not None
        assert titles.may_go_on(wanted)
        assert [role for role, _content, _pk in wanted.call.turns] == ["user", "assistant"]
        kept = titles.keep(wanted, "快速排序")
        assert kept is not None
        assert (kept.title, self.title()) == ("快速排序", "快速排序")
        assert titles.subject(self.generation.pk) is None

    def test_it_is_found_by_its_words(self) -> None:
        wanted = self.subject()
        assert wanted is not None
        titles.keep(wanted, "Divide and conquer")
        assert [hit.conversation.pk for hit in search(self.alice, "conquer", Filters()).titles] == [self.pk]
        assert not search(self.alice, "什么", Filters()).titles

    def test_not_after_the_second_answer(self) -> None:
        self.ask_and_answer()
        assert self.subject("And then?") is None

    def test_not_while_anybody_is_answered_or_waits(self) -> None:
        wanted = self.subject()
        assert wanted is not None
        self.pk = Conversation().pk
        self.asker = self.asker_for(self.bob)
        waiting = self.ask("Bob asks")
        assert not titles.may_go_on(wanted)
        assert titles.subject(self.generation.pk) is None
        self.end(waiting)
        assert titles.may_go_on(wanted)

    def test_a_name_that_the_person_gave_meanwhile_stays(self) -> None:
        wanted = self.subject()
        assert wanted is not None
        conversations.rename(self.alice, self.pk, "My name")
        assert not titles.may_go_on(wanted)
        assert titles.keep(wanted, "The model's") is None
        assert self.title() == "My name"
        assert titles.subject(self.generation.pk) is None

    def test_a_deleted_conversation_gets_none(self) -> None:
        wanted = self.subject()
        assert wanted is not None
        Conversation.objects.filter(pk=self.pk).update(deleted_at=timezone.now())
        assert not titles.may_go_on(wanted)
        assert titles.keep(wanted, "Too late") is None
