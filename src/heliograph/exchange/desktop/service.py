"""Service messages: Telegram Desktop's actions under the names that TL has for them.

Every action is treated alike, so one of a newer version needs no code: it keeps its own name and its plain fields.
Telegram Desktop tells people by name only; the names are kept as ``members``, ``inviter`` and the like.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from heliograph.domain import identity, records
from heliograph.exchange.desktop import entities, ids

CUSTOM: Final = "custom_action"
TOPIC: Final = "topic_create"

_TYPES: Final = {
    "create_group": "chat_create",
    "edit_group_title": "chat_edit_title",
    "edit_group_photo": "chat_edit_photo",
    "delete_group_photo": "chat_delete_photo",
    "invite_members": "chat_add_user",
    "remove_members": "chat_delete_user",
    "join_group_by_link": "chat_joined_by_link",
    "join_group_by_request": "chat_joined_by_request",
    "join_group_via_community": "chat_joined_via_community",
    "create_channel": "channel_create",
    "migrate_to_supergroup": "chat_migrate_to",
    "migrate_from_group": "channel_migrate_from",
    "pin_message": "pin_message",
    "clear_history": "history_clear",
    "score_in_game": "game_score",
    "send_payment": "payment_sent",
    "refunded_payment": "payment_refunded",
    "phone_call": "phone_call",
    "conference_call": "conference_call",
    "take_screenshot": "screenshot_taken",
    "allow_sending_messages": "bot_allowed",
    "attach_menu_bot_allowed": "bot_allowed",
    "web_app_bot_allowed": "bot_allowed",
    "send_passport_values": "secure_values_sent",
    "joined_telegram": "contact_sign_up",
    "proximity_reached": "geo_proximity_reached",
    "group_call": "group_call",
    "invite_to_group_call": "invite_to_group_call",
    "group_call_scheduled": "group_call_scheduled",
    "set_messages_ttl": "set_messages_ttl",
    "edit_chat_theme": "set_chat_theme",
    "send_webview_data": "web_view_data_sent",
    "send_premium_gift": "gift_premium",
    "send_stars_gift": "gift_stars",
    "send_ton_gift": "gift_ton",
    "send_star_gift": "star_gift",
    "stars_prize": "prize_stars",
    "gift_code_prize": "gift_code",
    "topic_created": TOPIC,
    "topic_edit": "topic_edit",
    "suggest_profile_photo": "suggest_profile_photo",
    "requested_peer": "requested_peer",
    "giveaway_launch": "giveaway_launch",
    "giveaway_results": "giveaway_results",
    "set_chat_wallpaper": "set_chat_wall_paper",
    "set_same_chat_wallpaper": "set_chat_wall_paper",
    "boost_apply": "boost_apply",
    "paid_messages_refund": "paid_messages_refunded",
    "paid_messages_price_change": "paid_messages_price",
    "process_suggested_post": "suggested_post_approval",
}
"""Actions whose name differs, and those that are known to be alike; any other keeps its own name."""

_FLAGS: Final = {
    "attach_menu_bot_allowed": "attach_menu",
    "web_app_bot_allowed": "from_request",
    "set_same_chat_wallpaper": "same",
}
_FIELDS: Final = {
    "information_text": "text",
    "gift_text": "text",
    "new_title": "title",
    "new_icon_emoji_id": "icon_emoji_id",
    "amount": "total_amount",
    "duration_seconds": "duration",
    "discard_reason": "reason",
    "reason_domain": "domain",
    "is_active": "active",
    "is_missed": "missed",
    "gift_code": "slug",
    "winners": "winners_count",
    "price_stars": "stars",
    "stars_count": "stars",
    "messages_count": "count",
    "is_unclaimed": "unclaimed",
    "unclaimed": "unclaimed",
    "is_broadcast_messages_allowed": "broadcast_messages_allowed",
    "boost_peer_id": "boost_peer",
}
"""Telegram Desktop's names of fields that TL calls otherwise."""

_RENAMED_IN: Final = {"giveaway_results": {"unclaimed": "unclaimed_count"}, "refunded_payment": {"peer_id": "peer"}}
_PEERS: Final = frozenset({"from_id", "to_id", "peer_id", "boost_peer_id"})
_ANSWERS: Final = ("message_id", "game_message_id", "invoice_message_id")
"""Fields that name the message which a service message answers."""
_NOT_FIELDS: Final = frozenset(
    {
        *("id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "actor", "actor_id", "action", "text"),
        *("text_entities", "reactions", "heliograph", "reply_to_peer_id", "reply_to_message_id", "photo", "width"),
        *("height", "photo_file_size", "media_spoiler", "author", *_ANSWERS),
    }
)

_EMPTY: Final[tuple[Any, ...]] = (None, False, "", [])
"""Values that say nothing."""


def read(message: records.Json) -> records.Json:
    """Return ``{"type": …, …}`` of a service message."""
    action = message.get("action")
    name = action if isinstance(action, str) and action else CUSTOM
    found: records.Json = {"type": _TYPES.get(name, name)}
    if name in _FLAGS:
        found[_FLAGS[name]] = True
    renamed = _RENAMED_IN.get(name, {})
    for key, value in message.items():
        if key not in _NOT_FIELDS:
            plain = _plain(key, value)
            if plain is not None:
                found[renamed.get(key) or _FIELDS.get(key, key)] = plain
    if name == "proximity_reached":
        found.pop("from", None)
        found.pop("to", None)
    answers = answered(message)
    if name == "pin_message" and answers:
        found["message_id"] = answers
    if name == "send_webview_data" and isinstance(message.get("text"), str):
        found["text"] = message["text"]
    if name == "send_payment" and (recurring := found.pop("recurring", None)) in ("used", "init"):
        found[f"recurring_{recurring}"] = True
    return found


def done_alone(action: records.Json, sender: identity.PeerId) -> records.Json:
    """Return an action whose only member has the name of who did it: a person comes or goes by themselves.

    The export wrote both names at one moment, so that they say it; later somebody may be called otherwise.
    """
    if action["type"] == "chat_add_user":
        return {**action, "user_ids": [sender]}
    return {**action, "user_id": sender} if action["type"] == "chat_delete_user" else action


def answered(message: records.Json) -> int | None:
    """Return the id of the message that a service message answers."""
    for key in (*_ANSWERS, "reply_to_message_id"):
        value = message.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31:
            return value
    return None


def is_whole(message: records.Json) -> bool:
    """Say whether the service descriptor holds everything that the message says."""
    fields = (message[key] for key in message if key not in _NOT_FIELDS)
    return all(value in _EMPTY or _plain("", value) is not None for value in fields)


def _items(value: Any) -> list[str] | None:
    """Return the tasks that were added to a list."""
    told = value if isinstance(value, list) else []
    return [entities.parse(each.get("text") if isinstance(each, dict) else each)[0] for each in told] or None


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "new_icon_emoji_id": entities.number,
    "gift_text": lambda value: entities.parse(value)[0] or None,
    "items": _items,
}
"""What is not taken as it stands."""


def _plain(key: str, value: Any) -> Any:
    if key in _PEERS and isinstance(value, str):
        return ids.peer(value, is_modern=True)
    if key in _READERS:
        return _READERS[key](value)
    if value is None or value is False or value == "":
        return None
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list) and value and all(isinstance(each, str | int) or each is None for each in value):
        return value
    return None
