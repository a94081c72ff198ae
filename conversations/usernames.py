"""Which user names and names of people the site accepts, and how they are written alike.

A user name may be Chinese, or of any other script, but must not pass for another person's. The rules follow
Unicode's advice, https://www.unicode.org/reports/tr39/ (restriction level "highly restrictive", whole-script
confusables), in so far as names of characters can tell.
"""

import unicodedata

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Scripts that people of one language write side by side; any other script stands alone.
_MAY_MEET = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
# Cyrillic and Greek letters whose shape is a Latin letter's: a name of these alone reads as a Latin one.
_LATIN_SHAPES = frozenset("асеіјорѕхуһԁԛԝԍӏАВЕІЈКМНОРЅСТХУԌԚԜ" + "οναικρυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNPRINTABLE = frozenset({"Cc", "Cn", "Co", "Cs", "Zl", "Zp"})


def normalize(username: str) -> str:
    """Return the one way (NFKC, as Django keeps it) in which a user name is kept and looked up."""
    return unicodedata.normalize("NFKC", username.strip())


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNNAMED").split(" ", 1)[0]


def validate_username(username: str) -> None:
    """Raise ValidationError for a user name that has odd characters or could pass for another one."""
    UnicodeUsernameValidator()(username)
    letters = [character for character in username if character.isalpha()]
    if any("FILLER" in unicodedata.name(letter, "") for letter in letters):
        raise ValidationError(_("This user name has characters that cannot be seen."), code="invisible")
    scripts = {_script(letter) for letter in letters}
    if len(scripts) > 1 and not any(scripts <= together for together in _MAY_MEET):
        raise ValidationError(
            _("This user name mixes alphabets whose letters look alike. Use one of them."), code="mixed"
        )
    if letters and _LATIN_SHAPES.issuperset(letters):
        raise ValidationError(
            _("This user name looks like one in Latin letters. Choose another one."), code="twin"
        )


def validate_name(name: str) -> None:
    """Raise ValidationError for a person's name with control characters, also those that turn text around."""
    for character in name:
        hidden_tag = 0xE0000 <= ord(character) <= 0xE007F
        if hidden_tag or character in _BIDI_CONTROLS or unicodedata.category(character) in _UNPRINTABLE:
            raise ValidationError(_("This name has characters that cannot be shown."), code="invisible")


# For allauth's sign-up form, which takes a list.
validators = [validate_username]
