"""Groups on their way into the database, two at once.

The rows of one group are written while the one before is compared, counted and committed. A group is finished only
after the one before it has committed, so that the place to go on from never runs ahead of the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from heliograph.domain import identity, records
from heliograph.exchange.desktop import service
from heliograph.exchange.importer import files, groups, points, summary, targets
from heliograph.store import import_topics, imports, media
from heliograph.store.database import Database

LANES = 2
ELSEWHERE = "another_mailbox"
_LARGEST_COLOR = 0xFFFFFF
MOST_NAMES = 50_000
"""Names that are remembered as told to the store already."""


class Undo(Exception):
    """Takes back the transaction of a dry run."""


class Committer:
    """Commits the groups of one source in their order. What fails ends the ``async with``."""

    def __init__(
        self, database: Database, carried: files.Files, progress: points.Progress, *, is_dry_run: bool
    ) -> None:
        self._database = database
        self._files = carried
        self._progress = progress
        self._is_dry_run = is_dry_run
        self._lanes = asyncio.Semaphore(LANES)
        self._last: asyncio.Task[None] | None = None
        self._last_began = asyncio.Event()
        self._last_began.set()
        self._named: dict[identity.PeerId, str] = {}
        self._described: identity.PeerId | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is None:
            return
        if kind is None:
            await self._last
            return
        with suppress(Exception):
            await self._last

    async def take(
        self, group: groups.Group, placed: targets.Resolved, chat: summary.ChatTally, point: points.Point | None
    ) -> None:
        """Commit a group after those before it, as soon as there is a lane. Raises what an earlier one failed with."""
        await self._lanes.acquire()
        if self._last is not None and self._last.done():
            self._last.result()
        began = asyncio.Event()
        self._last = asyncio.create_task(
            self._commit(group, placed, chat, point, before=self._last, may_begin=self._last_began, began=began)
        )
        self._last_began = began

    async def _commit(
        self,
        group: groups.Group,
        placed: targets.Resolved,
        chat: summary.ChatTally,
        point: points.Point | None,
        *,
        before: asyncio.Task[None] | None,
        may_begin: asyncio.Event,
        began: asyncio.Event,
    ) -> None:
        chat_id = placed.chat.chat_id
        try:
            states = await self._files.settle(group)
            if self._is_dry_run:
                # They are counted by now, and storage, which the rows would speak of, has none of them.
                states = [None] * len(states)
            filled = [
                imports.Filled(
                    message=each.message,
                    observation=each.observation,
                    deleted_at=each.deleted_at,
                    text_date=each.text_date,
                    file=state,
                    revisions=each.revisions,
                )
                for each, state in zip(group.items, states, strict=True)
            ]
            await may_begin.wait()
            with suppress(Undo):
                async with self._database.transaction() as conn:
                    begun = await imports.begin(conn, placed.chat, filled)
                    began.set()
                    if before is not None:
                        await before
                    names = self._new_names(group, chat_id)
                    await imports.save_names(conn, names)
                    if kept := files.stored(states):
                        await media.save_stored(conn, kept)
                    _count(group, await imports.finish(conn, begun))
                    if topics := _topics(group, () if self._described == chat_id else placed.topics):
                        await import_topics.save(conn, chat_id, topics)
                    if self._is_dry_run:
                        raise Undo
                    await self._progress.advance(conn, point, group.tally)
            self._named |= names
            self._described = chat_id
            chat.tally.add(group.tally)
        finally:
            began.set()
            self._lanes.release()

    def _new_names(self, group: groups.Group, chat_id: identity.PeerId) -> dict[identity.PeerId, str]:
        if len(self._named) > MOST_NAMES:
            self._named.clear()
        names: dict[identity.PeerId, str] = {}
        for item in group.items:
            names |= item.names
        if identity.split_peer(chat_id)[0] != "user":
            # The export itself describes the chat; as a sender it is named without saying what it is.
            names.pop(chat_id, None)
        return {peer: name for peer, name in names.items() if peer not in self._named}


def _topics(group: groups.Group, described: Sequence[records.Topic]) -> list[records.Topic]:
    """Return the topics that are described, and those that service messages of the group open."""
    found = {topic.topic_id: topic for topic in described}
    for message in (item.message for item in group.items):
        if message.service is not None and message.service["type"] == service.TOPIC:
            title, color = message.service.get("title"), message.service.get("icon_color")
            opened = records.Topic(
                space_id=message.space_id,
                topic_id=message.message_id,
                title=title if isinstance(title, str) else "",
                icon_color=color if isinstance(color, int) and 0 <= color <= _LARGEST_COLOR else None,
                created_at=message.date,
            )
            # It may have another name by now.
            known = found.get(opened.topic_id, opened)
            found[opened.topic_id] = replace(opened, title=known.title, is_closed=known.is_closed)
    return list(found.values())


def _count(group: groups.Group, filling: imports.Filling) -> None:
    """Add what became of a group's rows to what was read of it."""
    tally = group.tally
    tally.imported += filling.imported
    tally.known += filling.known
    tally.revisions += filling.revisions_added
    tally.completed += filling.enriched
    if filling.elsewhere:
        tally.skipped.setdefault(ELSEWHERE, summary.Skipped()).count += filling.elsewhere
    for index, reason in filling.refused:
        tally.skip(reason, group.places[index], group.items[index].message.message_id)
