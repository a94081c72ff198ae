"""The addresses of attachments: what they take, from whom, and who gets it back."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.attachments import files
from conversations.models import Attachment, Message, User
from conversations.services import attachments
from tests.admin import rows
from tests.attachments import samples


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> None:
    """A directory of its own for each test."""
    settings.DATA_DIR = tmp_path


def upload(client: Client, content: bytes, name: str = "猫.png", **more: Any) -> Any:
    """Send a file as the page does."""
    return client.post("/attachments/", {"file": SimpleUploadedFile(name, content, "image/png")}, **more)


def test_a_file_is_taken_and_given_back_to_its_owner(client, anna):
    answer = upload(client, samples.picture())
    row = Attachment.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(row.pk),
        "kind": "image",
        "name": "猫.png",
        "size": row.size,
        "width": 40,
        "height": 20,
        "address": f"/attachments/{row.pk}",
    }
    assert row.owner == anna
    shown = client.get(answer.json()["address"])
    assert shown.content == files.read(row.pk, "image/png")
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["Content-Disposition"] == "inline; filename*=utf-8''%E7%8C%AB.png"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Cache-Control"] == "private, immutable, max-age=31536000"
    # So that somebody else at the same browser is not shown it from the cache.
    assert "Cookie" in shown.headers["Vary"]
    packed = client.get(answer.json()["address"], headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in packed.headers


def test_a_page_that_is_sent_as_a_picture_is_a_text_that_runs_nowhere(client):
    page = b"<html><script>alert(1)</script>" + b"x" * 300
    answer = upload(client, page, "cat.png").json()
    assert (answer["kind"], answer["characters"]) == ("text", len(page))
    shown = client.get(answer["address"])
    assert shown.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert shown.headers["Content-Disposition"] == 'attachment; filename="cat.png"'
    assert shown.content == page


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"%PDF-1.7", 400, "file_unknown"),
        (b"x" * (attachments.MAX_BYTES + 1), 413, "file_too_large"),
    ],
    ids=["pdf", "large"],
)
def test_what_is_not_taken_is_refused_in_the_persons_language(client, anna, content, status, code):
    User.objects.filter(pk=anna.pk).update(language="zh-hans")
    answer = upload(client, content)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["text"]


def test_who_has_sent_too_much_is_told_so(client, monkeypatch):
    monkeypatch.setattr(attachments, "_PER_DAY", 0)
    assert upload(client, b"text").status_code == 429


def test_one_file_comes_at_a_time(client):
    two = [SimpleUploadedFile(name, b"text") for name in ("a.txt", "b.txt")]
    for form in ({}, {"file": "no file"}, {"file": two}):
        answer = client.post("/attachments/", form)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_frame")
    assert client.get("/attachments/").status_code == 405
    assert not Attachment.objects.exists()


def test_strangers_and_forms_of_other_pages_send_nothing(anna, admin):
    assert upload(Client(), b"text").status_code == 302
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(anna)
    assert upload(careful, b"text").status_code == 403
    assert not Attachment.objects.exists()


def test_an_attachment_is_its_owners_alone(client, eve):
    address = upload(client, samples.picture()).json()["address"]
    other = Client()
    other.force_login(eve)
    nowhere = f"/attachments/{uuid.uuid4()}"
    theirs, nobodys = other.get(address), other.get(nowhere)
    assert theirs.status_code == nobodys.status_code == 404
    token = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    assert token.sub("", theirs.text.replace(address, nowhere)) == token.sub("", nobodys.text)
    assert Client().get(address).headers["Location"].startswith("/accounts/login/")
    assert client.post(address).status_code == 405
    for path in Path(files.folder()).rglob("*.png"):
        path.unlink()
    assert client.get(address).status_code == 404


def attached(client: Client, message: Message, content: bytes, name: str) -> Attachment:
    """Attach a file to a question."""
    row = Attachment.objects.get(pk=upload(client, content, name).json()["id"])
    row.messages.add(message)
    return row


def test_a_question_shows_its_files_and_ten_cost_no_more_questions_than_one(client, converse):
    conversation = converse(12)
    address = conversation.get_absolute_url()
    questions = list(conversation.messages.filter(role="user").order_by("created_at"))
    picture = attached(client, questions[0], samples.picture(), '<b>"猫".png')
    text = attached(client, questions[0], b"x" * 12_345, "notes.txt")
    with CaptureQueriesContext(
        connection,
    ) as few:
        html = client.get(address).content.decode()
    assert (
        f'<img src="/attachments/{picture.pk}" alt="&lt;b&gt;&quot;猫&quot;.png" width="40" height="20" loading="lazy">'
    ) in html
    assert f'<a href="/attachments/{text.pk}" target="_blank">' in html
    assert '<bdi class="file-name">notes.txt</bdi><span class="file-size">12,345 characters</span>' in html
    for question in questions[1:]:
        attached(client, question, b"text", "a.txt")
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)
    one = client.get(f"{address}messages?only={questions[0].pk}").content.decode()
    assert "notes.txt" in one


@pytest.mark.parametrize(
    ("rights", "status"),
    [(["view_conversation", "view_message"], 200), (["view_conversation"], 403), ([], 403)],
)
def test_an_administrator_who_may_read_a_conversation_gets_its_files(client, converse, rights, status):
    conversation, other = converse(1), converse(1)
    question = conversation.messages.get(role="user")
    picture = attached(client, question, samples.picture(), "cat\u200b.png")
    unsent = upload(client, b"not sent").json()["id"]
    staff = Client()
    staff.force_login(rows.person("staff", *rights, is_staff=True))
    folder = f"/admin/conversations/conversation/{conversation.pk}/attachments/"
    assert staff.get(folder + str(picture.pk)).status_code == status
    missing = 404 if status == 200 else 403
    assert staff.get(folder + unsent).status_code == missing
    assert (
        staff.get(folder.replace(str(conversation.pk), str(other.pk)) + str(picture.pk)).status_code
        == missing
    )
    assert client.get(folder + str(picture.pk)).status_code == 302
    assert staff.post(folder + str(picture.pk)).status_code in (403, 405)
    if status == 200:
        page = staff.get(f"/admin/conversations/conversation/{conversation.pk}/change/").content.decode()
        assert f'<img src="{folder}{picture.pk}" alt="cat.png"' in page
        # It is for the owner to say who else sees it elsewhere.
        assert staff.get(f"/attachments/{picture.pk}").status_code == 404


def test_an_account_that_never_asked_is_deleted_with_what_it_sent(
    client, eve, admin, django_capture_on_commit_callbacks
):
    browser = Client()
    browser.force_login(eve)
    upload(browser, b"never sent")
    browser.force_login(admin)
    with django_capture_on_commit_callbacks(execute=True):
        gone = browser.post(f"/admin/conversations/user/{eve.pk}/delete/", {"post": "yes"})
    assert gone.status_code == 302
    assert not Attachment.objects.exists()
    assert not list(files.folder().rglob("*.txt"))
