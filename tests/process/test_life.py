"""How the server starts, ends and comes back, and what becomes of answers on the way."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests import patience
from tests.scripted_ollama import ScriptedOllama
from tests.site import PASSWORD, ROOT, Site, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process


@pytest.fixture
def own_site(ollama: ScriptedOllama, tmp_path: Path):
    """A site that a test may end."""
    with Site(tmp_path, ollama.base_url) as running:
        running.add_user("ann", admin=True)
        yield running


def test_first_administrator_is_made_by_the_link_that_the_start_prints(ollama, tmp_path):
    site = Site(tmp_path, ollama.base_url)
    site.prepared = False
    with site:
        link = wait_until(lambda: re.search(r"http://\S+/setup/\?token=\S+", site.log()))[0]
        assert site.manage("setup_link").strip() == link
        assert f":{site.port}/" in link
        with httpx.Client(base_url=site.url, trust_env=False, follow_redirects=True) as client:
            assert "setup_link" in client.get("/").text
            form = client.get(link)
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
            assert token
            done = client.post(
                link,
                data={
                    "csrfmiddlewaretoken": token[1],
                    "username": "管理员",
                    "password1": PASSWORD,
                    "password2": PASSWORD,
                },
            )
            assert done.status_code == 200
            assert "data-conversation" in done.text
            assert client.get(link).status_code in (403, 404, 410)
            assert client.get("/admin/").status_code == 200
        assert site.stop() == 0
        site.start()
        assert "/setup/" not in site.log().rpartition("chatsite is at")[2]


def test_links_of_commands_lead_to_the_server_that_runs(own_site):
    def link() -> str:
        return str(own_site.manage("reset_link", "ann"))

    assert link().startswith(f"{own_site.url}/accounts/")
    own_site.kill()
    own_site.start()
    assert link().startswith(f"{own_site.url}/accounts/")
    assert own_site.stop() == 0
    assert link().startswith("http://127.0.0.1:8000/accounts/")


def test_ctrl_c_during_the_start_ends_without_a_traceback(tmp_path):
    with subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "EMBEDDED": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell that runs the tests in the background has told its children to ignore it.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no thread holds a lock of it
    ) as process:
        # The settings are read, and much is still to be imported.
        wait_until((tmp_path / "secret_key").exists)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=patience.SECONDS)
    assert process.returncode == 130, output
    assert "Traceback" not in output


def test_taken_port_is_named(own_site):
    other = Site(own_site.data_dir, "http://127.0.0.1:9")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", other.port))
        taken.listen()
        with pytest.raises(AssertionError) as refused:
            other.manage("serve", "--port", str(other.port))
    assert f"127.0.0.1:{other.port}" in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_secret_key_is_made_once_and_private(own_site):
    key = own_site.data_dir / "secret_key"
    before = key.read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    own_site.stop()
    own_site.start()
    assert key.read_text() == before


def test_everybody_who_asks_in_the_same_moment_is_answered(ollama, tmp_path):
    with Site(tmp_path, ollama.base_url, OLLAMA_NUM_PARALLEL="30", MAX_RUNNING_PER_USER="0") as site:
        site.add_user("ann", admin=True)
        with closing(site.log_in("ann")) as client, ExitStack() as stack:
            tabs = [stack.enter_context(Tab(site, client)) for _ in range(30)]
            for tab in tabs:
                tab.wait("snapshot")
            for tab in tabs:
                tab.send("message.send", client_id="all", text="Now")
            assert {tab.wait("generation.finished")["status"] for tab in tabs} == {"completed"}
