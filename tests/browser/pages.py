"""Every page of the site, found by its addresses, so that a new one is looked at without being named here."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests import patience
from tests.site import Site

# What stands in addresses besides ids.
KEYS = {"kind": "html"}
# Addresses at which nothing is found, with the reason.
ELSEWHERE = {
    "attachment": "a file, no page",
    "shared_file": "the same",
    "metrics": "for programs, and not there without a setting",
}
# Whatever a person may have that has a page, all with one id.
ROWS = """
from django.utils import timezone
from conversations.models import Access, ApiToken, Conversation, Import, Message, Preset, SharedLink, User
owner = User.objects.get(username="anna")
row = Conversation.objects.create(owner=owner, title="A page of its own", updated_at=timezone.now())
Conversation.objects.create(owner=owner, title="Put aside", updated_at=row.updated_at, archived_at=row.updated_at)
Import.objects.create(
    pk=row.pk, owner=owner, name="archive.zip", size=1, status="done", total=2, position=2, conversations_taken=1,
    not_taken=[["Broken", "It is no conversation."]], not_taken_count=1,
)
said = Message.objects.create(conversation=row, role="user", content="Shared", created_at=timezone.now())
SharedLink.objects.create(conversation=row, token=str(row.pk), title="Shared with all", leaf=said, leaf_length=6)
Access.objects.create(
    kind="transcript", reader=owner, reader_name="admin", owner=owner, owner_name="anna", conversation=row.pk
)
Preset.objects.create(pk=row.pk, owner=owner, name=str(row.pk))
ApiToken.objects.create(pk=row.pk, owner=owner, name=str(row.pk), digest=row.pk.hex * 2)
print(row.pk)
"""
# What says that something failed, drawn by the templates that Django or the site's middleware choose.
FAILURES = """
import json
from pathlib import Path
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
names = sorted(path.name for path in Path(settings.BASE_DIR, "templates").glob("[0-9]*.html"))
request = RequestFactory().get("/")
drawn = {}
for language in ("en", "zh-hans"):
    with translation.override(language):
        for name in names:
            drawn[f"{name}-{language}"] = render_to_string(name, {"minutes": 3, "of_account": True}, request)
print(json.dumps(drawn))
"""


class Found(NamedTuple):
    """A page: the `name` of its address, its `path`, who sees it, its HTML, and whether it comes as a file."""

    name: str
    path: str
    visitor: str
    html: str
    is_file: bool = False

    @property
    def title(self) -> str:
        """What the browser's tab says."""
        titles: list[str] = re.findall(r"<title>(.*?)</title>", self.html, re.DOTALL)
        assert len(titles) == 1, (self.name, titles)
        return " ".join(titles[0].split())


def pages(site: Site, *visitors: str) -> list[Found]:
    """Return the pages that `visitors` see, "" being somebody who is not logged in; one for each name."""
    found: dict[str, Found] = {}
    missing: set[str] = set()
    paths = dict(_paths(site.run(ROWS).strip() if any(visitors) else ""))
    for visitor in visitors:
        with closing(_client(site, visitor)) as client:
            for name, path in paths.items():
                answer = client.get(path)
                if answer.status_code == HTTPStatus.NOT_FOUND:
                    missing.add(name)
                elif is_page(answer):
                    is_file = "attachment" in answer.headers.get("Content-Disposition", "")
                    found.setdefault(name, Found(name, path, visitor, answer.text, is_file))
    unknown = missing - found.keys() - ELSEWHERE.keys() if any(visitors) else set()
    assert not unknown, (
        f"Nothing is found there, so no test sees these pages (tests/browser/pages.py): {unknown}"
    )
    return list(found.values())


def failures(site: Site) -> dict[str, str]:
    """Return the HTML of every page that tells of a failure, by template and language."""
    drawn: dict[str, str] = json.loads(site.run(FAILURES))
    return drawn


def is_page(answer: httpx.Response) -> bool:
    """Return whether this is a whole page, and no part of one, redirect or file."""
    is_html = answer.headers.get("Content-Type", "").startswith("text/html")
    return is_html and not answer.is_redirect and answer.text.lstrip().lower().startswith("<!doctype html>")


def _client(site: Site, visitor: str) -> httpx.Client:
    if not visitor:
        return httpx.Client(base_url=site.url, trust_env=False, timeout=patience.SECONDS)
    client = site.log_in(visitor)
    client.follow_redirects = False
    return client


def _paths(pk: str) -> Iterator[tuple[str, str]]:
    """Yield the name and path of every address but the administrator's."""
    for pattern in _patterns(get_resolver().url_patterns):
        assert pattern.name, f"{pattern} has no name to call it by."
        ids = dict.fromkeys(pattern.pattern.regex.groupindex, pk or "0")
        try:
            yield (
                pattern.name,
                reverse(pattern.name, kwargs={**ids, **{key: KEYS[key] for key in ids & KEYS.keys()}}),
            )
        except NoReverseMatch:
            assert pattern.name in ELSEWHERE or not pk, f"What stands in {pattern.pattern}?"


def _patterns(patterns: list[Any]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        elif isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from _patterns(pattern.url_patterns)
