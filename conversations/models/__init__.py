"""The rows that keep people, conversations, messages and the log of every model call.

A message is a row, and so is each call of a model (`Generation`): nothing is kept in blobs. While an answer is
being written its text lies in `GenerationChunk` rows; the end of the generation folds them into the message.
"""

from .access import Access
from .classes import Invitation, Slip
from .control import ModelProfile, Quota, Spent
from .conversations import Attachment, Conversation, Message
from .generations import Generation, GenerationChunk, GenerationEvent
from .imports import Import
from .people import BrowserSession, User
from .presets import Preset
from .pulls import Pull
from .search import SearchEntry
from .sharing import SharedLink
from .tokens import ApiToken
from .usage import UsageDay

__all__ = [
    "Access",
    "ApiToken",
    "Attachment",
    "BrowserSession",
    "Conversation",
    "Generation",
    "GenerationChunk",
    "GenerationEvent",
    "Import",
    "Invitation",
    "Message",
    "ModelProfile",
    "Preset",
    "Pull",
    "Quota",
    "SearchEntry",
    "SharedLink",
    "Slip",
    "Spent",
    "UsageDay",
    "User",
]
