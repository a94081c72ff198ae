"""Which addresses of this machine others can use, and the code that tells a phone."""

import io
import os
import socket
from ipaddress import ip_address

import pytest

from conversations import network

ADDRESS = "http://192.168.1.5:8000/"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_site_for_this_machine_alone_has_no_address_outside(host):
    assert network.addresses(host) == []


def test_a_site_at_one_address_has_that_one():
    assert network.addresses("192.0.2.7") == ["192.0.2.7"]


@pytest.mark.parametrize(("host", "versions"), [("0.0.0.0", {4}), ("", {4}), ("::", {4, 6})])  # noqa: S104 -- only asked about
def test_a_site_that_listens_everywhere_has_all_that_others_can_use(host, versions):
    found = [ip_address(address) for address in network.addresses(host)]
    assert len(set(found)) == len(found)
    assert {address.version for address in found} <= versions
    for address in found:
        assert not address.is_loopback
        assert not address.is_link_local
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family) as probe:
            # Only a machine's own addresses can be listened at.
            probe.bind((str(address), 0))


def test_the_address_by_which_the_machine_speaks_to_others_comes_first():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.200", 9))
        except OSError:
            pytest.skip("This machine is in no network.")
        assert probe.getsockname()[0] in network.addresses("0.0.0.0")[:2]  # noqa: S104


def test_a_terminal_gets_a_code_in_colours_of_its_own():
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        network.show_code(ADDRESS, terminal)
        terminal.flush()
        drawn = os.read(ours, 65_536).decode()
    os.close(ours)
    assert len({len(line) for line in drawn.replace("\r", "").splitlines()}) == 1
    assert "█" in drawn
    assert drawn.count("\x1b[97;40m") == drawn.count("\x1b[0m") == len(drawn.splitlines())


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_what_is_no_terminal_or_lacks_the_characters_gets_no_code(encoding):
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding=encoding) as stream:
        network.show_code(ADDRESS, stream)
        stream.flush()
        assert written.getvalue() == b""
