"""Deleting the own account: after the password, with everything, and never the last administrator's."""

import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from django.utils import timezone

from conversations.attachments import files
from conversations.models import (
    Access,
    ApiToken,
    Attachment,
    Conversation,
    Generation,
    Import,
    Message,
    Preset,
    Quota,
    SharedLink,
    Slip,
    Spent,
    UsageDay,
    User,
)
from conversations.services import access, attachments, importing, leaving, sharing
from tests.attachments import samples

from .conftest import PASSWORD

NAME = "王小明"
Delete = Callable[..., Any]


@pytest.fixture
def delete(client: Client, user: User, administrator: User, log_in: Callable[..., Any]) -> Delete:
    """Return a function that fills the form, logged in."""
    log_in(NAME)

    def send(username: str = NAME, password: str = PASSWORD) -> Any:
        return client.post("/account/delete", {"username": username, "password": password})

    return send


def everything(user: User) -> Conversation:
    """Give a person something in every table that may hold something of them."""
    made = Conversation.objects.create(owner=user, title=f"Of {NAME}", updated_at=timezone.now())
    question = Message.objects.create(conversation=made, role="user", content=NAME, created_at=timezone.now())
    answer = Message.objects.create(
        conversation=made, parent=question, role="assistant", content=NAME, created_at=timezone.now()
    )
    Generation.objects.create(
        conversation=made,
        message=answer,
        client_id=uuid.uuid4().hex,
        requested_by=user,
        model="m",
        status="completed",
        process="test",
        heartbeat=timezone.now(),
        queued_at=timezone.now(),
    )
    Conversation.objects.filter(pk=made.pk).update(shown_leaf=answer)
    content = samples.picture()
    attachments.take(user, f"{NAME}.png", io.BytesIO(content), len(content)).messages.add(question)
    attachments.take(user, "unsent.txt", io.BytesIO(b"x"), 1)
    sharing.share(user, made.pk)
    importing.begin(user, f"{NAME}.zip", 10)
    preset = Preset.objects.create(owner=user, name=NAME)
    User.objects.filter(pk=user.pk).update(default_preset=preset, name="Ming, the person")
    EmailAddress.objects.create(user=user, email=user.email, primary=True)
    Quota.objects.create(person=user, messages=100)
    ApiToken.objects.create(owner=user, name=f"of {NAME}", digest="x" * 64)
    Slip.objects.create(user=user, digest=f"of {NAME}", expires_at=timezone.now())
    Spent.objects.create(person=user, day=timezone.localdate())
    UsageDay.objects.create(day=timezone.localdate(), person=user, model=f"of {NAME}")
    access.note(User.objects.create(username="a reader"), Access.Kind.TRANSCRIPT, [made])
    Conversation.objects.create(owner=user, title=NAME, updated_at=timezone.now(), deleted_at=timezone.now())
    return made


def noted(by: User, about: Any) -> None:
    """Note something about a row, as the administration does."""
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(about),
        object_id=str(about.pk),
        object_repr=str(about),
        action_flag=CHANGE,
    )


def dump() -> str:
    """Return every row of every table, to be searched."""
    rows = {model._meta.label: list(model._default_manager.values()) for model in apps.get_models()}
    return json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False)


def test_everything_goes_from_every_table_and_from_the_disk(delete, user, administrator):
    made = everything(user)
    noted(administrator, user)
    noted(administrator, made)
    # What an administrator is told stays, of others.
    noted(administrator, administrator)
    mentioned = dump()
    for word in (NAME, "ming@example.org", "Ming, the person", str(made.pk)):
        assert word in mentioned
    answer = delete()
    assert answer.headers["Location"] == "/accounts/deleted/"
    left = dump()
    for word in (NAME, "ming@example.org", "Ming, the person", str(made.pk), "deleted-"):
        assert word not in left, word
    assert not User.objects.filter(pk=user.pk).exists()
    assert not list(files.folder().rglob("*.*"))
    assert not list(importing.path_of(uuid.uuid4()).parent.glob("*"))
    assert LogEntry.objects.count() == 1


def test_every_model_that_belongs_to_a_person_is_in_the_test_above(user):
    """Whoever adds one adds it there, where it is searched for."""
    everything(user)
    of_user = {
        relation.related_model
        for relation in User._meta.related_objects
        if relation.related_model._meta.app_label == "conversations" and not relation.many_to_many
    }
    empty = {model for model in of_user if not model._default_manager.exists()}
    # Rows of logins, which the test has by its own login.
    assert {model.__name__ for model in empty} <= {"BrowserSession"}


