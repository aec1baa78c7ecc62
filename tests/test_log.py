"""Logs must help to find a fault without repeating what people wrote."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from heliograph import log


@pytest.fixture(autouse=True)
def setup_ends_with_the_test() -> Iterator[None]:
    """What is set up here writes to a stream that ends with the test."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_never_shows_local_variables(form: log.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(form=form)
    message_text = "".join(["meet me ", "at noon"])
    try:
        _ = len(message_text) / 0
    except ZeroDivisionError:
        log.get("test").exception("division_failed", rows=3)
        logging.getLogger("library").exception("library failed")
    written = capsys.readouterr().err
    assert "division_failed" in written and "library failed" in written and "ZeroDivisionError" in written
    assert message_text not in written


def test_cause_of_a_failure_is_told_by_type_and_place_without_its_words() -> None:
    class Refused(Exception):
        sqlstate = "23514"

    try:
        raise Refused("Failing row contains (meet me at noon).")
    except Refused as error:
        told = log.cause(error)
    assert (told["error"], told["sqlstate"]) == ("Refused", "23514")
    assert told["where"].startswith(__name__ + ":")
    assert "noon" not in str(told)
