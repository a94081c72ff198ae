"""Pages around accounts: the first administrator, preferences, and allauth's where this site differs."""

from typing import Any

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language as keep_language_cookie

from conversations.account_forms import FirstAdministratorForm, ProfileForm
from conversations.models import User
from conversations.services import accounts


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

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Make the account and log the person in."""
        try:
            with transaction.atomic():
                return super().form_valid(form)
        except IntegrityError:
            form.add_error("username", get_adapter().error_messages["username_taken"])
            return self.form_invalid(form)


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
def account(request: HttpRequest) -> HttpResponse:
    """Show and change a person's name, e-mail address, language and time zone."""
    # Not request.user itself: a form writes values on its instance that may turn out to be wrong.
    user = User.objects.get(username=request.user.get_username())
    form = ProfileForm(request.POST or None, instance=user)
    if not form.is_valid():
        return render(request, "account/account.html", {"form": form})
    accounts.save_profile(form.save(commit=False))
    with override(user.language or get_language()):
        messages.success(request, gettext("Your settings are saved."))
    return redirect("account")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie and, for a person who is logged in, with the account."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        accounts.save_language(request.user, language)
    return keep_language_cookie(request)
