"""Errors: problem details for everything, and never a 500 for what somebody sends."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from heliograph import errors
from heliograph.web import problems, security

CHAT = -1_000_000_000_001
PATHS = [
    f"/api/chats/{CHAT}",
    f"/api/chats/{CHAT}/messages",
    f"/api/messages/{CHAT}/1",
    f"/api/messages/{CHAT}/1/revisions",
    "/api/search",
    "/api/status",
    "/api/chats",
]
PARAMETERS = [
    "before",
    "after",
    "around",
    "date",
    "topic",
    "limit",
    "q",
    "chat",
    "sender",
    "from",
    "to",
    "kind",
    "offset",
]
NASTY = [
    *(
        "",
        "0",
        "-1",
        "1",
        "50",
        "201",
        "2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "1e9",
        "NaN",
        "null",
    ),
    *(
        "\x00",
        "\ud7ff",
        "😀",
        "'; DROP TABLE messages; --",
        "%",
        "../../etc/passwd",
        "a" * 600,
        "(",
        "&",
        "<->",
        "\u202e",
    ),
    *("2026-01-01", "0001-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "1969-12-31T23:59:59-23:59"),
    *("9999-12-31T23:59:59-23:59", "9" * 30, "-" * 30),
]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api", 404),
        ("GET", "/nothing.js", 404),
        ("POST", "/api/chats", 405),
        ("GET", "/api/chats/harbour", 422),
        ("GET", f"/api/chats/{2**63}", 422),
        ("GET", "/api/messages/1/0", 422),
        ("GET", "/api/search?q=x&kind=DROP", 422),
        ("GET", "/api/search?q=x&kind=photos", 422),
        ("GET", "/api/live", 426),
    ],
)
async def test_errors_are_problem_details(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(("path", "status"), [("/api/chats", 200), ("/api/nothing", 404), ("/health/live", 200)])
async def test_head_answers_as_get_does(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.head(path)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        (await client.get(path)).headers["content-type"],
    )


async def test_problem_does_not_repeat_what_was_sent(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/search", params={"q": "secret words", "limit": "secret number"})
    assert answer.status_code == 422
    assert "secret" not in answer.text


async def test_database_outage_is_a_problem(client: httpx.AsyncClient, database: Any) -> None:
    await database.pool.close()
    answer = await client.get("/api/chats")
    assert (answer.status_code, answer.json()["title"]) == (503, "Service Unavailable")
    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "migrate"),
        ("DROP TABLE alembic_version", "migrate"),
        ("UPDATE alembic_version SET version_num = '9999'", "upgrade the program"),
    ],
    ids=["older", "empty", "newer"],
)
async def test_other_schema_is_not_ready(client: httpx.AsyncClient, database: Any, statement: str, words: str) -> None:
    assert (await client.get("/health/ready")).json() == {"status": "ok"}
    async with database.connection() as conn:
        await conn.execute(statement)
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert words in answer.json()["detail"]
    assert (await client.get("/health/live")).status_code == 200


async def test_unforeseen_error_says_nothing_of_its_cause() -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fail(kind: str) -> None:
        raise {"ours": errors.HeliographError("One sentence."), "other": RuntimeError("secret")}[kind]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        ours, other = [await client.get("/", params={"kind": kind}) for kind in ("ours", "other")]
    assert (ours.status_code, ours.json()["detail"]) == (500, "One sentence.")
    assert other.status_code == 500
    assert "secret" not in other.text


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_guard_that_fails_itself_is_a_problem_and_no_traceback(app: FastAPI, kind: str) -> None:
    """The last resort stands outside everything that is put around the routes."""
    sent = await ask(app, {"type": kind, "path": "/api/chats"})  # without headers, which no server sends
    if kind == "http":
        assert (sent[0]["status"], dict(sent[0]["headers"])[b"content-type"]) == (500, b"application/problem+json")
    else:
        assert sent == [{"type": "websocket.close", "code": 1011}]


async def test_live_stream_that_fails_is_closed_without_its_words(
    app: FastAPI, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fail() -> None:
        raise RuntimeError("secret words")

    app.dependency_overrides[security.principal] = fail
    headers = [(b"host", b"localhost")]
    scope = {"type": "websocket", "path": "/api/live", "query_string": b"", "headers": headers, "subprotocols": []}
    assert await ask(app, scope) == [{"type": "websocket.close", "code": 1011}]
    written = "".join(capfd.readouterr())
    assert "request_failed" in written and "secret" not in written


async def ask(app: FastAPI, scope: dict[str, Any]) -> list[Any]:
    """Hand one request to an app as a server does, and return what it sends."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(
    path=st.sampled_from(PATHS),
    query=st.lists(st.tuples(st.sampled_from(PARAMETERS), st.sampled_from(NASTY) | st.text(max_size=20)), max_size=4),
    tail=st.sampled_from(["", *NASTY]),
)
def test_whatever_is_sent_is_an_answer_or_the_sender_s_fault(
    fuzzed: Any, path: str, query: list[tuple[str, str]], tail: str
) -> None:
    path = path.rpartition("/")[0] + "/" + quote(tail, safe="", errors="replace") if tail else path
    query = [(name, value.encode("utf-8", "replace").decode()) for name, value in query]
    answer = fuzzed(path, query)
    assert answer.status_code in (200, 404, 422), (answer.status_code, answer.text)


@pytest.fixture
async def fuzzed(client: httpx.AsyncClient, rows: Any) -> Any:
    """A way to send requests from hypothesis's synchronous examples into this test's event loop."""
    import asyncio
    import threading

    await rows.chat(CHAT)
    await rows.message(CHAT, 1, "x")
    loop = asyncio.get_running_loop()
    assert threading.current_thread() is threading.main_thread()

    def send(path: str, query: list[tuple[str, str]]) -> httpx.Response:
        return loop.run_until_complete(client.get(path, params=query))

    return send
