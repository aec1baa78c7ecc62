"""Who is answered: only this machine's own pages and programs."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost:8420", "[::1]:8420", "LOCALHOST"])
async def test_loopback_names_are_answered(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/health/live", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "evil.example:8420", "[::1", "10.0.0.1"]
)
async def test_rebound_names_are_refused(client: httpx.AsyncClient, host: str) -> None:
    for path in ("/api/chats", "/", "/metrics", "/api/nothing"):
        answer = await client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8420", ""),
        # Addresses that the standard library refuses to split.
        *("http://[x", "http://[::1", "http://[]127.0.0.1:8420", "http://127.0.0.1:8420]", "http://\u2100.example"),
    ],
)
@pytest.mark.parametrize("path", ["/api/chats", "/", "/metrics", "/health/live"])
async def test_pages_of_other_origins_are_refused(client: httpx.AsyncClient, origin: str, path: str) -> None:
    answer = await client.get(path, headers=[("Origin", origin.encode("utf-8"))])  # type: ignore[list-item]
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


async def test_second_origin_does_not_hide_behind_the_first(client: httpx.AsyncClient) -> None:
    origins = [("Origin", "http://127.0.0.1:8420"), ("Origin", "https://evil.example")]
    assert (await client.get("/api/chats", headers=origins)).status_code == 403


async def test_own_page_is_answered(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/chats", headers={"Origin": "http://127.0.0.1:8420"})).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/chats", "/api/nothing", "/metrics"])
async def test_every_answer_forbids_foreign_scripts_and_frames(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy, "scripts fall under default-src"
    assert headers["x-content-type-options"] == "nosniff"
