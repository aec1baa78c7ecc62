"""A message of any dialect becomes the row that the crawler would have made of it, as far as the export tells."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from heliograph.crawler.normalize import text as crawler_text
from heliograph.domain import identity, records
from heliograph.exchange import model, reasons, topics
from heliograph.exchange.desktop import entities, ids, media, normalise, service

from .corpus import CORPUS, GROUP, NEWS, PLACE, at, one, row, rows, target

# Whole messages of each dialect: folder, chat in it, message, and what its row says. What is not named is empty.

DIALECTS: list[tuple[str, int, int, dict[str, Any]]] = [
    (
        *("2018_account", 0, 11),
        {"date": at(2018, 9, 1, 10), "sender_id": 7001, "text": "Shall we sail?", "is_outgoing": True},
    ),
    (
        *("2018_account", 0, 12),
        {
            "date": at(2018, 9, 1, 10, 1),
            "sender_id": 7002,
            "edit_date": at(2018, 9, 1, 10, 2, 30),
            "text": "Yes, tomorrow, see https://example.org/map.",
            "reply_to_message_id": 11,
            "entities": [["bold", 5, 8], ["url", 19, 23]],
        },
    ),
    ("2018_account", 4, 2, {"date": at(2018, 7, 1, 7), "text": "The harbour opens.", "author_signature": "Bo"}),
    ("2020_type_bits", 0, 40, {"date": at(2020, 12, 24, 17), "sender_id": 7002, "text": "A person"}),
    ("2020_type_bits", 0, 41, {"date": at(2020, 12, 24, 17, 1), "text": "An anonymous admin"}),
    ("2020_type_bits", 0, 42, {"date": at(2020, 12, 24, 17, 2), "sender_id": NEWS, "text": "A linked channel"}),
    ("2021_prefixes", 0, 50, {"date": at(2021, 6, 1, 10), "sender_id": 7002, "text": "words before ids"}),
    (
        *("2021_prefixes", 0, 51),
        {"date": at(2021, 6, 1, 10, 1), "edit_date": at(2021, 6, 1, 10, 5), "text": "An anonymous admin"},
    ),
    ("2022_unixtime", 0, 60, {"date": at(2022, 5, 1, 12), "sender_id": 5123456789, "text": "both times"}),
    (
        *("2022_unixtime", 0, 61),
        {
            "date": at(2022, 5, 1, 12, 1),
            "edit_date": at(2022, 5, 1, 12, 3),
            "sender_id": 7001,
            "text": "and edited",
            "is_outgoing": True,
        },
    ),
    ("2023_entities", 0, 72, {"date": at(2023, 2, 1, 9, 2), "sender_id": 7002}),
]


@pytest.mark.parametrize(("folder", "chat", "message_id", "told"), DIALECTS)
def test_message_of_each_dialect_becomes_this_row(
    folder: str, chat: int, message_id: int, told: dict[str, Any]
) -> None:
    base = {"space_id": 9001, "chat_id": GROUP, "message_id": message_id, "as_of": records.IMPORTED_AS_OF}
    assert row(folder, message_id, chat).message == records.Message(**{**base, **told})


@pytest.mark.parametrize("more", [{}, {"from_id": None}])
def test_sender_without_an_id_is_known_by_their_name(more: dict[str, Any]) -> None:
    """Regression: the name was kept only where the message told it a second time, as our pages do."""
    message = {"id": 1, "type": "message", "date": "2024-01-01T10:00:00", "date_unixtime": "1704103200", "text": "hi"}
    assert _named_only({**message, "from": "Zed", **more}) == "Zed"
    assert _named_only({**message, "from": "Zed", "author": "Zed of Pier", **more}) == "Zed of Pier"
    assert _named_only({**message, "from": None, **more}) is None
    came = {**message, "type": "service", "actor": "Zed", "action": "invite_members", "members": ["Zed"]}
    assert _named_only({**came, **{key.replace("from", "actor"): value for key, value in more.items()}}) == "Zed"


def _named_only(message: dict[str, Any]) -> str | None:
    found = normalise.normalise(message, target(), PLACE)
    assert isinstance(found, model.Imported)
    assert records.is_named_only(found.message, "supergroup") and found.message.raw == b""
    return found.message.author_signature


# Times


def test_local_time_that_comes_twice_is_the_first_and_is_said_to_be_converted() -> None:
    found = row("2018_account", 5, chat=2)
    assert found.message.date == at(2018, 10, 28, 0, 30)
    assert found.is_local_time


def test_local_time_that_is_left_out_is_what_the_clock_would_have_shown() -> None:
    assert row("2021_prefixes", 52).message.date == at(2021, 3, 28, 1, 30)


def test_unix_time_wins_over_local_time() -> None:
    found = row("2022_unixtime", 60, timezone=ZoneInfo("Asia/Tokyo"))
    assert found.message.date == at(2022, 5, 1, 12)
    assert not found.is_local_time


def test_message_that_was_never_edited_has_no_edit_date_in_the_first_version() -> None:
    assert row("2018_account", 11).message.edit_date is None


# Texts


def test_every_entity_has_the_crawlers_name_and_counts_utf16_units() -> None:
    assert row("2023_entities", 71).message.entities == [
        *(["bold", 3, 4], ["italic", 8, 6], ["text_url", 15, 4, "https://example.org/a"]),
        *(["mention_name", 20, 2, 7002], ["pre", 23, 5, "python"], ["spoiler", 28, 6], ["strike", 34, 4]),
        *(["custom_emoji", 38, 1, 5368324170671202286], ["custom_emoji", 39, 1], ["blockquote", 40, 6]),
        *(["url", 46, 11], ["hashtag", 57, 4], ["future_kind", 61, 1]),
    ]


def test_names_of_entities_and_actions_are_those_of_tl() -> None:
    known = {
        crawler_text.snake(name.removeprefix("MessageEntity")) for name in vars(types) if "MessageEntity" in name[:13]
    }
    assert set(entities._NAMES.values()) <= known
    actions = {
        crawler_text.snake(name.removeprefix("MessageAction")) for name in vars(types) if "MessageAction" in name
    }
    assert set(service._TYPES.values()) | {service.CUSTOM} <= actions
    assert set(media._KINDS.values()) <= set(records.MEDIA_KINDS)


@given(st.lists(st.tuples(st.sampled_from(["plain", "bold", "code", "link"]), st.text(max_size=5)), max_size=6))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_parts_join_to_their_text_and_each_entity_covers_its_part(parts: list[tuple[str, str]]) -> None:
    form = [{"type": kind, "text": part} for kind, part in parts]
    mixed = [part if kind == "plain" else {"type": kind, "text": part} for kind, part in parts]
    for message in ({"text": mixed}, {"text_entities": form}, {"text": mixed, "text_entities": form}):
        text, found = entities.read(message)
        assert text == "".join(part for _, part in parts)
        units = text.encode("utf-16-le", "surrogatepass")
        covered = [units[2 * each[1] : 2 * (each[1] + each[2])].decode("utf-16-le", "replace") for each in found or ()]
        assert covered == [part for kind, part in parts if kind != "plain" and part]


def test_rich_message_is_lines_of_text_and_stays_whole_in_raw() -> None:
    found = row("newest", 605).message
    assert found.text == "Tides\nHigh at noon\nMon | 1.2 m\nrope\nanchor"
    assert "rich_message" in orjson.loads(found.raw)


# Who, where from, what is answered


def test_names_that_the_export_tells_come_along() -> None:
    assert row("cross_chat", 402).names == {7002: "Bo Invented", NEWS: "Harbour News"}
    assert row("account", 101).names == {}


FORWARDS: list[tuple[int, Any]] = [
    (401, {"from_name": "Carla Fictional"}),
    (402, {"from_id": NEWS}),
    (403, {"from_name": normalise.UNKNOWN_NAME}),
    (404, None),
]


@pytest.mark.parametrize(("message_id", "forward"), FORWARDS)
def test_forward_keeps_what_the_export_tells_of_its_origin(message_id: int, forward: Any) -> None:
    assert row("cross_chat", message_id).message.forward == forward


def test_answer_names_another_chat_only_when_it_is_another() -> None:
    elsewhere, here = row("cross_chat", 404).message, row("cross_chat", 405).message
    assert (elsewhere.reply_to_message_id, elsewhere.reply_to_chat_id) == (80, NEWS)
    assert (here.reply_to_message_id, here.reply_to_chat_id) == (404, None)


@pytest.mark.parametrize(("message_id", "key"), [(406, "via_bot"), (407, "saved_from")])
def test_what_no_column_expresses_is_kept_in_raw(message_id: int, key: str) -> None:
    assert key in orjson.loads(row("cross_chat", message_id).message.raw)


def test_message_that_columns_express_has_no_raw() -> None:
    plain = [each for each in rows("2023_entities").values() if isinstance(each, model.Imported)]
    assert [each.message.raw for each in plain] == [b"", b"", b""]


TOPICS = {1001: None, 1002: 1002, 1003: 1002, 1004: 1002, 1005: 1005, 1006: 1, 1007: 1, 1008: 1005, 1009: 1002}
REPLIES = {1001: None, 1002: None, 1003: None, 1004: 1003, 1005: None, 1006: None, 1007: 1006, 1008: None, 1009: 1004}


def test_topic_is_found_from_what_a_message_answers() -> None:
    found = rows("forum", topics=topics.Topics())
    messages = {key: each.message for key, each in found.items() if isinstance(each, model.Imported)}
    assert {key: each.topic_id for key, each in messages.items()} == TOPICS
    assert {key: each.reply_to_message_id for key, each in messages.items()} == REPLIES


def test_without_knowledge_of_topics_only_a_new_topic_tells_its_own() -> None:
    found = rows("forum")
    placed = {key: each.message.topic_id for key, each in found.items() if isinstance(each, model.Imported)}
    assert {key: topic for key, topic in placed.items() if topic} == {1002: 1002, 1005: 1005}


# What cannot be

SKIPPED: list[tuple[str, Any, str]] = [
    ("impossible", 0, "impossible_id"),
    ("impossible", 2**31, "impossible_id"),
    ("impossible", "seven", "impossible_id"),
    ("impossible", 702, "impossible_date"),
    ("impossible", 703, "impossible_date"),
    ("impossible", 704, "impossible_date"),
    ("impossible", 705, "impossible_date"),
    ("newest", 606, "unsupported"),
]


@pytest.mark.parametrize(("folder", "message_id", "reason"), SKIPPED)
def test_message_that_cannot_be_is_skipped_with_its_reason_and_place(folder: str, message_id: Any, reason: str) -> None:
    found = rows(folder)[message_id]
    assert isinstance(found, model.Skip)
    assert found.reason == reason
    assert found.message_id == (message_id if isinstance(message_id, int) else None)
    data = (CORPUS / folder / "result.json").read_bytes()
    assert data[found.place.offset :].startswith(b"{\n   " + b'"id": ' + orjson.dumps(message_id))
    assert reasons.sentence(reason) != f"{reason.replace('_', ' ')}."


def test_messages_of_the_group_before_are_skipped_where_the_reader_does_not_part_them() -> None:
    moved = {"id": -999999990, "type": "message", "date_unixtime": "1462089600"}
    assert normalise.normalise(moved, target(), PLACE) == model.Skip(
        reason="old_group", place=PLACE, message_id=-999999990
    )


def test_answer_to_the_group_before_is_kept_without_what_it_answers() -> None:
    assert row("old_group", 2, chat=1).message.reply_to_message_id is None
    assert row("old_group", 11, chat=0).message.reply_to_message_id == 10


def test_values_of_the_wrong_type_are_as_if_they_were_not_there() -> None:
    found = row("impossible", 708)
    bare = records.Message(
        space_id=identity.channel_space(9001), message_id=708, chat_id=GROUP, date=at(2024, 6, 1, 10, 8), as_of=0
    )
    assert found == model.Imported(message=bare)
    assert row("impossible", 706).message.edit_date is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=6) | st.just(1e308),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
keys = sorted(normalise._EXPRESSED | service._NOT_FIELDS | {"action", "via_bot", "contact_information", "todo_list"})


@given(
    st.dictionaries(st.sampled_from([*keys, "information_text", "rich_message", "invoice_information"]), anything),
    st.sampled_from(["message", "service", None]),
    st.booleans(),
)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_no_message_whatever_it_holds_ends_an_import(fields: dict[str, Any], kind: Any, is_forum: bool) -> None:
    message = {**fields, "id": 5, "type": kind, "date_unixtime": "1717236000"}
    goal = target(topics=topics.Topics() if is_forum else None)
    found = normalise.normalise(message, goal, PLACE)
    assert isinstance(found, model.Imported)
    row = found.message
    orjson.dumps([row.entities, row.media, row.service, row.forward])
    assert isinstance(row.text, str)
    assert row.sender_id is None or -(2**63) <= row.sender_id < 2**63
    assert row.reply_to_message_id is None or 0 < row.reply_to_message_id < 2**31


# Our own exports


def test_our_own_key_says_what_the_form_cannot() -> None:
    found = row("heliograph", 951)
    assert found.message.topic_id == 1002
    assert found.message.reply_to_message_id is None
    assert found.message.entities == [["bold", 0, 6], ["italic", 0, 6]]
    assert (found.message.album_id, found.message.via_bot_id) == (77, 7010)
    assert found.deleted_at == at(2024, 6, 2, 10)
    assert found.observation is not None
    assert found.observation.views == 12
    assert [each.text for each in found.revisions] == ["stood in a topic"]


def test_what_our_own_key_says_without_sense_changes_nothing() -> None:
    assert row("heliograph", 952).message.topic_id is None


# Ids


@pytest.mark.parametrize(
    ("value", "is_modern", "peer"),
    [
        ("user7", True, 7),
        ("chat7", True, -7),
        ("channel7", False, identity.channel_peer(7)),
        (7, False, 7),
        ((1 << 32) + 7, False, 7),
        ((2 << 32) + 7, False, identity.channel_peer(7)),
        ((1 << 32) + 7, True, (1 << 32) + 7),
        (0, True, None),
        (-7, True, None),
        (True, True, None),
        ("user", True, None),
        ("user٧", True, None),
        ("user99999999999999999999", True, None),
        ([], True, None),
    ],
)
def test_id_of_any_dialect_is_a_marked_id(value: Any, is_modern: bool, peer: int | None) -> None:
    assert ids.peer(value, is_modern=is_modern) == peer


@pytest.mark.parametrize(
    ("value", "is_modern", "number"),
    [
        (9001, True, 9001),
        ((2 << 32) + 9001, False, 9001),
        ((1 << 32) + 9001, True, (1 << 32) + 9001),
        ((2 << 48) + 9001, True, 9001),
        (-1000000009001, True, 9001),
        (-8001, True, 8001),
        ("channel9001", True, 9001),
        (None, True, None),
        ({}, False, None),
    ],
)
def test_chat_id_of_any_dialect_is_a_bare_number(value: Any, is_modern: bool, number: int | None) -> None:
    assert ids.chat_number(value, is_modern=is_modern) == number


def test_person_of_the_account_is_the_one_whose_messages_are_outgoing() -> None:
    assert one({"from_id": "user7001"}).message.is_outgoing
    assert not one({"from_id": "user7002"}).message.is_outgoing
    assert not one({}, self_user_id=None).message.is_outgoing
