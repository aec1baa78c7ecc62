"""Group commit on a real database: what goes together, what fails together, and what one bad row costs."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from heliograph import errors
from heliograph.crawler import writer
from heliograph.domain import records

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(message_id, space=11, text="tervetuloa", **fields):
    return records.Message(
        space_id=space, message_id=message_id, chat_id=-1000000000000 - space, date=NOW, as_of=1, text=text, **fields
    )


def batch(*ids, space=11, origin="live", moves=(), **fields):
    return records.Batch(origin=origin, moves=moves, messages=[message(i, space) for i in ids], **fields)


def move(start, end, box=11):
    before = None if start is None else records.BoxState(pts=start)
    return (records.CursorMove(box=box, from_state=before, to_state=records.BoxState(pts=end), epoch=1),)


@contextlib.asynccontextmanager
async def running(database):
    made = writer.Writer(database)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def one(database, query):
    async with database.connection() as conn:
        return (await (await conn.execute(query)).fetchone())[0]


async def test_what_waits_commits_together(database):
    async with running(database) as made:
        futures = [made.enqueue(batch(number)) for number in range(1, 51)]
        await asyncio.gather(*futures)
    assert await one(database, "SELECT count(*) FROM messages") == 50
    assert await one(database, "SELECT count(DISTINCT stored_at) FROM messages") == 1


async def test_one_commit_holds_a_bounded_number_of_rows(database):
    async with running(database) as made:
        await asyncio.gather(*(made.enqueue(batch(*range(n, n + 200))) for n in range(1, 1001, 200)))
    assert await one(database, "SELECT max(n) FROM (SELECT count(*) AS n FROM messages GROUP BY stored_at) g") <= 500


async def test_live_rows_go_before_history_and_one_page_rides_along(database):
    async with running(database) as made:
        pages = [made.enqueue(batch(*range(n, n + 100), origin="backfill")) for n in range(1, 901, 100)]
        live = made.enqueue(batch(5000))
        await live
        assert sum(page.done() for page in pages) == 1
        await asyncio.gather(*pages)


async def test_batch_from_another_state_is_a_conflict_and_the_others_are_written(database):
    async with running(database) as made:
        results = await asyncio.gather(
            made.enqueue(batch(1, moves=move(None, 10))),
            made.enqueue(batch(2, moves=move(99, 100))),
            made.enqueue(batch(3, moves=move(10, 11))),
        )
    assert [result.is_conflict for result in results] == [False, True, False]
    assert await one(database, "SELECT array_agg(message_id ORDER BY message_id) FROM messages") == [1, 3]
    assert await one(database, "SELECT pts FROM box_cursors") == 11


async def test_bad_row_becomes_a_dead_letter_beside_the_good_ones(database):
    rows = [message(number) for number in range(1, 500)] + [message(2**40)]
    async with running(database) as made:
        result = await made.submit(records.Batch(origin="live", moves=move(None, 10), messages=rows))
    assert not result.is_conflict
    assert await one(database, "SELECT count(*) FROM messages") == 499
    assert await one(database, "SELECT count(*) FROM dead_letters") == 1
    assert await one(database, "SELECT pts FROM box_cursors") == 10


async def test_lost_connection_fails_what_was_queued_and_the_next_commit_works(database):
    async with running(database) as made:
        await made.submit(batch(1))
        await one(
            database,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(errors.DatabaseUnreachable):
                    await made.submit(batch(2))
                    break
                await made.until_healthy()
    assert await one(database, "SELECT count(*) FROM messages") == 2


async def test_open_breaker_refuses_at_once_and_keeps_nothing():
    class Away:
        """A database that is not there."""

        @contextlib.asynccontextmanager
        async def connection(self):
            raise errors.DatabaseUnreachable
            yield

        transaction = connection

    async with running(Away()) as made:
        with pytest.raises(errors.DatabaseUnreachable):
            await made.submit(batch(1))
        refused = made.enqueue(batch(2))
        assert refused.done() and isinstance(refused.exception(), errors.DatabaseUnreachable)


async def test_full_disk_is_tried_again_after_longer_and_longer_pauses_until_a_commit_succeeds():
    class Full:
        """A database that answers, yet takes no commit."""

        @contextlib.asynccontextmanager
        async def connection(self):
            yield self

        async def execute(self, *_):
            pass

        @contextlib.asynccontextmanager
        async def transaction(self):
            raise errors.DiskFull
            yield

    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        await asyncio.sleep(0)

    made = writer.Writer(Full(), sleep=sleep)
    task = asyncio.create_task(made.run())
    for _ in range(4):
        with pytest.raises(errors.DiskFull):
            await made.submit(batch(1))
        await made.until_healthy()
    assert pauses == list(writer.BREAKER_SECONDS[:4])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_commit_that_succeeds_makes_the_next_pause_short_again(database):
    class Flaky:
        """A database whose disk is full as often as it is told."""

        failures = 0
        connection = database.connection

        @contextlib.asynccontextmanager
        async def transaction(self):
            if self.failures:
                self.failures -= 1
                raise errors.DiskFull
            async with database.transaction() as conn:
                yield conn

    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    flaky = Flaky()
    made = writer.Writer(flaky, sleep=sleep)
    task = asyncio.create_task(made.run())
    for failures in (2, 1):
        flaky.failures = failures
        for _ in range(failures):
            with pytest.raises(errors.DiskFull):
                await made.submit(batch(1))
            await made.until_healthy()
        await made.submit(batch(1))
    assert pauses == [*writer.BREAKER_SECONDS[:2], writer.BREAKER_SECONDS[0]]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_stopped_writer_says_so_to_those_who_wait(database):
    async with running(database) as made:
        waiting = [made.enqueue(batch(*range(n, n + 400))) for n in range(1, 2001, 400)]
        await asyncio.sleep(0)
    late = made.enqueue(batch(9))
    assert isinstance(late.exception(), errors.DatabaseUnreachable)
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, writer.CommitResult | errors.DatabaseUnreachable) for end in ends)


async def test_failing_commit_never_logs_what_people_wrote(database, capsys):
    """PostgreSQL quotes the row that failed, and no log may hold message text."""
    secret = "meet me at noon"
    async with database.connection() as conn:
        await conn.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
            " RAISE 'no room for %', NEW.text USING DETAIL = 'Failing row contains (' || NEW.text || ').'; END$$"
        )
        await conn.execute("CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()")
    async with running(database) as made:
        with pytest.raises(errors.DatabaseUnreachable) as refused:
            await made.submit(records.Batch(origin="live", moves=(), messages=[message(1, text=secret)]))
    written = "".join(capsys.readouterr())
    assert "commit_failed" in written and "RaiseException" in written and "P0001" in written
    assert "heliograph.store.commit:" in written
    assert secret not in written and secret not in str(refused.value)
