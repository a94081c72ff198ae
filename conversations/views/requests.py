"""What views share: requests of people who are logged in, what they own, and answers to pages and to their modules."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render

from conversations.models import Conversation, User
from conversations.services.errors import Refused


class PersonRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


def owned(request: PersonRequest, pk: UUID) -> Conversation:
    """Return a conversation of the person who asks. Raises Http404."""
    return get_object_or_404(Conversation.objects.for_user(request.user), pk=pk)


def uuid_of(request: HttpRequest, name: str) -> UUID | None:
    """Return a UUID of the query string. Raises Http404 for something else."""
    value = request.GET.get(name)
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError as error:
        raise Http404 from error


def done(request: HttpRequest, address: str, **facts: str) -> HttpResponse:
    """Say that it is done: to a module as JSON, to a form by going to `address`."""
    return JsonResponse({"address": address, **facts}) if wants_json(request) else redirect(address)


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Say why it is not done. Raises Http404 for what the person does not have."""
    if refused.code == "not_found":
        raise Http404
    if wants_json(request):
        return JsonResponse({"code": refused.code, "text": str(refused)}, status=400)
    return render(request, "400.html", {"reason": str(refused)}, status=400)


def wants_json(request: HttpRequest) -> bool:
    """Return whether a module asks, and not a form."""
    return request.headers.get("Accept", "").startswith("application/json")
