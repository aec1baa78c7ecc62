"""Ground truth: what the accounts' mirror must hold, read off the model itself.

One record per (space, message): a channel's message once, a basic group's once for each account that is in it, since
each mailbox numbers it differently; the reader keeps the mailbox that is authoritative for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from heliograph.simulator.world import model, tl

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

Record = dict[str, Any]


def records(
    world: World,
    user_ids: Sequence[int],
    *,
    since: float | None = None,
    include_private: bool = False,
    mailboxes: Iterable[int] | None = None,
) -> Iterator[Record]:
    """Yield the records of every chat that one of the users is in.

    ``since`` leaves out what was sent before that moment; ``mailboxes`` names the accounts whose basic-group records
    are wanted (all of ``user_ids`` by default). What was deleted before the world's start was never to be seen and
    is left out; a chat that was left stays, with what was said in it while somebody was there to hear it unknown.
    """
    for chat in world.chats.values():
        if chat.is_channel and any(user_id in chat.members for user_id in user_ids):
            yield from _channel(world, chat, since)
    for user_id in user_ids if mailboxes is None else mailboxes:
        account = world.accounts.get(user_id)
        if account is not None:
            yield from _mailbox(world, account, since, include_private=include_private)


def _channel(world: World, chat: model.Chat, since: float | None) -> Iterator[Record]:
    for message in chat.messages:
        if _is_wanted(message, since):
            yield _record(world, chat, message, chat.id, message.id, chat.peer, None)


def _mailbox(world: World, account: model.Account, since: float | None, *, include_private: bool) -> Iterator[Record]:
    viewer = account.user.id
    for number, (chat, message) in enumerate(account.mailbox, start=1):
        if (chat.kind != "private" or include_private) and _is_wanted(message, since):
            yield _record(world, chat, message, -viewer, number, tl.dialog_peer(chat, viewer), viewer)


def _is_wanted(message: model.Message, since: float | None) -> bool:
    return message.deleted_at != model.LONG_GONE and (since is None or message.date >= since)


def _record(
    world: World,
    chat: model.Chat,
    message: model.Message,
    space_id: int,
    message_id: int,
    peer: int,
    viewer: int | None,
) -> Record:
    return {
        "space_id": space_id,
        "message_id": message_id,
        "chat_id": peer,
        "sender_id": message.sender,
        "date": message.date,
        "text": message.text,
        "versions": [text for _at, text in message.versions] if message.versions else [message.text],
        "version_times": [at for at, _text in message.versions] if message.versions else [message.date],
        "entities": message.entities or [],
        "reply_to": _reply(world, chat, message, viewer),
        "topic_id": (message.topic or 1) if chat.kind == "forum" else None,
        "album_id": message.album,
        "forward": message.forward,
        "media": _public(message.media),
        "service": _service(world, chat, message, viewer),
        "edit_date": message.edit_date,
        "is_deleted": message.deleted_at is not None,
        "deleted_at": message.deleted_at,
        "author_signature": message.author,
        "pushed_at": message.pushed_at,
    }


def _reply(world: World, chat: model.Chat, message: model.Message, viewer: int | None) -> Record | None:
    reply = message.reply
    if reply is None:
        return None
    if viewer is None or reply.chat is not None:
        return {"message_id": reply.message_id, "chat_id": reply.chat}
    target = chat.message(reply.message_id)
    own = target.id_for(viewer) if target is not None else None
    return None if own is None else {"message_id": own, "chat_id": None}


def _service(world: World, chat: model.Chat, message: model.Message, viewer: int | None) -> Record | None:
    """Return the action; a pin names the pinned message, which on the wire is what it replies to."""
    action = _public(message.action)
    if action is None or action["type"] != "pin_message":
        return action
    pinned = _reply(world, chat, message, viewer)
    return action if pinned is None else {**action, "message_id": pinned["message_id"]}


def _public(spec: model.Json | None) -> model.Json | None:
    return None if spec is None else {key: value for key, value in spec.items() if not key.startswith("_")}
