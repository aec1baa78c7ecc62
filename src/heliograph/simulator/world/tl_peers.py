"""Users and chats as TL, as one account sees them: access hashes and rights differ per viewer, min forms hide both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from heliograph.simulator import rpc
from heliograph.simulator.world import ids, model

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

Peers = tuple[list[Any], list[Any]]


def user(world: World, user_id: int, viewer: int, *, is_min: bool = False) -> rpc.Raw:
    """Return a User's bytes; a min one has no phone and an access hash that opens nothing."""
    person = world.users.get(user_id)
    version = person.version if person else 0
    key = (viewer, user_id, is_min)
    kept = world.peer_bytes.get(key)
    if kept is None or kept[0] != version:
        kept = (version, rpc.Raw(_user(world, person, user_id, viewer, is_min=is_min)._bytes()))
        world.peer_bytes[key] = kept
    return kept[1]


def chat(world: World, peer: int, viewer: int, *, is_min: bool = False) -> rpc.Raw | None:
    """Return a Chat's or Channel's bytes, None for an unknown one; members never get the min form."""
    found = world.chats.get(peer)
    if found is None:
        return None
    is_min = is_min and found.is_channel and viewer not in found.members
    key = (viewer, peer, is_min)
    kept = world.peer_bytes.get(key)
    if kept is None or kept[0] != found.version:
        built = _channel(world, found, viewer, is_min=is_min) if found.is_channel else _group(world, found, viewer)
        kept = (found.version, rpc.Raw(built._bytes()))
        world.peer_bytes[key] = kept
    return kept[1]


def of_messages(
    world: World,
    viewer: int,
    entries: Iterable[tuple[model.Chat, model.Message]],
    *,
    is_min: bool = False,
    also: Iterable[int] = (),
) -> Peers:
    """Return the users and chats that these messages name, and those in ``also``, as an answer carries them.

    A channel that is only mentioned (a forward came from it) has the min form for who is not in it.
    """
    homes: dict[int, None] = dict.fromkeys(also)
    named: dict[int, None] = {}
    for home, message in entries:
        if home.kind == "private":
            homes.update(dict.fromkeys(home.members))
        else:
            homes[home.peer] = None
        if message.sender is not None:
            named[message.sender] = None
        if message.forward or message.action or message.entities or message.extra:
            named.update(dict.fromkeys(_mentioned(message)))
    users, chats = listed(world, viewer, homes, is_min=is_min)
    for peer in named:
        if peer > 0 and peer not in homes:
            users.append(user(world, peer, viewer, is_min=is_min and peer != viewer))
        elif peer not in homes and (found := chat(world, peer, viewer, is_min=True)) is not None:
            chats.append(found)
    return users, chats


def listed(world: World, viewer: int, peers: Iterable[int], *, is_min: bool = False) -> Peers:
    """Return marked peers as lists of users and of chats."""
    users, chats = [], []
    for peer in peers:
        if peer > 0:
            users.append(user(world, peer, viewer, is_min=is_min and peer != viewer))
        elif (found := chat(world, peer, viewer)) is not None:
            chats.append(found)
    return users, chats


def _mentioned(message: model.Message) -> Iterable[int]:
    forward, action, extra = message.forward or {}, message.action or {}, message.extra or {}
    for spec, key in ((forward, "from_id"), (forward, "saved_from_id"), (action, "user_id"), (action, "inviter_id")):
        if key in spec:
            yield spec[key]
    yield from action.get("user_ids", ())
    if "via_bot_id" in extra:
        yield extra["via_bot_id"]
    for entity in message.entities or ():
        if entity[0] == "mention_name":
            yield entity[3]


def _user(world: World, person: model.User | None, user_id: int, viewer: int, *, is_min: bool) -> Any:
    if person is None or person.is_deleted:
        return types.User(id=user_id, deleted=True, access_hash=world.access_hash(viewer, user_id))
    is_self = user_id == viewer
    account = world.accounts.get(viewer)
    is_contact = account is not None and user_id in account.contacts
    return types.User(
        id=user_id,
        is_self=is_self,
        contact=is_contact,
        mutual_contact=is_contact,
        bot=person.is_bot,
        min=is_min,
        premium=person.is_premium,
        verified=user_id == ids.SERVICE_USER,
        access_hash=world.access_hash(viewer, user_id, is_min=is_min),
        first_name=person.first_name,
        last_name=person.last_name,
        username=person.username,
        phone=(person.phone or "").lstrip("+") or None if is_self or (is_contact and not is_min) else None,
        bot_info_version=1 if person.is_bot else None,
        status=None if person.is_bot or is_min else types.UserStatusRecently(),
    )


def _channel(world: World, found: model.Chat, viewer: int, *, is_min: bool) -> Any:
    member = found.members.get(viewer)
    is_broadcast = found.kind == "channel"
    is_hidden = member is None and found.username is None and not is_min
    if viewer in found.banned or is_hidden:
        return types.ChannelForbidden(
            id=found.id,
            access_hash=world.access_hash(viewer, found.peer),
            title=found.title,
            broadcast=is_broadcast,
            megagroup=not is_broadcast,
        )
    return types.Channel(
        id=found.id,
        title=found.title,
        photo=types.ChatPhotoEmpty(),
        date=member.joined_at if member else found.created_at,
        creator=member is not None and member.role == "creator",
        left=member is None,
        broadcast=is_broadcast,
        megagroup=not is_broadcast,
        forum=found.kind == "forum",
        signatures=found.has_signatures,
        min=is_min,
        has_link=found.linked is not None,
        access_hash=world.access_hash(viewer, found.peer, is_min=is_min),
        username=found.username,
        admin_rights=_admin_rights() if member is not None and member.role != "member" else None,
        default_banned_rights=None if is_broadcast else types.ChatBannedRights(until_date=2**31 - 1),
        participants_count=None if is_min else len(found.members),
    )


def _group(world: World, found: model.Chat, viewer: int) -> Any:
    member = found.members.get(viewer)
    if viewer in found.banned:
        return types.ChatForbidden(id=found.id, title=found.title)
    moved = None
    if found.migrated_to is not None:
        bare = ids.split(found.migrated_to)[1]
        moved = types.InputChannel(bare, world.access_hash(viewer, found.migrated_to))
    return types.Chat(
        id=found.id,
        title=found.title,
        photo=types.ChatPhotoEmpty(),
        participants_count=len(found.members),
        date=found.created_at,
        version=found.version,
        creator=member is not None and member.role == "creator",
        left=member is None,
        deactivated=found.migrated_to is not None,
        migrated_to=moved,
        default_banned_rights=types.ChatBannedRights(until_date=2**31 - 1),
    )


def _admin_rights() -> Any:
    return types.ChatAdminRights(
        change_info=True,
        post_messages=True,
        edit_messages=True,
        delete_messages=True,
        ban_users=True,
        invite_users=True,
        pin_messages=True,
        manage_topics=True,
    )
