"""A phone on the same network: a network namespace of its own, joined to this machine by a cable (a veth pair).

Where the machine allows no namespaces, its own address that is not loopback has to do.
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
_NUMBER = os.getpid() % 250
SITE, PHONE = f"10.213.{_NUMBER}.1", f"10.213.{_NUMBER}.2"


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
    name = f"phone{os.getpid()}"
    if _can(f"ip netns add {name}"):
        try:
            _lay_cable(name)
            yield Network(SITE, ("ip", "netns", "exec", name))
        finally:
            # The cable goes with its end.
            _run(f"ip netns del {name}")
    elif own := network.addresses("0.0.0.0"):  # noqa: S104 -- only asked about
        yield Network(own[0])
    else:
        pytest.skip("This machine has no address but loopback, and allows no network namespace.")


def _lay_cable(name: str) -> None:
    here, there = f"{name}a"[-15:], f"{name}b"[-15:]
    _run(f"ip link add {here} type veth peer name {there} netns {name}")
    _run(f"ip addr add {SITE}/24 dev {here}")
    _run(f"ip link set {here} up")
    inside = f"ip netns exec {name} ip"
    _run(f"{inside} addr add {PHONE}/24 dev {there}")
    _run(f"{inside} link set {there} up")
    _run(f"{inside} link set lo up")


def _can(command: str) -> bool:
    return (
        bool(shutil.which("ip"))
        and subprocess.run(command.split(), capture_output=True, check=False).returncode == 0
    )


def _run(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True)
