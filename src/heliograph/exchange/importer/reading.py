"""The import of one source: pulled group by group, each placed and committed with the place to go on from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from heliograph.domain import identity, records
from heliograph.exchange import model, sources
from heliograph.exchange.importer import choice, committing, files, groups, points, readers, summary, targets
from heliograph.store.database import Database

OnProgress = Callable[[int, int], None]
"""Takes the bytes and the messages that were read by now."""


class Stop(Protocol):
    """What tells an import to end after the running commit: an asyncio.Event, for one."""

    def is_set(self) -> bool:
        """Say whether it is to end."""


class Reading:
    """One source on its way into the store."""

    def __init__(
        self,
        database: Database,
        storage: files.Storage | None,
        source: sources.Source,
        options: choice.Options,
        stop: Stop,
        named: identity.PeerId | None,
    ) -> None:
        self.tally = summary.SourceTally(name=source.name)
        self._database = database
        self._source = source
        self._options = options
        self._owner = targets.Owner(user_id=options.user_id, timezone=options.timezone)
        self._stop = stop
        self._named = named
        self._progress = points.Progress(f"{source.identity} {options.key}", source.name)
        carried = files.Files(source, storage, is_dry_run=options.is_dry_run)
        self._committer = committing.Committer(database, carried, self._progress, is_dry_run=options.is_dry_run)
        self._header: model.ChatHeader | None = None
        self._placed: targets.Resolved | None = None
        self._chat: summary.ChatTally | None = None

    async def run(self, on_progress: OnProgress) -> None:
        """Read to the end, to where the source breaks off, or until it is told to stop."""
        point = await self._point()
        if self.tally.is_known:
            return
        for skip in self._source.skips:
            self.tally.outside.skip(skip.reason, skip.place, skip.message_id)
        reader = readers.Reader(self._source, point)
        on_progress(reader.done_bytes, 0)
        pulled = groups.Groups(reader.events())
        async with self._committer:
            is_whole = await self._read(pulled, point, lambda read: on_progress(reader.done_bytes, read))
        for what, count in reader.left_out.items():
            self.tally.outside.left_out[what] += count
        is_wanted = self.tally.chats or not self._options.chats
        if is_whole and is_wanted and not self._options.is_dry_run:
            async with self._database.transaction() as conn:
                await self._progress.complete(conn)

    async def _point(self) -> points.Point | None:
        """Return where to go on, None at the beginning."""
        if self._options.is_dry_run or self._options.is_again:
            return None
        async with self._database.connection() as conn:
            point = await self._progress.load(conn)
        self.tally.is_known = self._progress.is_complete
        self.tally.is_resumed = point is not None and not self.tally.is_known
        return point

    async def _read(
        self, pulled: groups.Groups, point: points.Point | None, on_progress: Callable[[int], None]
    ) -> bool:
        """Hand every group to the committer; say whether the source was read to its end."""
        messages = 0
        pulling = asyncio.create_task(asyncio.to_thread(pulled.pull))
        try:
            while (found := await pulling) is not None:
                if self._stop.is_set():
                    return False
                if isinstance(found, groups.Beginning):
                    await self._begin(found, point)
                    if self.tally.broken is not None:
                        return False
                    point = None
                    pulled.go_on(self._placed.target if self._placed else None)
                elif isinstance(found, model.Broken):
                    self.tally.broken = found
                pulling = asyncio.create_task(asyncio.to_thread(pulled.pull))
                if isinstance(found, groups.Group):
                    await self._hand_over(found)
                    messages += found.tally.read
                    on_progress(messages)
            return self.tally.broken is None
        finally:
            # A thread cannot be cancelled; what it reads is closed only after it.
            await asyncio.wait({pulling})
            pulled.close()

    async def _begin(self, begun: groups.Beginning, point: points.Point | None) -> None:
        """Find out where the chat goes that begins, ``point`` being where an earlier run ended in it."""
        header = targets.told(begun.header, self._named)
        self._header, self._placed, self._chat = header, None, None
        matched = self._options.matching(begun.header, self._named)
        self.tally.matched |= matched
        if self._options.chats and not matched:
            return
        if sentence := targets.contradiction(header, self._owner):
            self.tally.broken = model.Broken(sentence=sentence, place=header.place)
            return
        self._placed = await self._place(header, begun.opening, point)
        if self._placed is None:
            return
        chat = self._placed.chat
        known = self.tally.chats.get(chat.chat_id)
        self._chat = known or summary.ChatTally(
            chat_id=chat.chat_id, title=chat.title, kind=chat.kind, note=self._placed.note
        )
        self.tally.chats[chat.chat_id] = self._chat

    async def _place(
        self, header: model.ChatHeader, opening: Sequence[records.Json], point: points.Point | None
    ) -> targets.Resolved | None:
        """Return where the chat goes, None for one that an earlier run left out."""
        placed: targets.Resolved | None
        with suppress(committing.Undo):
            async with self._database.transaction() as conn:
                if point is not None:
                    placed = await point.resolved(conn, self._owner)
                else:
                    placed = await targets.resolve(conn, header, opening, self._owner, source=self._source.identity)
                if self._options.is_dry_run:
                    raise committing.Undo
        return placed

    async def _hand_over(self, group: groups.Group) -> None:
        if self._placed is None or self._chat is None:
            self.tally.outside.add(group.tally)
            return
        assert self._header is not None
        if self._placed.found.topic_id is not None and group.topic_id is None:
            self._placed = targets.of_whole(self._placed, self._header)
            self._chat.title = self._placed.chat.title
        point = None
        if group.offset_after is not None:
            point = points.after(group.offset_after, self._header, self._placed)
        await self._committer.take(group, self._placed, self._chat, point)
