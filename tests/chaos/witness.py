"""What a store must show after a schedule, and what there was nobody to see.

The form of what is there is held against the world's truth. Whether each text and each deletion is there is judged by
the oracle of the benchmarks from the world's own log. What it excuses began and ended while the schedule hid Telegram
from the crawler, or is on record in the store as a known loss. Trouble with the database excuses nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from pathlib import Path

from bench.scenarios import crawlers, oracle
from tests.chaos import home as homes
from tests.chaos.events import Life
from tests.chaos.outcome import Outcome
from tests.chaos.plan import Plan

from heliograph.simulator.server import Simulator
from heliograph.store import archive
from heliograph.store import database as store_database

IN_FLIGHT_SECONDS = 2.0
"""What was pushed so shortly before a connection or a process ended may not have arrived, or not have been written."""
POLL_SECONDS = 0.05
STORED = "SELECT count(DISTINCT chat_id) FROM messages WHERE text = %s"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a store differs from what happened."""

    is_whole: bool
    lost: int = 0
    duplicated: int = 0
    error: str = ""


class Witness:
    """Notes from when until when a crawler heard nothing, and judges its store."""

    def __init__(
        self, plan: Plan, simulator: Simulator, life: Life, users: list[int], database: store_database.Database
    ) -> None:
        self._plan = plan
        self._world = simulator.world
        self._life = life
        self._users = users
        self._database = database
        self._reader = crawlers.Heliograph(Path(), simulator, database.dsn, {})
        self._aways: list[oracle.Away] = []
        self._hidden_since: float | None = -math.inf
        """When the crawler began to hear nothing for certain; at first until it is level for the first time."""
        self._unwritten_since = math.inf
        self._begun_at = math.floor(time.time())

    def database_fails(self) -> None:
        """Say that trouble with the database begins: what dies with a process may be of any time from now on."""
        self._unwritten_since = min(self._unwritten_since, time.time())

    def hide(self) -> None:
        """Say that from now on the crawler may miss what happens, until it is :meth:`level` again."""
        begun = math.floor(min(time.time() - IN_FLIGHT_SECONDS, self._unwritten_since))
        self._hidden_since = begun if self._hidden_since is None else min(begun, self._hidden_since)

    async def level(self, patience: float) -> bool:
        """Wait until the crawler has stored two new messages of each chat, and so hears everything.

        Nothing may hide Telegram from it any more. False when it does not get that far.
        """
        for _ in range(2):
            text, deadline = self._life.greet(), time.monotonic() + patience
            while not await self._is_everywhere(text):
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(POLL_SECONDS)
        if self._hidden_since is not None:
            self._aways.append(oracle.Away(self._hidden_since, time.time()))
        self._hidden_since, self._unwritten_since = None, math.inf
        return True

    async def verdict(self) -> Verdict:
        """Hold the store as it is against what has happened."""
        form = await homes.compare(self._database, self._world, self._users)
        content = await self._content()
        # A text that is kept twice is no fault here: Telegram dates edits in seconds, so that one which is sighted
        # around another of the same second may be two of them.
        is_complete = not content.lost and not (self._plan.is_of_database and content.recorded)
        is_whole = form.is_equal and is_complete and await homes.is_verified(self._database)
        recorded = f"{content.recorded} on record as lost" if self._plan.is_of_database and content.recorded else ""
        wrong = [*form.examples[:5], *content.examples[:5], recorded]
        return Verdict(
            is_whole=is_whole,
            lost=max(form.missing + form.wrong_text + form.wrong_fields, content.lost),
            duplicated=form.duplicated,
            error="" if is_whole else "; ".join(filter(None, wrong)) or "a hole stays open",
        )

    def outcome(self, verdict: Verdict, error: str | None) -> Outcome:
        """Count a schedule that ended so."""
        return Outcome(
            schedules=1,
            events=self._life.events,
            failed=error is not None,
            lost=verdict.lost,
            duplicated=verdict.duplicated,
        )

    async def _content(self) -> oracle.Verdict:
        async with self._database.connection() as conn:
            mailboxes = await archive.mailbox_chats(conn)
        boxes = [(chat.id, chat.box.log) for chat in self._life.chats if chat.box is not None]
        for user in self._users:
            # A basic group is in the mailbox of each member, and mirrored from one of them.
            log = self._world.accounts[user].box.log
            boxes.append((-user, [entry for entry in log if mailboxes.get(entry.chat, -self._users[0]) == -user]))
        open_end = [] if self._hidden_since is None else [oracle.Away(self._hidden_since, math.inf)]
        expected = oracle.events(boxes, since=self._begun_at, aways=[*self._aways, *open_end])
        stored = await self._reader.read(self._database.dsn)
        return await asyncio.to_thread(oracle.judge, expected, stored)

    async def _is_everywhere(self, text: str) -> bool:
        async with self._database.connection() as conn:
            row = await (await conn.execute(STORED, (text,))).fetchone()
        return row == (len(self._life.chats),)
