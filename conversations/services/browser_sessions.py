"""In which browsers a person is logged in, and how that ends.

The truth is Django's sessions; rows of `BrowserSession` add what a person knows a browser by. allauth has an app for
this, which writes with every request and misses sessions that do not begin with its own login (docs/adr/0017).
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from conversations.models import BrowserSession, User

from .errors import Refused

_MAX_USER_AGENT = 300
# A session is never older than its cookie; the day is for clocks.
_FORGET_AFTER = timedelta(seconds=settings.SESSION_COOKIE_AGE, days=1)


def note(user: User, session_key: str, user_agent: str) -> None:
    """Keep that a person's browser has just been here; in one statement, however many say so at once."""
    # A header holds any byte; PostgreSQL keeps no NUL.
    kept = "".join(character for character in user_agent if character.isprintable())[:_MAX_USER_AGENT]
    BrowserSession.objects.bulk_create(
        [BrowserSession(user=user, session_key=session_key, user_agent=kept)],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "user_agent", "last_seen_at"],
    )


def of(user: User) -> list[BrowserSession]:
    """Return the browsers in which `user` is logged in now, the one that was here last first."""
    rows = user.browser_sessions.order_by("-last_seen_at", "pk")
    alive = _alive(user, Q(pk__in=rows.values("session_key")))
    return [row for row in rows if row.session_key in alive]


def _alive(user: User, rows: Q) -> set[str]:
    """Return the keys of those sessions among `rows` in which `user` is logged in with the password of today."""
    now_valid = user.get_session_auth_hash()
    found = Session.objects.filter(rows, expire_date__gt=timezone.now())
    return {
        session.session_key
        for session, kept in ((session, session.get_decoded()) for session in found)
        if kept.get(SESSION_KEY) == str(user.pk)
        and constant_time_compare(kept.get(HASH_SESSION_KEY, ""), now_valid)
    }


def end(user: User, browser: UUID) -> str:
    """Log `user` out in one browser, and return the key of the session that was. Raises Refused(not_found)."""
    found = user.browser_sessions.filter(pk=browser).first()
    if found is None:
        raise Refused("not_found")
    _end(user, {found.session_key})
    return found.session_key


def end_all(user: User, but: str = "") -> int:
    """Log `user` out everywhere, `but` in the session of that key; returns in how many browsers that was.

    All sessions of the site are read, for those that have not been noted yet.
    """
    keys = _alive(user, ~Q(pk=but))
    _end(user, keys)
    return len(keys)


def _end(user: User, keys: set[str]) -> None:
    # Sockets learn of it by their own look at the sessions (conversations/sessions.py).
    Session.objects.filter(pk__in=keys).delete()
    user.browser_sessions.filter(session_key__in=keys).delete()


def forget_ended() -> None:
    """Forget the browsers whose sessions must have expired."""
    BrowserSession.objects.filter(last_seen_at__lt=timezone.now() - _FORGET_AFTER).delete()
