"""What the API answers when it will not do what it was asked: a status, a code for programs, a sentence for people."""

from datetime import datetime, time, timedelta
from http import HTTPStatus

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from conversations.services.errors import Refused

_SENTENCES: dict[str, str | Promise] = {
    "bad_json": _("The body has to be a JSON object in UTF-8: %(detail)s"),
    "bad_cursor": _(
        "There is no such page. Take “next” of the page before as it is, and a limit from 1 to 200."
    ),
    "bad_position": _(
        "There is no such place in this answer. Read it from its beginning, without Last-Event-ID."
    ),
    "bad_host": _("The site does not know the name in the header Host."),
    "wrong_type": _("The body does not fit: %(detail)s"),
    "wrong_method": _("Use %(detail)s."),
    "token_missing": _(
        "Send a token of yours in the header “Authorization: Bearer …”. Your account page makes one."
    ),
    "https_only": _(
        "This site is read over HTTPS only. Whoever listened may have this token now: revoke it."
    ),
    "unknown_address": _("The API has no such address."),
    "database_down": _("The site cannot reach its database. Try again in a moment."),
    # What pages say of these is meant for who reads a page.
    "bad_option": _("The option “%(detail)s” has to be %(expected)s."),
    "too_large": _("The body has more than %(limit)s KiB."),
    "shutting_down": _("The site is restarting. Try again in a moment."),
    "internal": _("Something went wrong on the server."),
}
STATUS = {
    "bad_json": 400,
    "bad_cursor": 400,
    "bad_position": 400,
    "bad_host": 400,
    "token_missing": 401,
    "token_unknown": 401,
    "token_expired": 401,
    "account_inactive": 403,
    "https_only": 403,
    "not_found": 404,
    "unknown_model": 404,
    "unknown_address": 404,
    "wrong_method": 405,
    "busy": 409,
    "too_large": 413,
    "wrong_type": 422,
    "empty": 422,
    "too_long": 422,
    "bad_option": 422,
    "quota": 429,
    "rate": 429,
    "internal": 500,
    "ollama_down": 503,
    "shutting_down": 503,
    "database_down": 503,
}
_SECONDS = 1


def told(refusal: Refused) -> str:
    """Return the sentence of a refusal in the active language."""
    sentence = _SENTENCES.get(refusal.code)
    if sentence is None:
        return str(refusal)
    return str(sentence) % {"detail": refusal.detail, "limit": refusal.limit, "expected": refusal.expected}


def headers(refusal: Refused) -> dict[str, str]:
    """Return the headers that belong to a refusal."""
    status = STATUS[refusal.code]
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if refusal.code == "quota":
        return {"Retry-After": str(_seconds_until_tomorrow())}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return {"Retry-After": str(_SECONDS)}
    return {}


def _seconds_until_tomorrow() -> int:
    """Return when quotas begin anew (services/quotas.py): with the next day of the site's zone."""
    zone = timezone.get_default_timezone()
    now = timezone.now()
    tomorrow = datetime.combine(timezone.localdate(now, zone) + timedelta(days=1), time.min, zone)
    return max(1, round((tomorrow - now).total_seconds()))
