"""How an answer ended, in a sentence that says what to do next.

Templates and the browser's modules read the same table. Its keys, the codes, are the reasons of a generation's
end, and finer ones where a reason holds together what a person has to tell apart; those are read off what is
stored, so that the live page and the one loaded later say the same.
"""

from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .models import Generation

# `{model}` stands for the model's name, `{detail}` for what Ollama said. An answer that ended as it should ("stop")
# needs no sentence.
SENTENCES: dict[str, str | Promise] = {
    "user_stop": _("Stopped."),
    "empty": _("The model ended without writing an answer. Retry, or ask in other words."),
    "thoughts_only": _(
        "The model thought, and ended without writing an answer. Retry, or ask in other words."
    ),
    "thoughts_cut": _(
        "The limit of tokens was used up by thinking, before the answer began. Raise num_predict in the settings, "
        "or turn thinking off."
    ),
    "thoughts_stopped": _("Stopped while the model was thinking, before the first word of its answer."),
    "anew": _("The model did not go on where the answer ended, but began it anew."),
    "length": _("Ended at its limit of tokens. Continue it, or raise num_predict in the settings."),
    "cut_off": _(
        "The answer broke off without its end mark, as when a model repeats itself. "
        "Ask again with a higher repeat_penalty."
    ),
    "limit": _("Ended at this site's limit for one answer."),
    "model_missing": _("The model “{model}” is not pulled. Run “ollama pull {model}”, then retry."),
    "ollama_down": _("Ollama does not answer. Start it, then retry."),
    "ollama_away": _(
        "Ollama cannot be reached at the address that this site has. Retry; if that does not help, tell the "
        "administrator."
    ),
    "ollama_untrusted": _(
        "No secure connection to Ollama came about. Tell the administrator: its certificate may be wrong."
    ),
    "ollama_broke": _("The connection to Ollama broke off in mid-answer. Retry, or continue from here."),
    "ollama_lost": _("The connection to Ollama broke off before an answer came. Retry."),
    "ollama_error": _("Ollama reported an error. Retry, or choose another model."),
    "ollama_said": _("Ollama reported an error: {detail}. Retry, or choose another model."),
    "ollama_busy": _("Ollama is busy. Wait a moment, then retry."),
    "ollama_denied": _(
        "Ollama does not let this site in. Tell the administrator: OLLAMA_API_KEY may be missing or wrong."
    ),
    "ollama_foreign": _(
        "Something other than Ollama answers at its address. Retry; if that does not help, tell the administrator."
    ),
    "stalled": _("Ollama fell silent in mid-answer. Retry, or continue from here."),
    "ollama_silent": _("Ollama did not begin to answer in time. Retry, or choose a smaller model."),
    "process_died": _("The server ended in mid-answer. What had arrived is kept; retry or continue."),
    "restart": _("The server restarted in mid-answer. What had arrived is kept; retry or continue."),
    "internal": _("Something went wrong on the server. What had arrived is kept; retry."),
}
# By reason and the cause with which `error_detail` begins (`OllamaError.record`).
_FINER = {
    ("ollama_down", "broken"): "ollama_broke",
    ("ollama_down", "dns"): "ollama_away",
    ("ollama_down", "timeout"): "ollama_away",
    ("ollama_down", "unreachable"): "ollama_away",
    ("ollama_down", "tls"): "ollama_untrusted",
    ("ollama_error", "error"): "ollama_said",
    ("ollama_error", "busy"): "ollama_busy",
    ("ollama_error", "denied"): "ollama_denied",
    ("ollama_error", "foreign"): "ollama_foreign",
    ("stalled", "sending"): "ollama_silent",
    ("stalled", "first_byte"): "ollama_silent",
}
_WITHOUT_TEXT = {"stop": "empty", "ollama_broke": "ollama_lost"}
_THOUGHTS_ONLY = {"stop": "thoughts_only", "length": "thoughts_cut", "user_stop": "thoughts_stopped"}
_CAUSES = {cause for _reason, cause in _FINER}
_EXCERPT = 200
# So many characters are compared; fewer than the second number may well come twice by chance.
_BEGINNING = 40
_TELLING = 5
# What counts where a call names none. Ollama's own default was 1.1 and is 1.0 now, and the one offered has to be
# higher than either (https://github.com/ollama/ollama/blob/main/api/types.go, DefaultOptions).
_USUAL_PENALTY = 1.1
_PENALTY_STEP = 0.1
# Beyond it models avoid the very words that the answer needs.
_HIGHEST_PENALTY = 2.0


def code(generation: "Generation", content: str, thinking: str = "") -> str:
    """Return which sentence tells how `generation` ended, with `content` as its answer and `thinking` before it.

    "stop" has none.
    """
    cause = generation.error_detail.partition(": ")[0]
    found = _FINER.get((generation.reason, cause), generation.reason)
    if not content.strip():
        if thinking and found in _THOUGHTS_ONLY:
            return _THOUGHTS_ONLY[found]
        return _WITHOUT_TEXT.get(found, found)
    return "anew" if found == "stop" and _began_anew(content, generation.begins_at) else found


def _began_anew(content: str, begins_at: int) -> bool:
    """Return whether what came at `begins_at` says again what stands before it."""
    before, after = content[:begins_at].strip(), content[begins_at:].strip()
    beginning = before[:_BEGINNING]
    return len(beginning) >= _TELLING and after.startswith(beginning)


def excerpt(error_detail: str) -> str:
    """Return what Ollama said, short enough to stand inside a sentence."""
    cause, _colon, text = error_detail.partition(": ")
    said = (text if cause in _CAUSES else error_detail).rstrip(" .")
    return said if len(said) <= _EXCERPT else said[: _EXCERPT - 1] + "…"


def sentence(code: str, model: str, detail: str = "") -> str:
    """Return the sentence of a `code`, empty where there is nothing to say."""
    found = str(SENTENCES.get(code, ""))
    return found.replace("{model}", model).replace("{detail}", detail)


def higher_penalty(generation: "Generation") -> float | None:
    """Return the repeat_penalty to ask again with after an answer without its end mark, None where none is higher.

    So Ollama ends an answer that repeats itself (https://github.com/ollama/ollama/issues/18359).
    """
    if generation.reason != "cut_off":
        return None
    used = generation.options.get("repeat_penalty", _USUAL_PENALTY)
    higher = min(round(max(used, 1.0) + _PENALTY_STEP, 2), _HIGHEST_PENALTY)
    return higher if higher > used else None
