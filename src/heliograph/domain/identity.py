"""Who and where: spaces, boxes, chats, peers.

Telegram numbers users, basic groups and channels separately, so a bare number says nothing. Two encodings make
a number whole, and both fit a bigint:

* a **space** is where message ids are unique: a channel or supergroup (its positive channel id), or one account's
  mailbox with its basic groups and private chats (minus that account's Telegram user id);
* a **peer** is marked as in the Bot API: a user ``id``, a basic group ``-id``, a channel ``-1000000000000 - id``.

Each space has exactly one sequence of pts, so its id is also the key of its *box*.
"""

from __future__ import annotations

from typing import Final, Literal, NewType

SpaceId = NewType("SpaceId", int)
PeerId = NewType("PeerId", int)
AccountId = NewType("AccountId", int)
MessageId = NewType("MessageId", int)

PeerKind = Literal["user", "chat", "channel"]
ChatKind = Literal["channel", "supergroup", "forum", "group", "private"]

_CHANNEL_OFFSET: Final = 1_000_000_000_000


def channel_space(channel_id: int) -> SpaceId:
    """Return the space of a channel or supergroup."""
    return SpaceId(channel_id)


def mailbox_space(user_id: int) -> SpaceId:
    """Return the mailbox of the account that is Telegram user ``user_id``."""
    return SpaceId(-user_id)


def is_channel_space(space_id: SpaceId) -> bool:
    """Say whether a space is a channel, not a mailbox."""
    return space_id > 0


def user_peer(user_id: int) -> PeerId:
    """Return the marked id of a user."""
    return PeerId(user_id)


def chat_peer(chat_id: int) -> PeerId:
    """Return the marked id of a basic group."""
    return PeerId(-chat_id)


def channel_peer(channel_id: int) -> PeerId:
    """Return the marked id of a channel or supergroup."""
    return PeerId(-_CHANNEL_OFFSET - channel_id)


def split_peer(peer_id: int) -> tuple[PeerKind, int]:
    """Return a marked id's kind and bare id."""
    if peer_id > 0:
        return "user", peer_id
    if peer_id < -_CHANNEL_OFFSET:
        return "channel", -peer_id - _CHANNEL_OFFSET
    return "chat", -peer_id
