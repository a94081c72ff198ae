"""Whose socket it is: found at the handshake, and looked after while the socket is open.

Every few seconds one look at the database for all sockets of the process finds those whose session has ended or
whose password, account or activity has changed, and closes them. The same goes for the streams of the HTTP API and the
tokens that they were opened with.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol
from uuid import UUID

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import Error as DatabaseError
from django.http import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from . import database
from .models import ApiToken, User

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 3


class LoggedIn:
    """Gives a handshake's scope `cookies`, `session_key` and `user`, as Django's own middleware would for a page.

    One visit to the database; channels' own stack pays several, and a look at the session with every frame.
    """

    def __init__(self, application: Callable[..., Awaitable[Any]]) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Hand the handshake on."""
        headers = dict(scope["headers"])
        cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
        key = cookies.get(settings.SESSION_COOKIE_NAME, "")
        try:
            user = await database.sockets.run(_user_of_session, key)
        except DatabaseError as error:
            logger.warning("A socket is refused, since nobody can be found in the database: %s", error)
            return await WebsocketDenier()(scope, receive, send)
        return await self._application(
            {**scope, "cookies": cookies, "session_key": key, "user": user}, receive, send
        )


def _user_of_session(key: str) -> User | AnonymousUser:
    if not key:
        return AnonymousUser()
    session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(key)
    return get_user(SimpleNamespace(session=session))  # type: ignore[arg-type] # all that it reads


@dataclass(frozen=True, slots=True)
class Login:
    """What made a socket's handshake a logged-in one."""

    session_key: str
    user: int
    session_hash: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a stream of the API was opened with."""

    token: UUID


class Watched(Protocol):
    """A socket or a stream that can be told to end."""

    def end_session(self) -> None:
        """Tell whoever reads, and close."""


class SessionWatch:
    """The logins of this process's sockets and streams."""

    def __init__(self) -> None:
        self._logins: dict[Watched, Login | Bearer] = {}

    def add(self, socket: Watched, login: Login | Bearer) -> None:
        """Watch a socket's login."""
        self._logins[socket] = login

    def remove(self, socket: Watched) -> None:
        """Forget a socket."""
        self._logins.pop(socket, None)

    async def run(self) -> None:
        """Look for as long as the process lives."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except DatabaseError as error:
                logger.warning("Sessions cannot be checked now: %s", error)

    async def look(self) -> None:
        """End every socket whose login does not hold any more."""
        await self._end_invalid(dict(self._logins))

    async def look_at(self, socket: Watched) -> None:
        """End one socket whose login does not hold any more."""
        await self._end_invalid({one: login for one, login in self._logins.items() if one is socket})

    async def _end_invalid(self, logins: Mapping[Watched, Login | Bearer]) -> None:
        if not logins:
            return
        valid = await database.sockets.run(_valid, set(logins.values()))
        for socket, login in logins.items():
            if login not in valid:
                socket.end_session()


def _valid(logins: set[Login | Bearer]) -> set[Login | Bearer]:
    by_cookie = {login for login in logins if isinstance(login, Login)}
    by_token = {login for login in logins if isinstance(login, Bearer)}
    return _valid_logins(by_cookie) | _valid_bearers(by_token)


def _valid_logins(logins: set[Login]) -> set[Login]:
    if not logins:
        return set()
    keys = set(
        Session.objects.filter(
            pk__in={login.session_key for login in logins}, expire_date__gt=timezone.now()
        ).values_list("pk", flat=True)
    )
    users = User.objects.filter(is_active=True).in_bulk({login.user for login in logins})
    return {
        login
        for login in logins
        if login.session_key in keys
        and login.user in users
        and constant_time_compare(login.session_hash, users[login.user].get_session_auth_hash())
    }


def _valid_bearers(bearers: set[Bearer]) -> set[Bearer]:
    if not bearers:
        return set()
    tokens = ApiToken.objects.valid().filter(pk__in={bearer.token for bearer in bearers})
    return {Bearer(token) for token in tokens.values_list("pk", flat=True)}


session_watch = SessionWatch()
