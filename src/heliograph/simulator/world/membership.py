"""Operations on users and chats: signing up, creating, joining, leaving, banning, titles, topics, migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliograph.simulator import rpc
from heliograph.simulator.world import ids, model, posting, pushes
from heliograph.simulator.world.boxes import COMMON_RETENTION, Box

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

FIRST_ACCOUNT_ID = 910_000_001
FIRST_CHANNEL_ID = 2_900_000_001
FIRST_GROUP_ID = 4_900_000_001
TOPIC_COLORS = (0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F)


def sign_up(world: World, at: float, *, phone: str, first_name: str, last_name: str = "") -> model.User:
    """Register a phone number and let the new user into the seeded chats."""
    number = len(world.accounts)
    user = model.User(
        id=FIRST_ACCOUNT_ID + 7 * number,
        first_name=first_name or "User",
        last_name=last_name or None,
        phone=phone,
        is_account=True,
    )
    world.users[user.id] = user
    world.phones[phone] = user.id
    world.accounts[user.id] = model.Account(user=user, box=Box(pts=1, retention=COMMON_RETENTION))
    _greet(world, user, int(at), 3 + 4 * number)
    _admit(world, user.id)
    return user


def update_user(world: World, at: float, *, user_id: int, **changes: Any) -> model.User:
    """Change a user's name, username or password."""
    user = world.users[user_id]
    if "username" in changes:
        _rename(world, user.username, changes["username"], user_id)
    for name, value in changes.items():
        setattr(user, name, value)
    user.version += 1
    return user


def add_contact(world: World, at: float, *, user_id: int, contact_id: int) -> None:
    """Note a contact of an account."""
    contacts = world.accounts[user_id].contacts
    if contact_id not in contacts:
        contacts.append(contact_id)
        world.users[contact_id].version += 1


def create_channel(
    world: World,
    at: float,
    *,
    creator: int,
    title: str,
    kind: model.ChatKind = "supergroup",
    about: str = "",
    username: str | None = None,
) -> model.Chat:
    """Create a broadcast channel, supergroup or forum; its first message is the service message that says so."""
    number = FIRST_CHANNEL_ID + world.created_channels
    world.created_channels += 1
    chat = model.Chat(kind=kind, id=number, title=title, created_at=int(at), about=about, box=Box(pts=1))
    return _found(world, at, chat, creator, username, {"type": "channel_create", "title": title})


def create_group(world: World, at: float, *, creator: int, title: str, user_ids: list[int]) -> model.Chat:
    """Create a basic group with its first members."""
    number = FIRST_GROUP_ID + world.created_groups
    world.created_groups += 1
    chat = model.Chat(kind="group", id=number, title=title, created_at=int(at))
    for user_id in user_ids:
        _enter(world, chat, user_id, creator, int(at))
    action = {"type": "chat_create", "title": title, "user_ids": [creator, *user_ids]}
    return _found(world, at, chat, creator, None, action)


def join(world: World, at: float, *, chat: int, user_id: int, inviter_id: int | None = None) -> model.Chat:
    """Let a user in: by an inviter's hand, by the inviter's link, or (None) by the public name."""
    target = world.chats[chat]
    if user_id in target.banned:
        raise rpc.RpcError(400, "USER_BANNED_IN_CHANNEL")
    if user_id in target.members:
        raise rpc.RpcError(400, "USER_ALREADY_PARTICIPANT")
    _enter(world, target, user_id, inviter_id or user_id, int(at))
    pushes.membership(world, target, user_id, int(at))
    if target.kind != "channel":
        action = {"type": "chat_add_user", "user_ids": [user_id]}
        posting.post(world, at, chat=chat, sender=inviter_id or user_id, action=action)
    return target


def join_by_link(world: World, at: float, *, chat: int, user_id: int) -> model.Chat:
    """Let a user in by the chat's invite link."""
    target = world.chats[chat]
    if user_id in target.banned:
        raise rpc.RpcError(400, "INVITE_HASH_EXPIRED")
    if user_id in target.members:
        raise rpc.RpcError(400, "USER_ALREADY_PARTICIPANT")
    owner = world.owner(target)
    _enter(world, target, user_id, owner, int(at))
    pushes.membership(world, target, user_id, int(at))
    if target.kind != "channel":
        action = {"type": "chat_joined_by_link", "inviter_id": owner}
        posting.post(world, at, chat=chat, sender=user_id, action=action)
    return target


