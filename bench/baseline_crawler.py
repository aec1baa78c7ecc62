"""An ordinary crawler to hold ours against: Telethon's event handlers and one upsert per event.

Written as its users would write it with care: updates in order, ``catch_up`` after a restart, a session on disk, a
connection pool that waits for the database, statements that may be repeated, each text kept. It shares no code with
Heliograph. ``python -m bench.baseline_crawler FILE`` reads ``Settings`` as JSON and runs until SIGTERM or the end
of its stdin.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import psycopg_pool
from telethon import TelegramClient, events
from telethon.crypto import rsa

ATTEMPTS = 5
RETRY_SECONDS = 1.0
POOL_SECONDS = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS baseline_messages (
    chat_id bigint, message_id bigint, sender_id bigint, date timestamptz, edit_date timestamptz, text text,
    is_deleted boolean NOT NULL DEFAULT false, PRIMARY KEY (chat_id, message_id)
);
CREATE TABLE IF NOT EXISTS baseline_texts (
    chat_id bigint, message_id bigint, at timestamptz, text text, PRIMARY KEY (chat_id, message_id, at, text)
);
"""
UPSERT = """
INSERT INTO baseline_messages (chat_id, message_id, sender_id, date, edit_date, text) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (chat_id, message_id) DO UPDATE SET text = EXCLUDED.text, edit_date = EXCLUDED.edit_date
"""
KEEP_TEXT = "INSERT INTO baseline_texts VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
DELETE = "UPDATE baseline_messages SET is_deleted = true WHERE chat_id = %s AND message_id = ANY(%s)"
# Outside channels Telegram does not say in which chat it was; ids are unique among all of them.
DELETE_OUTSIDE = (
    "UPDATE baseline_messages SET is_deleted = true WHERE chat_id > -1000000000000 AND message_id = ANY(%s)"
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where Telegram and the database are."""

    dsn: str
    session: str
    api_id: int
    api_hash: str
    host: str
    port: int
    public_key_file: str


class Crawler:
    """Stores what the event handlers are told."""

    def __init__(self, client: TelegramClient, pool: psycopg_pool.AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        client.add_event_handler(self.store, events.NewMessage())
        client.add_event_handler(self.store, events.MessageEdited())
        client.add_event_handler(self.delete, events.MessageDeleted())
        client.add_event_handler(self.act, events.ChatAction())

    async def store(self, event: Any) -> None:
        """Store a new or edited message."""
        await self._store(event.chat_id, event.message)

    async def act(self, event: Any) -> None:
        """Store a service message."""
        if event.action_message is not None:
            await self._store(event.chat_id, event.action_message)

    async def delete(self, event: Any) -> None:
        """Mark deleted messages."""
        if event.chat_id is None:
            await self._execute([(DELETE_OUTSIDE, [event.deleted_ids])])
        else:
            await self._execute([(DELETE, [event.chat_id, event.deleted_ids])])

    async def _store(self, chat_id: int, message: Any) -> None:
        text = message.message or ""
        at = message.edit_date or message.date
        await self._execute(
            [
                (UPSERT, [chat_id, message.id, message.sender_id, message.date, message.edit_date, text]),
                (KEEP_TEXT, [chat_id, message.id, at, text]),
            ]
        )

    async def _execute(self, statements: list[tuple[str, list[Any]]]) -> None:
        """Run statements in one transaction, again when the database was away."""
        for attempt in range(ATTEMPTS):
            try:
                async with self._pool.connection() as conn, conn.transaction():
                    for statement, arguments in statements:
                        await conn.execute(statement, arguments)
                return
            except psycopg.OperationalError:
                if attempt == ATTEMPTS - 1:
                    raise
                await asyncio.sleep(RETRY_SECONDS)


async def run(settings: Settings) -> None:
    """Crawl until SIGTERM, or until whoever started it is gone."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    pool: psycopg_pool.AsyncConnectionPool[Any] = psycopg_pool.AsyncConnectionPool(
        settings.dsn,
        min_size=1,
        max_size=4,
        timeout=POOL_SECONDS,
        check=psycopg_pool.AsyncConnectionPool.check_connection,
        open=False,
    )
    await pool.open(wait=True)
    async with pool.connection() as conn:
        await conn.execute(SCHEMA)
    client = _client(settings)
    Crawler(client, pool)
    await client.connect()
    # The list of chats brings every access hash, without which no channel can be asked for its difference.
    await client.get_dialogs()
    print(json.dumps({"ready": True}), flush=True)
    await stop.wait()
    await client.disconnect()
    await pool.close()


def _client(settings: Settings) -> TelegramClient:
    rsa.add_key(Path(settings.public_key_file).read_text("ascii"), old=False)
    client = TelegramClient(
        settings.session,
        settings.api_id,
        settings.api_hash,
        catch_up=True,
        sequential_updates=True,
        connection_retries=1_000_000,
        retry_delay=1,
    )
    client.session.set_dc(2, settings.host, settings.port)
    return client


if __name__ == "__main__":
    asyncio.run(run(Settings(**json.loads(Path(sys.argv[1]).read_text("utf-8")))))
