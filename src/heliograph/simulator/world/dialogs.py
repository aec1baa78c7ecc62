"""The list of chats as one account has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from telethon.tl import types

from heliograph.simulator.world import model, tl, views

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World


class Row(NamedTuple):
    """A dialog's place in the list: newest first, by the date and id of its last message."""

    date: int
    top_id: int
    peer: int
    chat: model.Chat
    top: model.Message | None


def rows(world: World, viewer: int) -> list[Row]:
    """Return an account's dialogs, newest first."""
    account = world.accounts[viewer]
    peers = [*account.chats, *(peer for peer in account.shelves if peer > 0)]
    return sorted((row(world, viewer, peer) for peer in peers), key=_place, reverse=True)


def row(world: World, viewer: int, peer: int) -> Row:
    """Return one dialog with its last message. Raises RpcError where the account may not look."""
    seen = views.view(world, viewer, peer)
    top = views.newest(seen)
    if top is None:
        return Row(0, 0, peer, seen.chat, None)
    return Row(top[1].date, top[0], peer, seen.chat, top[1])


def dialog(world: World, viewer: int, peer: int) -> Any:
    """Return a TL Dialog; a channel's carries its pts."""
    account = world.accounts[viewer]
    found = row(world, viewer, peer)
    mark = account.read.get(peer, 0)
    return types.Dialog(
        peer=tl.peer(peer),
        top_message=found.top_id,
        read_inbox_max_id=mark,
        read_outbox_max_id=mark,
        unread_count=views.unread(world, viewer, peer, views.view(world, viewer, peer)),
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pinned=peer in account.pinned,
        pts=found.chat.box.pts if found.chat.box is not None else None,
    )


def _place(found: Row) -> tuple[int, int, int]:
    return found.date, found.top_id, found.peer
