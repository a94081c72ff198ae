"""Which bytes are text, and which characters they are."""

import codecs
import os
import zlib

import pytest

from conversations.attachments import names, texts

CHINESE = "静夜思\n床前明月光,疑是地上霜。\n"


@pytest.mark.parametrize(
    "content",
    [
        CHINESE.encode(),
        CHINESE.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + CHINESE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"),
        CHINESE.encode("gb18030"),
        CHINESE.replace("\n", "\r\n").encode("gbk"),
        CHINESE.replace("\n", "\r").encode(),
    ],
)
def test_a_text_is_read_whatever_program_has_written_it(content):
    assert texts.read(content) == CHINESE


@pytest.mark.parametrize(
    "text",
    [
        "用Python写",
        "A和B",
        "我在GitHub上提了一个issue，然后用git push。",
        "變數名稱 x 與 y，見 README",
        "The character 鎔 means to melt, 和 means and.",
        "I said “hello” and don’t mind 25°C — really",
        "print('你好')  # 打印hello",
    ],
)
def test_chinese_among_english_stays_chinese(text):
    assert texts.read(text.encode("gb18030")) == text


@pytest.mark.parametrize(
    "text",
    [
        "Müller wohnt in Köln",
        "schön",
        "Größe der Straße: für Übung, Äpfel und Öl",
        "El niño come jamón y señala mañana",
        "façade, tête-bêche, naïveté",
    ],
)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_words_are_not_read_as_chinese_ones(text, encoding):
    assert texts.read(text.encode(encoding)) is None
    assert texts.read(text.encode()) == text


@pytest.mark.parametrize("text", ["𠮷 㐀 €", "tab\tand form\ffeed", "\x1b[31mred\x1b[0m", "😀"])
def test_rare_characters_and_what_logs_hold_stay(text):
    assert texts.read(text.encode()) == text
    assert texts.read(text.encode("gb18030")) == text


@pytest.mark.parametrize(
    "content",
    [
        b"text\0with a zero",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        rb"{\rtf1 Hello}",
        b"PK\x03\x04\x14\0\0\0\x08\0",
        b"\x7fELF\x02\x01\x01",
        zlib.compress(bytes(100_000)),
        "utf-16 without its mark".encode("utf-16-le"),
        "naïve café".encode("latin-1"),
        codecs.BOM_UTF16_LE + b"\0\xd8",
        codecs.BOM_UTF8 + b"\xff",
    ],
)
def test_what_is_no_text_is_known_as_such(content):
    assert texts.read(content) is None


def test_chance_makes_no_text():
    assert not any(texts.read(os.urandom(300)) for _ in range(200))


def test_a_text_has_a_bound_in_characters_whatever_their_bytes():
    assert len(texts.read(("字" * texts.MAX_CHARACTERS).encode()) or "") == texts.MAX_CHARACTERS
    with pytest.raises(texts.LongText):
        texts.read(("x" * (texts.MAX_CHARACTERS + 1)).encode())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Users\\ann\\cat.png", "C:-Users-ann-cat.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        (" two \n lines\t.txt ", "two lines .txt"),
        ("\u200bhid\x00den\U000e0041.txt", "hidden.txt"),
        ("cafe\u0301.png", "caf\u00e9.png"),
        ("..", ""),
        ("静夜思.txt", "静夜思.txt"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_are_shown_on_one_line_and_lead_nowhere(name, shown):
    assert names.clean(name) == shown


def test_a_picture_is_saved_under_the_name_of_what_it_is_now():
    assert names.for_saving("cat.v2.bmp", ".png", is_text=False) == "cat.v2.png"
    assert names.for_saving("cat", ".jpg", is_text=False) == "cat.jpg"
    assert names.for_saving("notes.md", ".txt", is_text=True) == "notes.md"
