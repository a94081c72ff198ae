"""Who gets what at every address of the site: as tests/admin/table.py has it, for each kind of person."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver, reverse

from conversations.models import Access, User
from conversations.services import access
from tests.admin import rows, table, world
from tests.admin.table import ALLOWED, CASES, IN_ADMIN, LOGIN, MISSING, REFUSED, Case
from tests.admin.world import ask, text_of, undone

OUTCOMES = {400: table.UNFIT, 401: table.TOKEN, 403: REFUSED, 404: MISSING, 410: table.GONE}
STAFF = ("without", "with", "superuser")
KINDS = ("anonymous", "owner", "other", *STAFF)

pytestmark = pytest.mark.usefixtures("apart")


@pytest.fixture
def places(owner, superuser):
    return world.make(owner, superuser)


class Visitors:
    """Browsers of people, made when they are asked for."""

    def __init__(self, clients: dict[str, Client]) -> None:
        self._clients = clients
        self._staff: dict[frozenset[str], Client] = {}

    def of(self, kind: str, case: Case) -> list[Client]:
        """Return those of this kind: staff with what `case` needs; or with nothing, and all but one thing of it."""
        if kind not in {"with", "without"}:
            return [self._clients[kind]]
        if kind == "with":
            return [self._with(frozenset(one.partition("|")[0] for one in case.needs))]
        every = frozenset(Permission.objects.values_list("codename", flat=True))
        return [
            self._with(rights)
            for rights in [frozenset(), *(every - set(one.split("|")) for one in case.needs)]
        ]

    def _with(self, rights: frozenset[str]) -> Client:
        if rights not in self._staff:
            client = Client()
            client.force_login(rows.person(f"staff{len(self._staff)}", *rights, is_staff=True))
            self._staff[rights] = client
        return self._staff[rights]


@pytest.fixture
def visitors(clients, files):
    return Visitors(clients)


def user_of(client: Client) -> User | None:
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None


def outcome(answer: Any) -> str:
    code = answer.status_code
    if code == 302 and "login/?next=" in answer.headers["Location"]:
        return LOGIN
    return ALLOWED if code < 400 else OUTCOMES.get(code, str(code))


def expected(case: Case, kind: str) -> str:
    """Return what the table says of somebody of this kind."""
    if kind in case.but:
        return case.but[kind]
    if case.who in {table.STAFF, table.NOBODY}:
        if kind not in STAFF:
            return LOGIN
        is_refused = case.who == table.NOBODY or (kind == "without" and case.needs)
        return REFUSED if is_refused else case.answer
    if kind == "anonymous" and case.who != table.EVERYBODY:
        return LOGIN
    return MISSING if case.who == table.OWNER and kind != "owner" else case.answer


def may_see(case: Case, kind: str, user: User | None) -> bool:
    """Return whether what the owner said is for these eyes at this address."""
    if not case.shows or expected(case, kind) != ALLOWED:
        return False
    if case in IN_ADMIN:
        return user is not None and access.may_read(user)
    return kind == "owner" or case.who == table.EVERYBODY


def test_the_table_names_every_address():
    named = {case.name for case in CASES}
    found = set(_names(get_resolver().url_patterns))
    assert found - named == set(), "Who may go there? Say so in tests/admin/table.py."
    assert named - found == set(), "These addresses are no more."


def _names(patterns: list[Any], namespace: str = "", route: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = route + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}" if pattern.name else path
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _names(pattern.url_patterns, namespace + inner, path)


@pytest.mark.parametrize("kind", KINDS)
def test_each_address_is_for_whom_the_table_says(visitors, places, kind):
    wrong = {}
    for case in CASES:
        for client in visitors.of(kind, case):
            user = user_of(client)
            with undone(client):
                answer = ask(client, case, places)
            text = text_of(answer)
            if outcome(answer) != expected(case, kind):
                wrong[str(case)] = f"{outcome(answer)} instead of {expected(case, kind)}"
            elif (world.SECRET in text) != may_see(case, kind, user):
                wrong[str(case)] = "tells what was said" if world.SECRET in text else "keeps what was said"
            elif case not in IN_ADMIN and kind != "owner" and world.PRIVATE in text:
                wrong[str(case)] = "tells what is private"
    assert wrong == {}


def test_every_reading_is_kept(visitors, places):
    for case in IN_ADMIN:
        if case.reads:
            (client,) = visitors.of("with", case)
            with undone(client):
                ask(client, case, places)
                kept = Access.objects.filter(conversation=places["conversation"], reader=user_of(client))
                assert (str(case), kept.count()) == (str(case), 1)


@pytest.mark.parametrize("kind", ["with", "superuser"])
@override_settings(MESSAGE_READERS=frozenset())
def test_where_nobody_may_read_superusers_do_not_either(visitors, places, kind):
    wrong = {}
    for case in IN_ADMIN:
        (client,) = visitors.of(kind, case)
        with undone(client):
            answer = ask(client, case, places)
        if world.SECRET in text_of(answer) or (case.reads and outcome(answer) != REFUSED):
            wrong[str(case)] = outcome(answer)
    assert wrong == {}


@pytest.mark.parametrize("page", ["changelist", "export"])
@pytest.mark.parametrize(
    "query",
    [
        {"q": world.SECRET},
        {"title__startswith": world.SECRET},
        {"title__contains": world.SECRET},
        {"system_prompt__contains": world.SECRET},
        {"messages__content__contains": world.SECRET},
        {"shown_leaf__content__contains": world.SECRET},
    ],
)
@override_settings(MESSAGE_READERS=frozenset())
def test_who_may_not_read_cannot_guess_either(root, files, places, page, query):
    kind = ["jsonl"] if page == "export" else []
    answer = root.get(reverse(f"admin:conversations_conversation_{page}", args=kind), query)
    assert str(places["conversation"])[:8] not in answer.text


@override_settings(MESSAGE_READERS=frozenset())
def test_who_may_not_read_cannot_guess_names_of_files(root, files, places):
    for page, kind in (("changelist", []), ("export", ["jsonl"])):
        url = reverse(f"admin:conversations_access_{page}", args=kind)
        answer = root.get(url, {"detail__contains": world.SECRET})
        assert str(places["conversation"])[:8] not in answer.text


@pytest.mark.parametrize("kind", ["other", "without", "superuser"])
def test_what_is_anothers_answers_like_what_is_not_there(visitors, places, kind):
    wrong = {}
    nowhere = {**places, **dict.fromkeys(places.keys() & _ids(), world.NOWHERE), "user": 0, "group": 0}
    for case in CASES:
        # Superusers may look at all that is in the admin, and everybody at what is shared.
        if (
            not set(case.args) & _ids()
            or case.who == table.EVERYBODY
            or (kind == "superuser" and case in IN_ADMIN)
        ):
            continue
        client = visitors.of(kind, case)[0]
        with undone(client):
            answers = [outcome(ask(client, case, where)) for where in (places, nowhere)]
        # Django leads to the page of what there is, whose answer tells no more.
        if len(set(answers)) > 1 and case.name != "admin:view_on_site":
            wrong[str(case)] = answers
    assert wrong == {}


def _ids() -> set[str]:
    """Return the names of what an address may name."""
    own = {"conversation", "deleted", "generation", "attachment", "import", "browser", "own_preset"}
    return own | {some.kind.split("_")[1] for some in table.ROWS}


def test_admin_pages_keep_the_strict_policy(visitors, places):
    for case in IN_ADMIN:
        (client,) = visitors.of("superuser", case)
        with undone(client):
            answer = ask(client, case, places)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            found = [mark for mark in ("<style", " style=", " onclick=") if mark in answer.text]
            assert (str(case), found) == (str(case), [])


def test_numbers_are_for_who_has_the_token(client, settings):
    settings.METRICS_TOKEN = "a token"
    for header, status in (("Bearer a token", 200), ("Bearer another", 404), ("", 404)):
        answer = client.get(reverse("metrics"), headers={"Authorization": header})
        assert answer.status_code == status
