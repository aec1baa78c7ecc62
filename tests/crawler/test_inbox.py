"""What may wait to be taken is bounded in bytes too, measured as Telegram writes it, unpacked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types
from telethon.tl.core import GzipPacked
from tests.crawler.test_transport_contract import KEY, SETTINGS, container, from_server, kinds, server_id

from heliograph import clock
from heliograph.crawler.transport import client as clients
from heliograph.crawler.transport import inbox, session

NAME = types.UpdateUserName(user_id=1, first_name="tide " * 4000, last_name="", usernames=[])
LARGE = bytes(types.UpdateShort(update=NAME, date=datetime(2026, 3, 1, 12, tzinfo=UTC)))


def a_client(max_bytes: int) -> Any:
    key = session.SessionKey(dc_id=2, address="127.0.0.1", port=1, auth_key=KEY)
    return clients.Client(SETTINGS, key, inbox.Inbox(1000, clock.SystemClock(), max_bytes=max_bytes))


def received(client: Any, body: bytes, number: int = 0) -> Any:
    return client._sender._state.decrypt_message_data(from_server(client, body, server_id(number)))


async def test_large_containers_overflow_by_their_bytes_and_control_events_are_kept() -> None:
    """Regression: ten thousand containers were the only bound, and one of them may hold a megabyte."""
    client = a_client(5 * len(LARGE))
    for number in range(20):
        await client._sender._handle_update(received(client, LARGE, number))
        if number == 10:
            await client._handle_auto_reconnect()
    client.inbox.signal("ended")
    assert kinds(client) == [*["container"] * 4, "overflow", "reconnected", "ended"]
    # What was taken makes room again.
    for number in range(20, 24):
        await client._sender._handle_update(received(client, LARGE, number))
    assert kinds(client) == ["container"] * 4


@pytest.mark.parametrize("packing", ["alone", "in a container", "in gzip", "in gzip in a container"])
async def test_size_of_a_push_is_that_of_its_unpacked_bytes(packing: str) -> None:
    client = a_client(2**20)
    body = bytes(GzipPacked(LARGE)) if "gzip" in packing else LARGE
    if "container" not in packing:
        pushes = [received(client, body)]
    else:
        pushes = received(client, container(body, bytes(types.UpdatesTooLong()))).obj.messages
        assert pushes.pop().obj.decoded_bytes == 4
    (push,) = pushes
    assert len(LARGE) <= push.obj.decoded_bytes < len(LARGE) + 100
