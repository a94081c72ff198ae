"""The log for machines: where things happened, and nothing of what people said."""

import io
import json
import logging
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError

from chatsite import log_config
from chatsite.logs import ForMachines, Where, generation_id, request_id

TEXT = "Canary-7391"
DETAIL = f"DETAIL:  Failing row contains ({TEXT})."


class Log(logging.Logger):
    """A logger as LOG_FORMAT=json has it, whose records are kept."""

    def __init__(self, name: str = "conversations") -> None:
        super().__init__(name)
        fields = {key: value for key, value in _formatter().items() if key != "()"}
        self._output = io.StringIO()
        handler = logging.StreamHandler(self._output)
        handler.setFormatter(ForMachines(**fields))
        handler.addFilter(Where())
        self.addHandler(handler)

    @property
    def text(self) -> str:
        """All lines."""
        return self._output.getvalue()

    @property
    def record(self) -> dict[str, Any]:
        """The only line."""
        (line,) = self.text.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


def _formatter() -> dict[str, Any]:
    formatters: dict[str, dict[str, Any]] = log_config.config("json")["formatters"]
    return formatters["json"]


def fail(error: Exception) -> None:
    """Raise an error after another that quotes the text, too."""
    try:
        int(TEXT)
    except ValueError:
        raise error  # noqa: B904 -- that the first one led to it is what is to be shown


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (IntegrityError(f"null value in column\n{DETAIL}"), "IntegrityError: null value in column"),
        (OperationalError(f"deadlock detected\n{DETAIL}"), "OperationalError: deadlock detected"),
        (DataError(f'invalid input syntax: "{TEXT}"'), "DataError"),
        (ValueError(TEXT), "ValueError"),
        (
            FileNotFoundError(2, "No such file", "/data/1"),
            "FileNotFoundError: [Errno 2] No such file: '/data/1'",
        ),
    ],
)
def test_an_error_has_its_place_and_no_text(error, told):
    log = Log()
    try:
        fail(error)
    except Exception:
        log.exception("It failed")
    assert TEXT not in log.text
    assert log.record["message"] == "It failed"
    assert log.record["error"].splitlines()[-1] == told
    assert "in fail" in log.record["error"]


def test_of_what_the_database_refuses_a_warning_has_one_line_without_the_row():
    log = Log()
    log.warning("%s cannot be stored: %s", "It", IntegrityError(f"null value in column\n{DETAIL}"))
    assert log.record["message"] == "It cannot be stored: null value in column"


def test_a_forgotten_task_is_shown_without_what_it_raised():
    log = Log("asyncio")
    log.error("Task exception was never retrieved\nfuture: <Task exception=ValueError(%r)>" % TEXT)  # noqa: UP031 -- as asyncio does
    assert log.record["message"] == "Task exception was never retrieved"


def test_a_line_has_the_ids_of_request_and_generation():
    log = Log()
    tokens = request_id.set("0123456789abcdef"), generation_id.set("1")
    log.info("Here")
    request_id.reset(tokens[0])
    generation_id.reset(tokens[1])
    assert (log.record["request_id"], log.record["generation"]) == ("0123456789abcdef", "1")
    assert (log.record["level"], log.record["logger"]) == ("INFO", "conversations")
