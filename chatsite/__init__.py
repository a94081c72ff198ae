"""The site: settings, wiring and the server that carries it."""

__version__ = "0.1.0"
