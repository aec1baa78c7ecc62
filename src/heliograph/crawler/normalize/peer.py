"""Users and chats as Telegram names them beside messages. A ``min`` one says less and must never replace a full one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from telethon.tl import types

from heliograph.domain import identity, records

Peers = tuple[list[records.User], list[records.Chat], list[records.Access]]


def peer_id(tl: Any) -> identity.PeerId | None:
    """Return the marked id of a Peer, or None for none."""
    kind = type(tl)
    if kind is types.PeerUser:
        return identity.user_peer(tl.user_id)
    if kind is types.PeerChannel:
        return identity.channel_peer(tl.channel_id)
    if kind is types.PeerChat:
        return identity.chat_peer(tl.chat_id)
    return None


def peers(
    users: Iterable[Any],
    chats: Iterable[Any],
    *,
    account_id: int,
    self_user_id: int,
    user_accesses: bool = True,
) -> Peers:
    """Return rows of the users and chats that came with an answer.

    A basic group is placed in this account's mailbox; the store keeps the mailbox that saw it first.
    """
    rows: Peers = ([], [], [])
    account = identity.AccountId(account_id)
    for user in users:
        if type(user) is types.User:
            rows[0].append(_user(user))
            if user_accesses and user.access_hash is not None and not user.min:
                rows[2].append(
                    records.Access(
                        account_id=account, peer_id=identity.user_peer(user.id), access_hash=user.access_hash
                    )
                )
    for chat in chats:
        make = _CHATS.get(type(chat))
        if make is not None:
            row, access_hash, role = make(chat, self_user_id)
            rows[1].append(row)
            if not row.is_min:
                rows[2].append(
                    records.Access(account_id=account, peer_id=row.chat_id, access_hash=access_hash, role=role)
                )
    return rows


Role = Literal["creator", "admin", "member", "left", "banned"]
_Known = tuple[records.Chat, int | None, Role]


def _user(user: Any) -> records.User:
    return records.User(
        user_id=user.id,
        first_name=user.first_name,
        last_name=user.last_name,
        username=_username(user),
        is_bot=bool(user.bot),
        is_deleted=bool(user.deleted),
        is_premium=bool(user.premium),
        is_min=bool(user.min),
    )


def _username(tl: Any) -> str | None:
    if tl.username:
        return str(tl.username)
    return next((each.username for each in tl.usernames or () if each.active), None)


def _role(tl: Any) -> Role:
    # The creator of a group stays its creator after leaving it.
    if tl.left:
        return "left"
    if tl.creator:
        return "creator"
    return "admin" if tl.admin_rights else "member"


def _channel_kind(tl: Any) -> identity.ChatKind:
    if tl.forum:
        return "forum"
    return "supergroup" if tl.megagroup or tl.gigagroup else "channel"


def _channel(tl: Any, self_user_id: int) -> _Known:
    row = records.Chat(
        chat_id=identity.channel_peer(tl.id),
        space_id=identity.channel_space(tl.id),
        kind=_channel_kind(tl),
        title=tl.title,
        username=_username(tl),
        member_count=tl.participants_count,
        is_min=bool(tl.min),
        is_left=bool(tl.left),
    )
    return row, tl.access_hash, _role(tl)


def _channel_forbidden(tl: Any, self_user_id: int) -> _Known:
    row = records.Chat(
        chat_id=identity.channel_peer(tl.id),
        space_id=identity.channel_space(tl.id),
        kind="channel" if tl.broadcast else "supergroup",
        title=tl.title,
        is_left=True,
    )
    return row, tl.access_hash, "banned"


def _group(tl: Any, self_user_id: int) -> _Known:
    migrated = getattr(tl.migrated_to, "channel_id", None)
    row = records.Chat(
        chat_id=identity.chat_peer(tl.id),
        space_id=identity.mailbox_space(self_user_id),
        kind="group",
        title=tl.title,
        member_count=tl.participants_count,
        # A group that became a supergroup is closed, yet its messages stay readable.
        is_left=bool(tl.left),
        migrated_to_chat_id=identity.channel_peer(migrated) if migrated else None,
    )
    return row, None, _role(tl)


def _group_forbidden(tl: Any, self_user_id: int) -> _Known:
    row = records.Chat(
        chat_id=identity.chat_peer(tl.id),
        space_id=identity.mailbox_space(self_user_id),
        kind="group",
        title=tl.title,
        is_left=True,
    )
    return row, None, "banned"


_CHATS = {
    types.Channel: _channel,
    types.ChannelForbidden: _channel_forbidden,
    types.Chat: _group,
    types.ChatForbidden: _group_forbidden,
}


class PeerMemory:
    """What was already sent to the store, so that a page does not write its hundred known users again.

    Forget it whenever a commit that it thinned out did not happen.
    """

    LIMIT = 100_000

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], int] = {}

    def fresh(self, rows: Peers) -> Peers:
        """Return the rows that are new or differ from what was sent last."""
        if len(self._seen) > self.LIMIT:
            self._seen.clear()
        return (
            [row for row in rows[0] if self._is_fresh(("user", row.user_id), row)],
            [row for row in rows[1] if self._is_fresh(("chat", row.chat_id), row)],
            [row for row in rows[2] if self._is_fresh((f"access{row.account_id}", row.peer_id), row)],
        )

    def forget(self) -> None:
        """Start again, since what was noted may not have been stored."""
        self._seen.clear()

    def _is_fresh(self, key: tuple[str, int], row: object) -> bool:
        mark = hash(row)
        if self._seen.get(key) == mark:
            return False
        self._seen[key] = mark
        return True
