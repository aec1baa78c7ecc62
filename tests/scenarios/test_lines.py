"""Lines that die in silence, clocks that are set, and one auth key that must never be seen in two places."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import timedelta

import pytest
from tests.scenarios.measured import measured

from heliograph import clock, config, errors, metrics
from heliograph.crawler import requests, roster
from heliograph.store import accounts
from heliograph.vault import sessions

EPOCHS = "SELECT epoch FROM leases WHERE resource LIKE 'account:%%' ORDER BY resource"


class Jumping(clock.SystemClock):
    """A machine's clock that somebody sets; what it measures with goes on undisturbed."""

    offset = timedelta()

    def now(self):
        return super().now() + self.offset


@pytest.fixture
def harbour(installation):
    world = installation.world
    owner = next(user for user in world.users if user not in (*installation.users, 777000))
    chat = world.run("create_channel", creator=owner, title="Harbour")
    for user in installation.users:
        world.join(chat, user)
    return lambda text: world.post(chat, owner, text)


def pinging_every(installation, seconds):
    content = tomllib.loads(installation.settings.config_file.read_text())
    content["telegram"]["ping_seconds"] = seconds
    config.write(installation.settings.config_file, content)


def asked(kind=None):
    """Return how many requests this process has made, of one method family or of all."""
    samples = (sample for family in metrics.RPC_SECONDS.collect() for sample in family.samples)
    counts = (sample for sample in samples if sample.name.endswith("_count"))
    return sum(sample.value for sample in counts if kind in (None, sample.labels["family"]))


async def test_row_08_line_that_died_in_silence_is_given_up_and_what_it_swallowed_is_caught_up(installation, harbour):
    """Silent TCP black hole: detected by the ping's deadline, then a catch-up over a new line."""
    pinging_every(installation, 1.0)
    await installation.start_process()
    await installation.until_backfilled()
    before = await measured(installation, "heliograph_reconnects")
    assert installation.telegram.faults.stall(3600) == len(installation.users)
    harbour("into the black hole")
    await installation.until_stored("into the black hole")
    assert await measured(installation, "heliograph_reconnects") > before
    harbour("over the new line")
    await installation.until_stored("over the new line")
    assert await installation.stop_process() == 0
    assert installation.telegram.violations == []


async def test_row_38_auth_key_is_never_used_in_two_places(installation, harbour):
    """The same auth key from two addresses never happens, however crawlers are killed, ended and doubled."""
    await installation.start_process()
    await installation.until_backfilled()
    await installation.kill_process()
    await installation.start_process()
    harbour("after a kill")
    await installation.until_stored("after a kill")
    with pytest.raises(errors.LeaseHeld):
        async with installation.crawling() as second:
            await second
    assert await installation.stop_process() == 0
    async with installation.crawling():
        harbour("in the third")
        await installation.until_stored("in the third")
    assert installation.telegram.violations == []


async def test_auth_key_in_two_places_is_seen_by_the_simulator(installation):
    """What row 38 relies on: a key that is used past the leases does not go unnoticed."""
    async with installation.crawling():
        await installation.until_backfilled()
        vault = sessions.load(installation.settings.key_file)
        async with installation.database.connection() as conn:
            row = (await accounts.load_all(conn))[0]
        second = await roster.connection(installation.settings, installation.database, vault, row, clock.SystemClock())
        await second.connect()
        await second.call(requests.account_state())
        async with asyncio.timeout(30):
            while not installation.telegram.violations:
                await installation.command("refresh")  # so that the first one goes on as well
                await asyncio.sleep(0.2)
        await second.disconnect()


async def test_row_47_clock_that_jumps_takes_no_lease_and_storms_no_timer(installation, harbour):
    """A clock jump of an hour either way: no lease theft, no timer storm, and updates go on."""
    time = Jumping()
    async with installation.crawling(time=time) as first:
        await installation.until_backfilled()
        harbour("at the right time")
        await installation.until_stored("at the right time")
        epochs = await installation.all(EPOCHS)
        for number, hours in enumerate((1, -1)):
            before, looks = asked(), asked("peer_dialogs")
            time.offset = timedelta(hours=hours)
            with pytest.raises(errors.LeaseHeld):
                async with installation.crawling(time=time) as second:
                    await second
            harbour(f"jump {number}")
            await installation.until_stored(f"jump {number}")
            # The sentinels have had their usual periods meanwhile, so that every shorter timer has had its turn.
            async with asyncio.timeout(30):
                while asked("peer_dialogs") - looks < 2 * len(installation.users):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert asked() - before < 60, "a handful of requests, not one per tick or chat and hour"
        assert not first.done()
        assert await installation.all(EPOCHS) == epochs
    assert installation.telegram.violations == []
