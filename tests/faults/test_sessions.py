"""Whoever is not logged in any more hears nothing more: in one process on SQLite, and in several."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.scripted_ollama import ScriptedOllama, tokens
from tests.site import PASSWORD, Site, csrf
from tests.tab import Tab

from .conftest import quiet
from .people import logged_in
from .viewer import Viewer

pytestmark = [pytest.mark.process, pytest.mark.fault(37)]

CLOSED_SECONDS = 5
NOT_LOGGED_IN = 4001
NAMES = ("logs out", "is deactivated", "is deleted", "expires")
# PostgreSQL deletes nobody to whose answers something is added meanwhile: what writes to them has to wait.
CHANGES = """
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from conversations.models import Generation, User
User.objects.filter(username="is deactivated").update(is_active=False)
with transaction.atomic():
    user = User.objects.get(username="is deleted")
    list(Generation.objects.select_for_update().filter(requested_by=user))
    user.delete()
key = str(User.objects.get(username="expires").pk)
for session in Session.objects.all():
    if session.get_decoded().get(SESSION_KEY) == key:
        Session.objects.filter(pk=session.pk).update(expire_date=timezone.now())
"""


@pytest.fixture(
    scope="module", params=["one process", pytest.param("two processes", marks=pytest.mark.services)]
)
def sites(
    request: pytest.FixtureRequest,
    ollama: ScriptedOllama,
    limits: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Site]]:
    """The processes of a site."""
    if request.param == "two processes":
        yield request.getfixturevalue("cluster").sites
        return
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, **limits) as one, quiet(one):
        yield [one]


def change_password(site: Site, client: httpx.Client) -> None:
    """Change a password as the site's own form does."""
    path, new = "/accounts/password/change/", "another horse, another battery"
    form = {**csrf(client.get(path)), "oldpassword": PASSWORD, "password1": new, "password2": new}
    answer = client.post(path, data=form, headers={"Referer": site.url + path})
    assert answer.status_code == httpx.codes.OK, answer.text


def watched(stack: ExitStack, sites: list[Site], client: httpx.Client) -> list[Viewer]:
    """Ask for an answer that does not end, and watch it in each process."""
    with Tab(sites[0], client) as tab:
        tab.ask(f"forever and ever, {client.cookies['sessionid']}")
    viewers = [Viewer(site, client, tab.conversation) for site in sites]
    for viewer in viewers:
        stack.enter_context(viewer)
    return viewers


def test_sockets_close_with_the_login_and_nothing_is_told_after(sites, ollama, happened):
    first, last = sites[0], sites[-1]
    ollama.always(tokens(100_000, 20))
    first.add_user("changes the password")
    with ExitStack() as stack:
        clients = stack.enter_context(logged_in(first, *NAMES))
        clients.append(stack.enter_context(closing(first.log_in("changes the password"))))
        viewers = [watched(stack, sites, client) for client in clients]
        last.post(clients[0], "/accounts/logout/")
        first.manage("shell", "--no-imports", "-c", CHANGES)
        change_password(last, clients[-1])
        began = time.monotonic()
        for viewer in (viewer for some in viewers for viewer in some):
            viewer.join(CLOSED_SECONDS)
            assert viewer.code == NOT_LOGGED_IN
            assert viewer.frames[-1]["type"] == "session.ended"
        seconds = time.monotonic() - began
        for some in viewers[:-1]:
            for viewer in some:
                with pytest.raises(InvalidStatus, match="403"):
                    viewer.open()
        deleted = next(chat for chat in ollama.chats if clients[2].cookies["sessionid"] in str(chat.json))
        ollama.wait_for(lambda: deleted.closed)
    happened(
        f"logged out, deactivated, deleted, expired and with a new password, in {len(sites)} processes:"
        " closed with 4001",
        last_s=seconds,
    )
