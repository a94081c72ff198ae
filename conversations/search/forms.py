"""What may be asked of the search."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.models import Message

from .searching import MAX_QUERY, Filters

EVERYWHERE, PINNED, ARCHIVED, NOT_ARCHIVED = "", "pinned", "archived", "current"
_FLAGS: dict[str, tuple[bool | None, bool | None]] = {
    EVERYWHERE: (None, None),
    PINNED: (True, None),
    ARCHIVED: (None, True),
    NOT_ARCHIVED: (None, False),
}


class SearchForm(forms.Form):
    """Words, and what else must be true of what is found; `models` are those to choose from."""

    q = forms.CharField(label=_("Search"), required=False, max_length=MAX_QUERY)
    role = forms.ChoiceField(
        label=_("Whose words"),
        required=False,
        choices=[
            ("", _("Everybody's")),
            (Message.Role.USER, _("Mine")),
            (Message.Role.ASSISTANT, _("The model's")),
        ],
    )
    model = forms.CharField(label=_("Model"), required=False, max_length=200)
    since = forms.DateField(label=_("From"), required=False)
    until = forms.DateField(label=_("Until"), required=False)
    kept = forms.ChoiceField(
        label=_("Where"),
        required=False,
        choices=[
            (EVERYWHERE, _("Everywhere")),
            (PINNED, _("Pinned conversations")),
            (ARCHIVED, _("Archived conversations")),
            (NOT_ARCHIVED, _("Not archived")),
        ],
    )
    before = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any, models: list[str]) -> None:
        super().__init__(data, auto_id="search-%s")
        chosen = self["model"].value()
        names = sorted({*models, *([chosen] if chosen else [])})
        self.fields["model"].widget = forms.Select(choices=[("", _("Any model")), *((n, n) for n in names)])
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean_q(self) -> str:
        """Return the words without what no database keeps."""
        return self.cleaned_data["q"].replace("\0", " ")

    def clean(self) -> dict[str, Any]:
        """Say so where no day can lie between the two. Raises ValidationError."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day lies before the first one."))
        return cleaned

    def filters(self) -> Filters:
        """Return what a valid form asks for beside its words."""
        asked = self.cleaned_data
        pinned, archived = _FLAGS[asked["kept"]]
        return Filters(
            model=asked["model"],
            since=asked["since"],
            until=asked["until"],
            pinned=pinned,
            archived=archived,
            role=asked["role"],
        )

    @property
    def is_narrow(self) -> bool:
        """Whether anything but words is asked for."""
        return any(self[name].value() for name in ("role", "model", "since", "until", "kept"))
