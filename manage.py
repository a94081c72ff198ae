#!/usr/bin/env python
"""Django's command line for chatsite; `manage.py serve` starts the site."""

import io
import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character ends no command.
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except KeyboardInterrupt:
        # As a shell counts it: 128 and the number of the signal.
        raise SystemExit(130) from None


def _run() -> None:
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        message = "Django is not installed here. Run `make run`, or `python scripts/install.py` first."
        raise SystemExit(message) from error
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        raise SystemExit(f"The settings cannot be used. {error}") from error


if __name__ == "__main__":
    main()
