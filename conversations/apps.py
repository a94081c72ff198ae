"""The app's entry in Django's registry."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """Users, conversations, messages and the generations that answer them."""

    name = "conversations"
    verbose_name = _("Conversations")

    def ready(self) -> None:
        """Register the checks of the site's settings."""
        from chatsite import checks  # noqa: F401 -- registers itself
