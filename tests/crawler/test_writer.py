"""Group commit on a real database: what goes together, what fails together, and what one bad row costs."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from heliograph import clock, errors
from heliograph.crawler import breaker, writer
from heliograph.domain import records
from heliograph.store import locks

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
async def running(database, **options):
    made = writer.Writer(database, **options)
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


@contextlib.asynccontextmanager
async def hanging(database, user_id=5):
    """Let every commit that knows a user hang until the block ends; the user's row is another transaction's."""
    async with database.transaction() as conn:
        await conn.execute("INSERT INTO users (user_id, first_name) VALUES (%s, 'Anna')", [user_id])
        yield records.User(user_id=user_id, first_name="Anna")


async def test_live_commit_ends_while_a_commit_of_history_hangs(database):
    async with running(database) as made:
        async with hanging(database) as user:
            history = made.enqueue(batch(1, space=12, origin="backfill", users=[user]))
            for number in range(1, 4):
                await made.submit(batch(number))
            assert not history.done()
        assert not (await history).is_conflict


async def test_live_rows_of_a_chat_whose_history_is_being_written_hold_up_no_other_chat(database):
    async with running(database) as made:
        async with hanging(database) as user:
            history = made.enqueue(batch(1, space=12, origin="backfill", users=[user]))
            await made.submit(batch(1))
            same = [
                made.enqueue(batch(n, space=12, moves=move(before, n, box=12))) for before, n in ((None, 2), (2, 3))
            ]
            await made.submit(batch(2))
            assert not any(future.done() for future in (history, *same))
        assert not any(result.is_conflict for result in await asyncio.gather(history, *same))
    assert await one(database, "SELECT pts FROM box_cursors WHERE box = 12") == 3


async def test_spaces_that_share_a_lock_with_history_under_way_hold_up_no_others(database):
    sharing = 12 + locks.slot(-1) + 1
    assert locks.slot(sharing) == locks.slot(12)
    async with running(database) as made:
        async with hanging(database) as user:
            history = made.enqueue(batch(1, space=sharing, origin="backfill", users=[user]))
            await made.submit(batch(1))
            same = made.enqueue(batch(2, space=12))
            await made.submit(batch(2))
            assert not same.done()
        await asyncio.gather(history, same)


async def test_history_lets_waiting_live_rows_of_its_chat_go_first(database):
    ended = []
    async with running(database) as made:
        async with hanging(database) as user:
            first = made.enqueue(batch(1, space=12, origin="backfill", users=[user]))
            await made.submit(batch(1))
            live = made.enqueue(batch(2, space=12))
            await made.submit(batch(2))
            second = made.enqueue(batch(3, space=12, origin="backfill"))
            for name, future in (("first", first), ("live", live), ("second", second)):
                future.add_done_callback(lambda _, name=name: ended.append(name))
        await asyncio.gather(first, live, second)
    assert ended == ["first", "live", "second"]


async def test_mark_and_the_answer_to_it_keep_their_order(database):
    """Else the answer would wipe out a mark that came after it."""
    async with running(database) as made:
        async with hanging(database) as user:
            history = made.enqueue(batch(1, space=12, origin="backfill", users=[user]))
            await made.submit(batch(1))
            answer = made.enqueue(records.Batch(origin="difference", moves=move(None, 9, box=12), clean=[12]))
            mark = made.enqueue(records.Batch(origin="live", dirty=[records.DirtyMark(box=12, reason="overflow")]))
            await made.submit(batch(2))
        await asyncio.gather(history, answer, mark)
    assert await one(database, "SELECT array_agg(box) FROM dirty_boxes") == [12]


async def test_marks_are_in_the_transaction_of_the_account_state_that_named_them(database):
    """Else a crash in between forgets the channels: no later difference names them again."""
    marks = [records.DirtyMark(box=box, reason="named") for box in (12, 13)]
    async with running(database) as made:
        await made.submit(records.Batch(origin="difference", moves=move(None, 9, box=-7), dirty=marks))
    assert await one(database, "SELECT count(*) FROM dirty_boxes") == 2
    written_by = "SELECT xmin::text AS it FROM box_cursors UNION ALL SELECT xmin::text FROM dirty_boxes"
    assert await one(database, f"SELECT count(DISTINCT it) FROM ({written_by}) written") == 1


async def test_writer_is_idle_when_every_lane_has_ended(database):
    async with running(database) as made:
        async with hanging(database) as user:
            history = made.enqueue(batch(1, space=12, origin="backfill", users=[user]))
            await made.submit(batch(1))
            idle = asyncio.create_task(made.until_idle())
            await made.submit(batch(2))
            assert not idle.done()
        await idle
        assert history.done()


async def test_there_is_no_room_while_too_much_waits_and_room_again_once_it_is_committed(database):
    async with running(database) as made:
        async with hanging(database) as user:
            made.enqueue(batch(1, users=[user]))
            await made.submit(batch(1, space=12, origin="backfill"))
            many = [made.enqueue(batch(n)) for n in range(2, writer.BACKLOG_ROWS + 3)]
            room = asyncio.create_task(made.until_room())
            await made.submit(batch(2, space=12, origin="backfill"))
            assert not room.done()
        await room
        await asyncio.gather(*many)


async def test_there_is_no_room_while_a_live_commit_hangs(database):
    time = clock.ManualClock(NOW)
    async with running(database, time=time) as made:
        async with hanging(database) as user:
            made.enqueue(batch(1, users=[user]))
            await made.submit(batch(1, space=12, origin="backfill"))
            await made.until_room()
            time.advance(writer.STALL_SECONDS + 1)
            room = asyncio.create_task(made.until_room())
            await made.submit(batch(2, space=12, origin="backfill"))
            assert not room.done()
        await room


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

        async def listen_connection(self):
            raise errors.DatabaseUnreachable

    async with running(Away()) as made:
        with pytest.raises(errors.DatabaseUnreachable):
            await made.submit(batch(1))
        refused = made.enqueue(batch(2))
        assert refused.done() and isinstance(refused.exception(), errors.DatabaseUnreachable)


@contextlib.asynccontextmanager
async def full_disk(database):
    """Let the database answer, yet refuse every message as it does without room."""
    async with database.connection() as conn:
        await conn.execute(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END$$"
        )
        await conn.execute("CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()")
    yield
    async with database.connection() as conn:
        await conn.execute("DROP TRIGGER refuse ON messages")


async def test_full_disk_is_tried_again_after_longer_pauses_until_a_commit_succeeds(database):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    async with running(database, sleep=sleep) as made:
        for failures in (3, 1):
            async with full_disk(database):
                for _ in range(failures):
                    with pytest.raises(errors.DiskFull):
                        await made.submit(batch(failures))
                    await made.until_healthy()
            await made.submit(batch(failures))
    assert pauses == [*breaker.PAUSES_SECONDS[:3], breaker.PAUSES_SECONDS[0]]


async def test_lanes_that_fail_together_pause_once(database):
    pauses, over = [], asyncio.Event()

    async def sleep(seconds):
        pauses.append(seconds)
        await over.wait()

    async with running(database, sleep=sleep) as made, full_disk(database):
        both = [made.enqueue(batch(1)), made.enqueue(batch(1, space=12, origin="backfill"))]
        ends = await asyncio.gather(*both, return_exceptions=True)
        over.set()
        await made.until_healthy()
    assert [type(end) for end in ends] == [errors.DiskFull, errors.DiskFull]
    assert len(pauses) == 1


async def test_stopped_writer_says_so_to_those_who_wait(database):
    async with running(database) as made:
        waiting = [made.enqueue(batch(*range(n, n + 400))) for n in range(1, 2001, 400)]
        await asyncio.sleep(0)
    late = made.enqueue(batch(9))
    assert isinstance(late.exception(), errors.DatabaseUnreachable)
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, writer.CommitResult | errors.DatabaseUnreachable) for end in ends)


async def test_batch_that_meets_a_defect_costs_itself_and_no_other_of_its_group(database):
    """Regression: the whole group failed, again and again, and the lane slept until the breaker let it go on."""
    async with database.connection() as conn:
        await conn.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN IF NEW.space_id = 12 THEN RAISE 'defect'; END IF; RETURN NEW; END$$"
        )
        await conn.execute("CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()")
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    async with running(database, sleep=sleep) as made:
        for number in range(1, breaker.FAILURES + 2):
            before = number - 1 or None
            good, bad, same = await asyncio.gather(
                made.enqueue(batch(number, moves=move(before, number))),
                made.enqueue(batch(number, space=12, moves=move(None, number, box=12))),
                made.enqueue(batch(number, space=12, moves=move(number, number + 1, box=12))),
                return_exceptions=True,
            )
            assert not good.is_conflict
            assert isinstance(bad, errors.DatabaseUnreachable)
            assert same.is_conflict
        assert not made.is_away
    assert await one(database, "SELECT array_agg(DISTINCT space_id) FROM messages") == [11]
    assert pauses == []


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
