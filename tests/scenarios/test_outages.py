"""A database that is away in every way there is, under load (TELEGRAM.md section 6, rows 25 to 31 and 46).

Expected of all: no message, edit or deletion is lost, texts that were replaced during the outage are kept as versions,
nothing is stored twice, and the crawler keeps its connections to Telegram.
"""

from __future__ import annotations

import asyncio
import subprocess

import pytest
from pydantic import SecretStr

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


def can_mount():
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


async def harbour(installation):
    """A channel that only the first account is in."""
    world, (first, _) = installation.world, installation.users
    await installation.enable(first)
    chat = world.run("create_channel", creator=first, title="Harbour")
    world.post(chat, first, "kept")
    return chat, first


async def speak(installation, chat, owner, name, count=20):
    """Post, edit each text twice, and delete every fifth message; return the texts that were ever shown."""
    world = installation.world
    shown = set()
    for number in range(count):
        message = world.post(chat, owner, f"{name} {number}")
        texts = [f"{name} {number}", f"{name} {number} once", f"{name} {number} twice"]
        for text in texts[1:]:
            world.edit(chat, message, text)
        shown.update(texts)
        if number % 5 == 0:
            world.delete(chat, [message])
        await asyncio.sleep(0)
    return shown


async def versions(installation, name):
    texts = "SELECT text FROM messages WHERE text LIKE %s UNION ALL SELECT text FROM revisions WHERE text LIKE %s"
    return sorted(await installation.all(texts, f"{name} %", f"{name} %"))


NAMESPACE = ("unshare", "--map-root-user", "--mount")
SMALL = 'mount -t tmpfs -o size=128k,mode=700 tmpfs "$0" && exec "$@"'
KINDS = {
    "refused": lambda proxy: proxy.refuse(),
    "stalled": lambda proxy: _now(proxy.stall()),
    "read_only": lambda proxy: _now(proxy.read_only()),
    "disk_full": lambda proxy: _now(proxy.disk_full()),
}


async def _now(_):
    """Some faults begin at once."""


async def started(installation):
    """The crawler as a process that has caught up; what happens from now on is held against it."""
    await installation.start_process()
    await installation.until_backfilled()
    await installation.until("SELECT count(*) = 0 FROM dirty_boxes")


def spooled(installation):
    return list((installation.settings.data_dir / "spool").glob("*.spool"))


async def until_drained(installation):
    async with asyncio.timeout(60):
        while spooled(installation):  # noqa: ASYNC110 - a process of its own announces nothing
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


async def test_row_27_connection_cut_after_its_commit_stores_everything_once(installation, away):
    """The server carried the commits out, and nobody heard of it: cursors are read again, no version is double."""
    chat, owner = await harbour(installation)
    await started(installation)
    cuts = away.cut_after_commit(3, touching="box_cursors")
    shown = await speak(installation, chat, owner, "cut")
    await asyncio.wait_for(cuts.happened.wait(), 30)
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


async def test_row_31_torn_end_of_a_spool_is_asked_of_telegram_again(installation, away):
    """The whole records are replayed, and the difference brings the last form of what the torn one held."""
    chat, owner = await harbour(installation)
    await installation.start_process()
    await installation.until_backfilled()
    await away.refuse()
    shown = await speak(installation, chat, owner, "torn")
    await installation.until_spooled_on_disk(shown)
    await installation.kill_process()
    *_, last = sorted((installation.settings.data_dir / "spool").glob("*.spool"))
    last.write_bytes(last.read_bytes()[:-7])
    await away.accept()
    await installation.start_process()
    await installation.until_equal()
    assert await installation.stop_process() == 0


async def test_row_30_spool_without_room_falls_back_to_asking_telegram(installation, away):
    """Batches fail, boxes are due, and the difference brings the last forms once the database is back."""
    chat, owner = await harbour(installation)
    installation.reconfigure(spool_mb=0)
    await started(installation)
    installation.look_away()
    await away.refuse()
    await speak(installation, chat, owner, "without room")
    await away.accept()
    await installation.until_equal()
    installation.world.post(chat, owner, "live again")
    await installation.until_stored("live again")
    assert await installation.stop_process() == 0


async def test_row_30_full_disk_of_the_spool_falls_back_to_asking_telegram(installation, away, tmp_path):
    """On a real file system of 128 kB the process goes on, and the difference brings the last forms."""
    if not can_mount():
        pytest.skip("a file system of its own needs a mount namespace, which is refused here")
    chat, owner = await harbour(installation)
    home, said = installation.settings.data_dir / "spool", tmp_path / "said"
    home.mkdir(mode=0o700)
    await installation.start_process(*NAMESPACE, "sh", "-c", SMALL, str(home), said=said)
    await installation.until_backfilled()
    installation.look_away()
    await away.refuse()
    await speak(installation, chat, owner, "x" * 3_000)
    async with asyncio.timeout(30):
        while b"spool_full" not in said.read_bytes():  # noqa: ASYNC110 - a process of its own announces nothing
            await asyncio.sleep(0.05)
    await away.accept()
    await installation.until_equal()
    installation.world.post(chat, owner, "live again")
    await installation.until_stored("live again")
    assert await installation.stop_process() == 0


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
