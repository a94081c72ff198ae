"""The one error that the embedded model's HTTP layer turns into an answer."""


class ApiError(Exception):
    """A refusal the way Ollama writes it: an HTTP status, and one sentence for the key `error`."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
