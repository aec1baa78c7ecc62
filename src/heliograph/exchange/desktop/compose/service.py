"""Service messages in Desktop's form: who, which action, and its fields under Desktop's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from heliograph.domain import records
from heliograph.exchange.desktop.compose import peers

Fields = Callable[[records.Json, records.Message, peers.Names], records.Json]


def action(message: records.Message, names: peers.Names) -> records.Json:
    """Return the keys that a service message has instead of a sender and a text."""
    service = message.service or {}
    kind = service.get("type", "")
    desktop, has_actor, fields = _ACTIONS.get(kind, (kind, True, _everything))
    found: records.Json = {}
    if has_actor:
        actor = message.sender_id or message.chat_id
        found.update(actor=peers.name(names, actor), actor_id=peers.peer(actor))
    if desktop is not None:
        found["action"] = _VARIANTS[kind](service) if kind in _VARIANTS else desktop
    found.update(fields(service, message, names))
    return found


def _nothing(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    return {}


def _everything(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    return {key: value for key, value in service.items() if key not in _HEAD and not isinstance(value, dict)}


def _same(**keys: str) -> Fields:
    """Copy fields: Desktop's key = our key. What is not there stays away."""

    def copy(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        return {theirs: service[ours] for theirs, ours in keys.items() if service.get(ours) not in (None, "")}

    return copy


def _members(key: str) -> Fields:
    def members(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        ids = service.get(key) or []
        known = [peers.name(names, each) for each in (ids if isinstance(ids, list) else [ids])]
        # An import knows people by name only.
        return {"members": known or service.get("members") or []}

    return members


def _both(*each: Fields) -> Fields:
    def together(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        found: records.Json = {}
        for fields in each:
            found.update(fields(service, message, names))
        return found

    return together


def _answered(label: str) -> Fields:
    def answered(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        found: records.Json = {}
        target = service.get("message_id") or message.reply_to_message_id
        if target:
            found[label] = target
            if message.reply_to_chat_id:
                found["reply_to_peer_id"] = peers.peer(message.reply_to_chat_id)
        return found

    return answered


def _inviter(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    return {"inviter": peers.name(names, service.get("inviter_id")) or service.get("inviter")}


def _proximity(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    found: records.Json = {}
    for label in ("from", "to"):
        who = service.get(f"{label}_id")
        if isinstance(who, int):
            found[label] = peers.name(names, who)
            found[f"{label}_id"] = peers.peer(who)
    return {**found, "distance": service.get("distance", 0)}


def _recurring(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    if service.get("recurring_used"):
        return {"recurring": "used"}
    return {"recurring": "init"} if service.get("recurring_init") else {}


def _photo(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    # The picture of a chat is no message's file here.
    return {"photo": "(File not included. Change data exporting settings to download.)"}


def _flags(*keys: str) -> Fields:
    def flags(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        return {key: bool(service.get(key)) for key in keys}

    return flags


_HEAD: Final = frozenset(
    {"id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "actor", "actor_id", "action"}
)
"""Keys that are the message's own."""

_ACTIONS: Final[dict[str, tuple[str | None, bool, Fields]]] = {
    "chat_create": ("create_group", True, _both(_same(title="title"), _members("user_ids"))),
    "chat_edit_title": ("edit_group_title", True, _same(title="title")),
    "chat_edit_photo": ("edit_group_photo", True, _photo),
    "chat_delete_photo": ("delete_group_photo", True, _nothing),
    "chat_add_user": ("invite_members", True, _members("user_ids")),
    "chat_delete_user": ("remove_members", True, _members("user_id")),
    "chat_joined_by_link": ("join_group_by_link", True, _inviter),
    "chat_joined_by_request": ("join_group_by_request", True, _nothing),
    "channel_create": ("create_channel", True, _same(title="title")),
    "chat_migrate_to": ("migrate_to_supergroup", True, _nothing),
    "channel_migrate_from": ("migrate_from_group", True, _same(title="title")),
    "pin_message": ("pin_message", True, _answered("message_id")),
    "history_clear": ("clear_history", True, _nothing),
    "game_score": ("score_in_game", True, _both(_answered("game_message_id"), _same(score="score"))),
    "payment_sent": (
        *("send_payment", False),
        _both(_same(amount="total_amount", currency="currency"), _answered("invoice_message_id"), _recurring),
    ),
    "phone_call": ("phone_call", True, _same(duration_seconds="duration", discard_reason="reason")),
    "screenshot_taken": ("take_screenshot", True, _nothing),
    "custom_action": (None, True, _same(information_text="text")),
    "bot_allowed": ("allow_sending_messages", False, _same(reason_domain="domain")),
    "secure_values_sent": ("send_passport_values", False, _same(values="values")),
    "contact_sign_up": ("joined_telegram", True, _nothing),
    "geo_proximity_reached": ("proximity_reached", False, _proximity),
    "group_call": ("group_call", True, _same(duration="duration")),
    "invite_to_group_call": ("invite_to_group_call", True, _members("user_ids")),
    "set_messages_ttl": ("set_messages_ttl", True, _same(period="period")),
    "group_call_scheduled": ("group_call_scheduled", True, _same(schedule_date="schedule_date")),
    "set_chat_theme": ("edit_chat_theme", True, _same(emoticon="emoticon")),
    "web_view_data_sent": ("send_webview_data", False, _same(text="text")),
    "gift_premium": ("send_premium_gift", True, _same(cost="cost", months="months")),
    "topic_create": ("topic_created", True, _same(title="title")),
    "topic_edit": ("topic_edit", True, _same(new_title="title", new_icon_emoji_id="icon_emoji_id")),
    "suggest_profile_photo": ("suggest_profile_photo", True, _photo),
    "requested_peer": ("requested_peer", True, _same(button_id="button_id", peer_id="peer_id")),
    "gift_code": (
        *("gift_code_prize", False),
        _both(_same(gift_code="slug", months="months"), _flags("unclaimed", "via_giveaway")),
    ),
    "giveaway_launch": ("giveaway_launch", False, _nothing),
    "giveaway_results": (
        "giveaway_results",
        False,
        _same(winners="winners_count", unclaimed="unclaimed_count", stars="stars"),
    ),
    "set_chat_wall_paper": ("set_chat_wallpaper", True, _answered("message_id")),
    "boost_apply": ("boost_apply", True, _same(boosts="boosts")),
    "gift_stars": ("send_stars_gift", True, _same(cost="cost", stars="stars")),
    "gift_ton": ("send_ton_gift", True, _everything),
    "star_gift": ("send_star_gift", True, _everything),
    "conference_call": (
        *("conference_call", True),
        _both(_same(duration_seconds="duration"), _same(is_active="active", is_missed="missed")),
    ),
}
"""Our type: Desktop's action, whether it names an actor, and its fields. An unlisted action keeps our name."""

_VARIANTS: Final[dict[str, Callable[[records.Json], str]]] = {
    "bot_allowed": lambda service: (
        "attach_menu_bot_allowed"
        if service.get("attach_menu")
        else "web_app_bot_allowed"
        if service.get("from_request")
        else "allow_sending_messages"
    ),
    "set_chat_wall_paper": lambda service: "set_same_chat_wallpaper" if service.get("same") else "set_chat_wallpaper",
}
