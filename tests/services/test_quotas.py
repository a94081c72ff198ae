"""What a person may ask on one day, and which models they may use."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.test import override_settings
from django.utils import timezone

from conversations.models import Generation, ModelProfile, Quota
from conversations.services import branches, messages, offers, quotas
from conversations.services.errors import Refused

from .asking import AskingCase, refused


class Quotas(AskingCase):
    """Limits of the day."""

    def limit(self, **fields: int) -> None:
        Quota.objects.create(person=self.alice, **fields)

    def test_without_a_quota_nothing_is_counted(self) -> None:
        with self.assertNumQueries(1):
            assert quotas.allowance(self.alice).shares == []

    def test_at_the_limit_nothing_is_stored(self) -> None:
        self.limit(messages=1)
        self.ask_and_answer()
        with refused("quota"):
            messages.send(self.asker, "again", "more")
        assert Generation.objects.count() == 1
        assert quotas.allowance(self.alice).is_spent

    def test_what_is_left_is_told_before(self) -> None:
        self.limit(messages=5, tokens=1000)
        self.ask_and_answer()
        Generation.objects.update(prompt_tokens=500, output_tokens=350)
        allowance = quotas.allowance(self.alice)
        assert allowance.messages
        assert allowance.tokens
        assert (allowance.messages.left, allowance.tokens.left) == (4, 150)
        assert allowance.is_little
        assert not allowance.messages.is_little

    def test_tokens_count_too(self) -> None:
        self.limit(tokens=100)
        self.ask_and_answer()
        Generation.objects.update(prompt_tokens=90, output_tokens=10)
        with refused("quota"):
            messages.send(self.asker, "again", "more")

    def test_asking_again_and_continuing_count_as_well(self) -> None:
        answer = self.ask_and_answer().generation.message_id
        self.limit(messages=1)
        with refused("quota"):
            messages.regenerate(self.asker, "again", answer)
        with refused("quota"):
            messages.continue_answer(self.asker, "more", answer)

    def test_deleting_gives_nothing_back(self) -> None:
        self.limit(messages=3, tokens=1000)
        answer = self.ask_and_answer().generation.message
        Generation.objects.update(prompt_tokens=40, output_tokens=60)
        assert answer.parent_id
        branches.delete(self.alice, answer.conversation_id, answer.parent_id)
        again = self.ask_and_answer("again").generation.message
        branches.delete(self.alice, again.conversation_id, again.pk)
        allowance = quotas.allowance(self.alice)
        assert allowance.messages
        assert allowance.tokens
        assert (allowance.messages.used, allowance.tokens.used) == (2, 100)

    def test_what_was_brought_from_elsewhere_was_not_asked_here(self) -> None:
        self.limit(messages=1)
        self.ask_and_answer()
        Generation.objects.update(process=Generation.IMPORTED)
        assert not quotas.allowance(self.alice).is_spent

    def test_a_repeated_command_finds_what_it_made(self) -> None:
        self.limit(messages=1)
        messages.send(self.asker, "same", "hello")
        assert messages.send(self.asker, "same", "hello").repeated

    @override_settings(TIME_ZONE="Asia/Shanghai")
    def test_it_is_counted_anew_at_the_sites_midnight(self) -> None:
        self.limit(messages=1)
        self.ask_and_answer()
        midnight = datetime.combine(timezone.localdate(), datetime.min.time(), ZoneInfo("Asia/Shanghai"))
        Generation.objects.update(queued_at=midnight - timedelta(seconds=1))
        assert not quotas.allowance(self.alice).is_spent
        Generation.objects.update(queued_at=midnight)
        assert quotas.allowance(self.alice).is_spent

    def test_the_own_one_comes_before_the_groups_before_that_of_all(self) -> None:
        groups = [Group.objects.create(name=name) for name in ("few", "many")]
        self.alice.groups.set(groups)
        Quota.objects.create(messages=1)
        assert self.messages_a_day() == 1
        Quota.objects.create(group=groups[0], messages=10)
        Quota.objects.create(group=groups[1], messages=20)
        assert self.messages_a_day() == 20
        self.limit(messages=5)
        assert self.messages_a_day() == 5

    def test_a_group_without_a_limit_has_none(self) -> None:
        self.alice.groups.set([Group.objects.create(name="free")])
        Quota.objects.create(messages=1)
        Quota.objects.create(group=self.alice.groups.get())
        assert quotas.allowance(self.alice).shares == []

    def messages_a_day(self) -> int | None:
        share = quotas.allowance(self.alice).messages
        return share.limit if share else None

    def test_there_is_one_for_everybody(self) -> None:
        Quota.objects.create(messages=1)
        with pytest.raises(IntegrityError):
            Quota.objects.create(messages=2)


class Offers(AskingCase):
    """Models by group."""

    def setUp(self) -> None:
        super().setUp()
        self.group = Group.objects.create(name="7b")

    def profile(self, name: str, *groups: Group, **fields: bool) -> None:
        ModelProfile.objects.update_or_create(name=name, defaults=fields)[0].groups.set(groups)

    def may(self, model: str) -> bool:
        return offers.offer(self.alice).has(model)

    def test_without_a_rule_all_are_offered_in_one_query(self) -> None:
        with self.assertNumQueries(1):
            assert self.may("anything:7b")

    def test_a_model_may_be_for_a_group(self) -> None:
        self.profile("qwen3", self.group)
        assert not self.may("qwen3:4b")
        self.alice.groups.add(self.group)
        assert self.may("qwen3:4b")

    def test_the_rule_of_a_tag_comes_before_that_of_all_tags(self) -> None:
        self.profile("qwen3", is_offered=False)
        self.profile("qwen3:0.6b")
        assert [self.may(name) for name in ("qwen3:0.6b", "qwen3:4b", "qwen3")] == [True, False, False]

    def test_administrators_may_use_all(self) -> None:
        self.profile("qwen3", is_offered=False)
        self.alice.is_superuser = True
        assert self.may("qwen3:4b")

    def test_the_profiles_system_prompt_stands_in_for_a_missing_one(self) -> None:
        from conversations.services import generations

        generation = self.ask().generation
        ModelProfile.objects.update_or_create(name=generation.model, defaults={"system_prompt": "Be brief."})
        assert generations.call(generation).system == "Be brief."
        generation.conversation.system_prompt = "Be kind."
        assert generations.call(generation).system == "Be kind."


def test_the_refusal_says_when_it_is_counted_anew() -> None:
    assert "limit for today" in str(Refused("quota"))
