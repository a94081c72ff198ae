"""A setting that cannot be used is named, with what it could be; nobody meets a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("SIGNUP", "maybe", "closed or open"),
        ("EMBEDDED", "yes", "auto or off"),
        ("LANGUAGE_CODE", "xx", "en or zh-hans"),
        ("TIME_ZONE", "Mars", "Asia/Shanghai"),
        ("CHATSITE_PORT", "abc", "a whole number, such as"),
        ("MAX_RUNNING", "x", "a whole number, such as 2"),
        ("MAX_RUNNING_PER_USER", "-1", "at least 0"),
        ("OLLAMA_NUM_PARALLEL", "0", "at least 1"),
        ("OLLAMA_STALL_TIMEOUT", "long", "a number, such as"),
        ("DATA_DIR", f"{__file__}/inside", "no directory can be made"),
        ("DATA_DIR", __file__, "no directory can be made"),
        ("OLLAMA_BASE_URL", "localhost:11434", "http://127.0.0.1:11434"),
        ("DATABASE_URL", "foo", "postgres://"),
        ("API_ALLOWED_ORIGINS", "lab.example.org", "https://tools.example.org"),
        ("API_ALLOWED_ORIGINS", "https://lab.example.org,https://lab.example.org/page", "/page"),
        ("API_ALLOWED_ORIGINS", "*", "https://tools.example.org"),
    ],
)
def test_wrong_setting_is_named(name, value, hint, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert name in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_secret_key_of_the_environment_wins_over_the_one_that_is_made(tmp_path):
    program = "from chatsite import settings; print(settings.SECRET_KEY)"
    env = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SECRET_KEY": "given"}
    run = [sys.executable, "-c", program]
    assert subprocess.check_output(run, cwd=ROOT, env=env, text=True).strip() == "given"
    del env["DJANGO_SECRET_KEY"]
    made = subprocess.check_output(run, cwd=ROOT, env=env, text=True).strip()
    assert made == (tmp_path / "secret_key").read_text()
    assert subprocess.check_output(run, cwd=ROOT, env=env, text=True).strip() == made
