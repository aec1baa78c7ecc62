"""Operations on messages: post, edit, delete, react, pin, view, vote, read. Each lands in the boxes it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliograph.simulator.world import chronicle, model, pushes, tl

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World


def post(
    world: World,
    at: float,
    *,
    chat: int,
    sender: int | None,
    text: str = "",
    entities: list[list[Any]] | None = None,
    reply_to: list[Any] | None = None,
    topic: int | None = None,
    media: model.Json | None = None,
    forward: model.Json | None = None,
    album: int | None = None,
    author: str | None = None,
    action: model.Json | None = None,
    random_id: int | None = None,
    date: int | None = None,
    extra: model.Json | None = None,
) -> model.Message:
    """Say something in a chat; a repeated ``random_id`` returns the first result again."""
    account = world.accounts.get(sender or 0)
    if random_id is not None and account is not None and random_id in account.sent:
        return account.sent[random_id][1]
    target = world.target(chat, sender)
    is_post = target.kind == "channel"
    if target.kind == "forum":
        topic = topic or 1
    message = model.Message(
        len(target.messages) + 1,
        int(at) if date is None else date,
        None if is_post else sender,
        text,
        entities or None,
        reply=model.Reply(*reply_to) if reply_to else None,
        topic=topic if target.kind == "forum" else None,
        media=media,
        album=album,
        forward=forward,
        action=action,
        author=author or (_signature(world, target, sender) if is_post else None),
        views=1 if is_post and action is None else None,
        extra=extra,
    )
    append(world, target, message, int(at))
    if extra and "ttl_period" in extra:
        world.expiring.append((message.date + extra["ttl_period"], target, message))
    if media is not None and "id" in media:
        world.kept_media[media["id"]] = media
    if random_id is not None and account is not None:
        account.sent[random_id] = (target, message)
    return message


def append(world: World, chat: model.Chat, message: model.Message, at: int) -> None:
    """Give a message its place in the chat and in every box that gets it."""
    chat.messages.append(message)
    chat.alive += 1
    if message.topic is not None and message.topic in chat.topics:
        chat.topics[message.topic].last_id = message.id
    if chat.box is None:
        message.box_ids = {}
        for account in world.members(chat):
            shelve(account, chat, message)
    log(world, chat, "new", [message], at, message)


def shelve(account: model.Account, chat: model.Chat, message: model.Message) -> int:
    """Give a message its id in an account's mailbox."""
    account.mailbox.append((chat, message))
    mailbox_id = len(account.mailbox)
    peer = tl.dialog_peer(chat, account.user.id)
    shelf = account.shelves.get(peer)
    if shelf is None:
        shelf = account.shelves[peer] = model.Shelf(chat)
    shelf.ids.append(mailbox_id)
    shelf.messages.append(message)
    if message.box_ids is None:
        message.box_ids = {}
    message.box_ids[account.user.id] = mailbox_id
    return mailbox_id


def log(
    world: World,
    chat: model.Chat,
    kind: str,
    messages: list[model.Message],
    at: int,
    content: model.Message | None = None,
    *,
    is_hidden: bool = False,
) -> None:
    """Log an event about messages in the chat's box, or in each member's common box, and push it."""
    chat.last_event_at = at
    if chat.box is not None:
        event = chat.box.append(kind, chat.peer, tuple(message.id for message in messages), at)
        chronicle.note(chat.box, event, content, is_hidden=is_hidden)
        pushes.channel_event(world, chat, event, content)
        for message in messages if content is None else ():
            world.touched.append(message)
        return
    for account in world.members(chat):
        viewer = account.user.id
        found = tuple(own for message in messages if (own := message.id_for(viewer)) is not None)
        if found:
            event = account.box.append(kind, tl.dialog_peer(chat, viewer), found, at)
            chronicle.note(account.box, event, content, is_hidden=is_hidden)
            pushes.mailbox_event(world, account, chat, event, content)
    if content is None:
        world.touched.extend(messages)


def edit(
    world: World,
    at: float,
    *,
    chat: int,
    sender: int | None,
    message_id: int,
    text: str | None = None,
    entities: list[list[Any]] | None = None,
    media: model.Json | None = None,
    is_hidden: bool = False,
) -> model.Message:
    """Change a message; a hidden edit (its markup or reactions) leaves the text as it is."""
    target = world.target(chat, sender)
    message = world.living(target, message_id)
    if text is not None and text != message.text:
        message.versions = [*(message.versions or [(float(message.date), message.text)]), (at, text)]
        message.text = text
    if text is not None:
        message.entities = entities or None
    if media is not None:
        message.media = media
    message.edit_date = int(at)
    message.is_edit_hidden = is_hidden
    message.cached = None
    log(world, target, "edit", [message], int(at), message, is_hidden=is_hidden)
    return message


