"""What the doctor says of parts that no running site has for a test to find: a full disk, a part that breaks."""

import shutil
from types import SimpleNamespace

import pytest

from conversations import doctor

GIB = 2**30


@pytest.mark.parametrize(("free", "level"), [(5 * GIB, "ok"), (GIB, "look"), (GIB // 8, "wrong")])
def test_a_disk_that_fills_up_is_told_before_it_is_full(monkeypatch, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    (found,) = doctor._disk("disk")
    assert found.level == level
    assert ("purge" in found.advice) == (level != "ok")


def test_a_part_that_cannot_be_looked_at_keeps_nobody_from_the_others(monkeypatch):
    def broken(part):
        raise RuntimeError("no idea")

    parts = [("one", broken), ("disk", doctor._disk)]
    monkeypatch.setattr(doctor, "_parts", lambda: parts)
    first, second = doctor.examine()
    assert (first.level, first.part, first.told) == ("wrong", "one", "RuntimeError: no idea")
    assert second.part == "disk"
