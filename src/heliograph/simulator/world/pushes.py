"""Live updates: what each account is told about an operation, in the container that Telegram would use.

Containers wait in ``world.pending`` until the operation is in the journal, so that nobody hears of what a restart
would not know. They carry ``seq = 0``: only pts orders them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from telethon.tl import types

from heliograph.simulator.world import model, tl_peers, tl_updates
from heliograph.simulator.world.boxes import Event

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World


class Push(NamedTuple):
    """A container on its way to an account, and the messages it is about."""

    user_id: int
    container: Any
    messages: tuple[model.Message, ...] = ()
    peer: int = 0
    """The marked id of the chat that it is about, as the account has it; 0 for none."""
    kind: str = ""
    """The kind of the box's event, empty for what belongs to no box."""


def channel_event(world: World, chat: model.Chat, event: Event, message: model.Message | None) -> None:
    """Tell a channel's members about an event of its box."""
    for account in world.listeners(chat):
        viewer = account.user.id
        update = tl_updates.channel_update(world, chat, event, viewer, event.pts, event.moved)
        if update is not None:
            entries = [] if message is None else [(chat, message)]
            peers = tl_peers.of_messages(world, viewer, entries, is_min=True, also=[chat.peer])
            send(world, viewer, [update], peers, event, message)


def mailbox_event(
    world: World, account: model.Account, chat: model.Chat, event: Event, message: model.Message | None
) -> None:
    """Tell one account about an event of its common box; plain texts travel in the short form."""
    viewer = account.user.id
    if not world.is_heard:
        return
    if event.kind == "new" and message is not None and (brief := tl_updates.short(chat, message, viewer, event)):
        world.pending.append(Push(viewer, brief, (message,), event.peer, event.kind))
        return
    update = tl_updates.mailbox_update(world, account, event, event.pts, event.moved)
    if update is not None:
        entries = [] if message is None else [(chat, message)]
        also = [chat.peer] if chat.peer else []
        send(world, viewer, [update], tl_peers.of_messages(world, viewer, entries, also=also), event, message)


def deletion(world: World, account: model.Account, event: Event) -> None:
    """Tell an account of a deletion in its common box, which names no chat."""
    if world.is_heard:
        update = tl_updates.mailbox_update(world, account, event, event.pts, event.moved)
        send(world, account.user.id, [update], ([], []), event)


def reactions(world: World, chat: model.Chat, message: model.Message, at: int) -> None:
    """Tell members who listen about a message's reactions."""
    for account in world.listeners(chat):
        viewer = account.user.id
        if message.id_for(viewer) is not None:
            peers = tl_peers.listed(world, viewer, [chat.peer] if chat.peer else [])
            send(world, viewer, [tl_updates.reactions(chat, message, viewer)], peers, _unboxed(chat, at))


def views(world: World, chat: model.Chat, messages: Iterable[model.Message], at: int) -> None:
    """Tell a channel's members its new view counts."""
    updates = [types.UpdateChannelMessageViews(chat.id, message.id, message.views or 0) for message in messages]
    for account in world.listeners(chat):
        peers = tl_peers.listed(world, account.user.id, [chat.peer])
        send(world, account.user.id, updates, peers, _unboxed(chat, at))


def poll(world: World, chat: model.Chat, message: model.Message, at: int) -> None:
    """Tell members a poll's new counts."""
    for account in world.listeners(chat):
        send(world, account.user.id, [tl_updates.poll(message)], ([], []), _unboxed(chat, at))


def membership(world: World, chat: model.Chat, user_id: int, at: int) -> None:
    """Tell an account that its own place in a chat has changed."""
    if world.is_heard and user_id in world.accounts:
        update = types.UpdateChannel(chat.id) if chat.is_channel else types.UpdateChat(chat.id)
        send(world, user_id, [update], tl_peers.listed(world, user_id, [chat.peer]), _unboxed(chat, at))


def send(
    world: World,
    user_id: int,
    updates: list[Any],
    peers: tl_peers.Peers,
    event: Event,
    message: model.Message | None = None,
) -> None:
    """Put an ``updates`` container on its way."""
    users, chats = peers
    container = types.Updates(updates=updates, users=users, chats=chats, date=event.at, seq=0)
    messages = () if message is None else (message,)
    world.pending.append(Push(user_id, container, messages, event.peer, event.kind))


def _unboxed(chat: model.Chat, at: int) -> Event:
    """Return what stands for the event of an update that moves no box."""
    return Event(0, 0, "", chat.peer, (), at)
