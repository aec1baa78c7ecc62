"""Service messages as TL: each kind of the model's action dicts becomes its MessageAction constructor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import types

from heliograph.simulator.world import ids, tl_media

Action = dict[str, Any]


def action(spec: Action) -> Any:
    """Return the MessageAction of an action dict."""
    return _BUILDERS[spec["type"]](spec)


def _photo(spec: Action) -> Any:
    return tl_media.photo({"id": spec.get("_photo_id") or ids.number("chat photo"), "width": 640, "height": 640})


_CALL = types.InputGroupCall(id=1, access_hash=1)

_BUILDERS: dict[str, Callable[[Action], Any]] = {
    "chat_create": lambda spec: types.MessageActionChatCreate(spec["title"], spec["user_ids"]),
    "chat_add_user": lambda spec: types.MessageActionChatAddUser(spec["user_ids"]),
    "chat_delete_user": lambda spec: types.MessageActionChatDeleteUser(spec["user_id"]),
    "chat_joined_by_link": lambda spec: types.MessageActionChatJoinedByLink(spec["inviter_id"]),
    "chat_joined_by_request": lambda _spec: types.MessageActionChatJoinedByRequest(),
    "chat_edit_title": lambda spec: types.MessageActionChatEditTitle(spec["title"]),
    "chat_edit_photo": lambda spec: types.MessageActionChatEditPhoto(_photo(spec)),
    "chat_delete_photo": lambda _spec: types.MessageActionChatDeletePhoto(),
    "pin_message": lambda _spec: types.MessageActionPinMessage(),
    "channel_create": lambda spec: types.MessageActionChannelCreate(spec["title"]),
    "chat_migrate_to": lambda spec: types.MessageActionChatMigrateTo(spec["channel_id"]),
    "channel_migrate_from": lambda spec: types.MessageActionChannelMigrateFrom(spec["title"], spec["chat_id"]),
    "topic_create": lambda spec: types.MessageActionTopicCreate(spec["title"], spec.get("icon_color", 0x6FB9F0)),
    "topic_edit": lambda spec: types.MessageActionTopicEdit(title=spec.get("title"), closed=spec.get("closed")),
    "history_clear": lambda _spec: types.MessageActionHistoryClear(),
    "game_score": lambda spec: types.MessageActionGameScore(spec.get("game_id", 1), spec.get("score", 10)),
    "group_call": lambda spec: types.MessageActionGroupCall(_CALL, duration=spec.get("duration")),
    "invite_to_group_call": lambda spec: types.MessageActionInviteToGroupCall(_CALL, spec["user_ids"]),
    "screenshot_taken": lambda _spec: types.MessageActionScreenshotTaken(),
    "set_messages_ttl": lambda spec: types.MessageActionSetMessagesTTL(period=spec.get("period", 86_400)),
    "set_chat_theme": lambda spec: types.MessageActionSetChatTheme(types.ChatTheme(spec.get("_emoji", "🌿"))),
    "boost_apply": lambda spec: types.MessageActionBoostApply(boosts=spec.get("boosts", 1)),
    "custom_action": lambda spec: types.MessageActionCustomAction(spec.get("text", "")),
}
