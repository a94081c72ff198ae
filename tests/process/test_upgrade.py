"""A filled database of the first version is upgraded by the server's start; a newer one is left alone."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.people import logged_in
from tests.scripted_ollama import ScriptedOllama
from tests.site import ROOT, Site

pytestmark = pytest.mark.process

# A site of the first version after some use: people, versions of answers, each ending, and two answers that were on
# their way when it ended, one of them with text.
FILL = """
from datetime import timedelta
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

for app in ("contenttypes", "auth", "conversations", "admin", "sessions", "account"):
    call_command("migrate", app, *["0001"] * (app == "conversations"), verbosity=0)
apps = MigrationExecutor(connection).loader.project_state([("conversations", "0001_initial")]).apps
User, Conversation, Message, Generation, Chunk, Event = (
    apps.get_model("conversations", name)
    for name in "User Conversation Message Generation GenerationChunk GenerationEvent".split()
)
now = timezone.now() - timedelta(days=1)
people = [User.objects.create(username=name, name=f"{name} 先生", language="zh-hans") for name in ("bob", "小红")]
statuses = "completed stopped failed interrupted queued running".split()
for number in range(60):
    owner, status = people[number % 2], statuses[number % 6]
    conversation = Conversation.objects.create(
        owner=owner, title=f"title {number}", options={"seed": number}, updated_at=now + timedelta(seconds=number)
    )
    question = Message.objects.create(
        conversation=conversation, role="user", content=f"question {number} 问题", created_at=now
    )
    for version in range(2):
        last = version == 1
        answer = Message.objects.create(
            conversation=conversation,
            parent=question,
            role="assistant",
            content="" if last and status in ("queued", "running") else f"answer {number}.{version} 答案",
            created_at=now + timedelta(seconds=version),
        )
        generation = Generation.objects.create(
            conversation=conversation, message=answer, client_id=f"{number}.{version}", requested_by=owner,
            model="internlm2:1.8b", status=status if last else "completed", process="gone", heartbeat=now,
            queued_at=now, started_at=None if status == "queued" else now,
        )
        Event.objects.create(generation=generation, at=now, kind="queued")
    if status == "running":
        for position, text in enumerate(["half ", "of an ", "answer"]):
            Chunk.objects.create(generation=generation, position=position * 5, text=text)
    conversation.shown_leaf = answer
    conversation.save()
"""
# All that each table holds, by its columns; `KEPT` is what there was before.
ROWS = """
import json
from django.db import connection
with connection.cursor() as cursor:
    rows = {}
    for table in sorted(connection.introspection.table_names(cursor)):
        if table.startswith("conversations_") and (not KEPT or table in KEPT):
            names = KEPT.get(table) or [
                column.name for column in connection.introspection.get_table_description(cursor, table)
            ]
            quoted = ", ".join(map(connection.ops.quote_name, names))
            cursor.execute(f"SELECT {quoted} FROM {table} ORDER BY id")
            rows[table] = [dict(zip(names, map(str, row))) for row in cursor.fetchall()]
