"""The static files as browsers get them: collected, hashed, imports rewritten."""

import json
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

# As in the settings; other tests run with plain names.
HASHED = settings.STORAGES | {"staticfiles": {"BACKEND": "chatsite.staticfiles.HashedStorage"}}


def collect(directory: Path) -> dict[str, str]:
    """Collect all static files into `directory` and return which hashed name each one has."""
    with override_settings(STATIC_ROOT=directory, STORAGES=HASHED):
        call_command("collectstatic", interactive=False, verbosity=0)
    return json.loads((directory / "staticfiles.json").read_text())["paths"]
