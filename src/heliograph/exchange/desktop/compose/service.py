"""Service messages in Desktop's form: who, which action, and its fields under Desktop's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from heliograph.domain import identity, records
from heliograph.exchange.desktop.compose import fields, peers


def action(message: records.Message, kind: identity.ChatKind, names: peers.Names) -> records.Json:
    """Return the keys that a service message has instead of a sender and a text."""
    service = message.service or {}
    ours = service.get("type", "")
    desktop, has_actor, say = _ACTIONS.get(ours, (ours, True, fields.everything))
    found = peers.sender("actor", message, kind, names) if has_actor else {}
    if desktop is not None:
        found["action"] = _VARIANTS[ours](service) if ours in _VARIANTS else desktop
    found.update(say(service, message, names))
    return found


_ACTIONS: Final[dict[str, tuple[str | None, bool, fields.Fields]]] = {
    "chat_create": ("create_group", True, fields.both(fields.same(title="title"), fields.members("user_ids"))),
    "chat_edit_title": ("edit_group_title", True, fields.same(title="title")),
    "chat_edit_photo": ("edit_group_photo", True, fields.photo),
    "chat_delete_photo": ("delete_group_photo", True, fields.nothing),
    "chat_add_user": ("invite_members", True, fields.members("user_ids")),
    "chat_delete_user": ("remove_members", True, fields.members("user_id")),
    "chat_joined_by_link": ("join_group_by_link", True, fields.named("inviter", "inviter_id")),
    "chat_joined_by_request": ("join_group_by_request", True, fields.nothing),
    "chat_joined_via_community": ("join_group_via_community", True, fields.same(community_id="community_id")),
    "channel_create": ("create_channel", True, fields.same(title="title")),
    "chat_migrate_to": ("migrate_to_supergroup", True, fields.nothing),
    "channel_migrate_from": ("migrate_from_group", True, fields.same(title="title")),
    "pin_message": ("pin_message", True, fields.answered("message_id")),
    "history_clear": ("clear_history", True, fields.nothing),
    "game_score": ("score_in_game", True, fields.both(fields.answered("game_message_id"), fields.same(score="score"))),
    "payment_sent": (
        *("send_payment", False),
        fields.both(
            fields.same(amount="total_amount", currency="currency"),
            fields.answered("invoice_message_id"),
            fields.recurring,
        ),
    ),
    "payment_refunded": (
        *("refunded_payment", False),
        fields.both(
            fields.same(amount="total_amount", currency="currency"),
            fields.named("peer_name", "peer"),
            fields.peer("peer_id", "peer"),
            fields.same(charge_id="charge_id"),
        ),
    ),
    "phone_call": ("phone_call", True, fields.same(duration_seconds="duration", discard_reason="reason")),
    "conference_call": (
        *("conference_call", True),
        fields.both(fields.same(duration_seconds="duration"), fields.flags(is_active="active", is_missed="missed")),
    ),
    "screenshot_taken": ("take_screenshot", True, fields.nothing),
    "custom_action": (None, True, fields.same(information_text="text")),
    "bot_allowed": (
        *("allow_sending_messages", False),
        fields.same(reason_app_id="reason_app_id", reason_app_name="reason_app_name", reason_domain="domain"),
    ),
    "secure_values_sent": ("send_passport_values", False, fields.same(values="values")),
    "contact_sign_up": ("joined_telegram", True, fields.nothing),
    "geo_proximity_reached": ("proximity_reached", False, fields.proximity),
    "group_call": ("group_call", True, fields.same(duration="duration")),
    "invite_to_group_call": ("invite_to_group_call", True, fields.members("user_ids")),
    "set_messages_ttl": ("set_messages_ttl", True, fields.same(period="period")),
    "group_call_scheduled": ("group_call_scheduled", True, fields.same(schedule_date="schedule_date")),
    "set_chat_theme": ("edit_chat_theme", True, fields.same(emoticon="emoticon")),
    "web_view_data_sent": ("send_webview_data", False, fields.same(text="text")),
    "gift_premium": ("send_premium_gift", True, fields.same(cost="cost", months="months", days="days")),
    "topic_create": ("topic_created", True, fields.same(title="title")),
    "topic_edit": ("topic_edit", True, fields.same(new_title="title", new_icon_emoji_id="icon_emoji_id")),
    "suggest_profile_photo": ("suggest_profile_photo", True, fields.photo),
    "requested_peer": ("requested_peer", True, fields.same(button_id="button_id", peer_id="peer_id", peers="peers")),
    "gift_code": (
        *("gift_code_prize", False),
        fields.both(
            fields.same(gift_code="slug"),
            fields.peer("boost_peer_id", "boost_peer"),
            fields.same(months="months", days="days"),
            fields.flags(unclaimed="unclaimed", via_giveaway="via_giveaway"),
        ),
    ),
    "giveaway_launch": ("giveaway_launch", False, fields.nothing),
    "giveaway_results": (
        *("giveaway_results", False),
        fields.same(winners="winners_count", unclaimed="unclaimed_count", stars="stars"),
    ),
    "set_chat_wall_paper": ("set_chat_wallpaper", True, fields.answered("message_id")),
    "boost_apply": ("boost_apply", True, fields.same(boosts="boosts")),
    "gift_stars": (
        *("send_stars_gift", True),
        fields.same(cost="cost", stars="stars", amount_whole="amount_whole", amount_nano="amount_nano"),
    ),
    "gift_ton": ("send_ton_gift", True, fields.both(fields.same(cost="cost"), fields.ton)),
    "prize_stars": (
        *("stars_prize", True),
        fields.both(
            fields.peer("boost_peer_id", "boost_peer"),
            fields.named("boost_peer_name", "boost_peer"),
            fields.same(stars="stars"),
            fields.flags(is_unclaimed="unclaimed"),
            fields.same(giveaway_msg_id="giveaway_msg_id", transaction_id="transaction_id"),
        ),
    ),
    "star_gift": ("send_star_gift", True, fields.star_gift),
    "paid_messages_refunded": ("paid_messages_refund", True, fields.same(messages_count="count", stars_count="stars")),
    "paid_messages_price": (
        *("paid_messages_price_change", True),
        fields.both(
            fields.same(price_stars="stars"),
            fields.flags(is_broadcast_messages_allowed="broadcast_messages_allowed"),
        ),
    ),
    "todo_append_tasks": ("todo_append_tasks", True, fields.tasks),
    "todo_completions": ("todo_completions", True, fields.lists("completed", "incompleted")),
    "suggested_post_approval": ("process_suggested_post", True, fields.suggested),
    "suggested_post_refund": ("suggested_post_refund", True, fields.refunded),
    "no_forwards_toggle": ("no_forwards_toggle", True, fields.flags(new_value="new_value")),
    "no_forwards_request": ("no_forwards_request", True, fields.flags(expired="expired", new_value="new_value")),
    "new_creator_pending": ("new_creator_pending", True, fields.named("new_creator", "new_creator_id")),
    "change_creator": ("change_creator", True, fields.named("new_creator", "new_creator_id")),
    "managed_bot_created": ("managed_bot_created", True, fields.named("bot", "bot_id")),
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
