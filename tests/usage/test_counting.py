"""Days are counted once they are over, and what was counted stays."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.test import override_settings
from django.utils import timezone

from conversations.models import Generation, UsageDay, User
from conversations.usage import counting, reading
from conversations.usage.counts import bin_of, percentile, upper
from tests.admin import rows

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # 12:00 in Shanghai


@pytest.fixture(autouse=True)
def _in_shanghai():
    with override_settings(TIME_ZONE="Asia/Shanghai"):
        yield


@pytest.fixture
def anna(db):
    return rows.person("anna")


def call(person: User, at: datetime = NOON, **fields: Any) -> Generation:
    """A call that waits a second, has its first text after another and takes ten."""
    seconds = timedelta(seconds=1)
    times = {
        "queued_at": at,
        "started_at": at + seconds,
        "first_token_at": at + 2 * seconds,
        "finished_at": at + 11 * seconds,
    }
    return rows.exchange(rows.conversation(person), **{**times, **fields})


def choice(**more: Any) -> reading.Choice:
    return reading.Choice(**{"since": DAY, "until": DAY, **more})


def test_a_day_has_its_questions_answers_and_tokens(anna):
    call(anna)
    call(rows.person("bob"), model="qwen3:4b", status="failed", reason="stalled", output_tokens=None)
    counting.count_missing()
    figures = reading.read(choice())
    total = figures.total
    assert (total.questions, total.answers, total.completed, total.failed) == (2, 2, 1, 1)
    assert (total.prompt_tokens, total.output_tokens) == (90, 210)
    assert total.reasons == Counter(stalled=1)
    assert total.hours == Counter({12: 2})
    assert figures.people == {DAY: 2}
    assert {model: counts.answers for model, counts in figures.by_model.items()} == {
        "internlm2:1.8b": 1,
        "qwen3:4b": 1,
    }


def test_an_answer_that_was_asked_for_again_is_no_other_question(anna):
    first = call(anna)
    rows.generation(first.message, queued_at=NOON + timedelta(minutes=1))
    assert (counting.count(DAY).by_model["internlm2:1.8b"].questions) == 1


def test_days_are_those_of_the_sites_time_zone(anna):
    before_midnight = datetime(2026, 3, 2, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
    call(anna, before_midnight)
    call(anna, before_midnight + timedelta(minutes=2))
    assert [
        sum(c.answers for c in counting.count(day).by_model.values()) for day in (DAY, date(2026, 3, 3))
    ] == [1, 1]


@pytest.mark.parametrize(
    ("more", "answers", "people"),
    [({}, 3, 2), ({"model": "qwen3:4b"}, 1, 1), ({"person": "anna"}, 2, 1), ({"group": "class"}, 1, 1)],
)
@pytest.mark.parametrize("counted", [True, False])
def test_it_is_the_same_before_and_after_it_is_counted(anna, more, answers, people, counted):
    bob, group = rows.person("bob"), Group.objects.create(name="class")
    bob.groups.add(group)
    call(anna)
    call(anna, model="qwen3:4b")
    call(bob)
    if counted:
        counting.count_missing()
        Generation.objects.all().delete()
    ids = {"anna": anna.pk, "class": group.pk}
    figures = reading.read(choice(**{name: ids.get(value, value) for name, value in more.items()}))
    assert (figures.total.answers, figures.people[DAY]) == (answers, people)


def test_what_was_counted_stays_when_its_conversations_go(anna):
    call(anna)
    counting.count_missing()
    Generation.objects.all().delete()
    anna.delete()
    assert reading.read(choice()).total.answers == 1


def test_a_day_is_not_counted_while_something_of_it_runs(anna):
    running = call(anna, status="running", finished_at=None)
    counting.count_missing()
    assert not UsageDay.objects.filter(day=DAY).exists()
    Generation.objects.filter(pk=running.pk).update(status="completed")
    counting.count_missing()
    assert reading.read(choice()).total.completed == 1


def test_counting_twice_changes_nothing(anna):
    call(anna)
    day = counting.count(DAY)
    counting.keep(day)
    counting.keep(day)
    assert reading.read(choice()).total.answers == 1
    assert counting.uncounted(DAY + timedelta(days=1)) == []


def test_today_is_counted_for_who_looks(anna):
    call(anna, timezone.now())
    today = counting.today()
    assert reading.read(reading.Choice(today, today)).total.answers == 1
    assert not UsageDay.objects.exists()


def test_the_longest_queue_is_told(anna):
    for second in range(3):
        at = NOON + timedelta(seconds=second)
        call(rows.person(f"p{second}"), at, started_at=NOON + timedelta(seconds=10))
    call(anna, NOON + timedelta(seconds=10), started_at=NOON + timedelta(seconds=11))
    assert counting.count(DAY).most_queued == 3


def test_many_days_are_shown_by_weeks_and_months(anna):
    call(anna)
    counting.count_missing()
    for days, most in ((62, 62), (300, 45), (731, 25)):
        figures = reading.read(reading.Choice(DAY - timedelta(days=days - 1), DAY))
        assert len(figures.steps) <= most
        assert figures.total.answers == sum(one.answers for one in figures.steps.values()) == 1


@pytest.mark.parametrize("milliseconds", [1, 10, 137, 1_000, 45_000])
def test_a_percentile_is_off_by_a_fifth_at_most(milliseconds):
    number = bin_of(milliseconds)
    assert (upper(number - 1) if number else 0) <= milliseconds < upper(number)
    found = percentile(Counter({number: 100}), 0.5)
    assert found is not None
    assert number == 0 or abs(found - milliseconds) <= 0.21 * milliseconds


def test_there_is_no_percentile_of_nothing():
    assert percentile(Counter(), 0.5) is None
