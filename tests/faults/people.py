"""People who are logged in without forms and passwords: one command makes as many as a test needs."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from tests import patience
from tests.site import Site

MAKE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from conversations.models import User
keys = []
for name in NAMES:
    user = User.objects.create(username=name, is_staff=not keys, is_superuser=not keys)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    keys.append(session.session_key)
print(json.dumps(keys))
"""


@contextmanager
def logged_in(site: Site, *names: str) -> Iterator[list[httpx.Client]]:
    """Make people, the first one an administrator, and yield a client for each."""
    keys = json.loads(site.run(f"NAMES = {names!r}{MAKE}"))
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                httpx.Client(
                    base_url=site.url,
                    cookies={"sessionid": key},
                    trust_env=False,
                    follow_redirects=True,
                    timeout=patience.SECONDS,
                )
            )
            for key in keys
        ]
