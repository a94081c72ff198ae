"""The forms of the pages around a person's account."""

import zoneinfo
from functools import cache
from itertools import groupby
from typing import Any, ClassVar, cast
from unicodedata import normalize

from allauth.account import forms as allauth_forms
from django import forms
from django.conf import settings
from django.contrib.auth.forms import BaseUserCreationForm, UsernameField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import User

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


class ProfileForm(forms.ModelForm):
    """What a person may change about the own account, apart from the password."""

    time_zone = forms.ChoiceField(choices=time_zone_choices, required=False, label=_("Time zone"))

    class Meta:
        model = User
        fields = ("name", "email", "language", "time_zone")
        labels = {"name": _("Name"), "email": _("E-mail address (optional)"), "language": _("Language")}
        help_texts = {"email": _("Where this site sends mail, a link to set a new password goes there.")}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._offer("language", [("", _("As the browser says")), *settings.LANGUAGES])
        zone = self.instance.time_zone
        known = {name for _region, places in _places() for name, _place in places} | {"", "UTC"}
        if zone not in known:
            self._offer("time_zone", [*time_zone_choices(), (zone, zone)])

    def _offer(self, name: str, choices: list[Any]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean_name(self) -> str:
        """Return the name in the one way in which equal texts are equal."""
        return normalize("NFC", self.cleaned_data["name"]).strip()
