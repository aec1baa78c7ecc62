"""Flood waits and requests that nobody answers: rows 21, 22 and 48 of TELEGRAM.md section 6."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import UTC, datetime, timedelta

from tests.scenarios.conftest import BUDGETS

from heliograph import config
from heliograph.simulator import rpc
from heliograph.simulator.faults.rpc import Asked

DAY = 86_400
WAIT = 300
DIFFERENCE = "updates.getChannelDifference"
HISTORY = "messages.getHistory"

UNTIL = "SELECT (frozen_until ->> %s)::timestamptz FROM accounts WHERE user_id = %s"
PTS = "SELECT pts FROM box_cursors WHERE box = %s"
KNOWN = "SELECT pts IS NOT NULL FROM box_cursors WHERE box = %s"
ELAPSE = "UPDATE accounts SET frozen_until = frozen_until || jsonb_build_object(%s::text, %s::text) WHERE user_id = %s"


class Log:
    """A fault that refuses nothing and notes when each method was asked for."""

    is_spent = False

    def __init__(self, telegram) -> None:
        self.at: dict[str, list[datetime]] = {}
        telegram.faults.add(self)

    def refuse(self, asked: Asked) -> rpc.RpcError | None:
        self.at.setdefault(asked.method, []).append(datetime.now(UTC))
        return None

    def count(self, method: str) -> int:
        return len(self.at.get(method, ()))


async def channels(installation, *titles: str):
    """One account follows these new channels, and holds everything in them."""
    world, user = installation.world, installation.users[0]
    await installation.enable(user)
    chats = [world.run("create_channel", creator=user, title=title, kind="supergroup") for title in titles]
    for chat in chats:
        world.post(chat, user, f"first in {chat.title}")
    async with installation.crawling():
        for chat in chats:
            await installation.until_stored(f"first in {chat.title}")
            await installation.until(KNOWN, chat.id)
    return user, chats


def leave_a_gap(installation, chat, user, text: str) -> None:
    """Post a message that no push tells of, and one that shows that it was missed."""
    installation.telegram.faults.drop_updates(1)
    installation.world.post(chat, user, text)
    installation.world.post(chat, user, f"after {text}")


async def elapse(installation, family: str, user: int, until: datetime) -> None:
    """Let the time pass that is missing until ``until``: bring the stored end of the wait nearer by it."""
    async with installation.database.connection() as conn:
        await conn.execute(ELAPSE, [family, until.isoformat(), user])


async def test_row_21_flood_wait_on_a_channels_difference_stops_that_alone_until_it_is_over(installation):
    """The channel is asked for again at t+300 and not sooner, also after a restart; other boxes go on meanwhile."""
    user, (flooded, other) = await channels(installation, "Harbour", "Library")
    group = installation.world.run("create_group", creator=user, title="Crew", user_ids=[])
    log = Log(installation.telegram)
    async with installation.crawling():
        await installation.until_current()
        installation.telegram.faults.flood(DIFFERENCE, WAIT, chat=flooded.peer)
        leave_a_gap(installation, flooded, user, "missed")
        await installation.until("SELECT frozen_until ? 'channel_difference' FROM accounts WHERE user_id = %s", user)
        refused_at, asked = log.at[DIFFERENCE][-1], log.count(DIFFERENCE)
        until = await installation.one(UNTIL, "channel_difference", user)
        assert timedelta(0) <= until - refused_at - timedelta(seconds=WAIT) < timedelta(seconds=5)
        before = await installation.one(PTS, flooded.id)
        installation.world.post(other, user, "live elsewhere")
        await installation.until_stored("live elsewhere")
        assert await installation.one(PTS, flooded.id) == before
    async with installation.crawling():
        installation.world.post(group, user, "in the mailbox after the restart")
        await installation.until_stored("in the mailbox after the restart")
        assert log.count(DIFFERENCE) == asked
    until = datetime.now(UTC) + timedelta(seconds=3)
    await elapse(installation, "channel_difference", user, until)
    async with installation.crawling():
        await installation.until_stored("missed")
    assert min(log.at[DIFFERENCE][asked:]) >= until
    assert await installation.one(PTS, flooded.id) == flooded.box.pts


async def test_row_22_flood_wait_of_a_day_on_history_does_not_touch_the_tail(installation):
    """Nobody asks for history after the answer, nor after a restart; what happens meanwhile is stored at once."""
    user, (chat,) = await channels(installation, "Harbour")
    log = Log(installation.telegram)
    installation.telegram.faults.flood(HISTORY, DAY, times=None)
    older = installation.world.run("create_channel", creator=user, title="Archive", kind="supergroup")
    installation.world.post(older, user, "from before")
    await installation.command("refresh")
    async with installation.crawling():
        await installation.until("SELECT frozen_until ? 'history' FROM accounts WHERE user_id = %s", user)
        installation.world.post(chat, user, "said meanwhile")
        await installation.until_stored("said meanwhile")
        leave_a_gap(installation, chat, user, "missed meanwhile")
        await installation.until_stored("missed meanwhile")
    asked = log.count(HISTORY)
    assert 1 <= asked <= BUDGETS["history"]["concurrent"]
    installation.world.post(chat, user, "said while nobody looked")
    async with installation.crawling():
        await installation.until_stored("said while nobody looked")
        installation.world.post(chat, user, "said after the restart")
        await installation.until_stored("said after the restart")
    assert log.count(HISTORY) == asked
    left = await installation.one(UNTIL, "history", user) - datetime.now(UTC)
    assert timedelta(seconds=DAY - 600) < left < timedelta(seconds=DAY + 5)


async def impatient(installation) -> None:
    """Give requests little time, and ping often, so that the crawler's own process finds out soon."""
    content = tomllib.loads(installation.settings.config_file.read_text())
    content["telegram"] |= {"rpc_deadline_seconds": 1.0, "ping_seconds": 2.0}
    config.write(installation.settings.config_file, content)


