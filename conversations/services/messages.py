"""What a person does inside a conversation: ask, ask again, continue, choose a branch.

Each verb that asks makes one queued `Generation` with the message that its text will belong to, in one
transaction; a repeated `client_id` finds what the first one made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from conversations.models import Attachment, Conversation, Generation, Message

from . import attachments as files
from . import options as model_options
from . import starting
from .beginning import Asker, begin, means_of, means_of_last, new_message
from .conversations import Chosen, apply_settings, clean_text, may_create, title_from
from .errors import Refused

UNCHANGED = Chosen()


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it; `question`, with its `attachments`, is None where no new message of the person was made.

    `is_only`: that message is known to be the only version of itself.
    """

    generation: Generation
    question: Message | None
    repeated: bool = False
    is_only: bool = False
    attachments: Sequence[Attachment] = ()


def send(
    asker: Asker,
    client_id: str,
    text: str,
    parent: UUID | None = None,
    chosen: Chosen = UNCHANGED,
    attachments: Sequence[UUID] = (),
    options: dict[str, Any] | None = None,
) -> Asked:
    """Store a question and ask for its answer; creates the conversation on its first message. Raises Refused.

    With `attachments` it may be without words. `options` stand above the conversation's for this answer alone.
    """
    own = model_options.validate(options or {})
    attached = files.chosen(asker.user, attachments)
    text = _checked(text, attached)

    def ask(mine: Conversation | None) -> Asked:
        conversation = mine or _new_conversation(asker, text or attached[0].name)
        apply_settings(conversation, chosen)
        above = _message(conversation, parent, Message.Role.ASSISTANT) if parent else conversation.shown_leaf
        # Nothing stands below the end of the shown branch, and nothing at all in a new conversation.
        is_only = parent is None and (above is not None or conversation._state.adding)
        question = new_message(conversation, above, Message.Role.USER, text)
        means = means_of(asker, conversation, above=own)
        generation = begin(asker, conversation, question, client_id, means)
        _refuse_unseen(asker, generation, attached)
        _attach(question, attached)
        return Asked(generation, question, is_only=is_only, attachments=attached)

    return _once(asker, client_id, ask)


def edit(
    asker: Asker,
    client_id: str,
    message: UUID,
    text: str,
    attachments: Sequence[UUID] | None = None,
    chosen: Chosen = UNCHANGED,
) -> Asked:
    """Ask a question again in other words: a sibling, which is shown from now on. Raises Refused.

    `attachments` None: those that the question had, of which a model that cannot see is only told.
    """
    named = None if attachments is None else files.chosen(asker.user, attachments)

    def ask(mine: Conversation | None) -> Asked:
        conversation = _existing(mine)
        apply_settings(conversation, chosen)
        old = _message(conversation, message, Message.Role.USER)
        attached = list(old.attachments.all()) if named is None else named
        words = _checked(text, attached)
        question = new_message(conversation, old.parent, Message.Role.USER, words, is_version=True)
        means = means_of(asker, conversation)
        generation = begin(asker, conversation, question, client_id, means)
        _refuse_unseen(asker, generation, named or ())
        _attach(question, attached)
        return Asked(generation, question, attachments=attached)

    return _once(asker, client_id, ask)


def regenerate(
    asker: Asker,
    client_id: str,
    message: UUID,
    model: str | None = None,
    options: dict[str, Any] | None = None,
) -> Asked:
    """Ask for a sibling of an answer, by another model if one is named. Raises Refused.

    `options` stand above the conversation's for this answer alone.
    """
    above = model_options.validate(options or {})

    def ask(mine: Conversation | None) -> Asked:
        conversation = _existing(mine)
        old = _message(conversation, message, Message.Role.ASSISTANT)
        if old.parent is None:
            raise Refused("not_found")
        answer = new_message(conversation, old.parent, Message.Role.ASSISTANT, is_version=True)
        means = means_of(asker, conversation, model, above)
        return Asked(begin(asker, conversation, old.parent, client_id, means, answer), None)

    return _once(asker, client_id, ask)


