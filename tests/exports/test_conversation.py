"""One conversation as JSON, Markdown and HTML."""

import json
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from markdown_it import MarkdownIt

from conversations.exports import document, markdown, names
from conversations.models import Attachment, Conversation, Generation, Message
from conversations.rendering import render, with_formulas

from .conftest import AT, call, said

FORMS = ["md", "json", "html"]
# What could end a quotation, hide what follows, or pass for a heading of the file's own.
HOSTILE = [
    "# Heading\n## Another\n\nSetext\n===\n\nMore\n---",
    "```\nnever closed",
    "~~~~\nnever closed either",
    "<!-- never closed",
    "<script>\nalert(1)",
    "<![CDATA[ x",
    "- list\n\n    - deep\n\n# in a list",
    "> quote\n# lazy",
    "a\n\n\n\n\n# far below",
    "lazy\n\u2028# line separator\r# carriage return\x0b# tab\x85# next",
    "[ref]: http://example.org\n\n[ref]",
    "\t\tcode\n# x",
    "| a |\n| - |\n# b",
]


def export(client: Client, conversation: Conversation, form: str) -> Any:
    return client.get(f"/c/{conversation.pk}/export.{form}")


def test_json_has_everything_that_is_the_persons(client, whole):
    made = whole()
    found = json.loads(export(client, made, "json").content)
    assert (found["format"], found["version"]) == ("chatsite conversation", 1)
    said_of_it = found["conversation"]
    for name in ("title", "model", "system_prompt", "options", "think", "pinned"):
        assert said_of_it[name] == getattr(made, name)
    assert said_of_it["id"] == str(made.pk)
    assert said_of_it["shown_leaf"] == str(made.shown_leaf_id)
    assert said_of_it["created_at"] == said_of_it["archived_at"] == "2026-03-10T12:30:15.123456Z"
    assert len(found["messages"]) == made.messages.count() == 5
    by_id = {message["id"]: message for message in found["messages"]}
    for row in made.messages.all():
        told = by_id[str(row.pk)]
        assert told["parent"] == (str(row.parent_id) if row.parent_id else None)
        for name in ("role", "content", "thinking", "thinking_ms", "rating", "rating_comment"):
            assert told.get(name, type(getattr(row, name))()) == getattr(row, name), name
        assert sorted(told.get("attachments", [])) == sorted(str(one.pk) for one in row.attachments.all())
        for given, kept in zip(told.get("generations", []), row.generations.all(), strict=True):
            assert given["status"] == kept.status
            assert given["reason"] == kept.reason
            assert given.get("output_ns") == kept.output_ns
            assert given["pictures_left_out"] == 2
    assert {row["name"] for row in found["attachments"]} == {'cat "1".png', "photo.jpg", "notes.txt"}


def test_no_column_of_a_persons_rows_is_forgotten():
    """Whoever adds one says here that it is exported or why not."""
    left_out = {
        Conversation: {"owner", "deleted_at", "shown_leaf"},
        # The last is made anew of the content.
        Message: {"conversation", "parent", "html"},
        Attachment: {"owner"},
        Generation: {
            *("conversation", "message", "history_start"),
            # The site's own: which of its processes worked on it, by whose hand.
            *("client_id", "requested_by", "process", "heartbeat", "phase", "stop_requested_by"),
        },
    }
    exported = {
        Conversation: document._OF_CONVERSATION,
        Message: document._OF_MESSAGE,
        Attachment: document._OF_ATTACHMENT,
        Generation: document._OF_GENERATION,
    }
    for model, without in left_out.items():
        assert {field.name for field in model._meta.fields} - without == exported[model]


def test_an_answer_that_is_being_written_is_exported_as_far_as_it_is(client, converse):
    made = converse(1)
    answer = made.messages.get(role="assistant")
    Message.objects.filter(pk=answer.pk).update(content="")
    live = answer.generations.get()
    Generation.objects.filter(pk=live.pk).update(status="running")
    live.chunks.create(position=0, text="So far")
    found = json.loads(export(client, made, "json").content)
    (told,) = (message for message in found["messages"] if message["id"] == str(answer.pk))
    assert told["content"] == "So far"
    text = export(client, made, "md").content.decode()
    assert "> So far" in text
    assert "still being written" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_the_structure_of_markdown(anna, text):
    made = Conversation.objects.create(owner=anna, title=f"{text[:100]} `*_#[x](y) <b>", updated_at=AT)
    above = said(made, None, "user", text)
    answer = said(made, above, "assistant", text)
    call(answer, "failed", "ollama_error", error_detail=f"error: {text[:100]}")
    made.shown_leaf = said(made, answer, "user", "The end")
    written = "".join(markdown.pieces(made))
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(written)
    headings = [
        tokens[place + 1] for place, one in enumerate(tokens) if one.type == "heading_open" and not one.level
    ]
    assert len(headings) == 4
    assert [heading.content.partition(" · ")[0] for heading in headings[1:]] == [
        "Anna",
        "internlm2:1.8b",
        "Anna",
    ]
    shown = "".join(child.content for child in headings[0].children or [])
    assert shown == " ".join(made.title.split())
    assert all(child.type in {"text", "text_special"} for child in headings[0].children or [])
    assert {one.type for one in tokens if not one.level} <= {
        *("heading_open", "inline", "heading_close", "paragraph_open", "paragraph_close"),
        *("blockquote_open", "blockquote_close"),
    }


