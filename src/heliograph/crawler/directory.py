"""What this process knows about chats while it runs: how to reach them, and which of them are mirrored from where.

It is a copy of what the store holds, kept because every update asks for it. Access hashes are per account and typed
by their marked id (invariant 17), so that a user and a channel of one number never share one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from heliograph.domain import identity, records
from heliograph.store import chats as chat_rows

READS = frozenset({"creator", "admin", "member"})
"""Roles whose account reads the chat."""
PEOPLE = 200_000
"""People remembered; beyond it they are forgotten together."""


class Directory:
    """Chats and access hashes by marked id."""

    def __init__(self, *, private_chats: bool = False) -> None:
        self._private_chats = private_chats
        self._hashes: dict[tuple[int, int], int] = {}
        self._forums: set[identity.PeerId] = set()
        self._spaces: dict[identity.PeerId, identity.SpaceId] = {}
        """The authoritative mailbox of each basic group: the first one that saw it (invariant 13)."""
        self._ignored: set[identity.PeerId] = set()
        self._people: set[int] = set()
        self._complete: set[identity.PeerId] = set()
        self._covered: set[identity.PeerId] = set()

    def learn(
        self, users: Iterable[records.User], chats: Iterable[records.Chat], accesses: Iterable[records.Access]
    ) -> None:
        """Take over what came with an answer; ``min`` data tells nothing here."""
        self.load_people(user.user_id for user in users if not user.is_min)
        for chat in chats:
            self._spaces.setdefault(chat.chat_id, chat.space_id)
            if not chat.is_min:
                (self._forums.add if chat.kind == "forum" else self._forums.discard)(chat.chat_id)
        for access in accesses:
            if access.access_hash is not None:
                self._hashes[access.account_id, access.peer_id] = access.access_hash

    def load_people(self, user_ids: Iterable[int]) -> None:
        """Take over who is described in the store."""
        if len(self._people) > PEOPLE:
            self._people.clear()
        self._people.update(user_ids)

    def forget_people(self) -> None:
        """Count nobody as described any more: a commit that held some did not happen, and nobody asks for it again.

        Each costs a difference when a short update next names them, and that describes them again.
        """
        self._people.clear()

    def load_chat(self, chat_id: identity.PeerId, *, space_id: identity.SpaceId, kind: str, policy: str) -> None:
        """Take over a chat that the store knows well."""
        self._spaces[chat_id] = space_id
        self.stored(chat_id)
        if kind == "forum":
            self._forums.add(chat_id)
        (self._ignored.add if policy == "ignore" else self._ignored.discard)(chat_id)

    def load(self, row: chat_rows.ChatRow) -> None:
        """Take over a chat from the store, which may know it by a mention alone."""
        if row.is_copy:  # whoever sees the chat first mirrors it
            return
        self.load_chat(row.chat_id, space_id=row.space_id, kind=row.kind, policy=row.policy)
        if row.is_min:
            self._complete.discard(row.chat_id)
        if not row.is_covered:
            self._covered.discard(row.chat_id)

    def begin_anew(self, rows: Iterable[chat_rows.ChatRow]) -> None:
        """Count as stored what these rows say and nothing else: the store has lost commits."""
        self.forget_people()
        self._complete.clear()
        self._covered.clear()
        for row in rows:
            self.load(row)

    def access_hash(self, account_id: int, peer_id: identity.PeerId) -> int | None:
        """Return how an account reaches a peer, None when it does not know."""
        return self._hashes.get((account_id, peer_id))

    def has(self, chat_id: identity.PeerId) -> bool:
        """Say whether the store knows a chat by more than a mention."""
        return chat_id in self._complete

    def is_new(self, chat_id: identity.PeerId) -> bool:
        """Say whether the ledger has nothing of a chat yet: all its ids are owed (invariant 12)."""
        return chat_id not in self._covered

    def stored(self, chat_id: identity.PeerId) -> None:
        """Note that the store has a chat, and its ids on the ledger."""
        self._complete.add(chat_id)
        self._covered.add(chat_id)

    def settle(self, chat: records.Chat) -> records.Chat:
        """Return a basic group's row with its authoritative mailbox, so that every account says the same."""
        space_id = self._spaces.get(chat.chat_id, chat.space_id)
        return chat if space_id == chat.space_id else dataclasses.replace(chat, space_id=space_id)

    def is_forum(self, chat_id: identity.PeerId) -> bool:
        """Say whether a chat has topics."""
        return chat_id in self._forums

    def is_known(self, peer_id: identity.PeerId) -> bool:
        """Say whether a peer is described in the store; one that is not costs a difference, which describes it."""
        return peer_id in self._people if peer_id > 0 else peer_id in self._spaces

    def wants(self, space_id: identity.SpaceId, chat_id: identity.PeerId) -> bool:
        """Say whether a chat's messages in this space become rows; its cursor moves in any case."""
        if chat_id in self._ignored:
            return False
        if chat_id > 0:
            return self._private_chats
        return self._spaces.setdefault(chat_id, space_id) == space_id

    def groups_of(self, mailbox: identity.SpaceId) -> list[identity.PeerId]:
        """Return the chats that are mirrored from a mailbox."""
        return [chat_id for chat_id, space_id in self._spaces.items() if space_id == mailbox]
