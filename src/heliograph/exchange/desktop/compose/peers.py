"""Peers in Desktop's form: ids with the kind in front, names where they are known."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.domain import identity

Names = Mapping[identity.PeerId, str]


def peer(peer_id: int) -> str:
    """Return a marked id as ``user1``, ``chat1`` or ``channel1``."""
    kind, number = identity.split_peer(peer_id)
    return f"{kind}{number}"


def name(names: Names, peer_id: int | None) -> str | None:
    """Return what somebody is called; Desktop writes ``null`` for those it does not know."""
    return None if peer_id is None else names.get(identity.PeerId(peer_id))
