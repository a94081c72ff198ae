"""A small real model behind Ollama's own wire, so that a laptop without Ollama still gets real answers.

`python -m conversations.ollama.embedded --port N` is a process of its own: a crash of the engine, its memory
and its processor time stay out of the site. Inside it:

- `web.py` speaks Ollama's HTTP API, so the site knows one protocol only;
- `requests.py` and `options.py` read what a request asks for, `prompt.py` turns messages into tokens;
- `engine.py` runs llama.cpp (package `xllamacpp`); `model.py` says which model it is and where its file lies.

`process.py` is the other side, for whoever starts that process: standard library only, and quick to import.
"""

from .process import EmbeddedProcess, available

__all__ = ["EmbeddedProcess", "available"]
