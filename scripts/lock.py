"""Writes the files in locks/ anew from pyproject.toml: complete, hashed, for every platform, no addresses.

Run by `make locks`. The resolver is uv, itself locked (locks/locking.txt), so nobody installs it by hand:
https://docs.astral.sh/uv/reference/cli/#uv-pip-compile
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
HEADER = "# Made by `make locks` from pyproject.toml; change that file, not this one.\n"
COMPILE = [
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--upgrade", "--only-binary", ":all:", "--no-header", "--no-annotate"),
    *("--no-emit-index-url", "--no-emit-find-links"),
]
RUN_EXTRAS = ["pyproject.toml", "--extra", "postgres", "--extra", "embedded"]
GROUPS_LOCKED_ALONE = ("model", "node", "services", "locking")


def find_uv() -> str:
    """Return the path of uv, installing the locked one beside this Python when there is none."""
    beside = Path(sysconfig.get_path("scripts")) / "uv"
    found = shutil.which("uv") or shutil.which(str(beside))
    if found:
        return found
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*install, "-r", str(LOCKS / "locking.txt")], check=True)
    return str(beside)


def compile_lock(uv: str, name: str, *what: str) -> None:
    """Resolve `what` (arguments of uv) into locks/<name>.txt."""
    result = subprocess.run([uv, *COMPILE, *what], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    (LOCKS / f"{name}.txt").write_text(HEADER + result.stdout, encoding="utf-8", newline="\n")
    print(f"locks/{name}.txt: {result.stdout.count('==')} packages")


def main() -> None:
    """Write every lock; the development lock holds the same versions as the one that people run."""
    uv = find_uv()
    compile_lock(uv, "run", *RUN_EXTRAS)
    compile_lock(uv, "dev", *RUN_EXTRAS, "--extra", "dev", "--constraint", "locks/run.txt")
    for group in GROUPS_LOCKED_ALONE:
        compile_lock(uv, group, "--no-deps", "--group", group)


if __name__ == "__main__":
    main()
