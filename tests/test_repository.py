"""What the repository holds, and what it must not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import install

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
FOLDERS = ("chatsite", "conversations", "scripts", "static/js")
# Whoever keeps to these keeps modules that a person can hold in mind.
MODULE_LINES = 350


def sources(*suffixes: str) -> list[Path]:
    """Return the project's own source files."""
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes and "migrations" not in path.parts
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_locked_package_has_one_version_and_hashes_and_no_address(lock):
    text = lock.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text.partition("\n")[2])
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==[^ ]+ ", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"://|--index|--find-links|--extra|@ ", text)


def test_development_runs_the_same_versions_as_people_do():
    run, dev = ((ROOT / "locks" / f"{name}.txt").read_text().splitlines() for name in ("run", "dev"))
    pins = {line for line in run if "==" in line and not line.startswith(" ")}
    assert {pin.partition(" ")[0] for pin in pins} <= {line.partition(" ")[0] for line in dev}


def test_browser_libraries_are_locked_without_addresses():
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in text
    assert '"resolved"' not in text


def test_modules_stay_small():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(".py", ".js")}
    assert {str(path): lines for path, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_installing_twice_does_nothing_the_second_time(tmp_path, monkeypatch):
    for name in ("locks", "locale"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, tmp_path)
    done = []
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(install, "PYTHON", tmp_path / "package.json")
    monkeypatch.setattr(install.Installer, "_install_python", lambda _self, _locks: done.append("python"))
    monkeypatch.setattr(
        install.Installer, "_install_node", lambda _self: (tmp_path / "node_modules").mkdir(exist_ok=True)
    )
    monkeypatch.setattr(
        install, "compile_catalogues", lambda paths: [path.with_suffix(".mo").touch() for path in paths]
    )
    install.Installer({"dev"}).run()
    install.Installer(set()).run()
    assert done == ["python"]
    (tmp_path / "locks" / "dev.txt").write_text("changed")
    install.Installer(set()).run()
    assert done == ["python", "python"]


def test_an_old_python_gets_a_sentence(tmp_path):
    """The check stands before anything that an older Python lacks; the text alone shows it here."""
    head = (ROOT / "scripts" / "install.py").read_text(encoding="utf-8").partition("import argparse")[0]
    program = head.replace("sys.version_info < (3, 11)", "True").replace("sys.version_info[:2]", "(3, 9)")
    script = tmp_path / "old.py"
    script.write_text(program, encoding="utf-8")
    answer = subprocess.run(["python3", script], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "needs Python 3.11 or newer; this is Python 3.9" in answer.stderr
