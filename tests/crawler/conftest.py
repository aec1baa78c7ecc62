"""Fixtures of the crawler's tests."""

from __future__ import annotations

from tests.fixtures.postgres_proxy import postgres_proxy, proxied_dsn  # noqa: F401