print(json.dumps(rows))
"""
LIVE = ("queued", "running")
FOUND = """
from conversations.models import User
from conversations.search.searching import Filters, search
bob = User.objects.get(username="bob")
print(*(hit.message.content for word in ("答案", "question 58") for hit in search(bob, word, Filters()).messages[:1]))
"""

Rows = dict[str, list[dict[str, str]]]


@pytest.fixture
def old_site(ollama: ScriptedOllama, tmp_path: Path) -> Site:
    """A site whose database is that of the first version. It is one process, so its start ends what was left over."""
    site = Site(tmp_path / "data", ollama.base_url, REDIS_URL="")
    site.prepared = False
    site.run(FILL)
    return site


def rows(site: Site, before: Rows | None = None) -> Rows:
    """Return what the tables hold; with `before`, the same columns of it."""
    kept = {table: list(found[0]) for table, found in (before or {}).items()}
    found: Rows = json.loads(site.run(f"KEPT = {kept!r}{ROWS}"))
    return found


def check_kept(before: Rows, after: Rows) -> None:
    """All of it is there as it was, but for the answers that were on their way."""
    live = {row["id"]: row for row in before["conversations_generation"] if row["status"] in LIVE}
    assert len(live) == 20
    answers = {row["message_id"] for row in live.values()}
    for table in set(before) - {"conversations_generationchunk"}:
        assert len(after[table]) >= len(before[table])
        now = {row["id"]: row for row in after[table]}
        for row in before[table]:
            if row["id"] not in live.keys() | answers:
                # A conversation comes to the top of its list when its answer ends.
                assert now[row["id"]] | {"updated_at": ""} == row | {"updated_at": ""}
    ended = [row for row in after["conversations_generation"] if row["id"] in live]
    assert {row["status"] for row in ended} == {"interrupted"}
    texts = [row["content"] for row in after["conversations_message"] if row["id"] in answers]
    assert sorted(texts) == [""] * 10 + ["half of an answer"] * 10
    assert after["conversations_generationchunk"] == []


def earlier_backups(folder: Path) -> None:
    """Leave backups of earlier upgrades, and what only looks like one."""
    folder.mkdir(mode=0o700)
    for name in [f"before-upgrade-2020010{day}T000000Z.zip" for day in range(1, 5)]:
        (folder / name).touch()
    (folder / "before-upgrade-mine.zip").touch()
    (folder / "chatsite-20200101T000000Z.zip").touch()


def test_a_filled_database_of_the_first_version_is_kept_backed_up_and_whole(old_site, tmp_path):
    folder = old_site.data_dir / "backups"
    earlier_backups(folder)
    before = {table: found for table, found in rows(old_site).items() if found}
    with old_site, logged_in(old_site, "ann", "eve") as (ann, _):
        check_kept(before, rows(old_site, before))
        conversation = before["conversations_conversation"][0]["id"]
        assert ann.get("/").is_success
        assert ann.get("/admin/conversations/generation/").is_success
        assert "问题" in ann.get(f"/admin/conversations/conversation/{conversation}/change/").text
        assert old_site.run(FOUND).split() == ["answer", "56.1", "答案", "question", "58", "问题"]
        assert old_site.stop() == 0
    kept = re.search(r"it is kept in (\S+)", old_site.log())
    assert kept, old_site.log()
    assert sorted(path.name for path in folder.iterdir()) == [
        "before-upgrade-20200103T000000Z.zip",
        "before-upgrade-20200104T000000Z.zip",
        Path(kept[1]).name,
        "before-upgrade-mine.zip",
        "chatsite-20200101T000000Z.zip",
    ]
    # The backup is one of the first version: restored elsewhere, it is upgraded too.
    other = Site(tmp_path / "other", "http://127.0.0.1:9", REDIS_URL="")
    other.manage("restore", kept[1])
    assert rows(other, before) | {"conversations_modelprofile": []} == before | {
        "conversations_modelprofile": []
    }
    with other:
        check_kept(before, rows(other, before))
    assert "it is kept in" not in other.log()


def test_a_database_newer_than_the_code_is_not_touched(old_site):
    old_site.run(
        "from django.core.management import call_command; call_command('migrate', verbosity=0)\n"
        "from django.db.migrations.recorder import MigrationRecorder\n"
        "from django.db import connection\n"
        "MigrationRecorder(connection).record_applied('conversations', '9999_of_tomorrow')"
    )
    before = state(old_site)
    said = refused_start(old_site)
    assert "newer version of the site" in said
    assert "conversations.9999_of_tomorrow" in said
    assert state(old_site) == before
    assert not (old_site.data_dir / "backups").exists()


def test_a_database_of_which_no_backup_can_be_made_is_not_upgraded(old_site):
    (old_site.data_dir / "backups").write_text("a file in the place of the folder")
    before = state(old_site)
    assert "backups cannot be made" in refused_start(old_site)
    assert state(old_site) == before


def test_an_upgrade_that_fails_again_and_again_keeps_the_one_backup_from_before_it(old_site):
    # A later migration wants to make an index of this name, and fails at each start.
    old_site.run(
        "from django.core.management import call_command; from django.db import connection\n"
        "call_command('migrate', 'conversations', '0003', verbosity=0)\n"
        "with connection.cursor() as cursor:\n"
        "    cursor.execute('CREATE INDEX generation_finished ON conversations_message (created_at)')"
    )
    said = {refused_start(old_site) for _ in range(3)}
    assert len(said) == 1
    assert "already exists" in said.copy().pop()
    assert [path.suffix for path in (old_site.data_dir / "backups").iterdir()].count(".zip") == 1


def refused_start(site: Site) -> str:
    """Start a server that has to refuse, and return the one sentence that it says."""
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(site.port)],
        cwd=ROOT,
        env=site._env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def state(site: Site) -> Any:
    """Return the bytes of the database, or what it holds where another program keeps it."""
    file = site.data_dir / "chatsite.sqlite3"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else rows(site)
