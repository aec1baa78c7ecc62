"""Ground truth: what the accounts' mirror must hold, read off the model itself.

One record per (space, message): a channel's message once, a basic group's once for each account that is in it, since
each mailbox numbers it differently; the reader keeps the mailbox that is authoritative for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from heliograph.simulator.world import model, tl

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

Record = dict[str, Any]


def events(world: World, box: int) -> Iterator[Record]:
    """Yield what happened in a box since the world began, oldest first, one record for each message of an event.

    A box is named by a channel's marked id or an account's user id; an unknown one raises ValueError.
    """
    for entry in world.box(box).log:
        yield {
            "pts": entry.pts,
            "pts_count": entry.moved,
            "kind": entry.kind,
            "chat_id": entry.chat,
            "message_id": entry.message_id,
            "text": entry.text,
            "is_hidden": entry.is_hidden,
            "at": entry.at,
        }


class Place(NamedTuple):
    """Where a record is kept, and for a mailbox whose eyes it is seen with."""

    space_id: int
    message_id: int
    chat_id: int
    viewer: int | None


def records(
    world: World,
    user_ids: Sequence[int],
    *,
    since: float | None = None,
    include_private: bool = False,
    mailboxes: Sequence[int] | None = None,
) -> Iterator[Record]:
    """Yield the records of every chat that one of the users is in.

    ``since`` leaves out what was sent before that moment; ``mailboxes`` names the accounts whose basic-group records
    are wanted (all of ``user_ids`` by default). What was deleted before the world's start was never to be seen and
    is left out. A chat that the accounts have left is told as the last of them saw it.
    """
    accounts = [account for user_id in user_ids if (account := world.accounts.get(user_id)) is not None]
    for chat in world.chats.values():
        if chat.is_channel:
            yield from _channel(world, chat, accounts, since)
    for account in accounts:
        if mailboxes is None or account.user.id in mailboxes:
            yield from _mailbox(world, account, since, include_private=include_private)


def _channel(
    world: World, chat: model.Chat, accounts: Sequence[model.Account], since: float | None
) -> Iterator[Record]:
    if not any(account.user.id in chat.members or chat.peer in account.stays for account in accounts):
        return
    for message in chat.messages:
        until = _seen_until(chat, message, accounts)
        if until and _is_wanted(message, since, until):
            yield _record(world, chat, message, Place(chat.id, message.id, chat.peer, None), until)


def _seen_until(chat: model.Chat, message: model.Message, accounts: Sequence[model.Account]) -> float:
    """Return when the last of the accounts saw a channel's message, 0 for never."""
    last = 0.0
    for account in accounts:
        member = chat.members.get(account.user.id)
        if member is not None and message.id >= member.first_id:
            return math.inf
        for stay in account.stays.get(chat.peer, ()):
            if stay.first_id <= message.id <= stay.last_id:
                last = max(last, stay.left_at)
    return last


def _mailbox(world: World, account: model.Account, since: float | None, *, include_private: bool) -> Iterator[Record]:
    viewer = account.user.id
    for number, (chat, message) in enumerate(account.mailbox, start=1):
        until = account.left.get(chat.peer, math.inf)
        if (chat.kind != "private" or include_private) and _is_wanted(message, since, until):
            yield _record(world, chat, message, Place(-viewer, number, tl.dialog_peer(chat, viewer), viewer), until)


def _is_wanted(message: model.Message, since: float | None, until: float) -> bool:
    is_gone = message.deleted_at == model.LONG_GONE
    return not is_gone and message.date <= until and (since is None or message.date >= since)


def _record(
    world: World,
    chat: model.Chat,
    message: model.Message,
    place: Place,
    until: float,
) -> Record:
    history = message.versions or [(float(message.date), message.text)]
    versions = [version for version in history if version[0] <= until] or history[:1]
    is_deleted = message.deleted_at is not None and message.deleted_at <= until
    return {
        "space_id": place.space_id,
        "message_id": place.message_id,
        "chat_id": place.chat_id,
        "sender_id": message.sender,
        "date": message.date,
        "text": versions[-1][1],
        "versions": [text for _at, text in versions],
        "version_times": [at for at, _text in versions],
        "entities": message.entities or [],
        "reply_to": _reply(chat, message, place.viewer),
        "topic_id": (message.topic or 1) if chat.kind == "forum" else None,
        "album_id": message.album,
        "forward": message.forward,
        "media": _public(message.media) or _picture(message.action),
        "service": _service(chat, message, place.viewer),
        "edit_date": message.edit_date,
        "is_deleted": is_deleted,
        "deleted_at": message.deleted_at if is_deleted else None,
        "author_signature": message.author,
        "pushed_at": message.pushed_at,
    }


def _reply(chat: model.Chat, message: model.Message, viewer: int | None) -> Record | None:
    reply = message.reply
    if reply is None:
        return None
    if viewer is None or reply.chat is not None:
        return {"message_id": reply.message_id, "chat_id": reply.chat}
    target = chat.message(reply.message_id)
    own = target.id_for(viewer) if target is not None else None
    return None if own is None else {"message_id": own, "chat_id": None}


def _service(chat: model.Chat, message: model.Message, viewer: int | None) -> Record | None:
    """Return the action; a pin names the pinned message, which on the wire is what it replies to."""
    action = _public(message.action)
    if action is None or action["type"] != "pin_message":
        return action
    pinned = _reply(chat, message, viewer)
    return action if pinned is None else {**action, "message_id": pinned["message_id"]}


def _picture(action: model.Json | None) -> model.Json | None:
    """Return what a reader sees of a chat's new picture; see ``tl_actions`` for its size."""
    return {"kind": "photo", "width": 640, "height": 640} if (action or {}).get("type") == "chat_edit_photo" else None


def _public(spec: model.Json | None) -> model.Json | None:
    return None if spec is None else {key: value for key, value in spec.items() if not key.startswith("_")}
