"""The package that knows Ollama stands alone: it imports nothing of the site and nothing of Django."""

import subprocess
import sys

PROGRAM = """
import sys
import conversations.ollama.client
print(*sorted(
    name for name in sys.modules
    if name.split(".")[0] in {"django", "channels", "chatsite"}
    or name.startswith("conversations.") and not name.startswith("conversations.ollama")
))
"""


def test_client_imports_nothing_of_the_site() -> None:
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
