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
    "not_capable": _(
        "The model “%(detail)s” cannot see pictures. Choose one that can, or take the pictures away."
    ),
    "file_too_large": _("This file is larger than %(limit)s MB."),
    "file_too_long": _("This text is longer than %(limit)s characters. Attach a part of it."),
    "file_empty": _("This file is empty."),
    "file_unknown": _("This is neither a picture (PNG, JPEG, WebP, GIF, BMP) nor a text file."),
    "picture_damaged": _("This picture cannot be read: the file is damaged or not whole."),
    "picture_too_large": _("This picture has more than %(limit)s million pixels. Make it smaller first."),
    "too_many_files": _("A question takes %(limit)s files at most."),
    "no_file": _("A file of this question is not kept any more. Attach it again."),
    "archive_size": _("A zip may have %(limit)s GiB, and not be empty."),
    "name_taken": _("You have a preset of this name already."),
    "too_many_presets": _("You have %(limit)s presets, which is the most there can be. Delete one first."),
    "token_unknown": _("This token is not known. It was revoked, or is not whole."),
    "token_expired": _("This token has expired. Make another one on the page of your account."),
    "account_inactive": _("This account is switched off. Only an administrator can switch it on again."),
    "token_name_taken": _("You have a token of this name already."),
    "too_many_tokens": _("You have %(limit)s tokens, which is the most there can be. Revoke one first."),
    "last_administrator": _(
        "You are the only administrator. Make somebody else one first, in “Administration”, then delete your account."
    ),
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
