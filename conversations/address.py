"""The address at which the site is reached, for links that are made outside of a request."""

from ipaddress import ip_address
from pathlib import Path

from django.conf import settings

_ANYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104 -- what a person may set, not what is bound by default


def base_url() -> str:
    """Return the address (scheme, host, port) of this site, as far as its settings or a running server tell."""
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if "*" not in origin:
            return origin
    scheme = "https" if settings.HTTPS else "http"
    told = "" if settings.ADDRESS_IS_SET else recorded()
    return f"{scheme}://{told or reachable(settings.CHATSITE_HOST, settings.CHATSITE_PORT)}"


def reachable(host: str, port: int) -> str:
    """Return host and port as an address has them; a server that listens everywhere is found on this machine."""
    if host in _ANYWHERE:
        host = "127.0.0.1"
    return f"{bracketed(host)}:{port}"


def bracketed(host: str) -> str:
    """Return a host as an address has it: IPv6 between brackets."""
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host


def record(address: str) -> None:
    """Tell other commands of this site that its server listens at `address` (host and port)."""
    _file().write_text(address, encoding="utf-8")


def forget(address: str) -> None:
    """Take back what `record` told, unless another server has told its own address since."""
    if recorded() == address:
        _file().unlink(missing_ok=True)


def recorded() -> str:
    """Return the address that the last server has told, "" where it has ended in order."""
    try:
        return _file().read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _file() -> Path:
    return Path(settings.DATA_DIR, "address")
