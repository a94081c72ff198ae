"""Every sentence that the browser's modules show, so that it stands in the same catalogue as all others.

The modules write `t("…")` (static/js/i18n.js); a test holds this list and those calls equal.
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

STRINGS = (
    _("{doing}. Not saved yet: the database does not answer"),
    _("An answer is still being written. Wait for its end or stop it."),
    _("Ask again with repeat_penalty {value}"),
    _("Connecting to Ollama"),
    _("Connection lost. Trying again…"),
    _("Copied"),
    _("Copy code"),
    _("Deleted “{title}”."),
    _("First token"),
    _("In all"),
    _("Loading {model}"),
    _("Messages left out"),
    _("Other options must be a JSON object, such as {example}."),
    _("Reading the question"),
    _("Speed"),
    _("Stopping"),
    _("Over the limit of characters by {count}. Shorten the text and send it again."),
    _("There is no connection now. Try again in a moment."),
    _("Thinking"),
    _("This conversation does not exist any more."),
    _("This did not work. Try again."),
    _("Tokens read"),
    _("Tokens written"),
    _("Waiting in the queue"),
    _("Waiting in the queue, {ahead} ahead"),
    _("Write a question first."),
    _("Writing"),
    _("You are logged out. Log in again to go on."),
    _("site's: {value}"),
    _("{count} characters left"),
    _("{label} ({name})"),
    _("{model} (not pulled)"),
    _("{seconds} s"),
    _("{speed} tokens/s"),
    _("“{name}” has to be {expected}."),
    _("“{name}” stands here and in the JSON. Empty one of the two."),
)


def translated() -> dict[str, str]:
    """Return them in the active language, by their English text."""
    return {text: gettext(text) for text in STRINGS}
