"""A connection that breaks at COMMIT leaves open whether it happened; the engine goes on without a gap or a double."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from pydantic import SecretStr

from heliograph import config, errors
from heliograph.crawler import writer
from heliograph.domain import identity, records
from heliograph.domain.sync import events, machine
from heliograph.domain.sync.actions import Commit, Fetch, Reload
from heliograph.store import cursors
from heliograph.store import database as store_database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHANNEL = identity.channel_space(11)
ACCOUNT = identity.mailbox_space(99)
PORT = 5432


class Proxy:
    """Stands between us and PostgreSQL; once armed it cuts the connection at the next COMMIT, before or after it."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.armed: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer_: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await self._serve(reader, writer_)

    async def _serve(self, reader: asyncio.StreamReader, writer_: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._target)
        back = asyncio.create_task(self._pass_on(server_reader, writer_))
        try:
            while data := await reader.read(65536):
                cut = self.armed if b"COMMIT" in data else None
                if cut is not None:
                    self.armed = None
                    back.cancel()
                if cut != "before":
                    server_writer.write(data)
                    await server_writer.drain()
                if cut == "after":
                    assert b"COMMIT" in await server_reader.read(65536)
                if cut is not None:
                    return
        finally:
            back.cancel()
            for each in (writer_, server_writer):
                each.close()

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer_: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer_.write(data)
                await writer_.drain()
        writer_.close()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def proxy(database_dsn, tmp_path):
    parts = psycopg.conninfo.conninfo_to_dict(database_dsn)
    made = Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port', PORT)}")
    server = await asyncio.start_unix_server(made.serve, path=tmp_path / f".s.PGSQL.{PORT}")
    yield made
    server.close()
    await made.stop()


@pytest.fixture
async def behind_proxy(proxy, database_dsn, tmp_path):
    dsn = psycopg.conninfo.make_conninfo(database_dsn, host=str(tmp_path), port=PORT)
    opened = await store_database.open(config.Settings(data_dir=tmp_path, database=config.Database(url=SecretStr(dsn))))
    made = writer.Writer(opened)
    running = asyncio.create_task(made.run())
    yield opened, made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await opened.close()


def message(message_id, text, *, edited=None):
    return records.Message(
        space_id=CHANNEL,
        message_id=message_id,
        chat_id=identity.channel_peer(11),
        date=NOW,
        as_of=0,
        text=text,
        edit_date=None if edited is None else NOW + timedelta(seconds=edited),
    )


def event(pts, row):
    return events.Event(box=CHANNEL, pts=pts, pts_count=1, payload=row)


def batch(commit):
    is_live = commit.origin == "live"
    rows = [replace(each.payload, as_of=each.pts if is_live else commit.to_state.pts) for each in commit.events]
    move = records.CursorMove(box=commit.box, from_state=commit.from_state, to_state=commit.to_state, epoch=1)
    return records.Batch(origin=commit.origin, moves=(move,), messages=rows)


LOG = [
    event(11, message(1, "first")),
    event(12, message(2, "second")),
    event(13, message(1, "first, edited", edited=60)),
]


@pytest.mark.parametrize(("cut", "committed"), [("after", 12), ("before", 11)])
async def test_commit_with_an_unknown_end_leaves_neither_a_gap_nor_a_double_version(
    behind_proxy, proxy, database, cut, committed
):
    opened, made = behind_proxy
    engine = machine.Machine()
    engine.add_account(ACCOUNT, None, 0)
    (anchor,) = engine.add_channel(CHANNEL, ACCOUNT, 10, 0)
    await made.submit(batch(anchor))
    engine.committed(anchor, 0)
    (first,) = engine.container(events.Container(account=ACCOUNT, events=(LOG[0],)), 0)
    await made.submit(batch(first))
    engine.committed(first, 0)

    (sent,) = engine.container(events.Container(account=ACCOUNT, events=tuple(LOG[1:])), 0)
    proxy.armed = cut
    with pytest.raises(errors.DatabaseUnreachable):
        await made.submit(batch(sent))
    assert [type(action) for action in engine.commit_failed(sent)] == [Reload]

    await made.until_healthy()
    async with opened.connection() as conn:
        found = (await cursors.load(conn))[CHANNEL].state
    assert found.pts == committed
    engine.reloaded(CHANNEL, found, 0)
    (fetch,) = (action for action in engine.tick(1) if isinstance(action, Fetch))
    missed = tuple(each for each in LOG if each.pts > fetch.from_state.pts)
    # The difference tells what was missed, in its newest form.
    actions = engine.page(fetch, events.Page(to=records.BoxState(pts=13), events=missed), 1)
    for commit in (action for action in actions if isinstance(action, Commit)):
        assert not (await made.submit(batch(commit))).is_conflict
    await expect(database)


async def test_batch_that_is_sent_again_after_it_happened_writes_nothing(behind_proxy, proxy, database):
    _, made = behind_proxy
    anchor = records.CursorMove(box=CHANNEL, from_state=None, to_state=records.BoxState(pts=10), epoch=1)
    await made.submit(records.Batch(origin="anchor", moves=(anchor,)))
    steps = [
        batch(Commit(box=CHANNEL, from_state=one, to_state=other, origin="live", events=part))
        for one, other, part in (
            (records.BoxState(pts=10), records.BoxState(pts=11), (LOG[0],)),
            (records.BoxState(pts=11), records.BoxState(pts=13), tuple(LOG[1:])),
        )
    ]
    await made.submit(steps[0])
    proxy.armed = "after"
    with pytest.raises(errors.DatabaseUnreachable):
        await made.submit(steps[1])
    await made.until_healthy()
    assert (await made.submit(steps[1])).is_conflict
    await expect(database)


async def expect(database):
    queries = {
        "SELECT message_id, text FROM messages ORDER BY 1": [(1, "first, edited"), (2, "second")],
        "SELECT message_id, text FROM revisions": [(1, "first")],
        "SELECT message_id, change FROM outbox ORDER BY epoch, n": [(1, "new"), (2, "new"), (1, "edit")],
    }
    async with database.connection() as conn:
        for query, expected in queries.items():
            found = await (await conn.execute(query)).fetchall()
            assert sorted(found) == sorted(expected), query
