"""How an answer ended, in a sentence that says what to do next.

Templates and the browser's modules read the same table; `{model}` stands for the model's name.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# By the reason of a generation's end; an answer that ended as it should ("stop") needs no sentence.
SENTENCES: dict[str, str | Promise] = {
    "user_stop": _("Stopped."),
    "length": _("Ended at its limit of tokens. Continue it, or raise num_predict in the settings."),
    "cut_off": _(
        "The answer ended without its end mark. Raise repeat_penalty in the settings and ask again."
    ),
    "limit": _("Ended at this site's limit for one answer."),
    "model_missing": _("The model “{model}” is not pulled. Run “ollama pull {model}”, then retry."),
    "ollama_down": _("Ollama does not answer. Start it, then retry."),
    "ollama_error": _("Ollama reported an error. Retry, or choose another model."),
    "stalled": _("Ollama fell silent in mid-answer. Retry, or continue from here."),
    "process_died": _("The server ended in mid-answer. What had arrived is kept; retry or continue."),
    "restart": _("The server restarted in mid-answer. What had arrived is kept; retry or continue."),
    "internal": _("Something went wrong on the server. What had arrived is kept; retry."),
}


def sentence(reason: str, model: str) -> str:
    """Return the sentence for a generation's `reason`, empty where there is nothing to say."""
    found = SENTENCES.get(reason)
    return str(found).replace("{model}", model) if found else ""
