"""Logs must help to find a fault without repeating what people wrote."""

from __future__ import annotations

import logging

import pytest

from heliograph import log


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
