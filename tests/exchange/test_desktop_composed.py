"""What Telegram told us of a message stands in Desktop's form as Desktop itself writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.domain import identity, records
from heliograph.exchange import model, sources
from heliograph.exchange.desktop import html, normalise
from heliograph.exchange.desktop import media as desktop_media
from heliograph.exchange.desktop.compose import media
from heliograph.exchange.desktop.compose import message as compose

from . import corpus

PAGES = Path(__file__).parents[1] / "fixtures" / "desktop_html"
NAMES = {identity.user_peer(7): "Carla", identity.channel_peer(8): "Harbour News", corpus.GROUP: "Harbour Gossip"}


def composed(**columns: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"sender_id": identity.user_peer(7), "as_of": 5, "text": "", **columns}
    target = corpus.target()
    row = records.Message(
        space_id=target.space_id, chat_id=target.chat_id, message_id=3, date=corpus.at(2024, 6, 1), **fields
    )
    return compose.compose(model.Imported(message=row), target, names=NAMES)


ACTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"type": "payment_refunded", "peer": -1_000_000_000_008, "currency": "EUR", "total_amount": 500},
        {"action": "refunded_payment", "amount": 500, "currency": "EUR", "peer_name": "Harbour News",
         "peer_id": "channel8"},
    ),
    (
        {"type": "prize_stars", "stars": 9, "transaction_id": "t", "boost_peer": 7, "giveaway_msg_id": 2},
        {"action": "stars_prize", "boost_peer_id": "user7", "boost_peer_name": "Carla", "stars": 9,
         "is_unclaimed": False, "giveaway_msg_id": 2, "transaction_id": "t"},
    ),
    (
        {"type": "gift_code", "slug": "s", "days": 90, "boost_peer": -1_000_000_000_008, "via_giveaway": True},
        {"action": "gift_code_prize", "gift_code": "s", "boost_peer_id": "channel8", "days": 90, "unclaimed": False,
         "via_giveaway": True},
    ),
    (
        {"type": "gift_ton", "currency": "USD", "amount": 900, "crypto_amount": 2_500_000_000},
        {"action": "send_ton_gift", "amount_whole": 2, "amount_nano": 500_000_000},
    ),
    (
        {"type": "paid_messages_price", "stars": 10},
        {"action": "paid_messages_price_change", "price_stars": 10, "is_broadcast_messages_allowed": False},
    ),
    (
        {"type": "paid_messages_refunded", "count": 2, "stars": 20},
        {"action": "paid_messages_refund", "messages_count": 2, "stars_count": 20},
    ),
    (
        {"type": "star_gift", "name_hidden": True, "saved": True, "convert_stars": 5},
        {"action": "send_star_gift", "is_limited": False, "is_anonymous": True, "gift_text": ""},
    ),
    (
        {"type": "suggested_post_approval", "rejected": True, "reject_comment": "no"},
        {"action": "process_suggested_post", "rejected": True, "comment": "no"},
    ),
    (
        {"type": "suggested_post_approval", "schedule_date": 1_717_240_000},
        {"action": "process_suggested_post", "scheduled_date": 1_717_240_000},
    ),
    (
        {"type": "suggested_post_refund", "payer_initiated": True},
        {"action": "suggested_post_refund", "user_initiated": True},
    ),
    ({"type": "todo_completions", "completed": [1]},
     {"action": "todo_completions", "completed": [1], "incompleted": []}),
    ({"type": "conference_call", "missed": True, "call_id": 5, "duration": 4},
     {"action": "conference_call", "duration_seconds": 4, "is_active": False, "is_missed": True}),
    ({"type": "change_creator", "new_creator_id": 7}, {"action": "change_creator", "new_creator": "Carla"}),
    ({"type": "managed_bot_created", "bot_id": 6}, {"action": "managed_bot_created", "bot": None}),
    ({"type": "chat_joined_via_community", "community_id": 4},
     {"action": "join_group_via_community", "community_id": 4}),
    ({"type": "no_forwards_toggle", "prev_value": True}, {"action": "no_forwards_toggle", "new_value": False}),
]  # fmt: skip
WITHOUT_ACTOR = {"refunded_payment", "gift_code_prize"}


@pytest.mark.parametrize(("service", "said"), ACTIONS, ids=lambda each: each.get("action", each.get("type")))
def test_action_has_desktops_name_and_fields_in_desktops_order(service: dict[str, Any], said: dict[str, Any]) -> None:
    form = composed(service=service)
    own = {"id", "type", "date", "date_unixtime", "text", "text_entities", "heliograph"}
    actor = {} if said["action"] in WITHOUT_ACTOR else {"actor": "Carla", "actor_id": "user7"}
    assert list({key: form[key] for key in form if key not in own}.items()) == [*actor.items(), *said.items()]


@pytest.mark.parametrize("option", [lambda n: bytes([48 + n]), lambda n: str(n).encode(), lambda n: bytes([n])])
def test_votes_of_all_twelve_options_are_counted_whatever_a_poll_calls_them(option: Any) -> None:
    counters = {"total": 90, "votes": {option(number).hex(): number + 1 for number in range(12)}}
    assert [media.votes(counters, number) for number in range(12)] == list(range(1, 13))


def test_votes_of_an_export_are_kept_under_what_telegrams_apps_call_the_options() -> None:
    answers = [{"text": str(number), "voters": number} for number in range(12)]
    found = desktop_media.votes({"poll": {"total_voters": 66, "answers": answers}})
    assert found is not None
    assert [bytes.fromhex(each) for each in found["votes"]] == [bytes([each]) for each in b"0123456789:;"]


UNKNOWN = 22
"""A service message of which no more than a sentence is known."""


def pages() -> Iterator[tuple[dict[str, Any], model.Imported]]:
    """Messages of a group as Desktop's JSON has them, and as they come from its pages."""
    said = {each["id"]: each for each in json.loads((PAGES / "single_2023.json").read_bytes())["messages"]}
    [source] = sources.find(PAGES / "single_2023")
    found = [each for event in html.read(source) if isinstance(event, model.Page) for each in event.messages]
    for message in found:
        row = normalise.normalise(message, corpus.target(), corpus.PLACE)
        assert isinstance(row, model.Imported)
        yield said[message["id"]], row


def test_whoever_a_page_names_is_credited_by_name_and_not_as_the_chat() -> None:
    credited = 0
    for said, row in pages():
        form = compose.compose(row, corpus.target(), names=NAMES)
        label = "actor" if "actor" in said else "from"
        if said["id"] != UNKNOWN:
            assert form[label] == said[label]
            assert f"{label}_id" not in form
            credited += 1
        # Nor is the name taken for a signature by the next who imports that.
        again = normalise.normalise(form, corpus.target(), corpus.PLACE)
        assert isinstance(again, model.Imported)
        assert again.message.author_signature == row.message.author_signature
        assert [records.is_named_only(each.message, "supergroup") for each in (again, row)] == [True, True]
    assert credited > 10


def test_what_a_chat_says_itself_stays_the_chats_whatever_its_signature() -> None:
    form = composed(sender_id=None, author_signature="the boss", as_of=0)
    assert (form["from"], form["from_id"], form["author"]) == ("Harbour Gossip", "channel9001", "the boss")
