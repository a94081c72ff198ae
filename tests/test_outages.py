"""A page that cannot be answered because the database is away."""

import logging
from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db


def away(*_: Any) -> NoReturn:
    """Stand in the way of every query."""
    raise OperationalError("the server closed the connection\nin the middle of a query")


def broken(*_: Any) -> NoReturn:
    """Fail as a mistake in the code does."""
    raise ZeroDivisionError


@pytest.fixture
def visitor(django_user_model: Any) -> Client:
    """Somebody logged in, who gets to see error pages."""
    client = Client(raise_request_exception=False, headers={"Accept-Language": "zh-hans"})
    client.force_login(django_user_model.objects.create_user("ann"))
    return client


def test_a_database_that_is_away_is_said_on_the_page_and_is_one_line_of_the_log(visitor, caplog):
    with connection.execute_wrapper(away), caplog.at_level(logging.WARNING):
        answer = visitor.get("/")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "503.html" in [template.name for template in answer.templates]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the server closed the connection" in caplog.text
    assert "Traceback" not in caplog.text


def test_any_other_failure_stays_an_error(visitor, caplog):
    with connection.execute_wrapper(broken):
        answer = visitor.get("/")
    assert answer.status_code == 500
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "ZeroDivisionError" in caplog.text
