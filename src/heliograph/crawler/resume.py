"""What a start takes over from the store: cursors, dirty marks, chats, and how each account reaches its channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from heliograph.crawler import directory, engine, link
from heliograph.domain import identity, records
from heliograph.store import chats, cursors, database

_READS = frozenset({"creator", "admin", "member"})


@dataclass(frozen=True, kw_only=True)
class Resume:
    """The committed state that this process goes on from."""

    cursors: Mapping[identity.SpaceId, cursors.Cursor] = field(default_factory=dict)
    marks: frozenset[identity.SpaceId] = frozenset()
    channels: Mapping[int, Sequence[identity.SpaceId]] = field(default_factory=dict)
    """By account id: the channels that it reads."""

    def cursor(self, account: link.Link) -> records.BoxState | None:
        """Return where an account's common box stands."""
        found = self.cursors.get(account.mailbox)
        return found.state if found else None

    def channels_into(self, work: engine.Engine, account: link.Link, *, with_marks: bool) -> None:
        """Give an account's channels to the engine; those that are marked start with a difference."""
        for space in self.channels.get(account.account_id, ()):
            found = self.cursors.get(space)
            if found is not None or (with_marks and space in self.marks):
                is_dirty = with_marks and space in self.marks
                work.resume_channel(account, space, found.state if found else None, is_dirty=is_dirty)


async def load(opened: database.Database, links: Sequence[link.Link], known: directory.Directory, epoch: int) -> Resume:
    """Read the committed state and put the boxes of these accounts under this process's epoch."""
    channels: dict[int, list[identity.SpaceId]] = {}
    async with opened.connection() as conn:
        for row in await chats.load(conn):
            known.load(row)
        known.load_people(await chats.people(conn, directory.PEOPLE))
        for account in links:
            accesses = await chats.accesses(conn, identity.AccountId(account.account_id))
            known.learn([], [], accesses)
            channels[account.account_id] = [space for each in accesses if (space := _channel(each)) is not None]
        boxes = {account.mailbox for account in links}.union(*channels.values())
        await cursors.claim(conn, boxes, epoch)
        return Resume(
            cursors=await cursors.load(conn),
            marks=frozenset(mark.box for mark in await cursors.dirty(conn)),
            channels=channels,
        )


def _channel(access: records.Access) -> identity.SpaceId | None:
    kind, number = identity.split_peer(access.peer_id)
    is_readable = kind == "channel" and access.role in _READS and access.access_hash is not None
    return identity.channel_space(number) if is_readable else None
