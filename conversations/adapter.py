"""How allauth behaves on this site: who may sign up, what a failed login costs, where a login may lead."""

import logging
import math
import time
from smtplib import SMTPException
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.ratelimit import get_cache_key, get_rates
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from . import usernames
from .models import Invitation

logger = logging.getLogger(__name__)

# The pages that are limited, by the name of their URL, and the limit's name in ACCOUNT_RATE_LIMITS.
_LIMITS_OF_PAGES = {
    "account_login": "login",
    "account_signup": "signup",
    "account_first": "first",
    "account_reset_password": "reset_password",
    "account_reset_password_from_key": "reset_password_from_key",
    "account_change_password": "change_password",
    "account_set_password": "change_password",
}


# In a session: the token of the sign-up link that was followed.
INVITED_BY = "invited_by"


class AccountAdapter(DefaultAccountAdapter):
    """The site's answers to allauth's questions."""

    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The user name or the password is not correct."),
        "enter_current_password": _("This is not your current password."),
        "username_taken": _("Somebody has this user name already."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return whether anybody may make an account."""
        return settings.SIGNUP == "open" or invitation(request) is not None

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Return the name as it is kept. Raises ValidationError."""
        return super().clean_username(usernames.normalize(username), shallow)

    def is_safe_url(self, url: str) -> bool:
        """Return whether a login may lead to `url`: to this site only."""
        host = self.request.get_host()
        return url_has_allowed_host_and_scheme(url, {host}, require_https=self.request.is_secure())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return to the page from which a password is changed."""
        return reverse("account")

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that limits count. Raises PermissionDenied where the proxies do not tell it."""
        try:
            return super().get_client_ip(request)
        except ImproperlyConfigured:
            logger.warning("X-Forwarded-For has fewer addresses than TRUSTED_PROXY_COUNT says")
            raise PermissionDenied from None

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the person whose name and password these are; too many failures end in a page."""
        if "username" in credentials:
            credentials["username"] = usernames.normalize(credentials["username"])
        return super().authenticate(request, **credentials)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse to look at the password, right or wrong, of a locked account or from a locked address."""
        if not ratelimit.consume(request, action="login_failed_address", dry_run=True):
            raise ImmediateHttpResponse(too_many_requests(request, "login_failed_address"))
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            key = self._get_login_attempts_cache_key(request, **credentials)
            raise ImmediateHttpResponse(too_many_requests(request, "login_failed", key)) from None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the failure against the address, too; allauth has counted it against the account."""
        ratelimit.consume(request, action="login_failed_address")

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Keep the new password, and lift the lock that failures with the old one left."""
        super().set_password(user, password)
        key = self._get_login_attempts_cache_key(self.request, username=user.get_username())
        ratelimit.clear(self.request, action="login_failed", key=key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; a mail server that is down costs the mail, never the page."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            logger.error("the mail %s could not be sent: %s", template_prefix, error)  # noqa: TRY400

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth's own key has the host in it, and whoever guesses passwords may name any of ours.
        return usernames.normalize(credentials.get("username", "")).casefold()


def invitation(request: HttpRequest) -> Invitation | None:
    """Return the sign-up link by which this browser came, while somebody may use it."""
    token = request.session.get(INVITED_BY, "")
    return Invitation.objects.open().select_related("group").filter(token=token).first() if token else None


def too_many_requests(request: HttpRequest, action: str, key: str | None = None) -> HttpResponse:
    """Return the page that says to wait, and for how many seconds (Retry-After)."""
    seconds = _seconds_to_wait(request, action, key)
    context = {"minutes": math.ceil(seconds / 60), "of_account": action == "login_failed"}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


def page_limited(request: HttpRequest) -> HttpResponse:
    """Return the answer to a request over its page's limit; allauth looks for it in the root URLs."""
    match = request.resolver_match
    return too_many_requests(request, _LIMITS_OF_PAGES[(match and match.url_name) or ""])


def _seconds_to_wait(request: HttpRequest, action: str, key: str | None) -> int:
    """Return after how long the next request passes: when the oldest one that counts is forgotten."""
    rates = get_rates(app="allauth.account", action=action)
    waits = []
    for rate in rates:
        if rate.per == "key" and key is None:
            continue
        name = get_cache_key(request, app="allauth.account", action=action, rate=rate, key=key)
        seen = cache.get(name, [])
        if len(seen) >= rate.amount:
            waits.append(seen[-1] + rate.duration - time.time())
    # Without the key its history is out of reach, and the whole span is the safe answer.
    return max(1, math.ceil(max(waits or [rate.duration for rate in rates])))
