"""The forms of the pages around a person's account."""

import zoneinfo
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any, ClassVar, cast
from unicodedata import normalize

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib.auth.forms import BaseUserCreationForm, SetPasswordMixin, UsernameField
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from . import usernames
from .models import Slip, User
from .models.tokens import MAX_TOKEN_NAME
from .services import newcomers

# The regions in which the time zone database names places; its other names are aliases of these.
# https://data.iana.org/time-zones/theory.html#naming
_REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}


@cache
def _places() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (region, [(zone, place)]) by the alphabet; reading the database takes some milliseconds."""
    names = sorted(name.partition("/") for name in zoneinfo.available_timezones())
    known = [parts for parts in names if parts[0] in _REGIONS]
    return [
        (region, [("".join(parts), parts[2].replace("_", " ")) for parts in group])
        for region, group in groupby(known, key=lambda parts: parts[0])
    ]


def time_zone_choices() -> list[tuple[str, object]]:
    """Return the time zones by region, for a select, in the language of the request."""
    regions = [(str(_REGIONS[region]), places) for region, places in _places()]
    return [("", _("As the browser says")), ("UTC", "UTC"), *regions]


_USER_NAME = _("User name")
_PASSWORDS: dict[str, str | Promise] = {"password1": _("Password"), "password2": _("Password (again)")}
_NEW_PASSWORDS: dict[str, str | Promise] = {
    "password1": _("New password"),
    "password2": _("New password (again)"),
}


class Named(forms.Form):
    """Names fields as the whole site does, where a library has names of its own, and says each name once."""

    names: ClassVar[dict[str, str | Promise]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.names.items():
            if name in self.fields:
                self.fields[name].label = cast(str, label)
                self.fields[name].widget.attrs.pop("placeholder", None)


class LoginForm(Named, allauth_forms.LoginForm):
    """User name and password."""

    names: ClassVar = {"login": _USER_NAME, "password": _("Password"), "remember": _("Stay logged in")}


class SignupForm(Named, allauth_forms.SignupForm):
    """An account that a person makes for themselves."""

    names: ClassVar = {"username": _USER_NAME, "email": _("E-mail address (optional)"), **_PASSWORDS}


class ChangePasswordForm(Named, allauth_forms.ChangePasswordForm):
    """Another password, by who knows the current one."""

    names: ClassVar = {"oldpassword": _("Current password"), **_NEW_PASSWORDS}


class SetPasswordForm(Named, allauth_forms.SetPasswordForm):
    """The password of an account that has none."""

    names: ClassVar = _PASSWORDS


class ResetPasswordForm(Named, allauth_forms.ResetPasswordForm):
    """Where to send a link that sets a new password."""

    names: ClassVar = {"email": _("E-mail address")}


class ResetPasswordFromKeyForm(Named, allauth_forms.ResetPasswordKeyForm):
    """Another password, by who has such a link."""

    names: ClassVar = _NEW_PASSWORDS


class FirstAdministratorForm(Named, BaseUserCreationForm):
    """User name and password of the first administrator."""

    names: ClassVar = {"username": _USER_NAME, **_PASSWORDS}

    class Meta:
        model = User
        fields = ("username",)
        field_classes = {"username": UsernameField}


class FirstPasswordForm(SetPasswordMixin, Named):
    """The code of a slip, and the first password of the account that it stands for, which is `slip.user`."""

    names: ClassVar = _PASSWORDS

    code = forms.CharField(
        label=_("Code on your slip"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )
    password1, password2 = SetPasswordMixin.create_password_fields()
    slip: Slip

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError for one that opens nothing."""
        code: str = self.cleaned_data["code"]
        found = newcomers.slip_of(code)
        if found is None:
            raise forms.ValidationError(_("This code is not known. Each works once, for some weeks."))
        self.slip = found
        return code

    def clean(self) -> dict[str, Any]:
        """Look at both passwords as everywhere."""
        self.validate_passwords("password1", "password2")
        if "code" in self.cleaned_data:
            self.validate_password_for_user(self.slip.user, "password2")
        return super().clean() or self.cleaned_data


