"""The site as several processes: real PostgreSQL and Redis, and `manage.py serve` more than once.

PostgreSQL and Redis belong to the cluster alone, so a test may end them and start them again.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

from tests.servers import Postgres, Redis
from tests.site import Site


class Cluster(AbstractContextManager["Cluster"]):
    """Two processes of one site, `sites`, with their `postgres` and `redis`; `env` are settings of both."""

    def __init__(self, directory: Path, ollama: str, **env: str) -> None:
        self._directory, self._ollama, self._env = directory, ollama, env
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        # PostgreSQL's user does not pass through pytest's own directories.
        services = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        services.chmod(0o755)
        self.postgres = self._stack.enter_context(Postgres(services))
        self.redis = self._stack.enter_context(Redis(services))
        self.sites = [self._site(name) for name in ("first", "second")]
        for site in self.sites:
            self._stack.callback(site.stop)
        # At once, as a supervisor does, and on an empty database.
        with ThreadPoolExecutor() as threads:
            list(threads.map(Site.start, self.sites))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _site(self, name: str) -> Site:
        return Site(
            self._directory / name,
            self._ollama,
            DATABASE_URL=self.postgres.url,
            REDIS_URL=self.redis.url,
            DJANGO_SECRET_KEY="one and the same key for all processes of the cluster under test",
            **self._env,
        )
