"""What can be told of a text by looking at its characters."""

import re

# Characters; enough to tell a text's language, little enough to be free.
_LOOKED_AT = 600
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def language_of(text: str) -> str:
    """Return the language tag that fonts and screen readers should go by: zh-Hans, ja, ko or en.

    A Chinese text may be full of Latin names and code, so a tenth of Han characters makes it Chinese.
    `static/js/text.js` holds the same rule.
    """
    start = text[:_LOOKED_AT]
    han = len(_HAN.findall(start))
    if _KANA.search(start):
        return "ja"
    if _HANGUL.search(start):
        return "ko"
    return "zh-Hans" if han and han * 10 >= sum(map(str.isalpha, start)) else "en"
