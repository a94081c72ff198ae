"""A real nginx before the processes of a site, with the configuration that deploy/ ships.

Only what a person has to change is changed: ports, names, files and the path. Without `https`, the part that speaks
TLS speaks plain HTTP.
"""

import os
import re
import shutil
import ssl
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

import httpx

from tests import patience
from tests.certificate import self_signed
from tests.servers import ServiceMissingError, free_port
from tests.site import ROOT, Site, wait_until

TEMPLATE = ROOT / "deploy" / "nginx" / "chatsite.conf"
# What Debian's own nginx.conf has around such a file, for a user without rights.
AROUND = """
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    log_format met "$uri $upstream_addr";
    access_log {directory}/met.log met;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/chatsite.conf;
}}
"""


class Nginx(AbstractContextManager["Nginx"]):
    """An nginx before `sites`, at `url`; with `https` it has a certificate of its own and `plain_url` leads to it."""

    def __init__(self, directory: Path, sites: list[Site], *, https: bool = False, path: str = "/") -> None:
        self.port, self._plain_port = free_port(), free_port()
        self.url = f"http{'s' * https}://127.0.0.1:{self.port}"
        self.plain_url = f"http://127.0.0.1:{self._plain_port}"
        self.certificate = directory / "server.pem"
        self._directory = directory
        self._https = https
        if https:
            self_signed(self.certificate)
        (directory / "chatsite.conf").write_text(self._configuration(sites, path), encoding="utf-8")
        (directory / "nginx.conf").write_text(AROUND.format(directory=directory), encoding="utf-8")

    def _configuration(self, sites: list[Site], path: str) -> str:
        servers = "\n".join(f"server 127.0.0.1:{site.port};" for site in sites)
        text = TEMPLATE.read_text(encoding="utf-8")
        text = re.sub(r"server 127.0.0.1:8000;\s+server 127.0.0.1:8001;", servers, text)
        text = re.sub(r"listen \[::\].*", "", text)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self._plain_port};")
        text = text.replace(
            "listen 443 ssl http2;", f"listen 127.0.0.1:{self.port}{' ssl http2' * self._https};"
        )
        text = text.replace("chat.example.org", "127.0.0.1").replace("https://$host", self.url)
        text = re.sub(r"/etc/ssl/chatsite/\w+.pem", str(self.certificate), text)
        text = text.replace("/var/lib/chatsite/static/", f"{sites[0].data_dir}/static/")
        text = re.sub(r"location (= )?/", rf"location \1{path}", text)
        return text if self._https else re.sub(r"\n\s+ssl_.*", "", text)

    def __enter__(self) -> Self:
        # A person's PATH leaves out where Debian has it.
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise ServiceMissingError("There is no nginx on this machine: install it and run this again.")
        command: list[str | Path] = [
            program,
            "-p",
            self._directory,
            "-c",
            self._directory / "nginx.conf",
            "-e",
            self._error_log,
        ]
        # Its workers would be another user, who may not read what belongs to the test.
        as_root = ["-g", "user root;"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen([*command, *as_root])
        wait_until(self._answers, explain=self._error_log.read_text)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=patience.SECONDS)

    @property
    def _error_log(self) -> Path:
        return self._directory / "error.log"

    def trust(self) -> ssl.SSLContext:
        """Return what makes a client trust this nginx."""
        return ssl.create_default_context(cafile=str(self.certificate) if self._https else None)

    def met(self) -> list[tuple[str, str]]:
        """Return path and process of each socket that has ended."""
        lines = (self._directory / "met.log").read_text(encoding="ascii").splitlines()
        return [(path, process) for path, process in map(str.split, lines) if "/ws/" in path]

    def _answers(self) -> bool:
        try:
            return httpx.get(self.plain_url, trust_env=False).status_code == httpx.codes.MOVED_PERMANENTLY
        except httpx.TransportError:
            return False