def test_markdown_shows_who_said_what_and_which_files(client, whole):
    text = export(client, whole(), "md").content.decode()
    assert text.startswith("# Quick \\<sort\\> \\& \\*更多\\*\n")
    assert "## Anna · " in text
    assert "## internlm2:1.8b · " in text
    assert '- cat "1".png' in text
    assert "Another one" not in text
    assert "*Stopped" in text


def test_html_is_one_file_that_asks_nobody_and_runs_nothing(client, whole):
    page = export(client, whole(), "html").content.decode()
    assert "default-src 'none'; style-src data:; img-src data:" in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert page.count('src="data:image/') == 2
    assert "Quick &lt;sort&gt; &amp; *更多*" in page
    assert "<mfrac>" in page
    assert "<mtable" in page
    assert "print('&lt;b&gt;')" in page
    assert "Hm. 想一想" in page
    assert "Another one" not in page


def test_html_names_the_pictures_that_have_no_room(client, whole, monkeypatch):
    monkeypatch.setattr("conversations.exports.page._MAX_PICTURES", 50)
    page = export(client, whole(), "html").content.decode()
    assert 'src="data:image/' not in page
    assert "photo.jpg" in page


@pytest.mark.parametrize(
    "source",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{color:red}{x}",
        r"\class{x}{y}",
        r"\color{red; background:url(x)}{x}",
        r"\frac{",
        r"\def\a{\a\a}\a",
        "{" * 1000,
        r"\unknown{x}",
    ],
)
def test_formulas_that_do_more_than_show_stay_as_they_were_written(source):
    html = render(f"$${source}$$\n")
    assert with_formulas(html) == html


@pytest.mark.parametrize(
    "source", [r"\text{<script>alert(1)</script> &lt;b&gt;}", "x<y", r"\text{&#x3c;img>}", "\u202ex"]
)
def test_formulas_are_escaped(source):
    page = with_formulas(render(f"$${source}$$\n"))
    assert not re.search(r"<(?!/?(?:math|mrow|mi|mo|mn|mtext|div|code)\b)", page)
    assert "\u202e" not in page


@pytest.mark.parametrize("form", FORMS)
def test_exports_are_their_owners_alone(whole, client, eve, form):
    made = whole()
    answer = export(client, made, form)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client.post(f"/c/{made.pk}/export.{form}").status_code == 405
    other = Client()
    other.force_login(eve)
    assert export(other, made, form).status_code == 404
    assert other.get(f"/c/{uuid.uuid4()}/export.{form}").status_code == 404
    assert export(Client(), made, form).headers["Location"].startswith("/accounts/login/")
    client.post(f"/c/{made.pk}/delete")
    assert export(client, made, form).status_code == 404
    assert client.get(f"/c/{made.pk}/export.exe").status_code == 404
    assert client.get(f"/c/{'-' * 36}/export.{form}").status_code == 404


def test_the_page_for_it_is_its_owners_alone(whole, client, eve):
    made = whole()
    page = client.get(f"/c/{made.pk}/carry").content.decode()
    for form in FORMS:
        assert f'href="/c/{made.pk}/export.{form}"' in page
    other = Client()
    other.force_login(eve)
    assert other.get(f"/c/{made.pk}/carry").status_code == 404


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("What is Σ?", "2026-03-10 What is Σ"),
        ("../../etc/passwd", "2026-03-10 etc-passwd"),
        ('a<b>:"|?*\\c%2e', "2026-03-10 a b -c 2e"),
        ("\u202egpj.exe\r\nX: y", "2026-03-10 gpj.exe X y"),
        ("快速排序" * 40, f"2026-03-10 {('快速排序' * 40)[:60]}"),
        (" . ", "2026-03-10"),
    ],
)
def test_names_of_files_fit_every_disk(title, name):
    assert names.of_conversation(Conversation(title=title, created_at=AT)) == name


def test_a_long_conversation_costs_a_question_for_each_batch(
    anna, converse, django_assert_max_num_queries, monkeypatch
):
    made = converse(30)
    monkeypatch.setattr(document, "BATCH", 20)
    with django_assert_max_num_queries(2 + 3 * 5):
        found = json.loads(b"".join(document.pieces(made)))
    assert len(found["messages"]) == 60
