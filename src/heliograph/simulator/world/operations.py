"""Every operation by its name, as the journal writes it, and what callers may give for chats, users and messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heliograph.simulator.world import bots, incidents, membership, model, posting

ChatLike = model.Chat | int
UserLike = model.User | int

BY_NAME: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        posting.post,
        posting.edit,
        posting.delete,
        posting.react,
        posting.pin,
        posting.view,
        posting.vote,
        posting.read,
        posting.pin_dialog,
        posting.keep_media,
        membership.sign_up,
        membership.update_user,
        membership.add_contact,
        membership.create_channel,
        membership.create_group,
        membership.join,
        membership.join_by_link,
        membership.leave,
        membership.ban,
        membership.unban,
        membership.set_title,
        membership.set_username,
        membership.set_forum,
        membership.create_topic,
        membership.edit_topic,
        membership.migrate,
        bots.create_bot,
        bots.start_bot,
        incidents.expire,
        incidents.roll_back,
        incidents.delete_ids,
        incidents.set_prehistory,
    )
}


def peer(chat: ChatLike) -> int:
    """Return a chat's marked id."""
    if isinstance(chat, int):
        return chat
    if chat.kind == "private":
        raise TypeError("a private conversation is named by the other user's id")
    return chat.peer


def place(chat: model.Chat) -> dict[str, int | None]:
    """Return how an operation names a chat: a private one by one of its users as the other sees him."""
    if chat.kind != "private":
        return {"chat": chat.peer, "sender": None}
    one, *others = chat.members
    return {"chat": others[0] if others else one, "sender": one}


def user(given: UserLike | None) -> int | None:
    """Return a user's id."""
    return given.id if isinstance(given, model.User) else given


def number(message: model.Message | int) -> int:
    """Return a message's number in its chat."""
    return message.id if isinstance(message, model.Message) else message
