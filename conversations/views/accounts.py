"""Pages around accounts: the first administrator, preferences, and allauth's where this site differs."""

from typing import Any
from uuid import UUID

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from allauth.decorators import rate_limit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language as keep_language_cookie

from conversations import offering
from conversations.account_forms import FirstAdministratorForm, FirstPasswordForm, ProfileForm, TokenForm
from conversations.adapter import INVITED_BY, invitation
from conversations.context_processors import THEME_COOKIE, theme
from conversations.generation.backend import backend
from conversations.models import Access, SharedLink, User
from conversations.services import access, accounts, browser_sessions, newcomers, quotas
from conversations.services.errors import Refused
from conversations.useragents import named

from .requests import PersonRequest, refusal

_LATEST_READINGS = 5
_READINGS_PER_PAGE = 100


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Let the bearer of the one-time token make the first administrator."""
    if accounts.administrator_exists():
        return _setup_closed(request)
    if not accounts.setup_token_is_valid(request.GET.get("token", "")):
        return render(request, "setup/needed.html", {"wrong_token": True}, status=403)
    form = FirstAdministratorForm(request.POST or None)
    if not form.is_valid():
        return render(request, "setup/form.html", {"form": form})
    user = form.save(commit=False)
    try:
        accounts.create_first_administrator(user)
    except accounts.AdministratorExistsError:
        return _setup_closed(request)
    login(request, user)
    return redirect("home")


def _setup_closed(request: HttpRequest) -> HttpResponse:
    return render(request, "setup/closed.html", status=410)


class SignupView(allauth_views.SignupView):
    """allauth's sign-up; closed, it names whom to ask; two people may want one name in the same moment."""

    def closed(self) -> HttpResponse:
        """Say that an administrator makes accounts here."""
        context = {"administrators": accounts.administrators()}
        return render(self.request, "account/signup_closed.html", context, status=403)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the page shows, the sign-up link among it."""
        return super().get_context_data(invitation=invitation(self.request), **kwargs)

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Make the account, in the group of the link if there is one, and log the person in."""
        invited = invitation(self.request)
        try:
            with transaction.atomic():
                place = newcomers.take_place(invited.token) if invited else None
                answer = super().form_valid(form)
                if place:
                    self.user.groups.add(place.group)
                    self.request.session.pop(INVITED_BY, None)
                return answer
        except IntegrityError:
            form.add_error("username", get_adapter().error_messages["username_taken"])
            return self.form_invalid(form)
        except Refused:
            return self.closed()


