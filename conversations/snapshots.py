"""What the database has for a socket that joins a conversation."""

from collections.abc import Callable
from uuid import UUID

from . import describe, events
from .models import Conversation, Generation, User
from .services import conversations, generations, starting


def load(
    user: User, conversation: UUID, signature: str, choose: Callable[[str], str], *, with_text: bool
) -> tuple[events.ConversationState, events.GenerationState | None] | None:
    """Return the conversation and its live generation as the database has them; None for what is not theirs.

    Of an answer that this process writes, the text is at hand: it is not read. `choose` is that of `starting.start`.
    """
    row = Conversation.objects.for_user(user).select_related("shown_leaf").filter(pk=conversation).first()
    if row is None:
        if not conversations.may_create(user, conversation, signature):
            return None
        if Conversation.objects.filter(pk=conversation).exists():
            return None
        return describe.new_conversation(conversation, starting.start(user, choose)), None
    live = Generation.objects.live().filter(conversation=row).select_related("message").first()
    if live is None:
        return describe.conversation(row), None
    text, thinking = generations.text_so_far(live) if with_text else ("", "")
    return describe.conversation(row, running=True), describe.generation(live, text, thinking)
