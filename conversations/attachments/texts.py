"""Text files: their characters, whatever the encoding that people's programs write."""

import codecs
import re

MAX_CHARACTERS = 200_000
MEDIA_TYPE = "text/plain"
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Documents that may be written in letters alone, none of which a person would read.
_DOCUMENTS = (b"%PDF-", b"{\\rtf")
# No text holds them. A terminal's log may hold escapes.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
# Bytes of something else that happen to be Chinese characters come with some of these.
_UNLIKELY = re.compile(r"[\x80-\x9f\ue000-\uf8ff\U000f0000-\U0010ffff]")
# Characters beyond ASCII in a row, with the letter before them and the one behind.
_FOREIGN = re.compile(r"([A-Za-z]?)([^\x00-\x7f]+)(?=([A-Za-z]?))")


class LongText(Exception):
    """It has more than `MAX_CHARACTERS`."""


def read(content: bytes) -> str | None:
    """Return the characters of a text, its lines ended by `\\n`; None where the bytes are no text. Raises LongText."""
    text = None if content.startswith(_DOCUMENTS) else _decoded(content)
    if text is None or _BINARY.search(text):
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_CHARACTERS:
        raise LongText
    return text


def _decoded(content: bytes) -> str | None:
    """Decode UTF-16 that says so, UTF-8, or else GB18030, in which Windows has Chinese files written."""
    if content.startswith(_BYTE_ORDER_MARKS):
        return _strictly(content, "utf-16")
    text = _strictly(content, "utf-8-sig")
    if text is not None:
        return text
    text = _strictly(content, "gb18030")
    return None if text is None or _UNLIKELY.search(text) or _was_western(text) else text


def _was_western(text: str) -> bool:
    """Tell whether GB18030 was seen in what Windows writes in Europe: "ü" and the "l" behind it are one character."""
    runs = _FOREIGN.findall(text, 0, MAX_CHARACTERS)
    return 2 * sum(_has_taken_a_letter(run) for before, run, behind in runs if before or behind) > len(runs)


def _has_taken_a_letter(run: str) -> bool:
    return len(run) == 1 and run.encode("gb18030")[1:].isalpha()


def _strictly(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None
