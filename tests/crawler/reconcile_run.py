"""The watchers of one process over a real store, and Telegrams that are held in the hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon.tl import functions, types

from heliograph import clock, config, errors
from heliograph.crawler import claims, directory, engine, governor, link, reach, writer
from heliograph.crawler.reconcile import readers
from heliograph.crawler.transport import inbox
from heliograph.domain import identity, records
from heliograph.domain.sync import machine
from heliograph.domain.sync.rules import Rules
from heliograph.store import chats as stored_chats
from heliograph.store import commit
from heliograph.store import database as store_database

NOW = datetime.now(UTC).replace(microsecond=0)
CHANNEL, OTHER = identity.channel_space(5), identity.channel_space(9)
CHAT = identity.channel_peer(5)
GROUP = identity.chat_peer(6)
SELF, SECOND = 7, 8
MAILBOX = identity.mailbox_space(SELF)


class Telegram:
    """One account's connection: what is there, where boxes stand, and refusals that are put in."""

    def __init__(self, account_id: int = 1, user_id: int = SELF) -> None:
        self.account_id, self.user_id = account_id, user_id
        self.governor = governor.Governor(lambda family: config.Budget(per_second=1e6, burst=1e6, concurrent=100))
        self.inbox = inbox.Inbox(10, clock.SystemClock())
        self.is_ended = False
        self.there: dict[int, str] = {}
        """Texts of the channel's messages by id."""
        self.dates: dict[int, datetime] = {}
        """When they were sent, where that is not an hour ago."""
        self.mailbox: dict[int, tuple[int, str]] = {}
        """Basic group and text by id."""
        self.views: int | None = None
        self.ttl: int | None = None
        """After how many seconds messages were to delete themselves."""
        self.hidden_until = 0
        self.pts: dict[int, int] = {}
        """Where channels stand, by id."""
        self.state_pts = 60
        self.asked: list[Any] = []
        self.on_request: Any = lambda request: None
        self.refused: dict[int, Exception] = {}
        """By channel id: what every request about it is answered with."""
        self.unreadable: dict[int, Exception] = {}
        """By message id: what every request is answered with whose answer would hold it."""

    async def call(self, request: Any, **_: Any) -> Any:
        await asyncio.sleep(0)
        self.asked.append(request)
        self.on_request(request)
        kind = type(request)
        for each in getattr(request, "id", ()):
            if each.id in self.unreadable:
                raise self.unreadable[each.id]
        if kind is functions.channels.GetMessagesRequest:
            self._check(request.channel)
            return self._channel_messages(request)
        if kind is functions.messages.GetMessagesRequest:
            return self._mailbox_messages(request)
        if kind is functions.messages.GetPeerDialogsRequest:
            return self._dialogs(request)
        if kind is functions.channels.GetFullChannelRequest:
            return types.messages.ChatFull(full_chat=_full(self.hidden_until), chats=[], users=[])
        assert kind is functions.updates.GetStateRequest
        return self._state()

    def ids_asked(self) -> list[list[int]]:
        kinds = (functions.channels.GetMessagesRequest, functions.messages.GetMessagesRequest)
        return [[each.id for each in request.id] for request in self.asked if isinstance(request, kinds)]

    def channels_asked(self) -> list[list[int]]:
        calls = [each for each in self.asked if isinstance(each, functions.messages.GetPeerDialogsRequest)]
        return [[each.peer.channel_id for each in call.peers] for call in calls]

    def _check(self, channel: Any) -> None:
        if channel.channel_id in self.refused:
            raise self.refused[channel.channel_id]

    def _channel_messages(self, request: Any) -> Any:
        found = [self._message(each.id, types.PeerChannel(5), self.there.get(each.id)) for each in request.id]
        return types.messages.ChannelMessages(pts=99, count=0, messages=found, topics=[], chats=[], users=[])

    def _mailbox_messages(self, request: Any) -> Any:
        found = []
        for each in request.id:
            group, text = self.mailbox.get(each.id, (0, None))
            found.append(self._message(each.id, types.PeerChat(group), text))
        return types.messages.Messages(messages=found, topics=[], chats=[], users=[])

    def _message(self, number: int, peer: Any, text: str | None) -> Any:
        if text is None:
            return types.MessageEmpty(id=number, peer_id=None)
        date = self.dates.get(number, NOW - timedelta(hours=1))
        return types.Message(id=number, peer_id=peer, date=date, message=text, views=self.views, ttl_period=self.ttl)

    def _dialogs(self, request: Any) -> Any:
        found = []
        for each in request.peers:
            if isinstance(each.peer, types.InputPeerChannel):
                self._check(each.peer)
                peer, pts = types.PeerChannel(each.peer.channel_id), self.pts.get(each.peer.channel_id)
                top = max(self.there, default=0)
            else:
                if each.peer.chat_id in self.refused:
                    raise self.refused[each.peer.chat_id]
                peer, pts = types.PeerChat(each.peer.chat_id), None
                ids = [number for number, (group, _) in self.mailbox.items() if group == each.peer.chat_id]
                top = max(ids, default=0)
            found.append(_dialog(peer, top, pts))
        return types.messages.PeerDialogs(dialogs=found, messages=[], chats=[], users=[], state=self._state())

    def _state(self) -> Any:
        return types.updates.State(pts=self.state_pts, qts=0, date=NOW, seq=0, unread_count=0)


