"""Where a stored session is dialled: the settings' address wins for the DC that they name."""

from __future__ import annotations

from heliograph import config
from heliograph.crawler.transport import session

KEPT = session.SessionKey(dc_id=2, address="127.0.0.1", port=1000, auth_key=b"k" * 256)


def test_a_session_follows_its_dc_to_the_configured_address() -> None:
    moved = KEPT.reached_by(config.Telegram(dc_id=2, dc_address="127.0.0.2", dc_port=2000))
    assert moved == session.SessionKey(dc_id=2, address="127.0.0.2", port=2000, auth_key=KEPT.auth_key)


def test_a_session_of_another_dc_keeps_its_address() -> None:
    assert KEPT.reached_by(config.Telegram(dc_id=4, dc_address="127.0.0.2", dc_port=2000)) == KEPT


def test_a_session_goes_by_ipv6_when_that_is_asked_for() -> None:
    assert ":" in KEPT.reached_by(config.Telegram(use_ipv6=True)).address
