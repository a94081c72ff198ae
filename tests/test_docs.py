"""What the READMEs say is so: settings, commands, both languages alike.

That their commands work on a fresh machine is shown by .ci/run, which runs them in a fresh clone.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
READMES = ["README.md", "README.zh-CN.md"]


def read(name: str) -> str:
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def settings_read() -> set[str]:
    """Return the names of the environment variables that the settings read."""
    return set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", read("chatsite/settings.py")))


def code_blocks(text: str) -> list[str]:
    """Return the contents of the fenced blocks."""
    return re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def prose(text: str) -> str:
    """Return the text without its fenced blocks."""
    return re.sub(r"^```\w*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_is_in_the_table_and_every_row_is_a_setting(readme):
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", read(readme), re.MULTILINE)) == settings_read()


def test_the_example_of_a_server_sets_only_what_is_read():
    names = {
        line.partition("=")[0] for line in read("deploy/example.env").splitlines() if re.match(r"[A-Z]", line)
    }
    assert names <= settings_read()


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_make_is_one(readme):
    text = read(readme)
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    code = code_blocks(text) + re.findall(r"`([^`\n]+)`", prose(text))
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(code)))
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize("readme", READMES)
def test_every_management_command_is_one(readme):
    known = subprocess.run(
        [sys.executable, "manage.py", "help", "--commands"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    named = set(re.findall(r"manage\.py (\w+)", read(readme)))
    assert {"serve", "setup_link", "reset_link"} <= named <= set(known)


@pytest.mark.parametrize("readme", READMES)
def test_links_lead_to_files(readme):
    targets = re.findall(r"\]\(([^)#]+)\)", prose(read(readme)))
    inside = [target for target in targets if not target.startswith("http")]
    assert inside
    assert [target for target in inside if not (ROOT / target).exists()] == []


def test_both_languages_have_the_same_headings_settings_and_code():
    english, chinese = map(read, READMES)
    levels = [re.findall(r"^(#+) ", prose(text), re.MULTILINE) for text in (english, chinese)]
    assert levels[0] == levels[1]
    # Questions to the model are in the page's own language.
    code = [
        [re.sub(r'"prompt": "[^"]*"', "", block) for block in code_blocks(text)]
        for text in (english, chinese)
    ]
    assert code[0] == code[1]
    rows = [re.findall(r"^\| (`[A-Z_]+`) \|", text, re.MULTILINE) for text in (english, chinese)]
    assert rows[0] == rows[1]


def test_make_help_names_the_commands():
    help_text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for command in ("run", "test", "lint", "bench", "browser", "check-ollama"):
        assert f"make {command} " in help_text
