"""What a backfill is held against: decoding alone, merging alone, and the way a script would do it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from telethon import TelegramClient
from telethon.tl import functions

from bench import installation
from heliograph import clock, config
from heliograph.cli import wire
from heliograph.crawler import directory, history, link, normalize, peers, roster
from heliograph.crawler.transport import reader, session
from heliograph.domain import identity, records
from heliograph.store import accounts, chats, commit
from heliograph.vault import sessions

SAMPLE_MESSAGES = 30_000
ROWWISE_MESSAGES = 3_000
GROUP_ROWS = 800
"""As many rows in a commit as the writer takes of history."""


async def decode_and_merge(site: installation.Installation) -> tuple[float, float]:
    """Return messages per second of decoding answers alone and of committing their rows alone."""
    async with _account(site) as account:
        payloads, batches = await _pages(site, account)
    return _decode(payloads), await _merge(batches)


async def rowwise(site: installation.Installation) -> float:
    """Return messages per second of Telethon's iter_messages(wait_time=0) with one upsert per commit."""
    async with _account(site) as account:
        key = account.connection.key
        peer = (await _peers(site, account))[0][1]
        await account.connection.disconnect()
        client = TelegramClient(session.TransportSession(key), site.settings.telegram.api_id, "0" * 32)
        await client.connect()
        conn = await psycopg.AsyncConnection.connect(site.database.dsn, autocommit=True)
        await conn.execute("CREATE TABLE rowwise (id bigint PRIMARY KEY, date timestamptz, sender bigint, text text)")
        begun, count = time.perf_counter(), 0
        async for message in client.iter_messages(peer, limit=ROWWISE_MESSAGES, wait_time=0):
            await conn.execute(
                "INSERT INTO rowwise VALUES (%s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET text = EXCLUDED.text",
                (message.id, message.date, message.sender_id, message.message),
            )
            count += 1
        seconds = time.perf_counter() - begun
        await conn.execute("DROP TABLE rowwise")
        await conn.close()
        await client.disconnect()
    return count / seconds


@asynccontextmanager
async def _account(site: installation.Installation) -> AsyncIterator[link.Link]:
    vault = sessions.load(site.settings.key_file)
    (row, *_) = await roster.active(site.database)
    connection = await roster.connection(site.settings, site.database, vault, row, clock.SystemClock())
    await connection.connect()
    try:
        yield link.Link(connection, epoch=0, chats=directory.Directory(private_chats=False))
    finally:
        await connection.disconnect()


async def _peers(site: installation.Installation, account: link.Link) -> list[tuple[chats.ChatRow, Any]]:
    """Return the channels and how the account reaches them, the fullest first."""
    async with site.database.connection() as conn:
        rows = await chats.load(conn)
        accesses = await chats.accesses(conn, identity.AccountId(account.account_id))
    hashes = {each.peer_id: each.access_hash for each in accesses}
    channels = [row for row in rows if row.space_id > 0]
    channels.sort(key=lambda row: -row.done)
    return [(row, peers.input_peer(row.chat_id, hashes.get(row.chat_id))) for row in channels]


async def _pages(site: installation.Installation, account: link.Link) -> tuple[list[bytes], list[records.Batch]]:
    """Fetch a sample of the corpus once: the answers' bytes and the batches that the crawler makes of them."""
    payloads: list[bytes] = []
    batches: list[records.Batch] = []
    count = 0
    for row, peer in await _peers(site, account):
        progress = records.BackfillProgress(
            chat_id=row.chat_id, space_id=row.space_id, next_id=0, done=0, total=0, is_complete=False, since=None
        )
        memory = normalize.PeerMemory()
        while not progress.is_complete and count < SAMPLE_MESSAGES:
            payloads.append(await _payload(account, peer, progress.next_id))
            request = history.Request(account=account, peer=peer, progress=progress, as_of=1)
            page = await history.fetch(request, memory, clock.SystemClock().now())
            batches.append(page.batch)
            progress = page.progress
            count += len(page.batch.messages)
    return payloads, batches


async def _payload(account: link.Link, peer: Any, above: int) -> bytes:
    request = functions.messages.GetHistoryRequest(
        peer=peer,
        offset_id=above + 1,
        offset_date=None,
        add_offset=-history.PAGE,
        limit=history.PAGE,
        max_id=0,
        min_id=0,
        hash=0,
    )
    return bytes(await account.connection.call(request))


def _decode(payloads: list[bytes]) -> float:
    begun, count = time.perf_counter(), 0
    for payload in payloads:
        count += len(reader.Reader(payload).tgread_object().messages)
    return count / (time.perf_counter() - begun)


async def _merge(batches: list[records.Batch]) -> float:
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
        settings = config.load(Path(folder), must_exist=False)
        async with wire.database(settings) as database:
            async with database.connection() as conn:
                await accounts.save(conn, label="Bench", user_id=1, dc_id=2)
            begun, count = time.perf_counter(), 0
            for group in _groups(batches):
                async with database.transaction() as conn:
                    await commit.commit(conn, group)
                count += sum(len(batch.messages) for batch in group)
            seconds = time.perf_counter() - begun
    return count / seconds


def _groups(batches: list[records.Batch]) -> list[list[records.Batch]]:
    size = max(1, GROUP_ROWS // history.PAGE)
    return [batches[start : start + size] for start in range(0, len(batches), size)]