def leave(world: World, at: float, *, chat: int, user_id: int, kicker_id: int | None = None) -> model.Chat:
    """Let a user go, by himself or by somebody's hand."""
    target = world.chats[chat]
    if user_id not in target.members:
        raise rpc.RpcError(400, "USER_NOT_PARTICIPANT")
    if target.kind != "channel":
        action = {"type": "chat_delete_user", "user_id": user_id}
        posting.post(world, at, chat=chat, sender=kicker_id or user_id, action=action)
    member = target.members.pop(user_id)
    target.version += 1
    if user_id in world.accounts:
        if target.is_channel:
            stay = model.Stay(member.first_id, len(target.messages), at)
            world.accounts[user_id].stays.setdefault(chat, []).append(stay)
        world.accounts[user_id].chats.pop(chat, None)
        world.accounts[user_id].left[chat] = at
    pushes.membership(world, target, user_id, int(at))
    return target


def ban(world: World, at: float, *, chat: int, user_id: int, admin_id: int) -> model.Chat:
    """Throw a user out for good: the chat is forbidden for that account from now on."""
    target = world.chats[chat]
    target.banned.add(user_id)
    target.version += 1
    if user_id in target.members:
        leave(world, at, chat=chat, user_id=user_id, kicker_id=admin_id)
    return target


def unban(world: World, at: float, *, chat: int, user_id: int) -> model.Chat:
    """Allow a banned user to come back."""
    target = world.chats[chat]
    target.banned.discard(user_id)
    target.version += 1
    return target


def set_title(world: World, at: float, *, chat: int, sender: int, title: str) -> model.Chat:
    """Rename a chat; a service message says so."""
    target = world.chats[chat]
    target.title = title
    target.version += 1
    posting.post(world, at, chat=chat, sender=sender, action={"type": "chat_edit_title", "title": title})
    return target


def set_username(world: World, at: float, *, chat: int, username: str | None) -> model.Chat:
    """Make a channel public under a name, or private again."""
    target = world.chats[chat]
    _rename(world, target.username, username, chat)
    target.username = username
    target.version += 1
    for account in world.members(target):
        pushes.membership(world, target, account.user.id, int(at))
    return target


def set_forum(world: World, at: float, *, chat: int, is_forum: bool) -> model.Chat:
    """Turn a supergroup into a forum or back."""
    target = world.chats[chat]
    target.kind = "forum" if is_forum else "supergroup"
    if is_forum and 1 not in target.topics:
        target.topics[1] = model.Topic(id=1, title="General", created_at=int(at), creator=world.owner(target))
    target.version += 1
    for account in world.members(target):
        pushes.membership(world, target, account.user.id, int(at))
    return target


def create_topic(world: World, at: float, *, chat: int, sender: int, title: str) -> model.Topic:
    """Open a topic; it is numbered by the service message that opens it."""
    target = world.chats[chat]
    color = TOPIC_COLORS[len(target.topics) % len(TOPIC_COLORS)]
    action = {"type": "topic_create", "title": title, "icon_color": color}
    message = posting.post(world, at, chat=chat, sender=sender, action=action, topic=len(target.messages) + 1)
    topic = model.Topic(id=message.id, title=title, created_at=int(at), creator=sender, icon_color=color)
    target.topics[topic.id] = topic
    topic.last_id = topic.id
    return topic


def edit_topic(world: World, at: float, *, chat: int, sender: int, topic_id: int, title: str) -> model.Topic:
    """Rename a topic; a service message in it says so."""
    target = world.chats[chat]
    target.topics[topic_id].title = title
    action = {"type": "topic_edit", "title": title}
    posting.post(world, at, chat=chat, sender=sender, action=action, topic=topic_id)
    return target.topics[topic_id]