class ProfileForm(forms.ModelForm):
    """What a person may change about the own account, apart from the password.

    `models` are the names of those that can answer now, `site_model` is the one that the site would choose; `theme` is
    how the page looks now.
    """

    time_zone = forms.ChoiceField(choices=time_zone_choices, required=False, label=_("Time zone"))
    theme = forms.ChoiceField(choices=User.Theme.choices, required=False, label=_("Theme"))
    default_model = forms.ChoiceField(
        required=False,
        label=_("Default model"),
        help_text=_("New conversations start with it. Those that you have keep their own."),
    )

    class Meta:
        model = User
        fields = ("name", "email", "language", "theme", "time_zone", "default_model")
        labels = {"name": _("Name"), "email": _("E-mail address (optional)"), "language": _("Language")}
        help_texts = {"email": _("Where this site sends mail, a link to set a new password goes there.")}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def __init__(self, *args: Any, models: Sequence[str], site_model: str, theme: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["theme"] = theme
        self._offer_models(models, site_model)
        self._offer("language", [("", _("As the browser says")), *settings.LANGUAGES])
        zone = self.instance.time_zone
        known = {name for _region, places in _places() for name, _place in places} | {"", "UTC"}
        if zone not in known:
            self._offer("time_zone", [*time_zone_choices(), (zone, zone)])

    def _offer_models(self, models: Sequence[str], site_model: str) -> None:
        """Offer what can answer, and what was chosen before, which may be away for a while only."""
        chosen = self.instance.default_model
        gone = [] if chosen in ("", *models) else [chosen]
        site = _("Chosen by the site")
        first = format_lazy("{} · {}", site, site_model) if site_model else site
        named = [(name, name) for name in models]
        self._offer(
            "default_model",
            [("", first), *named, *((name, _("{model} (not pulled)").format(model=name)) for name in gone)],
        )
        self.gone_model = gone[0] if gone and models else ""

    def _offer(self, name: str, choices: list[Any]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean_name(self) -> str:
        """Return the name in the one way in which equal texts are equal."""
        return normalize("NFC", self.cleaned_data["name"]).strip()

    def clean_theme(self) -> str:
        """Return the theme; a page that did not ask for one leaves it as it is."""
        return self.cleaned_data["theme"] or self.instance.theme


_NEVER = "never"
# The days after which a token may expire.
_EXPIRIES = [
    ("7", _("In 7 days")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
    (_NEVER, pgettext_lazy("expires", "Never")),
]


class TokenForm(forms.Form):
    """A new API token: what its person calls it, and for how many `days` it is good, None for good."""

    name = forms.CharField(
        label=_("Name of the token"),
        max_length=MAX_TOKEN_NAME,
        validators=[usernames.validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        choices=_EXPIRIES,
        initial="90",
        coerce=lambda choice: None if choice == _NEVER else int(choice),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        # It stands on one page with the person's own name.
        super().__init__(data, auto_id="token_%s")

    def clean_name(self) -> str:
        """Return the name in the one way in which equal texts are equal."""
        return normalize("NFC", " ".join(self.cleaned_data["name"].split()))


class DeleteAccountForm(forms.Form):
    """The own user name, typed, and the password: nobody deletes an account by a slip or at a strange computer."""

    username = forms.CharField(
        label=_USER_NAME, max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_username(self) -> str:
        """Return the name. Raises ValidationError where it is another one."""
        name: str = self.cleaned_data["username"]
        if usernames.normalize(name).casefold() != self._user.username.casefold():
            raise forms.ValidationError(_("This is not your user name."))
        return name

    def clean(self) -> dict[str, Any]:
        """Look at the password once the name is right; wrong ones count like those of a login."""
        found = super().clean() or {}
        password = found.get("password")
        if "username" in found and password and not get_adapter().reauthenticate(self._user, password):
            self.add_error("password", get_adapter().error_messages["enter_current_password"])
        return found
