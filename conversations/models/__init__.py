"""The rows that keep people, conversations, messages and the log of every model call.

A message is a row, and so is each call of a model (`Generation`): nothing is kept in blobs. While an answer is
being written its text lies in `GenerationChunk` rows; the end of the generation folds them into the message.
"""

from .conversations import Attachment, Conversation, Message
from .generations import Generation, GenerationChunk, GenerationEvent, ModelProfile
from .people import User

__all__ = [
    "Attachment",
    "Conversation",
    "Generation",
    "GenerationChunk",
    "GenerationEvent",
    "Message",
    "ModelProfile",
    "User",
]
