"""Finding past conversations: the page of the search, which is a dialog's content and a list of results, too."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from conversations import offering
from conversations.models import Conversation
from conversations.search.forms import SearchForm
from conversations.search.searching import Results, messages_of, search

from .requests import PersonRequest, owned

# The whole page, or what a module asks for: the form with its results, or results alone.
_TEMPLATES = {"form": "conversations/_search.html", "results": "conversations/_results.html"}


@require_GET
@login_required
def find(request: PersonRequest) -> HttpResponse:
    """Search titles and messages for `?q=`; what cannot be understood is told beside its field."""
    part = _TEMPLATES.get(request.GET.get("part", ""))
    # Whoever types has the models to choose from already.
    form = SearchForm(request.GET, [] if part and request.GET.get("q") else _models(request))
    results, address = Results(), ""
    if form.is_valid():
        asked = form.cleaned_data
        results = search(request.user, asked["q"], form.filters(), asked["before"])
        address = _next_page(request, results)
    return render(
        request, part or "conversations/search.html", {"form": form, "results": results, "next_page": address}
    )


@require_GET
@login_required
def find_in_conversation(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the shown messages of a conversation that hold `?q=`, the oldest first (JSON)."""
    messages, more = messages_of(owned(request, pk), request.GET.get("q", ""))
    return JsonResponse({"messages": messages, "more": more})


def _models(request: PersonRequest) -> list[str]:
    """Return the models that can be chosen: those there are, and those of the latest conversations."""
    return [
        *(model.name for model in offering.models(request.user)),
        *Conversation.objects.for_user(request.user).models(),
    ]


def _next_page(request: HttpRequest, results: Results) -> str:
    if results.next_page is None:
        return ""
    query = request.GET.copy()
    query["before"] = str(results.next_page)
    query.pop("part", None)
    return f"{request.path}?{query.urlencode()}"
