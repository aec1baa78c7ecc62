"""Operations that no user asked for: expiry, lost logs, deletions of what nobody has seen, a hidden past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.simulator.world import chronicle, model, pushes, tl

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World


def expire(world: World, at: float, *, chat: int, message_ids: list[int], sender: int | None = None) -> int:
    """Let messages go without an event, as a time to live may: only a look at their ids shows it. Returns how many."""
    target = world.target(chat, sender)
    found = [m for n in message_ids if (m := target.message(n)) is not None and m.deleted_at is None]
    for message in found:
        message.deleted_at, message.cached = at, None
        target.alive -= 1
        _note_expiry(world, target, message, at)
    return len(found)


def roll_back(world: World, at: float, *, box: int, events: int) -> int:
    """Lose the last events of a box's log; what they did to messages stays. Returns the new pts."""
    found = world.box(box)
    pts = found.roll_back(events)
    chronicle.note_silent(found, "rollback", 0, 0, at)
    return pts


def delete_ids(world: World, at: float, *, user_id: int, message_ids: list[int]) -> int:
    """Tell one account that ids of its mailbox are deleted, whether it ever had them or not; returns its pts."""
    account = world.accounts[user_id]
    for number in message_ids:
        if 0 < number <= len(account.mailbox):
            chat, message = account.mailbox[number - 1]
            if message.deleted_at is None:
                message.deleted_at, message.cached = at, None
                chat.alive -= 1
    event = account.box.append("delete", 0, tuple(message_ids), int(at))
    chronicle.note(account.box, event, None)
    pushes.deletion(world, account, event)
    return event.pts


def set_prehistory(world: World, at: float, *, chat: int, is_hidden: bool) -> model.Chat:
    """Hide the history from who joins from now on, or show it to them."""
    target = world.chats[chat]
    target.is_prehistory_hidden = is_hidden
    target.version += 1
    return target


def _note_expiry(world: World, chat: model.Chat, message: model.Message, at: float) -> None:
    if chat.box is not None:
        chronicle.note_silent(chat.box, "expire", chat.peer, message.id, at)
        return
    for account in world.members(chat):
        own = message.id_for(account.user.id)
        if own is not None:
            chronicle.note_silent(account.box, "expire", tl.dialog_peer(chat, account.user.id), own, at)
