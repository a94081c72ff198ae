"""Starting and ending the embedded model's process from another one. Standard library only, quick to
import."""

import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

from .model import find_file

_PROJECT = Path(__file__).resolve().parents[3]
_ANNOUNCEMENT = "listening on "


def available() -> bool:
    """Whether engine and model are installed; neither is imported to find out."""
    return importlib.util.find_spec("xllamacpp") is not None and find_file() is not None


class EmbeddedProcess:
    """The embedded model as a child process. It ends with its starter, even one that was killed.

    `start()`, then `wait_ready()` gives the address; `stop()` at the end, which may be called at any time and
    twice.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._announced = threading.Event()
        self._address = ""

    def start(self, port: int = 0) -> subprocess.Popen[str]:
        """Starts it at that loopback port (0: a free one) and returns at once. Raises OSError."""
        self._child = subprocess.Popen(  # noqa: S603 - our own module, no input of anyone in it
            [sys.executable, "-m", "conversations.ollama.embedded", "--port", str(port), "--end-with-stdin"],
            cwd=_PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A terminal's Ctrl-C goes to the whole group: the site must finish first, and ends this child
            # itself.
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        threading.Thread(target=self._read_output, args=(self._child,), daemon=True).start()
        return self._child

    def wait_ready(self, timeout: float = 30) -> str:
        """Waits until the port is open and returns the address, such as `http://127.0.0.1:40123`.

        Questions asked from then on are answered, if need be after the model has loaded. `timeout` in
        seconds. Raises TimeoutError, or RuntimeError when the process has ended (it says why on standard
        error).
        """
        if not self._announced.wait(timeout):
            raise TimeoutError(f"the embedded model did not open its port within {timeout} s")
        if not self._address:
            raise RuntimeError("the embedded model's process has ended")
        return self._address

    def stop(self, timeout: float = 5) -> None:
        """Ends the process: asks by closing its input, and kills it after `timeout` seconds."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _read_output(self, child: subprocess.Popen[str]) -> None:
        if child.stdout is None:
            return
        with child.stdout:
            for line in child.stdout:
                if line.startswith(_ANNOUNCEMENT):
                    self._address = line.removeprefix(_ANNOUNCEMENT).strip()
                    self._announced.set()
        self._announced.set()
