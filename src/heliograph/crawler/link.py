"""One account as the engine holds it: its connection, its lease's epoch and its memory of peers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from heliograph import errors
from heliograph.crawler import directory, normalize, transport
from heliograph.domain import identity, records


class Link:
    """An account that this process may speak for."""

    def __init__(self, connection: transport.Connection, *, epoch: int, chats: directory.Directory) -> None:
        self.connection = connection
        self.epoch = epoch
        self.account_id = connection.account_id
        self.user_id = connection.user_id
        self.mailbox = identity.mailbox_space(connection.user_id)
        self._directory = chats
        self._memory = normalize.PeerMemory()

    async def until_lost(self) -> None:
        """Wait until the connection is lost for the first time. Raises Disconnected then."""
        await self.connection.until_lost()
        raise errors.Disconnected("The connection to Telegram was lost; run the command again.")

    def context(self, at: datetime) -> normalize.Context:
        """Return what normalising this account's payloads needs."""
        chats = self._directory
        return normalize.Context(
            self_user_id=self.user_id,
            account_id=identity.AccountId(self.account_id),
            at=at,
            wants=chats.wants,
            is_forum=chats.is_forum,
        )

    def channel_hash(self, box: identity.SpaceId) -> int | None:
        """Return how this account reaches the channel of a box."""
        return self.peer_hash(identity.channel_peer(box))

    def peer_hash(self, peer_id: identity.PeerId) -> int | None:
        """Return how this account reaches a peer."""
        return self._directory.access_hash(self.account_id, peer_id)

    def aside(
        self,
        users: Iterable[Any],
        chats: Iterable[Any],
        rest: Iterable[Any],
        *,
        at: datetime,
        pushed_at: datetime | None = None,
    ) -> records.Batch | None:
        """Return the rows that belong to no box: new or changed peers, and counters; None when there are none."""
        rows = normalize.Rows()
        context = self.context(at)
        for update in rest:
            rows.add(update, space_id=self.mailbox, as_of=0, context=context)
        people: list[records.User] = []
        places: list[records.Chat] = []
        accesses: list[records.Access] = []
        if users or chats:
            known = normalize.peers(
                users, chats, account_id=self.account_id, self_user_id=self.user_id, user_accesses=False
            )
            self._directory.learn(*known)
            people, places, accesses = self._memory.fresh(known)
            places = [self._directory.settle(chat) for chat in places]
        if not (rows.observations or rows.dead_letters or people or places or accesses):
            return None
        return records.Batch(
            origin="live",
            account_id=context.account_id,
            observations=rows.observations,
            dead_letters=rows.dead_letters,
            users=people,
            chats=places,
            accesses=accesses,
            pushed_at=pushed_at,
        )

    def learn(self, known: normalize.Peers) -> None:
        """Remember who was described, and how they are reached."""
        self._directory.learn(*known)

    def settled(self, batch: records.Batch) -> records.Batch:
        """Return a page of dialogs without the peers that were sent already, groups in their authoritative mailbox.

        A private chat that is not mirrored is none: neither its name nor its ids are owed to anybody. A group's ids
        are owed in that mailbox alone.
        """
        kept = [chat for chat in batch.chats if chat.chat_id < 0 or self._wants(chat)]
        known = (batch.users, kept, batch.accesses)
        self._directory.learn(*known)
        users, chats, accesses = self._memory.fresh(known)
        chats = [self._directory.settle(chat) for chat in chats]
        owed = [item for item in batch.coverage if identity.is_channel_space(item.space_id) or self._wants(item)]
        return dataclasses.replace(batch, users=users, chats=chats, accesses=accesses, coverage=owed)

    def _wants(self, item: records.Chat | records.Coverage) -> bool:
        return self._directory.wants(item.space_id, item.chat_id)

    def forget(self) -> None:
        """Send peers again: a commit that held some may not have happened, and what it was of is asked for again.

        Who is known stays so: a short update that names somebody who is not costs a difference, and with it texts.
        """
        self._memory.forget()

    def forget_people(self) -> None:
        """Send peers again, and count nobody as known: what described some was dropped."""
        self._memory.forget()
        self._directory.forget_people()


class Links:
    """The accounts at work, by mailbox."""

    def __init__(self) -> None:
        self._by_mailbox: dict[identity.SpaceId, Link] = {}
        self._last: Link | None = None

    def add(self, account: Link) -> None:
        """Take an account."""
        self._by_mailbox[account.mailbox] = account

    def remove(self, account: Link) -> bool:
        """Let an account go; False when it was not at work."""
        if self._by_mailbox.pop(account.mailbox, None) is None:
            return False
        self._last = account
        return True

    def get(self, mailbox: identity.SpaceId) -> Link | None:
        """Return the account of a mailbox, None once it is gone."""
        return self._by_mailbox.get(mailbox)

    @property
    def at_work(self) -> list[Link]:
        """All of them."""
        return list(self._by_mailbox.values())

    def speaker(self, box: identity.SpaceId, readers: Iterable[identity.SpaceId]) -> Link:
        """Return the account whose view a box's payloads are: its own, one that reads it, or any; at last the last."""
        for mailbox in (box, *readers, *self._by_mailbox):
            if mailbox in self._by_mailbox:
                return self._by_mailbox[mailbox]
        assert self._last is not None
        return self._last
