"""A class: accounts of a list with slips, a sign-up link, and the end of the term."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.models import Invitation, Slip, User
from conversations.services import newcomers
from tests.admin import rows

PASSWORD = "sieben Birnen im Mai"
CLASS = "admin:auth_group_class"


def made(client: Client, people: str, group: str = "7b") -> Any:
    answer = client.post(reverse(CLASS), {"group": group, "people": people})
    assert answer.status_code == 200
    return answer


def codes(answer: Any) -> list[str]:
    return re.findall(r'class="slip-code">([A-Z2-9-]+)<', answer.text)


def test_a_list_of_names_makes_accounts_in_a_group_with_a_slip_each(root):
    answer = made(root, "Anna Schmidt\n王小明\n\nAnna Schmidt\n")
    names = list(User.objects.filter(groups__name="7b").order_by("pk").values_list("username", "name"))
    assert names == [
        ("anna.schmidt", "Anna Schmidt"),
        ("王小明", "王小明"),
        ("anna.schmidt2", "Anna Schmidt"),
    ]
    assert len(set(codes(answer))) == 3
    assert answer.text.count("data:image/svg+xml") == 3


@pytest.mark.parametrize(
    "text",
    [
        "user name,name\nanna,Anna S.\nbob,Bob",
        "anna\tAnna S.\nbob\tBob",
        "anna；Anna S.\nbob，Bob",
        '\ufeff"anna";"Anna S."\nbob;Bob',
    ],
)
def test_a_list_may_come_from_a_spreadsheet(root, text):
    made(root, text)
    assert set(User.objects.filter(groups__name="7b").values_list("username", "name")) == {
        ("anna", "Anna S."),
        ("bob", "Bob"),
    }


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("anna,Anna\nanna,Other", "Line 2"),
        ("小明,Somebody", "Line 1"),
        ("a b,Anna", "Line 1"),
        ("ok,Fine\nx,evil\u202ename", "Line 2"),
        ("\n" * 5, "This field is required"),
        ("Anna\n" * 301, "300"),
    ],
)
def test_of_a_list_with_a_wrong_line_nothing_is_made(root, owner, text, wrong):
    before = User.objects.count()
    answer = made(root, text)
    assert wrong in answer.text
    assert User.objects.count() == before
    assert not Group.objects.exists()


def test_with_the_code_a_person_chooses_the_password_once(root):
    (code,) = codes(made(root, "Anna"))
    browser, address = Client(), reverse("account_first")
    typed = {"code": f" {code.lower().replace('-', ' ')} ", "password1": PASSWORD, "password2": PASSWORD}
    answer = browser.post(address, typed, follow=True)
    assert answer.context["user"].username == "anna"
    assert Client().login(username="anna", password=PASSWORD)
    again = Client().post(address, typed)
    assert "not known" in again.text
    assert not Slip.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"code": "AAAA-BBBB-CCCC"},
        {"password2": "another one"},
        {"password1": "anna", "password2": "anna"},
        {"code": "\x00"},
    ],
)
def test_a_wrong_code_or_a_poor_password_changes_nothing(root, change):
    (code,) = codes(made(root, "Anna"))
    typed = {"code": code, "password1": PASSWORD, "password2": PASSWORD, **change}
    assert Client().post(reverse("account_first"), typed).status_code == 200
    assert Slip.objects.count() == 1
    assert not User.objects.get(username="anna").has_usable_password()


def test_a_code_expires_and_is_kept_by_nothing_but_its_digest(root):
    (code,) = codes(made(root, "Anna"))
    slip = Slip.objects.get()
    assert code.replace("-", "") not in str(vars(slip))
    Slip.objects.update(expires_at=timezone.now())
    assert newcomers.slip_of(code) is None


def test_no_accounts_are_made_in_a_group_with_rights(root):
    group = Group.objects.create(name="7b")
    group.permissions.set(Permission.objects.filter(codename="view_message"))
    answer = root.post(reverse(CLASS), {"group": "7b", "people": "Anna"})
    assert answer.status_code == 403
    assert not User.objects.filter(username="anna").exists()


@pytest.fixture
def link(superuser):
    group = Group.objects.create(name="7b")
    return Invitation.objects.create(group=group, limit=1, expires_at=timezone.now() + timedelta(days=1))


def join(link: Invitation, username: str) -> tuple[Any, Any]:
    browser = Client()
    page = browser.get(reverse("join", args=[link.token]), follow=True)
    typed = {"username": username, "password1": PASSWORD, "password2": PASSWORD}
    return page, browser.post(reverse("account_signup"), typed)


def test_a_link_lets_as_many_in_as_it_says_though_sign_up_is_closed(link):
    page, answer = join(link, "anna")
    assert "7b" in page.text
    assert answer.status_code == 302
    assert list(link.group.user_set.values_list("username", flat=True)) == ["anna"]
    page, answer = join(link, "bob")
    assert page.status_code == 410
    assert answer.status_code == 403
    assert not User.objects.filter(username="bob").exists()


def test_of_two_who_want_the_last_place_one_gets_it(link):
    browser = Client()
    browser.get(reverse("join", args=[link.token]))
    join(link, "anna")
    answer = browser.post(
        reverse("account_signup"), {"username": "bob", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert answer.status_code == 403
    assert not User.objects.filter(username="bob").exists()
    link.refresh_from_db()
    assert link.used == 1


@pytest.mark.parametrize("change", [{"expires_at": timezone.now() - timedelta(days=1)}, {"used": 1}])
def test_a_link_that_is_over_says_so(link, change):
    Invitation.objects.update(**change)
    assert Client().get(reverse("join", args=[link.token])).status_code == 410
    assert Client().get(reverse("account_signup")).status_code == 403


def test_a_wrong_sign_up_takes_no_place(link):
    join(link, "a b")
    link.refresh_from_db()
    assert link.used == 0


def test_an_administrator_makes_a_link_and_sees_it(root):
    group = Group.objects.create(name="7b")
    typed = {
        "group": group.pk,
        "limit": 30,
        "expires_at": (timezone.localdate() + timedelta(days=7)).isoformat(),
    }
    page = root.post(reverse("admin:conversations_invitation_add"), typed, follow=True)
    assert reverse("join", args=[Invitation.objects.get().token]) in page.text
    assert "data:image/svg+xml" in page.text


def test_no_link_leads_into_a_group_with_rights(root):
    group = Group.objects.create(name="staff")
    group.permissions.set(Permission.objects.filter(codename="view_message"))
    typed = {"group": group.pk, "limit": 30, "expires_at": "2100-01-01"}
    assert "has rights" in root.post(reverse("admin:conversations_invitation_add"), typed).text


def test_a_link_gives_away_no_right_that_its_group_got_later(link):
    link.group.permissions.set(Permission.objects.filter(codename="view_message"))
    _, answer = join(link, "anna")
    assert answer.status_code == 403
    assert not User.objects.filter(username="anna").exists()


@pytest.fixture
def group(owner, reader):
    found = Group.objects.create(name="7b")
    # Staff in the group is no part of the class.
    found.user_set.set([owner, reader])
    rows.exchange(rows.conversation(owner))
    return found


def test_at_the_end_of_the_term_a_group_is_kept_out(root, group, owner, reader):
    root.post(reverse("admin:auth_group_disable", args=[group.pk]))
    for person, active in ((owner, False), (reader, True)):
        person.refresh_from_db()
        assert person.is_active == active
    assert owner.conversations.exists()


def test_deleting_a_group_takes_its_name_typed(root, group, owner, reader):
    address = reverse("admin:auth_group_end", args=[group.pk])
    page = root.get(address).text
    assert "1 person" in page
    assert "1 conversation" in page
    assert "not the name" in root.post(address, {"name": "7a"}).text
    owner.refresh_from_db()
    assert owner.is_active
    root.post(address, {"name": "7b"})
    owner.refresh_from_db()
    assert owner.leaving_at
    assert not User.objects.get(pk=reader.pk).leaving_at


@pytest.mark.parametrize("name", ["auth_group_end", "auth_group_disable"])
def test_who_may_not_change_people_does_nothing_to_a_group(clients, group, owner, name):
    for kind in ("reader", "staff", "owner", "other", "anonymous"):
        answer = clients[kind].post(reverse(f"admin:{name}", args=[group.pk]), {"name": "7b"})
        assert answer.status_code in {302, 403}
    owner.refresh_from_db()
    assert owner.is_active