class Run:
    """One process whose boxes are anchored: the channel at 50, another at 70, the mailbox at 60."""

    def __init__(self, opened: store_database.Database, *telegrams: Telegram, **settings: Any) -> None:
        self.opened = opened
        self.telegrams = telegrams
        self.time = clock.ManualClock(NOW)
        self.settings = config.Crawler(**{"confirm_seconds": 0, "history_depth": "all", **settings})
        self.known = directory.Directory()
        self.commits = writer.Writer(opened)
        held = claims.Claims(opened, epoch=1)
        self.machine = machine.Machine(Rules())
        self.engine = engine.Engine(
            self.machine,
            self.commits,
            self.known,
            claimed=held,
            reached=reach.Reach(opened, held),
            time=self.time,
        )
        self.actions: list[Any] = []
        self.engine.perform = self.actions.extend  # type: ignore[method-assign]
        self.readers = readers.Readers(self.engine, self.time)
        self.links = [link.Link(each, epoch=1, chats=self.known) for each in telegrams]  # type: ignore[arg-type]
        for space, pts in ((CHANNEL, 50), (OTHER, 70), *((each.mailbox, 60) for each in self.links)):
            self.machine.load(space, records.BoxState(pts=pts))
        for each in self.links:
            self.engine._links.add(each)
            self.machine.boxes[each.mailbox].add_account(each.mailbox, 0)
            for space in (CHANNEL, OTHER):
                peer = identity.channel_peer(space)
                access = records.Access(account_id=identity.AccountId(each.account_id), peer_id=peer, access_hash=1)
                self.known.learn([], [], [access])
                self.machine.add_channel(space, each.mailbox, None, 0)

    def reads(self, space: int, pts: int, *, by: int = 0) -> None:
        """Let all accounts see another channel, which is anchored at ``pts``; one of them knows how it is reached."""
        channel = identity.SpaceId(space)
        self.machine.load(channel, records.BoxState(pts=pts))
        account_id = identity.AccountId(self.links[by].account_id)
        self.known.learn(
            [], [], [records.Access(account_id=account_id, peer_id=identity.channel_peer(channel), access_hash=1)]
        )
        for each in self.links:
            self.machine.add_channel(channel, each.mailbox, None, 0)

    def commit_at(self, space: int, pts: int) -> None:
        """Let a box arrive somewhere, as a committed update does."""
        box = self.machine.boxes[identity.SpaceId(space)]
        box.pipeline.reset(records.BoxState(pts=pts))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.commits.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def remember(opened: store_database.Database, known: directory.Directory) -> None:
    """Take over the chats that the store knows."""
    async with opened.connection() as conn:
        for row in await stored_chats.load(conn):
            known.load(row)


def coverage(space: int, chat_id: int, first: int, last: int, source: Any, as_of: int = 0) -> records.Coverage:
    return records.Coverage(
        space_id=identity.SpaceId(space),
        chat_id=identity.PeerId(chat_id),
        first_id=first,
        last_id=last,
        as_of=as_of,
        source=source,
    )


def message(number: int, text: str = "", *, space: int = CHANNEL, chat_id: int = CHAT, **given: Any) -> records.Message:
    base: dict[str, Any] = {"date": NOW - timedelta(hours=1), "as_of": 40, "text": text or f"text {number}"}
    return records.Message(
        space_id=identity.SpaceId(space), chat_id=identity.PeerId(chat_id), message_id=number, **(base | given)
    )


async def store(opened: store_database.Database, *batches: records.Batch) -> None:
    """Store batches, of chats that have been mirrored for long enough that everything of them is due."""
    async with opened.transaction() as conn:
        await commit.commit(conn, batches)
        await conn.execute("UPDATE chats SET created_at = now() - interval '1 year'")


def complete(chat_id: int = CHAT, space: int = CHANNEL) -> records.Batch:
    """A chat whose history is there, with its box."""
    kind: Any = "supergroup" if space > 0 else "group"
    chat = records.Chat(chat_id=identity.PeerId(chat_id), space_id=identity.SpaceId(space), kind=kind, title="S")
    progress = records.BackfillProgress(
        chat_id=chat.chat_id, space_id=chat.space_id, next_id=1, done=1, total=1, is_complete=True, since=None
    )
    return records.Batch(origin="backfill", chats=[chat], progress=progress)


async def query(opened: store_database.Database, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    async with opened.connection() as conn:
        return await (await conn.execute(statement, values)).fetchall()


def refused(name: str = "CHANNEL_PRIVATE") -> errors.RpcFailed:
    return errors.RpcFailed(name)


def _dialog(peer: Any, top: int, pts: int | None) -> Any:
    return types.Dialog(
        peer=peer,
        top_message=top,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=pts,
    )


def _full(hidden_until: int) -> Any:
    return types.ChannelFull(
        id=5,
        about="",
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=50,
        available_min_id=hidden_until or None,
    )
