"""The API tokens of a person: made and revoked on the page of the account."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from conversations import js_strings
from conversations.account_forms import TokenForm
from conversations.services import tokens
from conversations.services.errors import Refused

from . import accounts
from .requests import PersonRequest, refusal

# Of the form's fields, what the service objects to.
_FIELD_OF = {"token_name_taken": "name"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """Make a token, and show it in this answer: nothing keeps it for another one. Looking leads to the account."""
    if request.method != "POST":
        return _back()
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            token, text = tokens.make(request.user, form.cleaned_data["name"], form.cleaned_data["days"])
        except Refused as refused:
            form.add_error(_FIELD_OF.get(refused.code), str(refused))
        else:
            strings = js_strings.translated() if get_language() != "en" else {}
            data = {"strings": strings, "outcomes": {}}
            return accounts.page(request, new_token=token, new_token_text=text, data=data)
    return accounts.page(request, 400, token_form=form)


@require_POST
@login_required
def revoke(request: PersonRequest, pk: UUID) -> HttpResponse:
    """End a token of the person's own."""
    try:
        token = tokens.revoke(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    messages.success(request, gettext("The token “{name}” is revoked.").format(name=token.name))
    return _back()


def _back() -> HttpResponse:
    return redirect(reverse("account") + "#account-tokens")