def continue_answer(asker: Asker, client_id: str, message: UUID) -> Asked:
    """Ask for more of an answer that was cut or stopped, in place and as it was asked for. Raises Refused.

    Only where nothing stands below it: the next question was asked on what the answer was by then.
    """

    def ask(mine: Conversation | None) -> Asked:
        conversation = _existing(mine)
        answer = _message(conversation, message, Message.Role.ASSISTANT)
        if answer.parent is None:
            raise Refused("not_found")
        if answer.children.exists():
            # No page offers it that shows what there is.
            raise Refused("bad_frame")
        means = means_of_last(asker, conversation, answer)
        return Asked(begin(asker, conversation, answer.parent, client_id, means, answer), None)

    return _once(asker, client_id, ask)


def _refuse_unseen(asker: Asker, generation: Generation, attached: Sequence[Attachment]) -> None:
    """Refuse pictures that the model is known not to see. Raises Refused(not_capable)."""
    has_pictures = any(row.kind == Attachment.Kind.IMAGE for row in attached)
    if has_pictures and asker.can_see(generation.model) is False:
        raise Refused("not_capable", detail=generation.model)


def _attach(question: Message, attached: Sequence[Attachment]) -> None:
    if attached:
        question.attachments.set(attached)


def _checked(text: str, attached: Sequence[Attachment]) -> str:
    text = clean_text(text)
    if not text and not attached:
        raise Refused("empty")
    if len(text) > settings.MAX_MESSAGE_CHARS:
        raise Refused("too_long", limit=settings.MAX_MESSAGE_CHARS)
    return text


def _once(asker: Asker, client_id: str, ask: Callable[[Conversation | None], Asked]) -> Asked:
    """Run `ask` in one transaction unless its `client_id` has been served; two at once make one.

    `ask` gets the conversation, None where the asker has none of this id. Raises Refused(busy) while another answer
    is on its way.
    """
    mine = None if asker.is_new else _mine(asker)
    repeated = _in_the_way(mine, client_id) if mine else None
    if repeated:
        return repeated
    try:
        with transaction.atomic():
            return ask(mine)
    except IntegrityError:
        return _after_another(asker, client_id)


def _mine(asker: Asker) -> Conversation | None:
    found = Conversation.objects.for_user(asker.user).filter(pk=asker.conversation)
    return found.select_related("shown_leaf").first()


def _in_the_way(conversation: Conversation, client_id: str) -> Asked | None:
    """Return what the same question came to before, None where nothing is in its way. Raises Refused(busy)."""
    others = conversation.generations.filter(Q(client_id=client_id) | Q(status__in=Generation.LIVE))
    found = set(others.values_list("client_id", flat=True))
    if client_id in found:
        same = conversation.generations.select_related("message__parent").get(client_id=client_id)
        question = same.message.parent
        attached = list(question.attachments.all()) if question else []
        return Asked(same, question, repeated=True, attachments=attached)
    if found:
        raise Refused("busy")
    return None


def _after_another(asker: Asker, client_id: str) -> Asked:
    """Return or raise what a question meets that another one of the same moment has come before."""
    mine = _mine(asker)
    if mine is None:
        raise Refused("not_found")
    repeated = _in_the_way(mine, client_id)
    if repeated:
        return repeated
    raise Refused("busy")


def _new_conversation(asker: Asker, text: str) -> Conversation:
    """Return a conversation that is not stored yet, if the page holds the signature for its id.

    An id that somebody has is found when it is stored.
    """
    if not may_create(asker.user, asker.conversation, asker.signature):
        raise Refused("not_found")
    start = starting.start(asker.user, asker.choose, asker.offer)
    conversation = starting.new_conversation(asker.conversation, asker.user, start)
    conversation.title = title_from(text)
    return conversation


def _existing(conversation: Conversation | None) -> Conversation:
    if conversation is None:
        raise Refused("not_found")
    return conversation


def _message(conversation: Conversation, message: UUID, role: str) -> Message:
    found = conversation.messages.filter(pk=message, role=role).select_related("parent").first()
    if found is None:
        raise Refused("not_found")
    return found
