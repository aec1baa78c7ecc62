"""What a start takes over from the store: cursors, dirty marks, chats, and how each account reaches its channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from heliograph.crawler import claims, directory, engine, link, reach
from heliograph.domain import identity, records
from heliograph.store import chats, cursors, database, gaps, mailboxes


@dataclass(frozen=True, kw_only=True)
class Resume:
    """The committed state that this process goes on from."""

    cursors: Mapping[identity.SpaceId, records.BoxState] = field(default_factory=dict)
    marks: frozenset[identity.SpaceId] = frozenset()
    """Boxes that may have news, those with an open gap among them."""
    behind: frozenset[identity.SpaceId] = frozenset()
    """Boxes with an open gap that an earlier process has put on record."""
    channels: Mapping[int, Sequence[identity.SpaceId]] = field(default_factory=dict)
    """By account id: the channels that it reads."""
    lost: frozenset[identity.PeerId] = frozenset()
    """Channels that nobody could read; each is tried again."""

    def cursor(self, account: link.Link) -> records.BoxState | None:
        """Return where an account's common box stands."""
        return self.cursors.get(account.mailbox)

    def channels_into(self, work: engine.Engine, account: link.Link, *, with_marks: bool) -> None:
        """Give an account's channels to the engine; those that are marked start with a difference."""
        for space in self.channels.get(account.account_id, ()):
            is_dirty = with_marks and (space in self.marks or identity.channel_peer(space) in self.lost)
            if space in self.cursors or is_dirty:
                work.resume_channel(account, space, self.cursors.get(space), is_dirty=is_dirty)


async def load(
    opened: database.Database, links: Sequence[link.Link], known: directory.Directory, claimed: claims.Claims
) -> Resume:
    """Read the committed state and put the boxes of these accounts under this process's epoch.

    Whatever commits with a cursor is read after the cursor is claimed: no holder before us adds to it any more.
    """
    found = await claimed.take({account.mailbox for account in links})
    for account in links:
        async with opened.transaction() as conn:
            await mailboxes.reopen(conn, account.mailbox)
    async with opened.connection() as conn:
        rows, channels = await _chats(conn, links, known)
    found |= await claimed.take({space for each in channels.values() for space in each})
    await _abandon(opened, links, claimed.epoch)
    async with opened.connection() as conn:
        marks = frozenset(mark.box for mark in await cursors.dirty(conn))
        behind = await gaps.under_way(conn)
    return Resume(
        cursors=found,
        marks=marks | behind,
        behind=behind,
        channels=channels,
        lost=frozenset(row.chat_id for row in rows if row.status == "inactive" and _is_described_channel(row)),
    )


async def _chats(
    conn: database.Connection, links: Sequence[link.Link], known: directory.Directory
) -> tuple[list[chats.ChatRow], dict[int, list[identity.SpaceId]]]:
    """Make chats and people known, and return the chats, and by account the channels that it reads."""
    rows = await chats.load(conn)
    for row in rows:
        known.load(row)
    known.load_people(await chats.people(conn, directory.PEOPLE))
    channels: dict[int, list[identity.SpaceId]] = {}
    for account in links:
        accesses = await chats.accesses(conn, identity.AccountId(account.account_id))
        known.learn([], [], accesses)
        channels[account.account_id] = [space for each in accesses if (space := _channel(each)) is not None]
    return rows, channels


async def _abandon(opened: database.Database, links: Sequence[link.Link], epoch: int) -> None:
    """Leave to others what an earlier process of these accounts could read no more, and did not come to say so."""
    async with opened.transaction() as conn:
        for chat_id, is_unread in await cursors.abandon(conn, [each.account_id for each in links], epoch):
            if is_unread:
                await chats.set_status(conn, chat_id, "inactive", reach.UNREADABLE)


def _is_described_channel(row: chats.ChatRow) -> bool:
    return identity.is_channel_space(row.space_id) and not row.is_min


def _channel(access: records.Access) -> identity.SpaceId | None:
    kind, number = identity.split_peer(access.peer_id)
    is_readable = kind == "channel" and access.role in directory.READS and access.access_hash is not None
    return identity.channel_space(number) if is_readable else None
