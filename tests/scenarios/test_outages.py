"""A database that is away in every way there is, under load (TELEGRAM.md section 6, rows 25 to 31 and 46).

Expected of all: no message, edit or deletion is lost, texts that were replaced during the outage are kept as versions,
nothing is stored twice, and the crawler keeps its connections to Telegram.
"""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from tests.fixtures import namespaces
from tests.scenarios.measured import measured, resident_mb

from heliograph import config, metrics
from heliograph.crawler import writer
from heliograph.store import database as store_database


@pytest.fixture
async def away(installation, postgres_proxy, proxied_dsn):
    """The proxy that the crawler's database is behind; the test itself goes past it."""
    behind = config.Database(url=SecretStr(proxied_dsn))
    opened = await store_database.open(config.Settings(database=behind))
    past, installation.crawlers_database = installation.database, opened
    yield postgres_proxy
    await postgres_proxy.clear()
    await opened.close()
    installation.crawlers_database = past


async def harbour(installation):
    """A channel that only the first account is in."""
    world, (first, _) = installation.world, installation.users
    await installation.enable(first)
    chat = world.run("create_channel", creator=first, title="Harbour")
    world.post(chat, first, "kept")
    return chat, first


async def speak(installation, chat, owner, name, count=20):
    """Post, edit each text twice, and delete every fifth message; return each text ever shown, with its pts."""
    world = installation.world
    shown = {}
    for number in range(count):
        message = world.post(chat, owner, f"{name} {number}")
        shown[f"{name} {number}"] = chat.box.pts
        for text in (f"{name} {number} once", f"{name} {number} twice"):
            world.edit(chat, message, text)
            shown[text] = chat.box.pts
        if number % 5 == 0:
            world.delete(chat, [message])
        await asyncio.sleep(0)
    return shown


async def versions(installation, name):
    texts = "SELECT text FROM messages WHERE text LIKE %s UNION ALL SELECT text FROM revisions WHERE text LIKE %s"
    return sorted(await installation.all(texts, f"{name} %", f"{name} %"))


SMALL = 'mount -t tmpfs -o size=128k,mode=700 tmpfs "$0" && exec "$@"'
KINDS = {
    "refused": lambda proxy: proxy.refuse(),
    "stalled": lambda proxy: _now(proxy.stall()),
    "read_only": lambda proxy: _now(proxy.read_only()),
    "disk_full": lambda proxy: _now(proxy.disk_full()),
}


async def _now(_):
    """Some faults begin at once."""


GROWTH_MB = 40
"""What an outage may add to the crawler's memory, however much is spooled; a group that is written needs some."""


async def started(installation, *wrapper, said=None):
    """The crawler as a process that has caught up; what happens from now on is held against it."""
    await installation.start_process(*wrapper, said=said)
    await installation.until_backfilled()
    await installation.until("SELECT count(*) = 0 FROM dirty_boxes")


def spooled(installation):
    return list((installation.settings.data_dir / "spool").glob("*.spool"))


