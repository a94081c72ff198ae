"""Names of files, as the page shows them and as they are downloaded."""

import unicodedata

MAX_LENGTH = 200
_SEPARATORS = str.maketrans({"/": "-", "\\": "-"})


def clean(name: str) -> str:
    """Return a name on one line, without paths and without characters that are not seen or turn text around."""
    line = " ".join(unicodedata.normalize("NFC", name).split())
    seen = "".join(character for character in line if character == " " or character.isprintable())
    return _shortened(seen.translate(_SEPARATORS).strip(" .-"))


def for_saving(name: str, ending: str, *, is_text: bool) -> str:
    """Return the name to save a file by: a picture's with the ending of what it is now, a text's as it was."""
    return name if is_text else name.rpartition(".")[0] + ending if "." in name else name + ending


def _shortened(name: str) -> str:
    """Cut a long name before its ending."""
    if len(name) <= MAX_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 20:
        return name[:MAX_LENGTH]
    return stem[: MAX_LENGTH - len(ending) - 1] + dot + ending
