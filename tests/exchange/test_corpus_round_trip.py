"""Telegram Desktop's own exports, imported and exported again, say what they said, but for what is listed here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from heliograph.domain import identity
from heliograph.exchange import model
from heliograph.exchange import topics as topic_places
from heliograph.exchange.desktop import extra, normalise, reader
from heliograph.exchange.desktop.compose import message as compose

CORPUS = Path(__file__).parent.parent / "fixtures" / "desktop"
MODERN = ["2022_unixtime", "2023_entities", "2024_reactions", "account", "cross_chat", "forum", "media", "newest"]
MODERN += ["placeholders", "service", "service_later"]
"""Folders of exports that tell Unix times."""
LEFT_OUT = frozenset({
    *("thumbnail", "thumbnail_file_size", "live_location_period_seconds"),
    *("game_description", "game_link", "todo_list", "giveaway_information", "paid_stars_amount", "inline_bot_buttons"),
    *("rich_message", "via_bot", "saved_from"),
    # Other programs add these; ours stand in the key of our own.
    *("views", "forwards"),
})  # fmt: skip
"""Keys that no column has; docs/howto/export.md lists them."""
NOT_HELD = {("topic_edit", "reply_to_message_id")}
ADDED = {"text_entities", "file_name", extra.KEY, "text"}
"""Keys that a later version writes and an earlier one did not."""


def messages(name: str) -> Iterator[tuple[dict[str, Any], model.Target, str]]:
    with (CORPUS / name / "result.json").open("rb") as file:
        for event in reader.read(file):
            if isinstance(event, model.ChatHeader):
                target, title = target_of(event), event.title
            elif isinstance(event, model.Page):
                yield from ((message, target, title) for message in event.messages)


def target_of(header: model.ChatHeader) -> model.Target:
    number = header.number or 1
    kind: identity.ChatKind = "channel" if "channel" in header.kind else "supergroup"
    return model.Target(
        space_id=identity.channel_space(number),
        chat_id=identity.channel_peer(number),
        kind=kind,
        self_user_id=header.owner_user_id,
        timezone=ZoneInfo("UTC"),
        topics=topic_places.Topics(),
    )


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """The message without what no row holds."""
    told = {key: value for key, value in message.items() if key not in LEFT_OUT}
    told = {key: value for key, value in told.items() if (told.get("action"), key) not in NOT_HELD}
    # Local times are those of another zone.
    told.pop("date")
    told.pop("edited", None)
    if told.get("reply_to_peer_id") == "channel9001":
        del told["reply_to_peer_id"]
    for reaction in told.get("reactions", []):
        reaction.pop("recent", None)
        if "document_id" in reaction:
            reaction["document_id"] = ""
    for answer in told.get("poll", {}).get("answers", []):
        answer["chosen"] = False
        answer["text"] = flat(answer["text"])
    if "poll" in told:
        told["poll"]["question"] = flat(told["poll"]["question"])
    if "contact_information" in told:
        told["contact_information"]["phone_number"] = ""
    for key in ("file", "photo", "invoice_information"):
        if key in told and (key == "invoice_information" or told[key].startswith("Sticker (")):
            del told[key]
    parts = [*told.get("text_entities", []), *(told["text"] if isinstance(told.get("text"), list) else [])]
    for part in parts:
        if isinstance(part, dict) and "/" in str(part.get("document_id")):
            part["document_id"] = ""
    return {key: value for key, value in told.items() if value not in (False, [], None, "")}


def flat(text: Any) -> str:
    parts = text if isinstance(text, list) else [text]
    return "".join(part if isinstance(part, str) else part["text"] for part in parts)


@pytest.mark.parametrize("name", MODERN)
def test_an_export_of_telegram_desktop_leaves_as_it_came(name: str) -> None:
    compared = 0
    for message, target, title in messages(name):
        found = normalise.normalise(message, target, model.Place(file="result.json", offset=0))
        if isinstance(found, model.Skip):
            continue
        names = {target.chat_id: title, **found.names}
        composed = plain(compose.compose(found, replace(target, topics=None), names=names))
        came = plain(message)
        # Fields that are told out of Telegram Desktop's order come back in it.
        assert {key: composed.get(key) for key in came} == came
        assert composed.keys() - came.keys() <= ADDED | {"file", "photo", "invoice_information", "reply_to_message_id"}
        compared += 1
    assert compared
