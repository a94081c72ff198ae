"""A phone on the same network: a network namespace of its own, joined to this machine by a cable (a veth pair).

This machine's end of the cable gets no address of its own: at a new one every Chromium here, so those of tests that
run beside this one, drops what it is loading (`net::ERR_NETWORK_CHANGED`). The phone finds the machine at the address
that it has anyway. Where the machine allows no namespaces, that address alone has to do.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from conversations import network

# Tests may run in several processes at once.
PHONE = f"10.213.{os.getpid() % 250}.2"


@dataclass(frozen=True)
class Network:
    """`address`: where the phone finds this machine; `prefix`: what a command there begins with."""

    address: str
    prefix: tuple[str, ...] = ()

    def program(self, path: str, directory: Path) -> str:
        """Return a program in `directory` that runs the one at `path` on the phone."""
        script = directory / "on-the-phone"
        script.write_text(f'#!/bin/sh\nexec {" ".join([*self.prefix, path])} "$@"\n')
        script.chmod(0o755)
        return str(script)


@contextmanager
def joined() -> Iterator[Network]:
    """Yield a network with a phone in it; skip the test where there is none at all."""
    own = network.addresses("0.0.0.0")  # noqa: S104 -- only asked about
    if not own:
        pytest.skip("This machine has no address but loopback.")
    name = f"phone{os.getpid()}"
    if not _can(f"ip netns add {name}"):
        yield Network(own[0])
        return
    try:
        _lay_cable(name, own[0])
        yield Network(own[0], ("ip", "netns", "exec", name))
    finally:
        # The cable goes with its end.
        _run(f"ip netns del {name}")


def _lay_cable(name: str, site: str) -> None:
    here, there = f"{name}a"[-15:], f"{name}b"[-15:]
    _run(f"ip link add {here} type veth peer name {there} netns {name}")
    _run(f"ip link set {here} addrgenmode none up")
    inside = f"ip netns exec {name} ip"
    _run(f"{inside} addr add {PHONE} dev {there}")
    _run(f"{inside} link set {there} up")
    _run(f"{inside} link set lo up")
    _run(f"{inside} route add {site} dev {there}")
    _run(f"ip route add {PHONE} dev {here}")


def _can(command: str) -> bool:
    return (
        bool(shutil.which("ip"))
        and subprocess.run(command.split(), capture_output=True, check=False).returncode == 0
    )


def _run(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True)