async def until_reconnected(installation, before: set[object]) -> None:
    """Wait until there is a connection that was not there before; one that is stalled does not see its end."""
    connections = installation.telegram.faults._connections
    async with asyncio.timeout(40):
        while not connections - before:  # noqa: ASYNC110 - the simulator announces nothing
            await asyncio.sleep(0.05)


async def test_row_48_request_that_is_never_answered_ends_at_its_deadline_and_moves_nothing(installation):
    """The crawler's own process gives it up twice, its cursor stays, and it asks again until it is answered."""
    user, (chat,) = await channels(installation, "Harbour")
    await impatient(installation)
    log = Log(installation.telegram)
    await installation.start_process()
    await installation.until("SELECT count(*) = 0 FROM dirty_boxes")
    installation.world.post(chat, user, "the process is there")
    await installation.until_stored("the process is there")
    installation.telegram.faults.silence(DIFFERENCE, times=2, chat=chat.peer)
    before, asked = await installation.one(PTS, chat.id), log.count(DIFFERENCE)
    leave_a_gap(installation, chat, user, "missed")
    async with asyncio.timeout(30):
        while log.count(DIFFERENCE) < asked + 2:
            assert await installation.one(PTS, chat.id) == before
            await asyncio.sleep(0.05)
    await installation.until_stored("missed")
    assert await installation.stop_process() == 0
    assert await installation.one(PTS, chat.id) == chat.box.pts


async def test_row_48_connection_that_swallows_everything_is_made_again(installation):
    """No answer, no ping and no end of the connection: it is given up, and everything meanwhile is there afterwards."""
    user, (chat,) = await channels(installation, "Harbour")
    await impatient(installation)
    await installation.start_process()
    installation.world.post(chat, user, "the process is there")
    await installation.until_stored("the process is there")
    before, connections = await installation.one(PTS, chat.id), set(installation.telegram.faults._connections)
    installation.telegram.faults.stall(3600)
    installation.world.post(chat, user, "into the void")
    assert await installation.one(PTS, chat.id) == before
    await until_reconnected(installation, connections)
    await installation.until_stored("into the void")
    assert await installation.stop_process() == 0
    assert await installation.one(PTS, chat.id) == chat.box.pts
