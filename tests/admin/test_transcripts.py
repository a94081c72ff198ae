"""A conversation as an administrator reads it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.models import Conversation, GenerationChunk, Message
from tests.admin import rows


def _page(client: Client, conversation: Conversation, **query: str) -> str:
    url = reverse("admin:conversations_conversation_change", args=[conversation.pk])
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.text


def test_transcript_shows_words_and_how_each_answer_came(root, owner):
    conversation = rows.conversation(owner, "春天的诗", system_prompt="Be brief.")
    call = rows.exchange(conversation, "写一首诗\n\n  关于春天", "**春天**来了。\n\n- 花\n- 鸟")
    text = _page(root, conversation)
    assert "写一首诗\n\n  关于春天" in text
    assert "<strong>春天</strong>来了。" in text
    assert "<li>花</li>" in text
    assert "Be brief." in text
    for figure in (
        "internlm2:1.8b",
        "stop [&quot;###&quot;] · temperature 0.7",
        "12.5 s",
        "0.5 s",
        "210",
        "21.0",
    ):
        assert figure in text
    assert reverse("admin:conversations_generation_change", args=[call.pk]) in text
    assert reverse("admin:conversations_user_change", args=[owner.pk]) in text


def test_thinking_is_folded(root, owner):
    conversation = rows.conversation(owner)
    question = rows.message(conversation, "user", "1+1?")
    rows.message(conversation, "assistant", "2", question, thinking="Let me count.")
    text = _page(root, conversation)
    folded = text.split("<details")[1].split("</details>")[0]
    assert "Let me count." in folded


def test_what_the_person_thought_of_an_answer_is_seen(root, owner):
    conversation = rows.conversation(owner)
    question = rows.message(conversation, "user", "1+1?")
    comment = "<script>alert(1)</script> wrong\u202e"
    rows.message(conversation, "assistant", "3", question, rating=-1, rating_comment=comment)
    text = _page(root, conversation)
    assert "<strong>bad</strong>" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; wrong" in text
    assert "<script>alert(1)" not in text
    assert "\u202e" not in text


def test_what_people_write_stays_text(root, owner):
    conversation = rows.conversation(owner)
    rows.message(conversation, "user", "**bold** <b>x</b>")
    assert "**bold** &lt;b&gt;x&lt;/b&gt;" in _page(root, conversation)


def test_branches_are_marked(root, owner):
    conversation = rows.conversation(owner)
    question = rows.message(conversation, "user", "Why?")
    first = rows.message(conversation, "assistant", "First answer", question)
    rows.message(conversation, "assistant", "Second answer", question)
    text = _page(root, conversation)
    entry = dict(zip("qab", text.split('<div class="entry')[1:], strict=True))
    assert "version 1 of 2" in entry["a"]
    assert "version 2 of 2" in entry["b"]
    assert "not on the shown branch" in entry["a"]
    assert "not on the shown branch" not in entry["b"]
    assert "answers message 1" in entry["b"]
    assert f"#m-{first.pk}" in entry["b"]
    assert "version" not in entry["q"]


def test_long_conversations_are_paged(root, owner):
    conversation = rows.conversation(owner)
    for number in range(1, 121):
        last = rows.message(conversation, "user", f"words-{number}.")
    first_page = _page(root, conversation)
    assert "words-50." in first_page
    assert "words-51." not in first_page
    assert "messages 1 to 50 of 120" in first_page
    second_page = _page(root, conversation, p="2")
    assert "words-51." in second_page
    assert "words-50." not in second_page
    assert "words-120." in _page(root, conversation, message=str(last.pk))
    for odd in ("0", "-1", "99999999999999999999", "x", "\x00"):
        assert "words-" in _page(root, conversation, p=odd, message=odd)


def test_an_answer_that_is_being_written_shows_its_text_so_far(root, owner):
    conversation = rows.conversation(owner)
    call = rows.exchange(conversation, "Count", "", status="running", reason="", finished_at=None)
    for position, words in enumerate(("one ", "**two**")):
        GenerationChunk.objects.create(generation=call, position=position, text=words)
    text = _page(root, conversation)
    assert "one <strong>two</strong>" in text
    assert "running" in text


def test_a_failed_answer_keeps_its_text_and_says_why(root, owner):
    conversation = rows.conversation(owner)
    rows.exchange(conversation, "Count", "one, two", status="failed", reason="stalled")
    text = _page(root, conversation)
    assert "one, two" in text
    assert "no more text came" in text


@pytest.mark.fault(39)
def test_a_huge_message_is_cut_until_asked_for(root, owner):
    conversation = rows.conversation(owner)
    huge = rows.message(conversation, "user", "字" * 1_000_000)
    cut = _page(root, conversation)
    assert cut.count("字") == 40_000
    assert "1,000,000" in cut
    assert _page(root, conversation, message=str(huge.pk)).count("字") == 1_000_000


def test_a_conversation_without_messages_says_so(root, owner):
    assert "There are no messages." in _page(root, rows.conversation(owner))


def test_a_deleted_conversation_is_marked(root, owner):
    conversation = rows.conversation(owner, deleted_at=rows.START)
    assert "deleted by the owner" in _page(root, conversation)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_times_are_written_as_in_the_lists(root, owner, language):
    conversation = rows.conversation(owner)
    rows.message(conversation, "user", "When?")
    Message.objects.update(created_at=rows.START)
    owner.last_login = rows.START
    owner.save()
    at = timezone.localtime(rows.START).strftime("%Y-%m-%d %H:%M:%S")
    paths = ("conversation_change", conversation.pk), ("user_change", owner.pk), ("user_changelist", None)
    for name, pk in paths:
        url = reverse(f"admin:conversations_{name}", args=[pk] if pk else [])
        assert at in root.get(url, headers={"Accept-Language": language}).text, name


def test_what_was_left_out_is_told_with_the_first_message_that_went_along(root, owner):
    conversation = rows.conversation(owner)
    rows.exchange(conversation)
    start = rows.exchange(conversation, "第二问").message.parent
    assert start is not None
    rows.exchange(conversation, omitted_messages=2, history_start=start)
    text = _page(root, conversation)
    assert "2 earlier messages left out" in text
    assert f'<a href="?message={start.pk}#m-{start.pk}">sent from message 3 on</a>' in text
