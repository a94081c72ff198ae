"""The site as several processes: real PostgreSQL and Redis, `manage.py serve` more than once, a real nginx before them.

PostgreSQL and Redis belong to the cluster alone, so a test may end them and start them again.
"""

import shutil
import subprocess
import tempfile
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

import httpx

from tests.servers import Postgres, Redis, free_port
from tests.site import Site, wait_until

# Whoever watches the same conversation meets in one process; everything else may go to any of them.
NGINX = """
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    log_format met "$uri $upstream_addr";
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream pages {{ {servers} }}
    upstream sockets {{ hash $uri consistent; {servers} }}
    proxy_http_version 1.1;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://pages;
            proxy_set_header Host $http_host;
        }}
        location /ws/ {{
            proxy_pass http://sockets;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_buffering off;
            access_log {directory}/met.log met;
        }}
    }}
}}
"""


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
            self._stack.enter_context(site)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _site(self, name: str) -> Site:
        return Site(
            self._directory / name,
            self._ollama,
            DATABASE_URL=self.postgres.url,
            REDIS_URL=self.redis.url,
            DJANGO_SECRET_KEY="the same for all processes",
            **self._env,
        )


class Nginx(AbstractContextManager["Nginx"]):
    """An nginx before the processes of a cluster."""

    def __init__(self, directory: Path, sites: list[Site]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        servers = " ".join(f"server 127.0.0.1:{site.port};" for site in sites)
        self._config = directory / "nginx.conf"
        self._config.write_text(NGINX.format(directory=directory, servers=servers, port=self.port))

    def __enter__(self) -> Self:
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self._process = subprocess.Popen(
            [program, "-p", self._directory, "-c", self._config, "-e", self._directory / "error.log"]
        )
        wait_until(self._answers, explain=(self._directory / "error.log").read_text)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def met(self) -> list[tuple[str, str]]:
        """Return path and process of each socket that has ended."""
        lines = (self._directory / "met.log").read_text(encoding="ascii").splitlines()
        return [(path, process) for path, process in map(str.split, lines)]

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
