"""Asks the embedded model and writes its answers into the corpus: `python -m tests.rendering.record`.

What a small model writes is not tidied up: fences of the wrong kind, lists that break off and tables with uneven rows
are what the page has to draw. The answers stay the same from run to run on the same machine (temperature 0); a new
recording replaces the old files.
"""

import argparse
from pathlib import Path

import httpx

from conversations.ollama.embedded import EmbeddedProcess

CORPUS = Path(__file__).parent / "corpus"
MODEL = "smollm2:135m"
MAX_TOKENS = 350
SECONDS = 120

QUESTIONS = {
    "bread": "How do I bake bread? Answer with a numbered list of steps.",
    "python": "Write a Python function that reverses a string, and explain it.",
    "planets": "Make a Markdown table of the planets with the columns Name and Size.",
    "headings": "Write a short guide to gardening in Markdown, with headings and bullet lists.",
    "html": "Show me a small HTML page with a script in it.",
    "nested": "Plan a week in Rome as a nested bullet list: days, and under each day what to see.",
    "bash": "Which shell commands show the disk space? Give each one in a code block.",
    "quote": "Quote a famous sentence about reading as a Markdown quote and say who wrote it.",
    "formula": "Explain the theorem of Pythagoras with a formula in LaTeX.",
    "letter": "Write a polite letter to a neighbour about a noisy dog.",
}


def answer(client: httpx.Client, question: str) -> str:
    """Return the model's answer. Raises httpx.HTTPError."""
    options = {"temperature": 0, "num_predict": MAX_TOKENS}
    messages = [{"role": "user", "content": question}]
    body = {"model": MODEL, "messages": messages, "options": options, "stream": False}
    response = client.post("/api/chat", json=body, timeout=SECONDS).raise_for_status()
    return str(response.json()["message"]["content"])


def main() -> None:
    """Record the answers to all questions, or to those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="one of: " + ", ".join(QUESTIONS))
    embedded = EmbeddedProcess()
    names = parser.parse_args().names or list(QUESTIONS)
    embedded.start()
    try:
        with httpx.Client(base_url=embedded.wait_ready(), trust_env=False) as client:
            for name in names:
                path = CORPUS / f"recorded-{name}.md"
                path.write_text(answer(client, QUESTIONS[name]), encoding="utf-8")
    finally:
        embedded.stop()


if __name__ == "__main__":
    main()