def migrate(world: World, at: float, *, chat: int, sender: int) -> model.Chat:
    """Turn a basic group into a supergroup: the old chat ends, the new one starts, and each names the other."""
    old = world.chats[chat]
    number = FIRST_CHANNEL_ID + world.created_channels
    world.created_channels += 1
    new = model.Chat(kind="supergroup", id=number, title=old.title, created_at=int(at), box=Box(pts=1))
    new.language, new.subject, new.migrated_from = old.language, old.subject, old.peer
    for member in old.members.values():
        _enter(world, new, member.user_id, member.inviter_id, int(at))
        new.members[member.user_id].role = member.role
    posting.post(world, at, chat=chat, sender=sender, action={"type": "chat_migrate_to", "channel_id": number})
    old.migrated_to = new.peer
    old.version += 1
    for account in world.members(old):
        account.chats.pop(old.peer, None)
        new.migrated_from_max[account.user.id] = account.shelves[old.peer].ids[-1]
    action = {"type": "channel_migrate_from", "title": old.title, "chat_id": old.id}
    return _found(world, at, new, sender, None, action)


def _found(
    world: World, at: float, chat: model.Chat, creator: int, username: str | None, action: model.Json
) -> model.Chat:
    """Register a chat, put its creator in, and post its first message."""
    if chat.kind == "forum":
        chat.topics[1] = model.Topic(id=1, title="General", created_at=int(at), creator=creator)
    chat.invite = f"inv{ids.number(world.seed, chat.peer, bits=48):x}"
    world.register(chat)
    _enter(world, chat, creator, creator, int(at))
    chat.members[creator].role = "creator"
    if username:
        _rename(world, None, username, chat.peer)
        chat.username = username
    for account in world.members(chat):
        pushes.membership(world, chat, account.user.id, int(at))
    posting.post(world, at, chat=chat.peer, sender=creator, action=action)
    return chat


def _enter(world: World, chat: model.Chat, user_id: int, inviter_id: int, at: int) -> None:
    first = len(chat.messages) + 1 if chat.is_prehistory_hidden else 1
    chat.members[user_id] = model.Member(user_id=user_id, joined_at=at, inviter_id=inviter_id, first_id=first)
    chat.version += 1
    if user_id in world.accounts:
        world.accounts[user_id].chats[chat.peer] = at
        world.accounts[user_id].left.pop(chat.peer, None)


def _rename(world: World, before: str | None, after: str | None, peer: int) -> None:
    if after is not None and world.usernames.get(after.lower(), peer) != peer:
        raise rpc.RpcError(400, "USERNAME_OCCUPIED")
    if before:
        world.usernames.pop(before.lower(), None)
    if after:
        world.usernames[after.lower()] = peer


def _greet(world: World, user: model.User, at: int, count: int) -> None:
    """Put a few notices into the new mailbox: how many differs by account, so that mailbox ids differ too."""
    account = world.accounts[user.id]
    chat = world.private(ids.SERVICE_USER, user.id)
    for n in range(count):
        text = "Welcome." if n == 0 else f"Notice {n}: nothing needs your attention."
        message = model.Message(len(chat.messages) + 1, world.history_starts_at + n, ids.SERVICE_USER, text)
        chat.messages.append(message)
        chat.alive += 1
        posting.shelve(account, chat, message)
    account.box.pts += count
    account.box.floor = account.box.pts


def _admit(world: World, user_id: int) -> None:
    """Let an account into the seeded chats as if it had been there from the start: it sees their whole history."""
    account = world.accounts[user_id]
    past: list[tuple[int, int, model.Chat, model.Message]] = []
    for peer in world.open_to_newcomers:
        chat = world.chats[peer]
        _enter(world, chat, user_id, world.owner(chat), chat.created_at)
        if not chat.is_channel:
            past += [(message.date, peer, chat, message) for message in chat.messages if message.deleted_at is None]
    # Ids in a mailbox follow the time of the messages, over all its chats.
    past.sort(key=lambda entry: (entry[0], entry[1], entry[3].id))
    for _date, _peer, chat, message in past:
        posting.shelve(account, chat, message)
    account.box.pts += len(past)
    account.box.floor = account.box.pts
