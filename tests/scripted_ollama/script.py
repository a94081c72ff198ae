"""What a scripted answer is made of. Everything is JSON, so that a test in another process can send it too.

A piece is a string (one line of text from the model), bytes (one write of the body, as they are) or one of
the objects below. The status line and the headers go out with the first piece that writes, as Ollama does it:
pieces before it hold up the whole answer.
"""

import base64
from dataclasses import asdict, dataclass, field
from typing import Any

Piece = str | bytes | dict[str, Any]


def hold(name: str = "") -> Piece:
    """Wait for `release(name)`; a release that came earlier counts."""
    return {"hold": name}


def pause(seconds: float) -> Piece:
    """Wait."""
    return {"pause": seconds}


def load() -> Piece:
    """The model is loaded from here on; `/api/ps` did not list it since the request came."""
    return {"load": True}


def headers() -> Piece:
    """Send status and headers now."""
    return {"headers": True}


def thinking(text: str, content: str = "") -> Piece:
    """A line of thought, with `content` beside it."""
    return {"line": {"message": {"role": "assistant", "content": content, "thinking": text}, "done": False}}


def line(**fields: Any) -> Piece:
    """A line of exactly these fields."""
    return {"line": fields}


def tokens(count: int, rate: float = 0, text: str = "token ") -> Piece:
    """`count` lines of `text`, `rate` a second (0: as fast as they go)."""
    return {"tokens": count, "rate": rate, "text": text}


def paced(texts: list[str], rate: float) -> Piece:
    """A line for each of `texts`, `rate` a second by the clock: what one line is late, the next ones make up for."""
    return {"paced": texts, "rate": rate}


def stamped(count: int, rate: float = 0) -> Piece:
    """`count` lines of nine characters, `rate` a second: `time.monotonic()` in 0.1 ms, its last eight digits, and a
    space."""
    return {"stamped": count, "rate": rate}


def done(content: str = "", **fields: Any) -> Piece:
    """The final line with these fields changed; None leaves a field out. Without one a plain final line is
    added."""
    return {"done": fields, "content": content}


def error(text: object) -> Piece:
    """A line that tells an error, and the clean end of the answer."""
    return {"error": text}


def cut() -> Piece:
    """Close the connection without the end that the framing asks for."""
    return {"cut": "close"}


def reset() -> Piece:
    """Tear the connection down by a TCP reset."""
    return {"cut": "reset"}


@dataclass
class Script:
    """One answer.

    `framing`: `chunked`, `length` (one Content-Length body) or `close` (HTTP/1.0, ends with the connection);
    `none` sends bytes alone, which then hold the status line too. `finish`: add a final line where the pieces
    have none. `delay`: seconds before each piece that writes.
    """

    pieces: list[Piece]
    path: str = "/api/chat"
    status: int = 200
    content_type: str = "application/x-ndjson"
    headers: dict[str, str] = field(default_factory=dict)
    framing: str = "chunked"
    finish: bool = True
    delay: float = 0

    def __post_init__(self) -> None:
        self.pieces = [_from_json(piece) for piece in self.pieces]
        ends = any(
            isinstance(piece, dict) and piece.keys() & {"done", "error", "cut"} for piece in self.pieces
        )
        if self.finish and not ends and self.status == 200 and self.framing != "none":
            self.pieces.append(done())

    def as_json(self) -> dict[str, Any]:
        """The same as an object for `POST /_script`."""
        pieces = [
            {"base64": base64.b64encode(piece).decode()} if isinstance(piece, bytes) else piece
            for piece in self.pieces
        ]
        return asdict(self) | {"pieces": pieces, "finish": False}


def _from_json(piece: Piece) -> Piece:
    if isinstance(piece, dict) and "base64" in piece:
        return base64.b64decode(piece["base64"])
    return piece