@never_cache
@require_safe
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Lead from a sign-up link to the form."""
    request.session[INVITED_BY] = token
    if invitation(request) is None:
        del request.session[INVITED_BY]
        return render(
            request, "account/link_used_up.html", {"administrators": accounts.administrators()}, status=410
        )
    return redirect("account_signup")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limit(action="first")
def first(request: HttpRequest) -> HttpResponse:
    """Let the bearer of a slip choose the first password of the account that was made for them."""
    form = FirstPasswordForm(request.POST or None, initial={"code": request.GET.get("code", "")})
    if not form.is_valid():
        return render(request, "account/first.html", {"form": form})
    try:
        user = newcomers.use_slip(form.slip, form.cleaned_data["password1"])
    except Refused:
        form.add_error("code", gettext("This code was used already."))
        return render(request, "account/first.html", {"form": form})
    login(request, user)
    text = gettext("Your user name is {name}. Log in with it and your new password from now on.")
    messages.success(request, text.format(name=user.get_username()))
    return redirect("account")


class PasswordResetView(allauth_views.PasswordResetView):
    """allauth's request for a link by mail; without mail, the names of those who can make one."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with the page that fits."""
        if settings.EMAIL_URL:
            return super().dispatch(request, *args, **kwargs)
        context = {"administrators": accounts.administrators()}
        return render(request, "account/password_reset_by_administrator.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: PersonRequest) -> HttpResponse:
    """Show and change what a person may choose, and show where they are logged in."""
    form = _profile(request, request.POST or None)
    if not form.is_valid():
        return page(request, form=form)
    user = form.save(commit=False)
    accounts.save_profile(user)
    with override(user.language or get_language()):
        messages.success(request, gettext("Your settings are saved."))
    return _with_theme(redirect("account"), user.theme)


def page(request: PersonRequest, status: int = 200, **parts: Any) -> HttpResponse:
    """Return the page of the account; `parts` are what it shows of this request, in place of how it begins."""
    user = request.user
    context = {
        "form": parts.get("form") or _profile(request),
        "site_model": backend.state("").model,
        "browsers": _browsers(request),
        "tokens": user.api_tokens.all(),
        "token_form": TokenForm(),
        "shared_links": SharedLink.objects.of(user),
        "readers": [reader for reader in access.readers() if reader != user],
        "allowance": quotas.allowance(user),
        "readings": Access.objects.of(user)[:_LATEST_READINGS],
        **parts,
    }
    return render(request, "account/account.html", context, status=status)


def _profile(request: PersonRequest, data: QueryDict | None = None) -> ProfileForm:
    # Not request.user itself: a form writes values on its instance that may turn out to be wrong.
    user = User.objects.get(username=request.user.get_username())
    return ProfileForm(data, instance=user, **_offered(request))


@never_cache
@login_required
@require_safe
def readings(request: PersonRequest) -> HttpResponse:
    """Show all that staff has read of the person's conversations."""
    page = Paginator(Access.objects.of(request.user), _READINGS_PER_PAGE).get_page(request.GET.get("p"))
    return render(request, "account/readings.html", {"page": page})


def _offered(request: PersonRequest) -> dict[str, Any]:
    return {
        "models": [model.name for model in offering.models(request.user)],
        "site_model": backend.state("").model,
        "theme": theme(request),
    }


def _browsers(request: PersonRequest) -> list[dict[str, Any]]:
    """Return where the person is logged in, this browser first."""
    found = [
        {
            "row": row,
            "named": named(row.user_agent),
            "is_this": row.session_key == request.session.session_key,
        }
        for row in browser_sessions.of(request.user)
    ]
    return sorted(found, key=lambda browser: not browser["is_this"])


@require_POST
@login_required
def end_browser(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Log the person out in one of their browsers."""
    try:
        key = browser_sessions.end(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    if key == request.session.session_key:
        return _logged_out(request)
    messages.success(request, gettext("You are logged out there."))
    return redirect("account")


@require_POST
@login_required
def end_other_browsers(request: PersonRequest) -> HttpResponse:
    """Log the person out in all browsers but this one."""
    browser_sessions.end_all(request.user, but=request.session.session_key or "")
    messages.success(request, gettext("You are logged in nowhere else any more."))
    return redirect("account")


@require_POST
@login_required
def log_out_everywhere(request: PersonRequest) -> HttpResponse:
    """Log the person out in all browsers, this one among them."""
    browser_sessions.end_all(request.user)
    return _logged_out(request)


def _logged_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and, for a person who is logged in, with the account."""
    chosen = request.POST.get("theme", "")
    answer = redirect(_back(request))
    if chosen not in User.Theme.values:
        return answer
    if request.user.is_authenticated:
        accounts.save_theme(request.user, chosen)
    return _with_theme(answer, chosen)


def _back(request: HttpRequest) -> str:
    """Return the page of this site from which a form was sent, or else the first one."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else reverse("home")


def _with_theme(answer: HttpResponse, chosen: str) -> HttpResponse:
    """Have this browser remember a theme, as static/js/page.js does, for when nobody is logged in."""
    year = 365 * 24 * 3600
    answer.set_cookie(
        THEME_COOKIE, chosen, year, path=settings.SITE_PREFIX, samesite="Lax", secure=settings.HTTPS
    )
    return answer


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie and, for a person who is logged in, with the account."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        accounts.save_language(request.user, language)
    return keep_language_cookie(request)
