"""What axe-core finds wrong with a page: https://github.com/dequelabs/axe-core, every rule that is on by itself."""

from pathlib import Path

from playwright.sync_api import Page

_SOURCE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_FINDINGS = """async () => {
  const { violations } = await axe.run(document, { preload: false, resultTypes: ["violations"] });
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) =>
    `${id} (${help}): ${node.html.slice(0, 200)} ${node.failureSummary.replaceAll(/\\s+/g, " ")}`));
}"""


def findings(page: Page) -> list[str]:
    """Return what axe-core finds, none of its rules left out."""
    if not page.evaluate("'axe' in window"):
        # By the debugger, which no policy of the page holds back.
        page.evaluate(_SOURCE.read_text(encoding="utf-8") + ";0")
    return [str(one) for one in page.evaluate(_FINDINGS)]
