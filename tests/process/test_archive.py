"""An account's archive through a real server: sent as it is read, in the memory of a piece."""

import io
import json
import socket
import zipfile
from urllib.parse import urlsplit

import pytest

from tests.site import Site

pytestmark = pytest.mark.process

MIB = 1024 * 1024
# Text that no packing makes small; 80 MiB of it in all.
MESSAGES, EACH = 1200, 50_000
FILL = f"""
import base64, os
from django.utils import timezone
from conversations.models import Conversation, Message, User
owner = User.objects.get(username="eve")
now = timezone.now()
for number in range(24):
    row = Conversation.objects.create(owner=owner, title=f"Long {{number}}", updated_at=now)
    Message.objects.bulk_create(
        Message(conversation=row, role="assistant", created_at=now,
                content=base64.b64encode(os.urandom({EACH})).decode())
        for _ in range({MESSAGES // 24})
    )
"""


def test_an_archive_comes_whole(site: Site, eve):
    site.run(FILL)
    answer = eve.get("/account/export")
    assert answer.headers["Content-Type"] == "application/zip"
    assert "Content-Encoding" not in answer.headers
    assert "Content-Length" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="chatsite eve ')
    assert len(answer.content) > 50 * MIB
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    read = [name for name in archive.namelist() if name.startswith("conversations/")]
    assert len(read) == 24
    assert sum(len(json.loads(archive.read(name))["messages"]) for name in read) == MESSAGES


def test_a_reader_that_does_not_read_costs_no_memory(site: Site, eve):
    """Made in one go, it would lie in the server's memory until it is read."""
    # Two at a time need 38 MiB more than one, however much there is; the whole would be 60 MiB beside that.
    assert eve.get("/account/export").status_code == 200
    before = site.rss_kib()
    with stalled_reader(site, eve.cookies["sessionid"]):
        # As long as the whole takes for somebody who reads it.
        assert len(eve.get("/account/export").content) > 50 * MIB
        for _ in range(3):
            assert eve.get("/account/").status_code == 200
        assert site.rss_kib() - before < 50 * 1024
    # Whoever has gone away holds no thread.
    for _ in range(2):
        assert eve.get("/account/export").status_code == 200


def stalled_reader(site: Site, session: str) -> socket.socket:
    """Ask for the archive, and read nothing."""
    address = urlsplit(site.url)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect((address.hostname or "", address.port or 0))
    head = f"GET /account/export HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: sessionid={session}\r\n\r\n"
    reader.sendall(head.encode())
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader
