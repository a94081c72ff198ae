"""Under which addresses other machines of the same network reach this one, and how a phone gets to know them."""

import io
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TextIO

import ifaddr
import segno

Address = IPv4Address | IPv6Address

# Reserved for examples (RFC 5737, RFC 3849). Asking for the way there sends nothing.
_ELSEWHERE = [(socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")]
_PORT = 9
# A terminal's own colours may be dark on light; cameras want light around dark.
_COLOURS, _USUAL = "\x1b[97;40m", "\x1b[0m"


def addresses(host: str) -> list[str]:
    """Return the machine's addresses at which a server that listens at `host` is met from outside, best first.

    Addresses of one link only (fe80::…) are left out: browsers cannot open them.
    """
    listens = _anywhere(host)
    if listens is None:
        return [host] if _is_outside(host) else []
    versions = {4, 6} if listens == 6 and _takes_both() else {listens}
    found = {address for address in _own() if address.version in versions and _is_usual(address)}
    usual = _outgoing()
    return [str(address) for address in sorted(found, key=lambda one: (one not in usual, one.version, one))]


def names() -> list[str]:
    """Return the names by which a network's name service, or its machines among each other, know this one."""
    name = socket.gethostname().lower()
    return list(dict.fromkeys([name, f"{name.split('.')[0]}.local"]))


def show_code(text: str, terminal: TextIO) -> None:
    """Draw `text` as a QR code, where `terminal` is one and has the characters for it."""
    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    try:
        drawn.getvalue().encode(terminal.encoding or "ascii")
    except UnicodeEncodeError:
        return
    if terminal.isatty():
        terminal.writelines(f"{_COLOURS}{line}{_USUAL}\n" for line in drawn.getvalue().splitlines())


def _anywhere(host: str) -> int | None:
    """Return the version of IP at all whose addresses a server at `host` listens, None for a single address."""
    try:
        address = ip_address(host or "0.0.0.0")  # noqa: S104 -- what Twisted makes of an empty host
    except ValueError:
        return None
    return address.version if address.is_unspecified else None


def _is_outside(host: str) -> bool:
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _takes_both() -> bool:
    """Return whether a socket that listens on IPv6 takes connections over IPv4 too."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        return not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def _own() -> Iterator[Address]:
    for adapter in ifaddr.get_adapters():
        for found in adapter.ips:
            yield ip_address(found.ip if isinstance(found.ip, str) else found.ip[0])


def _is_usual(address: Address) -> bool:
    return not (
        address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    )


def _outgoing() -> set[Address]:
    """Return the addresses by which this machine speaks to others: those of bridges and tunnels are not among them."""
    found = set()
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, _PORT))
                found.add(ip_address(probe.getsockname()[0]))
        except OSError:
            continue
    return found
