"""What the tests of faults share: how a server's log has to look afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.site import Site

FORBIDDEN = ("ERROR", "Traceback", "never awaited", "ResourceWarning", "destroyed")


def check_log(site: Site) -> None:
    """Fail where the log of a site tells of an error or of something left behind."""
    for word in FORBIDDEN:
        assert word not in site.log(), site.log()


@contextmanager
def quiet(site: Site) -> Iterator[Site]:
    """Run a block with a running site; then it has to end with status 0, and its log has to be clean.

    Where the site is killed on purpose, `check_log` alone.
    """
    yield site
    assert site.stop() == 0, site.log()
    check_log(site)
