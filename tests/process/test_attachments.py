"""Files of questions through a real server: from an upload to the bytes that Ollama gets."""

import base64
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import PurePath
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from conversations.services import attachments
from tests import patience
from tests.attachments import samples
from tests.scripted_ollama import ScriptedOllama, model
from tests.site import Site, csrf, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process

LIMIT = attachments.MAX_BYTES
# Of a body with one file, as chatsite/protocols.py has it; and Django's, of all others.
MAX_UPLOAD, SMALL = LIMIT + 64 * 1024, 2_621_440


@pytest.fixture(scope="module", autouse=True)
def _eyes(ollama: ScriptedOllama) -> Iterator[None]:
    """Of two models, one sees."""
    before = ollama.models
    ollama.models = [model("internlm2:1.8b", capabilities=["completion", "vision"]), model("blind:1b")]
    yield
    ollama.models = [*before]


def upload(client: httpx.Client, content: bytes, name: str = "cat.png") -> httpx.Response:
    """Send a file as the page does."""
    token = csrf(client.get("/"))["csrfmiddlewaretoken"]
    headers = {"X-CSRFToken": token, "Referer": str(client.base_url)}
    return client.post("/attachments/", files={"file": (name, content, "image/png")}, headers=headers)


def taken(client: httpx.Client, content: bytes, name: str = "cat.png") -> dict[str, Any]:
    """Send a file that is taken, and return what the site says of it."""
    answer = upload(client, content, name)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    facts: dict[str, Any] = answer.json()
    return facts


def test_the_model_gets_a_picture_anew_and_a_chinese_text_in_the_question(site, client, ollama):
    picture = taken(client, samples.photo(), "IMG_0001.png")
    text = taken(client, "床前明月光\r\n".encode("gb18030"), "静夜思.txt")
    with Tab(site, client) as tab:
        ollama.enqueue("好")
        tab.ask("这是什么？", attachments=[picture["id"], text["id"]])
        created = next(frame for frame in tab.frames if frame["type"] == "message.created")["message"]
        finished = tab.wait("generation.finished")
        assert finished["status"] == "completed"
        del picture["address"], text["address"]
        assert created["attachments"] == [picture, text]
        (sent,) = ollama.chats[-1].json["messages"]
        assert sent["content"] == "File “静夜思.txt”:\n```\n床前明月光\n```\n\n这是什么？"
        (image,) = sent["images"]
        content = base64.b64decode(image, validate=True)
        assert content == client.get(f"/attachments/{picture['id']}").content
        assert samples.opened(content).format == "JPEG"
        assert samples.opened(content).size == (20, 40)
        assert b"Secret" not in content

        ollama.enqueue("Ich sehe nichts")
        tab.send("answer.regenerate", client_id="blind", message=finished["message"], model="blind:1b")
        finished = tab.wait("generation.finished")
        assert (finished["model"], finished["stats"]["unseen"]) == ("blind:1b", 1)
        assert "&quot;unseen&quot;: 1" in client.get(f"/c/{tab.conversation}/").text
        (sent,) = ollama.chats[-1].json["messages"]
        assert "images" not in sent
        assert sent["content"].startswith("[Picture “IMG_0001.png”: you cannot see it]")
        tab.send("message.send", client_id="no", text="?", model="blind:1b", attachments=[picture["id"]])
        assert "“blind:1b” cannot see" in tab.wait("error", code="not_capable")["text"]


def test_a_photo_with_another_one_behind_it_is_taken_as_cameras_write_it(client):
    photo = taken(client, samples.several(samples.RED, (20, 30, 200)), "DSC00001.JPG")
    assert (photo["kind"], photo["width"], photo["height"]) == ("image", 40, 20)
    assert client.get(photo["address"]).headers["content-type"] == "image/jpeg"


def test_files_of_somebody_else_are_not_sent(site, client, eve):
    theirs = taken(client, b"a secret", "secret.txt")["id"]
    assert eve.get(f"/attachments/{theirs}").status_code == httpx.codes.NOT_FOUND
    with Tab(site, eve) as tab:
        for wanted in (theirs, "00000000-0000-4000-8000-000000000000"):
            tab.send("message.send", client_id=wanted, text="What does it say?", attachments=[wanted])
            assert tab.wait("error", client_id=wanted)["code"] == "no_file"


def test_one_address_takes_large_bodies_and_no_other_one(site, client):
    assert upload(client, b"\0" + os.urandom(LIMIT - 1)).json()["code"] == "file_unknown"
    too_large = upload(client, b"x" * (LIMIT + 1))
    assert (too_large.status_code, too_large.json()["code"]) == (413, "file_too_large")
    assert answer_to(site, "/attachments/", MAX_UPLOAD + 1) == 413
    for path in ("/account/language", "/attachments", "/attachments/x/", "/?/attachments/"):
        assert answer_to(site, path, SMALL + 1) == 413
    assert answer_to(site, "/attachments/?x", SMALL + 1, whole=True) == httpx.codes.FORBIDDEN


def answer_to(site: Site, path: str, size: int, *, whole: bool = False) -> int:
    """Send so many bytes there, of 100 MB or as a whole; return the status of the answer."""
    told = size if whole else 100_000_000
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {told}\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", site.port), timeout=patience.SECONDS)) as connection:
        connection.sendall(head.encode() + bytes(size))
        return int(connection.recv(4096).split()[1])


def test_forms_are_read_by_django_alone(client):
    """Twisted's reader, on the event loop, takes seconds for some files of ten megabytes."""
    answer = client.post(
        "/attachments/", content=b"no form", headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert "Content-Security-Policy" in answer.headers, "this is Twisted's answer"


def test_what_nobody_sent_is_forgotten_at_the_next_start_and_backups_hold_files(
    site, client, ollama, tmp_path
):
    sent, unsent = taken(client, samples.picture())["id"], taken(client, b"not sent")["id"]
    with Tab(site, client) as tab:
        tab.ask("?", attachments=[sent])
        tab.wait("generation.finished")
    site.manage("backup", str(tmp_path / "all.zip"))
    with ZipFile(tmp_path / "all.zip") as backup:
        assert {file_of(sent, ".png"), file_of(unsent, ".txt")} <= set(map(PurePath, backup.namelist()))
    site.stop()
    site.run(
        "from datetime import timedelta; from conversations.models import Attachment\n"
        "from django.db.models import F\n"
        "Attachment.objects.update(created_at=F('created_at') - timedelta(days=2))"
    )
    for path in (site.data_dir / "attachments").rglob("*.*"):
        os.utime(path, (0, 0))
    site.start()
    wait_until(lambda: not (site.data_dir / file_of(unsent, ".txt")).exists())
    assert (site.data_dir / file_of(sent, ".png")).exists()
    assert client.get(f"/attachments/{sent}").status_code == httpx.codes.OK
    assert client.get(f"/attachments/{unsent}").status_code == httpx.codes.NOT_FOUND


def file_of(pk: str, ending: str) -> PurePath:
    """Return where the file of an attachment lies in the data."""
    name = uuid.UUID(pk).hex
    return PurePath("attachments", name[:2], name + ending)
