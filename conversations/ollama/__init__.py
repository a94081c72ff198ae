"""Everything that knows Ollama. It imports nothing of the site, so that it can be read and tested alone."""
