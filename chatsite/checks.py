"""System checks that refuse settings with which the site could not work or would not be safe.

`manage.py serve`, `check` and every other command run them (https://docs.djangoproject.com/en/5.2/topics/checks/).
That several processes need Redis is not seen in settings: chatsite/processes.py.
"""

from ipaddress import ip_address
from typing import Any

import redis
from django.conf import settings
from django.core.checks import Error, Tags, register

_LEAST_KEY_CHARACTERS, _LEAST_KEY_VARIETY = 50, 5
_CORE_LAYER = "channels_redis.core."
# The first version whose sockets have a time-out of their own: https://github.com/django/channels_redis/issues/422
_FIRST_WITH_TIMEOUT = 8


@register(Tags.security)
def check_hosts(**_: Any) -> list[Error]:
    """Refuse a site that answers to any name: then an address in its mails and links is whatever a stranger says."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "List the names under which people reach the site, with commas."
    return [Error("DJANGO_ALLOWED_HOSTS must not be *.", hint=hint, id="chatsite.E001")]


@register(Tags.security)
def check_secret_key(**_: Any) -> list[Error]:
    """Refuse a key that can be guessed: it signs sessions and links that set passwords."""
    key = settings.SECRET_KEY
    strong = len(key) >= _LEAST_KEY_CHARACTERS and len(set(key)) >= _LEAST_KEY_VARIETY
    if strong and not key.startswith("django-insecure-"):
        return []
    hint = (
        "Leave DJANGO_SECRET_KEY out, then a key is made in DATA_DIR; or make one: "
        'python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
    return [
        Error(
            "DJANGO_SECRET_KEY is too easy to guess: it needs 50 random characters.",
            hint=hint,
            id="chatsite.E002",
        )
    ]


@register(Tags.security)
def check_debug(**_: Any) -> list[Error]:
    """Refuse to show errors in detail, settings and code among it, where others than this machine reach the site."""
    hosts = [settings.CHATSITE_HOST, *settings.ALLOWED_HOSTS]
    reached = settings.HTTPS or settings.TRUSTED_PROXY_COUNT > 0 or not all(map(_is_loopback, hosts))
    if not (settings.DEBUG and reached):
        return []
    hint = "Take DJANGO_DEBUG away."
    return [
        Error(
            "DJANGO_DEBUG is on, and others than this machine reach the site.", hint=hint, id="chatsite.E003"
        )
    ]


@register()
def check_sqlite(**_: Any) -> list[Error]:
    """Refuse SQLite's usual transactions: one that reads and then writes fails as soon as another one writes."""
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    if "sqlite" not in database["ENGINE"] or options.get("transaction_mode") == "IMMEDIATE":
        return []
    hint = 'DATABASES["default"]["OPTIONS"] in chatsite/settings.py needs "transaction_mode": "IMMEDIATE".'
    return [Error("SQLite runs without IMMEDIATE transactions.", hint=hint, id="chatsite.E004")]


@register()
def check_layer(**_: Any) -> list[Error]:
    """Refuse the core channel layer with a redis-py that ends idle sockets after five seconds."""
    backends = [str(layer["BACKEND"]) for layer in settings.CHANNEL_LAYERS.values()]
    core = any(backend.startswith(_CORE_LAYER) for backend in backends)
    if not core or int(redis.__version__.split(".")[0]) < _FIRST_WITH_TIMEOUT:
        return []
    hint = "Install redis<8, or use channels_redis.pubsub.RedisPubSubChannelLayer."
    return [
        Error(
            f"channels_redis.core closes idle sockets with redis-py {redis.__version__}.",
            hint=hint,
            id="chatsite.E005",
        )
    ]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
