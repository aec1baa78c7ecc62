"""Service messages: from the English sentence that a page has of them to Desktop's action and its fields.

A sentence that is not known keeps its words, as ``information_text``.
"""

from __future__ import annotations

import re
from typing import Final

from heliograph.domain import records

_CALL: Final = r"(?:voice|video) chat"
_TIME: Final = r"\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}(?::\d{2})?"
_SENTENCES: Final = tuple(
    (re.compile(pattern, re.DOTALL), action)
    for pattern, action in (
        (r"(?P<actor>.*) created group «(?P<title>.*)»(?: with members (?P<members>.*))?", "create_group"),
        (r"(?P<actor>.*) changed group title to «(?P<title>.*)»", "edit_group_title"),
        (r"Channel title changed to «(?P<title>.*)»", "edit_group_title"),
        (r"(?P<actor>.*) changed group photo|Channel photo changed", "edit_group_photo"),
        (r"(?P<actor>.*) removed group photo|Channel photo removed", "delete_group_photo"),
        (rf"(?P<actor>.*) invited (?P<members>.*) to the {_CALL}", "invite_to_group_call"),
        (r"(?P<actor>.*) joined group by link(?: from (?P<inviter>.*))?", "join_group_by_link"),
        (r"(?P<actor>.*) joined group by request", "join_group_by_request"),
        (r"Channel «(?P<title>.*)» created", "create_channel"),
        (r"(?P<actor>.*) converted this group to a supergroup", "migrate_to_supergroup"),
        (r"(?P<actor>.*) converted a basic group to this supergroup «(?P<title>.*)»", "migrate_from_group"),
        (r"(?P<actor>.*) pinned this message", "pin_message"),
        (r"History cleared", "clear_history"),
        (r"(?P<actor>.*) scored (?P<score>\d{1,9}) in this game", "score_in_game"),
        (r"(?P<actor>.*) took a screenshot", "take_screenshot"),
        (r"(?P<actor>.*) joined Telegram", "joined_telegram"),
        (r"(?P<actor>.*) requested your phone number", "requested_phone_number"),
        (rf"(?P<actor>.*) started {_CALL}(?: \((?P<duration>\d{{1,9}}) seconds\))?", "group_call"),
        (r"(?:Voice|Video) chat(?: \((?P<duration>\d{1,9}) seconds\))?", "group_call"),
        (
            rf"(?P<actor>.*) scheduled a {_CALL} for {_TIME}|(?:Voice|Video) chat scheduled for {_TIME}",
            "group_call_scheduled",
        ),
        (r"(?P<actor>.*) changed chat theme to (?P<emoticon>.*)", "edit_chat_theme"),
        (r"Channel theme was changed to (?P<emoticon>.*)", "edit_chat_theme"),
        (r"(?P<actor>.*) disabled chat theme|Channel theme was disabled", "edit_chat_theme"),
        (r"(?P<actor>.*) has set messages not to auto-delete|New messages will not auto-delete", "set_messages_ttl"),
        (r"(?P<actor>.*) has set messages to auto-delete in (?P<period>.*)", "set_messages_ttl"),
        (r"New messages will auto-delete in (?P<period>.*)", "set_messages_ttl"),
        (r"(?P<actor>.*) created topic «(?P<title>.*)»", "topic_created"),
        (r"(?P<actor>.*) changed topic title to «(?P<new_title>.*)»", "topic_edit"),
        (r"(?P<actor>.*) suggests to use this photo", "suggest_profile_photo"),
        (r"(?P<actor>.*) set a new background for this chat", "set_chat_wallpaper"),
        (r"(?P<actor>.*) set the same background for this chat", "set_same_chat_wallpaper"),
        (r"(?P<actor>.*) boosted the group (?P<boosts>\d{1,9}) times?", "boost_apply"),
        (r"(?P<actor>.*) invited (?P<members>.*)", "invite_members"),
        (r"(?P<actor>.*) removed (?P<members>.*)", "remove_members"),
    )
)
_NUMBERS: Final = ("score", "duration", "boosts")
_PERIODS: Final = {"24 hours": 86400, "7 days": 7 * 86400}
_LINKED: Final = {
    "pin_message": "message_id",
    "score_in_game": "game_message_id",
    "set_same_chat_wallpaper": "message_id",
}
_LONGEST: Final = 4096
"""Characters of a sentence that is compared."""
_NOBODY: Final = "Deleted Account", "Deleted"


def keys(sentence: str, linked_id: int | None, photo: str | None) -> records.Json:
    """Return the keys of a service message; ``linked_id`` is the message that the sentence links to."""
    for pattern, action in _SENTENCES:
        if len(sentence) <= _LONGEST and (found := pattern.fullmatch(sentence)):
            fields: records.Json = {
                key: _value(key, value) for key, value in found.groupdict().items() if value is not None
            }
            if action in _LINKED and linked_id is not None:
                fields[_LINKED[action]] = linked_id
            if action == "set_messages_ttl":
                fields["period"] = _PERIODS.get(fields.get("period", ""), 0)
            if photo is not None:
                fields["photo"] = photo
            return {**_actor(fields), "action": action, **fields}
    return {"information_text": sentence}


def _actor(fields: records.Json) -> records.Json:
    return {"actor": fields.pop("actor")} if "actor" in fields else {}


def _value(key: str, value: str) -> object:
    if key in _NUMBERS:
        return int(value)
    if key == "members":
        return [_name(each) for each in re.split(r", | and ", value)]
    return _name(value) if key in ("actor", "inviter") else value


def _name(value: str) -> str | None:
    return None if value in _NOBODY else value
