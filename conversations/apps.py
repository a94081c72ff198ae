"""The app's entry in Django's registry."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """Users, conversations, messages and the generations that answer them."""

    name = "conversations"
    verbose_name = _("Conversations")
