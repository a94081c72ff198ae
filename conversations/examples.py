"""Questions that an empty conversation offers."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EXAMPLES: tuple[tuple[str | Promise, str | Promise], ...] = (
    (_("Code"), _("Write quicksort in Python and explain it line by line.")),
    (_("Poem"), "用中文写一首关于春天的诗。"),
    (_("Explain"), _("Explain how a tide comes about, so that a ten-year-old understands it.")),
    (_("Plan"), _("Plan a quiet weekend in a city by the sea, with a table of times.")),
)

# The demonstration model knows English only.
DEMONSTRATION_EXAMPLES = (
    ("Code", "Write quicksort in Python."),
    ("Story", "Tell a short story about a lighthouse keeper."),
    ("Explain", "Explain why the sky is blue."),
    ("List", "List five ideas for a rainy afternoon."),
)