async def until(holds, seconds=30):
    """Wait for what neither the proxy nor a process of its own announces."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def until_drained(installation):
    await until(lambda: not spooled(installation), 60)


async def until_newest_spooled(installation, text):
    """Wait until the newest file of the spool holds a text: what came before it is there as well."""
    await until(lambda: any(text.encode() in path.read_bytes() for path in sorted(spooled(installation))[-1:]))


async def until_given_up(installation):
    """Wait until a box has given up what it could not write."""
    async with asyncio.timeout(30):
        while not await measured(installation, "heliograph_boxes", state="dirty"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def weather(installation, away, kind):
    """Speak while the database is away, and see that every version is there once afterwards."""
    chat, owner = await harbour(installation)
    await started(installation)
    connections = set(installation.telegram.faults._connections)
    await KINDS[kind](away)
    shown = await speak(installation, chat, owner, "away")
    await installation.until_spooled_on_disk(shown)
    shown |= await speak(installation, chat, owner, "still away")
    await installation.until_spooled_on_disk(shown)
    assert set(installation.telegram.faults._connections) == connections
    await away.clear()
    await installation.until_equal()
    await until_drained(installation)
    assert await installation.stop_process() == 0
    assert sorted(shown) == sorted([*await versions(installation, "away"), *await versions(installation, "still")])
    assert await installation.one("SELECT count(*) FROM dead_letters") == 0
    assert await installation.one("SELECT count(*) FROM known_losses") == 0


@pytest.mark.parametrize("kind", ["refused", "stalled"])
async def test_row_26_database_that_is_away_under_load_costs_nothing_and_repeats_nothing(installation, away, kind):
    """The spool grows, nothing is dropped, and all of it is written afterwards, every version once."""
    await weather(installation, away, kind)


async def test_row_26_long_outage_fills_the_disk_and_not_the_memory(installation, away):
    """Memory bounded: the row's half hour is shortened to some seconds, with long texts, so that the spool holds more
    than memory may grow by, while the database is away and while all of it is written.
    """
    chat, owner = await harbour(installation)
    await started(installation)
    resident = [resident_mb(installation._process.pid)]
    await away.refuse()
    shown = {}
    for group in range(26):
        shown |= await speak(installation, chat, owner, f"long {group} {'x' * 3_900}", 100)
        await until_newest_spooled(installation, list(shown)[-1])
        resident.append(resident_mb(installation._process.pid))
    assert sum(path.stat().st_size for path in spooled(installation)) > 1.5 * GROWTH_MB * 2**20
    await away.accept()

    def is_drained():
        resident.append(resident_mb(installation._process.pid))
        return not spooled(installation)

    await until(is_drained, 60)
    assert max(resident) - resident[0] < GROWTH_MB, resident
    await installation.until_equal()
    assert await installation.stop_process() == 0
    assert await versions(installation, "long") == sorted(shown)


async def test_row_27_connection_cut_after_its_commit_stores_everything_once(installation, away):
    """The server carried three commits out, and nobody heard of it: cursors are read again, no version is double."""
    chat, owner = await harbour(installation)
    await started(installation)
    cuts = away.cut_after_commit(3, touching="box_cursors")
    shown = {}
    for number in range(3):
        shown |= await speak(installation, chat, owner, f"cut {number}")
        await until(lambda least=number: away.counts["cuts_after_commit"] > least)
    assert cuts.is_spent
    await installation.until_equal()
    await until_drained(installation)
    assert await installation.stop_process() == 0
    assert await versions(installation, "cut") == sorted(shown)


@pytest.mark.parametrize("kind", ["read_only", "disk_full"])
async def test_row_28_database_that_refuses_to_write_costs_nothing_and_repeats_nothing(installation, away, kind):
    """Not dead-lettered: what could not be written is spooled and written whole afterwards, every version once."""
    await weather(installation, away, kind)


async def test_row_28_transaction_that_meets_a_deadlock_is_done_again_whole(installation, away):
    """Not dead-lettered and not split: every version is there once."""
    chat, owner = await harbour(installation)
    await started(installation)
    deadlock = away.deadlock(3, touching="box_cursors")
    shown = await speak(installation, chat, owner, "locked")
    await asyncio.wait_for(deadlock.happened.wait(), 30)
    await installation.until_equal()
    await until_drained(installation)
    assert await installation.stop_process() == 0
    assert deadlock.is_spent
    assert await versions(installation, "locked") == sorted(shown)
    assert await installation.one("SELECT count(*) FROM dead_letters") == 0


async def test_row_25_killed_crawler_finds_its_spool_again(installation, away):
    """Equal final state after a restart in the outage: what the dead process had fsynced is written first."""
    chat, owner = await harbour(installation)
    await installation.start_process()
    await installation.until_backfilled()
    installation._away_at = None
    await away.refuse()
    shown = await speak(installation, chat, owner, "spooled")
    await installation.until_spooled_on_disk(shown)
    await installation.kill_process()
    await away.accept()
    async with installation.crawling():
        await installation.until_equal()
    assert await versions(installation, "spooled") == sorted(shown)
    assert list((installation.settings.data_dir / "spool").glob("*.spool")) == []


async def test_row_31_torn_end_of_a_spool_is_asked_of_telegram_again(installation, away, tmp_path):
    """The whole records are replayed, and the difference brings the last form of what the torn one held."""
    chat, owner = await harbour(installation)
    await started(installation)
    await away.refuse()
    whole = await speak(installation, chat, owner, "whole")
    await installation.until_spooled_on_disk(whole)
    torn = await speak(installation, chat, owner, "torn")
    await installation.until_spooled_on_disk(torn)
    await installation.kill_process()
    *_, last = sorted(spooled(installation))
    last.write_bytes(last.read_bytes()[:-7])
    await away.accept()
    await installation.start_process(said=tmp_path / "said")
    await until(lambda: b"spool_cut" in (tmp_path / "said").read_bytes())
    await installation.until_equal()
    await until_drained(installation)
    assert await installation.stop_process() == 0
    assert await versions(installation, "whole") == sorted(whole)
    stored = await versions(installation, "torn")
    assert len(stored) == len(set(stored))
    assert set(stored) < set(torn), "nothing was torn off"


async def without_room(installation, away, chat, owner, said, *, word, name, kept):
    """Speak until the crawler says that it has no room and gives up; all that is left is there afterwards, the rest
    is in the channel's known losses, and the gap is closed.
    """
    shown = await speak(installation, chat, owner, name, 200)
    await until(lambda: word in said.read_bytes())
    await until_given_up(installation)
    await away.accept()
    await installation.until_equal()
    await until_drained(installation)
    await installation.until("SELECT bool_and(closed_at IS NOT NULL) FROM gaps WHERE space_id = %s", chat.id)
    installation.world.post(chat, owner, "live again")
    await installation.until_stored("live again")
    assert await installation.stop_process() == 0
    assert await versions(installation, "kept") == sorted(kept)
    lost = shown.keys() - set(await versions(installation, name))
    assert lost, "there was room for all of it"
    stretches = await installation.all(
        "SELECT int4range(from_pts, to_pts, '(]') FROM known_losses WHERE space_id = %s AND reason = 'not_kept'",
        chat.id,
    )
    assert {text for text in lost if not any(shown[text] in stretch for stretch in stretches)} == set()


async def test_row_30_full_spool_falls_back_to_asking_telegram(installation, away, tmp_path):
    """Full by its quota: what it took before is replayed, what came after is a known loss unless it still exists."""
    chat, owner = await harbour(installation)
    installation.reconfigure(spool_mb=1)
    await started(installation, said=tmp_path / "said")
    await away.refuse()
    kept = await speak(installation, chat, owner, "kept")
    await installation.until_spooled_on_disk(kept)
    installation.look_away()
    more = {"word": b"spool_full", "name": "x" * 3_000, "kept": kept}
    await without_room(installation, away, chat, owner, tmp_path / "said", **more)


async def test_row_30_crawler_without_a_spool_falls_back_to_asking_telegram(installation, away, tmp_path):
    """Switched off: batches fail, boxes are due, and what no longer exists afterwards is a known loss."""
    chat, owner = await harbour(installation)
    installation.reconfigure(spool_mb=0)
    await started(installation, said=tmp_path / "said")
    installation.look_away()
    await away.refuse()
    more = {"word": b"database_away", "name": "spoken", "kept": ()}
    await without_room(installation, away, chat, owner, tmp_path / "said", **more)


async def test_row_30_full_disk_of_the_spool_falls_back_to_asking_telegram(installation, away, tmp_path):
    """On a real file system of 128 kB: the process goes on, with the same end as a full quota."""
    namespaces.require()
    chat, owner = await harbour(installation)
    home, said = installation.settings.data_dir / "spool", tmp_path / "said"
    home.mkdir(mode=0o700)
    await started(installation, *namespaces.COMMAND, "sh", "-c", SMALL, str(home), said=said)
    installation.look_away()
    await away.refuse()
    more = {"word": b"spool_full", "name": "x" * 3_000, "kept": ()}
    await without_room(installation, away, chat, owner, said, **more)


async def test_row_46_burst_is_bounded_in_the_queues_and_complete_in_the_end(installation, away):
    """While nothing can be written the queues keep their limits; what they dropped is asked for afterwards."""
    chat, owner = await harbour(installation)
    update = {"spool_mb": 0, "queue_size": 200}
    installation.settings = installation.settings.model_copy(
        update={"crawler": installation.settings.crawler.model_copy(update=update)}
    )
    depth = {queue: metrics.QUEUE_DEPTH.labels(queue)._value for queue in ("updates", "writer")}
    async with installation.crawling():
        await installation.until_backfilled()
        installation.look_away()
        away.stall()
        for number in range(4_000):
            installation.world.post(chat, owner, f"burst {number}")
            if number % 50 == 0:
                await asyncio.sleep(0.001)
                assert depth["updates"].get() <= update["queue_size"] + 8
                assert depth["writer"].get() <= writer.BACKLOG_ROWS + writer.LIVE_ROWS
        away.resume()
        await installation.until_equal(seconds=90)
