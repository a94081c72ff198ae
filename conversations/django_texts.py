"""Sentences of Django itself that its Chinese catalogue lacks: standing here, they get into ours."""

from django.utils.translation import gettext_noop, ngettext_lazy

PASSWORD_TOO_SHORT = ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
# What a screen reader says above the columns of the administration's first page.
INDEX_COLUMNS = (
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
)
