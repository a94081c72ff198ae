"""How the settings read environment variables: each that cannot be used is named, with what it could be."""

import os
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured

_KINDS: dict[object, str] = {int: "a whole number, such as 2", float: "a number, such as 2.5"}


class Environment(environ.Env):
    """Environment variables that say which of them is wrong."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Return a variable's value. Raises ImproperlyConfigured for one of the wrong type."""
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            kind = _KINDS.get(kwargs.get("cast"), f"something else ({error})")
            raise ImproperlyConfigured(f"{var} is {os.environ.get(var)!r}; it has to be {kind}.") from error

    def count(self, var: str, default: int, least: int = 0) -> int:
        """Return a whole number that is not below `least`. Raises ImproperlyConfigured."""
        value: int = self.int(var, default=default)
        if value < least:
            raise ImproperlyConfigured(f"{var} is {value}; it has to be at least {least}.")
        return value

    def choice(self, var: str, *options: str) -> str:
        """Return one of `options`, the first of them by default. Raises ImproperlyConfigured."""
        value = self.str(var, default=options[0])
        if value not in options:
            raise ImproperlyConfigured(f"{var} is {value!r}; it can be {' or '.join(options)}.")
        return value

    def names(self, var: str) -> frozenset[str] | None:
        """Return the names of a list with commas, none of them for `none`, and None for an empty one."""
        names = frozenset(name.strip() for name in self.str(var, default="").split(",")) - {""}
        return names - {"none"} if names else None

    def origins(self, var: str) -> list[str]:
        """Return the origins of a list with commas, as browsers write them. Raises ImproperlyConfigured."""
        found = [origin.strip().rstrip("/").lower() for origin in self.str(var, default="").split(",")]
        for origin in filter(None, found):
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != origin:
                raise ImproperlyConfigured(
                    f"{var} has {origin!r}; each origin has to look like https://tools.example.org."
                )
        return [origin for origin in found if origin]

    def address(self, var: str, default: str) -> str:
        """Return an http(s) address without the slash at its end. Raises ImproperlyConfigured."""
        value = self.str(var, default=default).rstrip("/")
        if not value.startswith(("http://", "https://")) or not urlsplit(value).hostname:
            raise ImproperlyConfigured(f"{var} is {value!r}; it has to look like {default}.")
        return value

    def zone(self, var: str) -> str:
        """Return the name of a time zone, or "". Raises ImproperlyConfigured."""
        value = self.str(var, default="")
        try:
            return value and ZoneInfo(value).key
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise ImproperlyConfigured(f"{var} is {value!r}; an example: Asia/Shanghai.") from error

    def database(self, var: str, default: str) -> dict[str, Any]:
        """Return a database by its address. Raises ImproperlyConfigured."""
        found: dict[str, Any] = self.db(var, default=default)
        if "ENGINE" not in found:
            raise ImproperlyConfigured(f"{var} has to look like postgres://user:password@host/name.")
        return found
