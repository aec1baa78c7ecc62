"""The writer over an outage of its database: through a proxy that fails, with a spool on a real disk."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
from datetime import UTC, datetime

import msgspec
import pytest
from pydantic import SecretStr

from heliograph import config, errors
from heliograph.crawler import writer
from heliograph.crawler.spool import journal, segments
from heliograph.domain import records
from heliograph.store import database as store_database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def proxied(proxied_dsn):
    opened = await store_database.open(config.Settings(database=config.Database(url=SecretStr(proxied_dsn))))
    yield opened
    await opened.close()


@pytest.fixture
def spool(tmp_path):
    made = journal.open_at(tmp_path, 64)
    yield made
    made.close()


@contextlib.asynccontextmanager
async def running(database, **options):
    made = writer.Writer(database, **options)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def batch(start, end, *, box=11, origin="live", epoch=1, text="tervetuloa", **fields):
    """The message of id ``end``, in the batch that moves a box from ``start`` to ``end``."""
    before = None if start is None else records.BoxState(pts=start)
    move = records.CursorMove(box=box, from_state=before, to_state=records.BoxState(pts=end), epoch=epoch)
    row = records.Message(space_id=box, message_id=end, chat_id=-1000000000000 - box, date=NOW, as_of=end, text=text)
    return records.Batch(origin=origin, moves=(move,), messages=[row], **fields)


async def one(database, query):
    async with database.connection() as conn:
        return (await (await conn.execute(query)).fetchone())[0]


STORED = "SELECT array_agg(message_id ORDER BY message_id) FROM messages"
CURSOR = "SELECT pts FROM box_cursors WHERE box = 11"


async def test_batches_of_an_outage_are_written_once_it_is_over(database, proxied, postgres_proxy, spool):
    async with running(proxied, spool=spool) as made:
        await made.submit(batch(None, 1))
        await postgres_proxy.refuse()
        for number in range(2, 12):
            assert not (await made.submit(batch(number - 1, number))).is_conflict
        assert made.is_away and made.held.batches == 10
        assert await one(database, CURSOR) == 1
        await postgres_proxy.accept()
        await made.until_healthy()
        assert made.held.batches == 0
        await made.submit(batch(11, 12))
    assert await one(database, STORED) == list(range(1, 13))
    assert await one(database, CURSOR) == 12


async def test_versions_between_the_first_and_the_last_text_are_kept(database, proxied, postgres_proxy, spool):
    async with running(proxied, spool=spool) as made:
        await made.submit(batch(None, 1, text="one"))
        await postgres_proxy.refuse()
        for pts, text in ((2, "two"), (3, "three")):
            edit = dataclasses.replace(batch(pts - 1, pts).messages[0], message_id=1, text=text, edit_date=NOW)
            await made.submit(dataclasses.replace(batch(pts - 1, pts), messages=[edit]))
        await postgres_proxy.accept()
        await made.until_healthy()
    assert await one(database, "SELECT text FROM messages") == "three"
    assert await one(database, "SELECT array_agg(text ORDER BY as_of) FROM revisions") == ["one", "two"]


async def test_history_is_refused_at_once_and_live_batches_are_not(proxied, postgres_proxy, spool):
    async with running(proxied, spool=spool) as made:
        await postgres_proxy.refuse()
        await made.submit(batch(None, 1))
        for origin in ("backfill", "peers"):
            with pytest.raises(errors.DatabaseUnreachable):
                await made.submit(batch(None, 1, box=12, origin=origin))


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_batch_whose_commit_nobody_heard_of_is_there_once(database, proxied, postgres_proxy, spool, cut):
    """Row 27: whether the server carried it out is found by its cursor."""
    reset = []
    async with running(proxied, spool=spool) as made:
        made.on_reset(reset.append)
        await made.submit(batch(None, 1))
        cuts = {"before": postgres_proxy.cut_before_commit, "after": postgres_proxy.cut_after_commit}
        fault = cuts[cut](touching="messages")
        assert not (await made.submit(batch(1, 2))).is_conflict
        assert fault.happened.is_set()
        await made.until_healthy()
        await made.submit(batch(2, 3))
    assert await one(database, STORED) == [1, 2, 3]
    assert await one(database, "SELECT count(*) FROM outbox WHERE message_id = 2 AND change = 'new'") == 1
    assert reset == []


async def test_lines_that_are_cut_while_the_database_answers_cost_seconds_and_no_open_breaker(
    database, proxied, postgres_proxy, spool
):
    """Regression: five cuts after a COMMIT in a row opened the breaker, and half a minute went by."""
    pauses, sent = [], 2

    async def sleep(seconds):
        nonlocal sent
        pauses.append(seconds)
        sent += 1
        await made.submit(batch(sent - 1, sent))

    async with running(proxied, spool=spool, sleep=sleep) as made:
        await made.submit(batch(None, 1))
        fault = postgres_proxy.cut_after_commit(5)
        await made.submit(batch(1, 2))
        await made.until_healthy()
        assert fault.is_spent
    assert len(pauses) == 5
    assert sum(pauses) < 6
    assert await one(database, STORED) == list(range(1, sent + 1))
    assert await one(database, "SELECT count(*) FROM outbox WHERE change = 'new'") == sent


@pytest.mark.parametrize("fault", ["disk_full", "read_only", "deadlock"])
async def test_refusing_database_is_tried_again_and_makes_no_dead_letter(
    database, proxied, postgres_proxy, spool, fault
):
    """Row 28: an operational error is retried whole."""
    async with running(proxied, spool=spool) as made:
        await made.submit(batch(None, 1))
        refusing = getattr(postgres_proxy, fault)(2)
        await made.submit(batch(1, 2))
        await made.until_healthy()
        assert refusing.is_spent
    assert await one(database, STORED) == [1, 2]
    assert await one(database, "SELECT count(*) FROM dead_letters") == 0


async def test_black_hole_holds_up_live_batches_for_a_bounded_time(database, proxied, postgres_proxy, spool):
    async with running(proxied, spool=spool, live_seconds=0.5) as made:
        await made.submit(batch(None, 1))
        postgres_proxy.stall()
        async with asyncio.timeout(20):
            await made.submit(batch(1, 2))
            await made.submit(batch(2, 3))
        assert made.held.batches == 2
        postgres_proxy.resume()
        made.try_now()
        await made.until_healthy()
    assert await one(database, STORED) == [1, 2, 3]


async def test_black_hole_ends_a_look_at_some_rows_in_the_time_that_it_is_given(proxied, postgres_proxy):
    """Regression: the cursors of a box that had failed were waited for until the network gave up, if ever."""
    async with asyncio.timeout(20):
        with pytest.raises(errors.DatabaseUnreachable):
            async with proxied.transaction(0.2) as conn:
                await conn.execute("SELECT 1")
                postgres_proxy.stall()
                await conn.execute("SELECT 2")
        postgres_proxy.resume()
        async with proxied.connection(10) as conn:
            assert await (await conn.execute("SELECT 3")).fetchone() == (3,)


async def test_open_breaker_sends_nothing_until_somebody_has_reached_the_database(proxied, postgres_proxy, spool):
    pauses, asleep = [], asyncio.Event()

    async def sleep(seconds):
        pauses.append(seconds)
        if seconds > 2:
            asleep.set()
            await asyncio.Event().wait()

    async with running(proxied, spool=spool, sleep=sleep) as made:
        await postgres_proxy.refuse()
        await made.submit(batch(None, 1))
        await asleep.wait()
        await postgres_proxy.accept()
        connections = postgres_proxy.counts["connections"]
        await made.submit(batch(1, 2))
        assert made.is_away and postgres_proxy.counts["connections"] == connections
        made.try_now()
        await made.until_healthy()
    assert len(pauses) == 5


async def test_batches_go_through_the_spool_until_it_is_empty(database, proxied, postgres_proxy, spool):
    """Else a later one of the same box would overtake those that wait there."""
    async with running(proxied, spool=spool) as made:
        await postgres_proxy.refuse()
        await made.submit(batch(None, 1))
        for pts in range(2, 1_200):
            made.enqueue(batch(pts - 1, pts))
        await made.until_idle()
        await postgres_proxy.accept()
        sent = 1_199
        while made.is_away:
            sent += 1
            assert not (await made.submit(batch(sent - 1, sent))).is_conflict
        assert not (await made.submit(batch(sent, sent + 1))).is_conflict
    assert await one(database, CURSOR) == sent + 1
    assert await one(database, "SELECT count(*) FROM messages") == sent + 1


@pytest.mark.parametrize("point", ["before", "after"])
async def test_process_that_dies_about_an_fsync_loses_nothing_that_counted(
    database,
    proxied,
    postgres_proxy,
    tmp_path,
    point,
):
    """Row 25: killed before the fsync nobody was told; killed after it the next process has it."""
    about, reached = [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def fsync(descriptor):
        if point == "after":
            os.fsync(descriptor)
        if about:
            loop.call_soon_threadsafe(reached.set)
            raise SystemError("killed")
        if point == "before":
            os.fsync(descriptor)

    dying = journal.Journal(segments.Segments(tmp_path / "spool", 10**8, fsync=fsync))
    async with running(proxied, spool=dying) as made:
        await made.submit(batch(None, 1))
        await postgres_proxy.refuse()
        await made.submit(batch(1, 2))
        about.append(True)
        last = made.enqueue(batch(2, 3))
        await reached.wait()
    assert last.exception() is not None
    dying.close()
    await postgres_proxy.accept()
    left = journal.open_at(tmp_path, 64)
    await writer.Writer(proxied, spool=left).replay()
    left.close()
    assert (await one(database, STORED))[:2] == [1, 2]
    assert await one(database, CURSOR) == len(await one(database, STORED))


async def test_replay_that_is_repeated_changes_nothing(database, spool, tmp_path):
    """A process may die between the commit of a part and its removal."""
    await spool.append([batch(None, 1), batch(1, 2), batch(2, 3)])
    shutil.copytree(tmp_path / "spool", tmp_path / "again" / "spool")
    again = journal.open_at(tmp_path / "again", 64)
    for each in (spool, again):
        await writer.Writer(database, spool=each).replay()
        assert each.is_empty
    again.close()
    assert await one(database, STORED) == [1, 2, 3]
    assert await one(database, "SELECT count(*) FROM outbox WHERE kind = 'message'") == 3


async def test_box_of_another_holder_keeps_its_cursor_and_gets_the_rows(database, spool):
    reset = []
    async with running(database) as made:
        await made.submit(batch(None, 1))
    async with database.connection() as conn:
        await conn.execute("UPDATE box_cursors SET epoch = 2")
    dirty = [records.DirtyMark(box=12, reason="account_difference")]
    await spool.append([batch(1, 2, dirty=dirty, clean=[11]), batch(None, 1, box=12)])
    made = writer.Writer(database, spool=spool)
    made.on_reset(reset.extend)
    await made.replay()
    assert reset == [11]
    assert (await one(database, CURSOR), await one(database, "SELECT epoch FROM box_cursors WHERE box = 11")) == (1, 2)
    assert await one(database, STORED) == [1, 1, 2]
    assert await one(database, "SELECT array_agg(box) FROM dirty_boxes") == [12]


async def test_boxes_whose_cursors_the_database_has_lost_begin_anew(database, spool):
    """A fail-over that lost commits: the batch starts at a state that is not there any more."""
    reset = []
    async with running(database) as made:
        await made.submit(batch(None, 1))
    await spool.append([batch(5, 6)])
    made = writer.Writer(database, spool=spool)
    made.on_reset(reset.extend)
    await made.replay()
    assert (reset, await one(database, CURSOR), await one(database, STORED)) == ([11], 1, [1, 6])


async def test_full_spool_refuses_and_the_rest_is_still_written(database, proxied, postgres_proxy, tmp_path):
    small = journal.Journal(segments.Segments(tmp_path / "spool", 2_000))
    async with running(proxied, spool=small) as made:
        await made.submit(batch(None, 1))
        await postgres_proxy.refuse()
        kept, box = 1, 20
        with pytest.raises(errors.DatabaseUnreachable):
            while True:
                await made.submit(batch(kept, kept + 1))
                kept += 1
        assert made.held.bytes <= 2_000
        with pytest.raises(errors.DatabaseUnreachable):
            await made.submit(batch(None, 1, box=box))
        await postgres_proxy.accept()
        await made.until_healthy()
        await made.submit(batch(kept, kept + 1))
    assert await one(database, CURSOR) == kept + 1 > 2
    small.close()


async def test_bad_row_in_the_spool_becomes_a_dead_letter(database, spool):
    bad = batch(None, 1)
    await spool.append(
        [dataclasses.replace(bad, messages=[*bad.messages, dataclasses.replace(bad.messages[0], message_id=2**40)])]
    )
    await writer.Writer(database, spool=spool).replay()
    assert (await one(database, STORED), await one(database, "SELECT count(*) FROM dead_letters")) == ([1], 1)


LETTERS = "SELECT array_agg(message_id ORDER BY message_id) FROM dead_letters"
BAD_ROWS = 2_000
BAD_IDS = [2**40 + number for number in range(BAD_ROWS)]
SHORT_SECONDS = 2.0
"""Much less than it takes to tell so many bad rows apart."""


def bad_batch():
    """A batch of messages none of which the database can store."""
    first = batch(None, BAD_ROWS)
    return dataclasses.replace(first, messages=[dataclasses.replace(first.messages[0], message_id=n) for n in BAD_IDS])


async def test_so_many_bad_rows_that_telling_them_apart_takes_long_are_no_outage(database):
    """Regression: each commit ended at its deadline with nothing done, and was made again, for ever."""
    async with running(database, live_seconds=SHORT_SECONDS) as made:
        assert not (await made.submit(bad_batch())).is_conflict
    assert (await one(database, LETTERS), await one(database, CURSOR)) == (BAD_IDS, BAD_ROWS)


async def test_so_many_bad_rows_in_the_spool_become_dead_letters(database, spool):
    await spool.append([bad_batch()])
    await writer.Writer(database, spool=spool, live_seconds=SHORT_SECONDS, sleep=yielding).replay()
    assert (await one(database, LETTERS), await one(database, CURSOR)) == (BAD_IDS, BAD_ROWS)
    assert await one(database, REFUSED) is None


async def test_spooled_batch_that_takes_longer_than_any_deadline_is_set_aside(database, spool, tmp_path):
    """Regression: the database answered, so that it was no outage, and all was tried anew for ever."""
    async with database.connection() as conn:
        # No step of it takes so long that the server gives it up.
        await conn.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN PERFORM pg_sleep(1.2); RETURN NEW; END$$"
        )
        for table, column in (("box_cursors", "box"), ("outbox", "space_id")):
            await conn.execute(
                f"CREATE TRIGGER dawdle BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.{column} = 12)"
                " EXECUTE FUNCTION dawdle()"
            )
    await spool.append([batch(None, 1), batch(None, 1, box=12), batch(1, 2)])
    async with asyncio.timeout(60):
        await writer.Writer(database, spool=spool, live_seconds=2, sleep=yielding).replay()
    assert (await one(database, STORED), await one(database, REFUSED)) == ([1, 2], [12])
    assert len(list((tmp_path / "spool" / "refused").iterdir())) == 1


@contextlib.asynccontextmanager
async def defect(database):
    """Let everything fail that writes a message of box 12, for a reason that is no error of the data."""
    async with database.connection() as conn:
        await conn.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN IF NEW.space_id = 12 THEN RAISE 'defect'; END IF; RETURN NEW; END$$"
        )
        await conn.execute("CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()")
    yield
    async with database.connection() as conn:
        await conn.execute("DROP TRIGGER refuse ON messages")


REFUSED = "SELECT array_agg(space_id) FROM crawl_errors WHERE kind = 'batch_refused'"


async def yielding(seconds):
    await asyncio.sleep(0)


async def test_spooled_batch_that_meets_a_defect_ends_no_start_and_is_set_aside(database, tmp_path):
    """Regression: every start failed with the same error, and the spool stayed as it was."""
    spool = journal.open_at(tmp_path, 64)
    await spool.append([batch(None, 1), batch(None, 1, box=12), batch(1, 2, box=12, text="later"), batch(1, 2)])
    async with defect(database):
        await writer.Writer(database, spool=spool, sleep=yielding).replay()
        assert spool.is_empty
        spool.close()
        assert (await one(database, STORED), await one(database, REFUSED)) == ([1, 2], [12, 12])
        assert await one(database, "SELECT array_agg(box) FROM dirty_boxes") == [12]
    aside = sorted((tmp_path / "spool" / "refused").glob("*.spool"))
    assert len(aside) == 2
    assert {path.stat().st_mode & 0o777 for path in aside} == {0o600}
    # Once the defect is mended: what was set aside is a spool again.
    for path in aside:
        path.rename(tmp_path / "spool" / path.name)
    spool = journal.open_at(tmp_path, 64)
    await writer.Writer(database, spool=spool).replay()
    spool.close()
    assert await one(database, "SELECT array_agg(text ORDER BY message_id) FROM messages WHERE space_id = 12") == [
        "tervetuloa",
        "later",
    ]


MARKED = "SELECT array_agg(box ORDER BY box) FROM dirty_boxes"
KEPT = "SELECT array_agg(detail ->> 'kept') FROM crawl_errors WHERE kind = 'batch_refused'"


def of_another_version(given):
    """A batch as a program put it away that named the field otherwise which holds the messages."""
    entry = msgspec.msgpack.decode(journal.encode(given, NOW.timestamp()))
    entry["batch"]["posts"] = entry["batch"].pop("messages")
    return msgspec.msgpack.encode(entry)


def put_in_spool(folder, *payloads):
    """Put payloads into a file of the spool, as a program does that ends then."""
    files = segments.Segments(folder / "spool", 2**26)
    files.append(payloads)
    files.close()


async def test_spooled_batch_that_this_program_cannot_read_is_set_aside_and_on_record(database, tmp_path):
    """Regression: it was read without the field, or left out, and then removed; the cursor moved past its messages."""
    async with running(database) as made:
        for box in (11, 12, 13):
            await made.submit(batch(None, 1, box=box))
    odd = of_another_version(batch(1, 2, box=12))
    put_in_spool(tmp_path, journal.encode(batch(1, 2), 0.0), odd, journal.encode(batch(2, 3), 0.0))
    spool = journal.open_at(tmp_path, 64)
    await writer.Writer(database, spool=spool).replay()
    assert spool.is_empty
    spool.close()
    (path,) = (tmp_path / "spool" / "refused").glob("*")
    assert path.read_bytes() == segments.MAGIC + segments.record(odd)
    assert await one(database, KEPT) == [path.name]
    assert (await one(database, REFUSED), await one(database, MARKED)) == ([12], [12])
    assert await one(database, "SELECT pts FROM box_cursors WHERE box = 12") == 1
    assert await one(database, CURSOR) == 3


async def test_boxes_of_a_spooled_batch_that_cannot_be_read_begin_anew_after_an_outage(
    database, proxied, postgres_proxy, tmp_path
):
    reset = []
    put_in_spool(tmp_path, of_another_version(batch(1, 2, box=12)), b"\x82\xa2at, and nothing that anybody can read")
    spool = journal.open_at(tmp_path, 64)
    async with running(proxied, spool=spool) as made:
        made.on_reset(reset.append)
        await postgres_proxy.refuse()
        await made.submit(batch(None, 1))
        await postgres_proxy.accept()
        await made.until_healthy()
    spool.close()
    assert (reset, await one(database, STORED)) == ([[12], None], [1])
    assert sorted(await one(database, REFUSED), key=str) == [12, None]


async def test_what_was_cut_off_a_damaged_file_is_on_record_and_every_box_is_marked(database, tmp_path):
    """Regression: only a line of the log told of batches that had been put away, and were not there any more."""
    async with running(database) as made:
        for box in (11, 12):
            await made.submit(batch(None, 1, box=box))
    put_in_spool(tmp_path, *(journal.encode(batch(number, number + 1), 0.0) for number in (1, 2, 3)))
    (path,) = (tmp_path / "spool").glob("*.spool")
    content = bytearray(path.read_bytes())
    content[content.index(journal.encode(batch(2, 3), 0.0)) + 30] ^= 1
    path.write_bytes(content)
    for _ in range(2):  # it is on record once
        spool = journal.open_at(tmp_path, 64)
        await writer.Writer(database, spool=spool).replay()
        spool.close()
        (rest,) = (tmp_path / "spool" / "refused").glob("*")
        assert await one(database, KEPT) == [rest.name]
        assert rest.suffix == ".rest" and rest.read_bytes() in bytes(content)
        assert (await one(database, REFUSED), await one(database, MARKED)) == ([None], [11, 12])
        assert await one(database, CURSOR) == 2


async def test_batch_that_is_refused_again_is_set_aside_once_and_within_the_quota(tmp_path):
    spool = journal.open_at(tmp_path, 1)
    first = await spool.set_aside(batch(None, 1))
    assert await spool.set_aside(batch(None, 1)) == first
    assert await spool.set_aside(batch(1, 2, text="long " * 300_000)) is None
    assert len(list((tmp_path / "spool" / "refused").iterdir())) == 1
    spool.close()


async def test_batch_that_meets_a_defect_holds_up_no_other_for_ever(database, proxied, postgres_proxy, spool, tmp_path):
    reset = []
    async with defect(database), running(proxied, spool=spool, sleep=yielding) as made:
        made.on_reset(reset.extend)
        await postgres_proxy.refuse()
        for each in (batch(None, 1), batch(None, 1, box=12), batch(1, 2)):
            await made.submit(each)
        await postgres_proxy.accept()
        await made.until_healthy()
    assert (await one(database, STORED), reset) == ([1, 2], [12])
    assert await one(database, REFUSED) == [12]
    assert len(list((tmp_path / "spool" / "refused").iterdir())) == 1


async def test_commits_that_were_lost_while_no_crawler_ran_begin_a_new_epoch_of_the_stream(database, tmp_path):
    """Readers have seen positions that would be given again, for other events; a server need not tell of its past."""
    reset = []
    spool = journal.open_at(tmp_path, 64)
    async with running(database, spool=spool) as made:
        await made.submit(batch(None, 1))
    spool.close()
    before = await one(database, "SELECT epoch FROM outbox_counter")
    async with database.connection() as conn:
        await conn.execute("UPDATE outbox_counter SET n = n - 1")
    spool = journal.open_at(tmp_path, 64)
    async with running(database, spool=spool) as made:
        made.on_reset(reset.append)
        await made.submit(batch(1, 2))
    spool.close()
    assert await one(database, "SELECT epoch FROM outbox_counter") > before
    assert reset == [None]