def delete(world: World, at: float, *, chat: int, sender: int | None, message_ids: list[int]) -> list[model.Message]:
    """Delete messages for everybody; ids that have no message any more are passed over."""
    target = world.target(chat, sender)
    found = [m for n in message_ids if (m := target.message(n)) is not None and m.deleted_at is None]
    for message in found:
        message.deleted_at = at
        message.cached = None
        target.alive -= 1
        if message.id in target.pinned:
            target.pinned.remove(message.id)
    if found:
        log(world, target, "delete", found, int(at))
    return found


def react(
    world: World,
    at: float,
    *,
    chat: int,
    user_id: int,
    message_id: int,
    reaction: str | None,
    as_edit: bool = False,
) -> model.Message:
    """Set or take back a user's reaction. ``as_edit`` sends it as a hidden edit as well, as Telegram may."""
    target = world.target(chat, user_id)
    message = world.living(target, message_id)
    message.extra = message.extra or {}
    counts = message.reactions = message.reactions or {}
    reactors = message.extra.setdefault("reactors", {})
    before = reactors.pop(str(user_id), None)
    if before is not None:
        counts[before] -= 1
        if not counts[before]:
            del counts[before]
    if reaction is not None:
        reactors[str(user_id)] = reaction
        counts[reaction] = counts.get(reaction, 0) + 1
    message.cached = None
    pushes.reactions(world, target, message, int(at))
    if as_edit:
        message.is_edit_hidden = message.is_edit_hidden or message.edit_date is None
        message.edit_date = int(at)
        log(world, target, "edit", [message], int(at), message, is_hidden=True)
    return message


def pin(world: World, at: float, *, chat: int, sender: int | None, message_id: int, is_pinned: bool = True) -> None:
    """Pin or unpin a message; pinning also posts the service message that says so."""
    target = world.target(chat, sender)
    message = world.living(target, message_id)
    message.is_pinned, message.cached = is_pinned, None
    target.pinned = [n for n in target.pinned if n != message_id] + ([message_id] if is_pinned else [])
    log(world, target, "pin" if is_pinned else "unpin", [message], int(at))
    if is_pinned:
        topic = message.topic
        notice = {"type": "pin_message"}
        post(world, at, chat=chat, sender=sender, action=notice, reply_to=[message_id], topic=topic)


def view(world: World, at: float, *, chat: int, message_ids: list[int], times: int = 1) -> list[model.Message]:
    """Count more views of channel posts."""
    target = world.target(chat, None)
    found = [m for n in message_ids if (m := target.message(n)) and m.views is not None and m.deleted_at is None]
    for message in found:
        message.views = (message.views or 0) + times
        message.cached = None
    pushes.views(world, target, found, int(at))
    return found


def vote(world: World, at: float, *, chat: int, user_id: int, message_id: int, options: list[int]) -> model.Message:
    """Count a vote in a poll."""
    target = world.target(chat, user_id)
    message = world.living(target, message_id)
    spec = message.media or {}
    votes = list(spec.get("_votes") or [0] * len(spec["options"]))
    for option in options:
        votes[option] += 1
    message.media = {**spec, "_votes": votes}
    message.cached = None
    pushes.poll(world, target, message, int(at))
    return message


def read(world: World, at: float, *, user_id: int, peer: int, max_id: int) -> tuple[int, int]:
    """Move an account's read mark; returns the (pts, pts_count) this took, (pts, 0) when nothing moved."""
    account = world.accounts[user_id]
    if max_id <= account.read.get(peer, 0):
        return account.box.pts, 0
    account.read[peer] = max_id
    if peer in world.chats and world.chats[peer].is_channel:
        return account.box.pts, 0
    event = account.box.append("read", peer, (max_id,), int(at))
    chronicle.note(account.box, event, None)
    return event.pts, event.moved


def pin_dialog(world: World, at: float, *, user_id: int, peer: int, is_pinned: bool) -> None:
    """Move a dialog to the top of an account's list, or back."""
    pinned = world.accounts[user_id].pinned
    if peer in pinned:
        pinned.remove(peer)
    if is_pinned:
        pinned.insert(0, peer)


def keep_media(world: World, at: float, *, media: model.Json) -> None:
    """Remember media that was uploaded and may be sent later."""
    world.kept_media[media.get("id", 0)] = media


def _signature(world: World, chat: model.Chat, sender: int | None) -> str | None:
    person = world.users.get(sender or 0)
    return person.first_name if chat.has_signatures and person is not None else None
