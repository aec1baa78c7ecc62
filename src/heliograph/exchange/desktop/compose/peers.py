"""Peers in Desktop's form: ids with the kind in front, names where they are known."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.domain import identity, records

Names = Mapping[identity.PeerId, str]


def peer(peer_id: int) -> str:
    """Return a marked id as ``user1``, ``chat1`` or ``channel1``."""
    kind, number = identity.split_peer(peer_id)
    return f"{kind}{number}"


def name(names: Names, peer_id: int | None) -> str | None:
    """Return what somebody is called; Desktop writes ``null`` for those it does not know."""
    return None if peer_id is None else names.get(identity.PeerId(peer_id))


def sender(label: str, message: records.Message, kind: identity.ChatKind, names: Names) -> records.Json:
    """Return who sent a message, as ``label`` and its id; a post without an author is the channel's own.

    Whoever has a name only stays without an id, rather than being credited to the chat.
    """
    if records.is_named_only(message, kind):
        return {label: message.author_signature}
    who = message.sender_id or message.chat_id
    return {label: name(names, who), f"{label}_id": peer(who)}
