"""What a service answers when it will not do what it was asked."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_SENTENCES: dict[str, str | Promise] = {
    "bad_frame": _("The site could not read this request. Reload the page and try again."),
    "too_large": _("This request is too large."),
    "empty": _("Write a question first."),
    "too_long": _("This message is longer than %(limit)s characters. Shorten it and send it again."),
    "unknown_type": _("The site does not know this request. Reload the page and try again."),
    "not_found": _("There is no such conversation or message."),
    "busy": _("An answer is still being written. Wait for its end or stop it first."),
    "unknown_model": _(
        "The model “%(detail)s” is not pulled. Choose another one, or pull it: ollama pull %(detail)s"
    ),
    "bad_option": _("The option “%(detail)s” has to be %(expected)s. Change it in the settings."),
    "not_capable": _("This model cannot do that: %(detail)s."),
    "quota": _("You have reached your limit for today."),
    "rate": _("Too many requests. Wait a moment."),
    "ollama_down": _("Ollama does not answer."),
    "shutting_down": _("The site is restarting. Your text is kept; send it again in a moment."),
    "internal": _("Something went wrong on the server. Your text is kept; try again."),
}


class Refused(Exception):
    """A request that changes nothing, with the protocol's error code (design of the WebSocket protocol).

    `detail` names what is wrong (an option, a model), `limit` the bound that was crossed, `expected` what a value
    has to be, as the end of a sentence.
    """

    def __init__(
        self, code: str, *, detail: str = "", limit: int | None = None, expected: str | Promise = ""
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.limit = limit
        self.expected = expected

    def __str__(self) -> str:
        facts = {"detail": self.detail, "limit": self.limit, "expected": self.expected}
        return str(_SENTENCES[self.code]) % facts