def test_it_is_logged_out_everywhere_and_cannot_come_back(delete, client, user, log_in):
    other = Client()
    log_in(NAME, client=other)
    assert Session.objects.count() == 2
    delete()
    assert Session.objects.count() == 0
    for browser in (client, other):
        assert browser.get("/account/").status_code == 302
    assert log_in(NAME).status_code == 200
    page = client.get("/accounts/deleted/").content.decode()
    assert "logged out everywhere" in page
    # The name is free again.
    User.objects.create_user(NAME, password=PASSWORD)


@pytest.mark.parametrize(
    ("username", "password", "sentence"),
    [
        (NAME, "wrong", "This is not your current password."),
        ("somebody", PASSWORD, "This is not your user name."),
        ("", PASSWORD, "This field is required."),
        (NAME, "", "This field is required."),
        ("head", PASSWORD, "This is not your user name."),
    ],
)
def test_a_wrong_name_or_password_changes_nothing(delete, user, username, password, sentence):
    everything(user)
    before = dump()
    answer = delete(username, password)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert dump() == before


def test_passwords_are_not_guessed_here_either(delete, user):
    for _ in range(10):
        delete(NAME, "wrong")
    answer = delete()
    assert answer.status_code == 429
    assert User.objects.filter(pk=user.pk).exists()


def test_the_page_says_what_goes(delete, client, user):
    everything(user)
    page = client.get("/account/delete").content.decode()
    for words in ("2 conversations", "2 pictures and text files", "1 shared link", "Backups"):
        assert words in page
    assert "autofocus" not in page


def test_the_last_administrator_stays(client, administrator, log_in):
    log_in("head")
    assert "You are the only administrator." in client.get("/account/delete").content.decode()
    client.post("/account/delete", {"username": "head", "password": PASSWORD})
    administrator.refresh_from_db()
    assert administrator.is_active
    User.objects.create_superuser("second", password=PASSWORD)
    client.post("/account/delete", {"username": "head", "password": PASSWORD})
    assert not User.objects.filter(pk=administrator.pk).exists()


def test_an_administrator_who_is_switched_off_does_not_count(client, administrator, log_in):
    User.objects.create_superuser("second", password=PASSWORD, is_active=False)
    assert leaving.is_last_administrator(administrator)


def test_what_an_administrator_did_to_others_stays_without_the_name(user, administrator, log_in, client):
    User.objects.create_superuser("second", password=PASSWORD)
    made = everything(user)
    generation = made.generations.get()
    Generation.objects.filter(pk=generation.pk).update(stop_requested_by=administrator)
    generation.events.create(at=timezone.now(), kind="stop_asked", detail="head")
    log_in("head")
    client.post("/account/delete", {"username": "head", "password": PASSWORD})
    generation.refresh_from_db()
    assert generation.stop_requested_by is None
    assert generation.events.get().detail == ""
    assert made.messages.count() == 2


def test_answers_that_are_written_are_asked_to_stop(delete, user, monkeypatch):
    made = everything(user)
    Generation.objects.filter(conversation=made).update(status="running")
    stopped: list[uuid.UUID] = []
    monkeypatch.setattr("conversations.views.leaving.stop_now", stopped.append)
    generation = made.generations.get().pk
    delete()
    assert stopped == [generation]


def test_what_is_too_much_for_one_request_goes_later(delete, user, monkeypatch):
    made = everything(user)
    link = SharedLink.objects.get()
    monkeypatch.setattr("conversations.views.leaving._PATIENCE_SECONDS", 0)
    delete()
    left = User.objects.get(pk=user.pk)
    assert not left.is_active
    assert not left.has_usable_password()
    assert NAME not in left.username
    assert Client().get(f"/shared/{link.token}/").status_code == 404
    assert not ApiToken.objects.exists()
    while leaving.forget_some(0):
        pass
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Conversation.objects.filter(pk=made.pk).exists()
    assert not Attachment.objects.exists()
    assert not Import.objects.exists()


def test_a_form_of_another_page_deletes_nothing(delete, client, user):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(user)
    assert careful.post("/account/delete", {"username": NAME, "password": PASSWORD}).status_code == 403
    assert Client().post("/account/delete").status_code == 302
    assert User.objects.filter(pk=user.pk).exists()
