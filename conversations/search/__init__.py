"""Finding what was said: tokens, the index that keeps them, and the search that goes through it (ADR 0014)."""
