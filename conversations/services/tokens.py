"""The tokens of the HTTP API: made, shown once, recognised, revoked.

A token is 256 random bits, so one round of a hash keeps it as well as the slow ones keep passwords.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations.models import ApiToken, User

from .errors import Refused

MAX_TOKENS = 50
# By which people, and what looks through their files for secrets, know one.
_PREFIX = "chatsite_"
_FORM = re.compile(rf"{_PREFIX}[\w-]{{43}}", re.ASCII)
# How exact the last use is; each request would else write.
_NOTED_EVERY = timedelta(minutes=1)


def make(user: User, name: str, days: int | None) -> tuple[ApiToken, str]:
    """Return a new token, for so many days or for good, and its text, which is kept nowhere.

    The name has been checked (account_forms.py). Raises Refused(too_many_tokens, token_name_taken).
    """
    text = _PREFIX + secrets.token_urlsafe(32)
    made = ApiToken(owner=user, name=name, digest=_digest(text))
    if days is not None:
        made.expires_at = made.created_at + timedelta(days=days)
    with transaction.atomic():
        # Of two at once the second waits here, and counts the first.
        User.objects.select_for_update().get(pk=user.pk)
        if user.api_tokens.count() >= MAX_TOKENS:
            raise Refused("too_many_tokens", limit=MAX_TOKENS)
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:
            raise Refused("token_name_taken") from None
    return made, text


def revoke(user: User, token: UUID) -> ApiToken:
    """End a token of the person's own; it is unknown from now on. Raises Refused(not_found)."""
    found = user.api_tokens.filter(pk=token).first()
    if found is None:
        raise Refused("not_found")
    found.delete()
    return found


def holder(text: str) -> ApiToken:
    """Return the token of this text, with its owner.

    Raises Refused(token_unknown, token_expired, account_inactive).
    """
    if not _FORM.fullmatch(text):
        raise Refused("token_unknown")
    found = ApiToken.objects.select_related("owner").filter(digest=_digest(text)).first()
    if found is None:
        raise Refused("token_unknown")
    if found.is_expired:
        raise Refused("token_expired")
    if not found.owner.is_active or found.owner.leaving_at is not None:
        raise Refused("account_inactive")
    return found


def is_use_due(token: ApiToken) -> bool:
    """Return whether the use of a token is worth a write: the last one that is kept is older than a minute."""
    return token.last_used_at is None or token.last_used_at <= timezone.now() - _NOTED_EVERY


def note_uses(used: Collection[UUID]) -> None:
    """Keep that these tokens are used now."""
    ApiToken.objects.filter(pk__in=used).update(last_used_at=timezone.now())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
