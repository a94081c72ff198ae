"""Deleting the own account."""

from contextlib import suppress

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from conversations.account_forms import DeleteAccountForm
from conversations.generation.stopping import stop_now
from conversations.models import User
from conversations.services import leaving
from conversations.services.errors import Refused

from .requests import PersonRequest

# What is left then, the process deletes by and by.
_PATIENCE_SECONDS = 2.0


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: PersonRequest) -> HttpResponse:
    """Say what goes, and, with the password, delete it."""
    user = User.objects.get(pk=request.user.pk)
    form = DeleteAccountForm(request.POST or None, user=user)
    if leaving.is_last_administrator(user) or not form.is_valid():
        return _page(request, user, form)
    try:
        live = leaving.leave(user)
    except Refused:
        return _page(request, user, form)
    for generation in live:
        stop_now(generation)
    logout(request)
    with suppress(DatabaseError, OSError):
        leaving.forget_some(_PATIENCE_SECONDS)
    return redirect("account_deleted")


def _page(request: PersonRequest, user: User, form: DeleteAccountForm) -> HttpResponse:
    is_last = leaving.is_last_administrator(user)
    context = {
        "form": form,
        "belongings": leaving.belongings(user),
        "why_not": str(Refused("last_administrator")) if is_last else "",
    }
    return render(request, "account/delete.html", context)


@never_cache
@require_GET
def deleted(request: HttpRequest) -> HttpResponse:
    """Say that it is done."""
    return render(request, "account/deleted.html")
