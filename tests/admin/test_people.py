"""Accounts in the admin: made, switched off, let in again, and never a way to more rights."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from conversations.models import User
from tests.admin import rows

ADD = "admin:conversations_user_add"
LIST = "admin:conversations_user_changelist"
PASSWORD = "sieben Birnen im Mai"


@pytest.fixture
def helper(db):
    """A browser of a member of staff who may manage ordinary people."""
    names = ("add_user", "change_user", "view_user", "delete_user")
    browser = Client()
    browser.force_login(rows.person("helper", *names, is_staff=True))
    return browser


def _page(user: User) -> str:
    return reverse("admin:conversations_user_change", args=[user.pk])


def _link(user: User) -> str:
    return reverse("admin:conversations_user_reset_link", args=[user.pk])


def _fields(user: User, **changes: Any) -> dict[str, Any]:
    """What the form of a person sends."""
    sent = {"username": user.username, "name": user.name, "email": user.email, "is_active": "on", **changes}
    return {name: value for name, value in sent.items() if value is not None}


def _new(username: str) -> dict[str, str]:
    return {"username": username, "password1": PASSWORD, "password2": PASSWORD}


def _shown_link(text: str) -> str:
    found = re.search(r'value="(http://testserver/[^"]+)"', text)
    assert found
    return found[1]


def test_a_user_name_and_a_password_make_an_account(root):
    answer = root.post(reverse(ADD), _new("小红"))
    user = User.objects.get(username="小红")
    assert answer.status_code == 302
    assert user.check_password(PASSWORD)
    assert (user.is_active, user.is_staff, user.is_superuser, user.email) == (True, False, False, "")


@pytest.mark.parametrize("username", ["", "小明", "a b", "<script>", "pаul", "x" * 151, "a\u202eb", "a\x00b"])
def test_bad_user_names_are_refused_with_a_word(root, owner, username):
    answer = root.post(reverse(ADD), _new(username))
    assert answer.status_code == 200
    assert "errorlist" in answer.text
    assert User.objects.count() == 5


def test_user_names_differ_in_more_than_case(root):
    root.post(reverse(ADD), _new("Anna"))
    answer = root.post(reverse(ADD), _new("anna"))
    assert "errorlist" in answer.text
    assert User.objects.filter(username__iexact="anna").count() == 1


def test_a_person_is_changed(root, owner):
    changes = {"name": "王明", "language": "zh-hans", "time_zone": "Asia/Shanghai", "is_staff": "on"}
    answer = root.post(_page(owner), _fields(owner, **changes))
    owner.refresh_from_db()
    assert answer.status_code == 302
    assert (owner.name, owner.language, owner.time_zone) == ("王明", "zh-hans", "Asia/Shanghai")
    assert owner.is_staff


@pytest.mark.parametrize("bad", [{"time_zone": "Mars/Base"}, {"language": "xx"}, {"name": "a\u202eb"}])
def test_bad_values_are_refused_with_a_word(root, owner, bad):
    answer = root.post(_page(owner), _fields(owner, **bad))
    assert answer.status_code == 200
    assert "errorlist" in answer.text


def test_a_former_address_gets_no_more_mail(root, owner):
    EmailAddress.objects.create(user=owner, email="old@example.org", verified=True)
    root.post(_page(owner), _fields(owner, email="new@example.org"))
    assert not EmailAddress.objects.filter(email="old@example.org").exists()


def test_people_are_listed_and_found(root, owner):
    rows.conversation(owner)
    rows.conversation(owner)
    text = root.get(reverse(LIST), {"q": "王小"}).text
    assert "小明" in text
    assert '<td class="field-conversation_count">2</td>' in text
    assert "reader" not in text.split('id="result_list"')[1]


def test_people_are_kept_out_and_let_in_again(root, owner):
    owners = Client()
    owners.force_login(owner)
    for action, active in (("deactivate", False), ("activate", True)):
        answer = root.post(reverse(LIST), {"action": action, "_selected_action": [owner.pk]}, follow=True)
        owner.refresh_from_db()
        assert owner.is_active is active
        assert "1 person" in answer.text
    assert LogEntry.objects.filter(object_id=owner.pk).count() == 2


def test_nobody_locks_themselves_out(root, superuser):
    root.post(reverse(LIST), {"action": "deactivate", "_selected_action": [superuser.pk]})
    root.post(_page(superuser), _fields(superuser, is_active=None))
    superuser.refresh_from_db()
    assert (superuser.is_active, superuser.is_staff, superuser.is_superuser) == (True, True, True)


def test_helpers_give_nobody_rights(helper, owner):
    every = [permission.pk for permission in Permission.objects.all()]
    rights = {"is_staff": "on", "is_superuser": "on", "user_permissions": every}
    assert helper.post(_page(owner), _fields(owner, name="changed", **rights)).status_code == 302
    owner.refresh_from_db()
    assert owner.name == "changed"
    assert (owner.is_staff, owner.is_superuser, owner.user_permissions.count()) == (False, False, 0)


def test_helpers_do_not_touch_staff(helper, clients, superuser, reader):
    for user in (superuser, reader):
        before = User.objects.filter(pk=user.pk).values().get()
        password = reverse("admin:auth_user_password_change", args=[user.pk])
        for url, sent in (
            (_page(user), _fields(user, name="changed")),
            (password, {"password1": PASSWORD, "password2": PASSWORD}),
            (_link(user), {}),
            (reverse("admin:conversations_user_delete", args=[user.pk]), {"post": "yes"}),
        ):
            assert helper.post(url, sent).status_code == 403
        helper.post(reverse(LIST), {"action": "deactivate", "_selected_action": [user.pk]})
        assert User.objects.filter(pk=user.pk).values().get() == before


def test_helpers_do_not_touch_themselves_into_staff_with_more(helper):
    user = User.objects.get(username="helper")
    assert helper.post(_page(user), _fields(user, is_superuser="on")).status_code == 403


def test_a_link_lets_a_person_set_a_new_password_once(root, owner):
    answer = root.post(_link(owner))
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "same-origin"
    link = _shown_link(answer.text)
    form = Client()
    path = form.get(link, follow=True).redirect_chain[-1][0]
    form.post(path, {"password1": PASSWORD, "password2": PASSWORD})
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    Client().post(path, {"password1": "another " + PASSWORD, "password2": "another " + PASSWORD})
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_the_link_is_told_in_the_history_without_its_secret(root, owner):
    link = _shown_link(root.post(_link(owner)).text)
    entry = LogEntry.objects.get(object_id=owner.pk)
    assert "link" in entry.change_message
    assert link.rsplit("-", 1)[1] not in entry.change_message


def test_a_link_is_made_by_post_from_the_page_only(root, superuser, owner):
    assert root.get(_link(owner)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(superuser)
    assert strict.post(_link(owner)).status_code == 403


@pytest.mark.parametrize(
    ("kind", "status"), [("reader", 403), ("staff", 403), ("other", 302), ("anonymous", 302)]
)
def test_a_link_takes_the_permission_to_change_people(clients, owner, kind, status):
    assert clients[kind].post(_link(owner)).status_code == status


def test_who_is_kept_out_gets_no_link(root, owner):
    owner.is_active = False
    owner.save()
    answer = root.post(_link(owner), follow=True)
    assert "Let this person in again first." in answer.text
    assert root.post(reverse("admin:conversations_user_reset_link", args=[987654])).status_code == 404


def test_who_has_asked_something_is_not_deleted(root, owner):
    rows.exchange(rows.conversation(owner))
    page = reverse("admin:conversations_user_delete", args=[owner.pk])
    assert root.post(page, {"post": "yes"}).status_code == 403
    root.post(reverse(LIST), {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"})
    assert User.objects.filter(pk=owner.pk).exists()


def test_who_never_asked_can_be_deleted(root, owner):
    page = reverse("admin:conversations_user_delete", args=[owner.pk])
    assert root.post(page, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=owner.pk).exists()
