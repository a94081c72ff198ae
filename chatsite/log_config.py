"""What is logged, and how: to standard error, for the person who runs the site."""

from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS


def config(form: str) -> dict[str, Any]:
    """Return Django's `LOGGING` with records as lines for people (`line`) or for machines (`json`)."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
            "json": {
                "()": "chatsite.logs.ForMachines",
                "fmt": ["levelname", "name", "message", "request_id", "generation"],
                "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "error"},
                "reserved_attrs": [*RESERVED_ATTRS, "request", "server_time"],
                "timestamp": True,
                "json_ensure_ascii": False,
            },
        },
        "filters": {"outages": {"()": "chatsite.outages.OneLine"}, "where": {"()": "chatsite.logs.Where"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form, "filters": ["where"]}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "chatsite": {"level": "INFO"},
            "conversations": {"level": "INFO"},
            # Each answer is a line for machines; people have the page of generations.
            "conversations.answers": {"level": "INFO" if form == "json" else "WARNING"},
            # These have lines of their own, with the setting that is missing (chatsite/refused.py).
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django.security.csrf": {"level": "ERROR"},
            # What its connections meet is told by conversations/neighbours.py, in one line and not at every try.
            "channels_redis": {"level": "CRITICAL"},
            # Every 404 and 403 is a line of this logger otherwise; errors stay.
            "django.request": {"level": "ERROR", "filters": ["outages"]},
        },
    }
