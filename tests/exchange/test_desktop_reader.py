"""Telegram Desktop's JSON is read in any layout, in constant memory, from anywhere, and to where it breaks off."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.exchange import model, reasons
from heliograph.exchange.desktop import reader

CORPUS = Path(__file__).parent.parent / "fixtures" / "desktop"
TAIL = {"name": "Next", "type": "personal_chat", "id": 8, "messages": [{"id": 1, "type": "message"}]}


class Pipe(io.BytesIO):
    """A file that cannot go back, and gives what it likes."""

    def seekable(self) -> bool:
        return False

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 7) if size and size > 0 else size)


def messages(events: list[model.Event]) -> list[dict[str, Any]]:
    return [message for event in events if isinstance(event, model.Page) for message in event.messages]


def headers(events: list[model.Event]) -> list[model.ChatHeader]:
    return [event for event in events if isinstance(event, model.ChatHeader)]


def skips(events: list[model.Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, model.Skip)]


def read(data: bytes, **options: Any) -> list[model.Event]:
    return list(reader.read(io.BytesIO(data), **options))


def read_corpus(name: str) -> list[model.Event]:
    with (CORPUS / name).open("rb") as file:
        return list(reader.read(file, name=Path(name).name))


def one_chat(found: list[Any]) -> dict[str, Any]:
    return {"name": "A", "type": "private_supergroup", "id": 7, "messages": found}


# Any layout

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['}, {"id": 5', '"]}', "\\", '\\"', "}]},{", '{"id":', "\\u0041", "\x7f", "⛵", '"messages": [']
)
values = st.recursive(
    st.just([{"id": 1}, {"id": 2}])
    | st.none()
    | st.booleans()
    | st.integers(-(2**31), 2**63)
    | texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
bodies = st.builds(
    lambda number, rest, is_first: {"id": number, **rest} if is_first else {**rest, "id": number},
    st.integers(1, 2**31),
    st.dictionaries(texts.filter(lambda key: key != "id"), values, max_size=4),
    st.booleans(),
)
layouts = st.sampled_from(
    [
        {"indent": 1},
        {"separators": (",", ":")},
        {"indent": "\t"},
        {"separators": (" ,\r\n ", " : ")},
        {"sort_keys": True},
    ]
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(bodies, max_size=12), layouts, st.integers(1, 300), st.booleans(), st.booleans())
def test_any_nesting_layout_and_chunk_gives_the_messages_that_a_whole_parse_gives(
    found: list[dict[str, Any]], layout: dict[str, Any], chunk: int, is_ascii: bool, is_account: bool
) -> None:
    chat: dict[str, Any] = one_chat(found)
    whole = {"about": "x", "chats": {"about": "y", "list": [chat, TAIL]}} if is_account else chat
    data = json.dumps(whole, ensure_ascii=is_ascii, **layout).encode()

    events = read(data, chunk=chunk)

    assert messages(events) == found + (TAIL["messages"] if is_account else [])  # type: ignore[operator]
    assert [header.title for header in headers(events)] == ["A", "Next"][: 1 + is_account]
    assert not [event for event in events if isinstance(event, model.Skip | model.Broken)]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(bodies, min_size=1, max_size=12), layouts, st.integers(1, 300))
def test_each_place_is_the_byte_where_its_message_begins(
    found: list[dict[str, Any]], layout: dict[str, Any], chunk: int
) -> None:
    data = json.dumps(one_chat(found), **layout).encode()
    places = [place for event in read(data, chunk=chunk) if isinstance(event, model.Page) for place in event.places]

    assert len(places) == len(found)
    decoder = json.JSONDecoder()
    assert [decoder.raw_decode(data[place:].decode())[0] for place in places] == found


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(bodies, min_size=1, max_size=10), layouts, st.integers(1, 200), st.data())
def test_reading_goes_on_after_any_page(
    found: list[dict[str, Any]], layout: dict[str, Any], chunk: int, data: st.DataObject
) -> None:
    account = {"chats": {"list": [one_chat(found), TAIL]}, "left_chats": {"list": [one_chat(found[:1]), TAIL]}}
    whole = json.dumps(account, **layout).encode()
    events = read(whole, chunk=chunk)
    index = data.draw(st.sampled_from([i for i, event in enumerate(events) if isinstance(event, model.Page)]))
    page, header = events[index], headers(events[:index])[-1]
    assert isinstance(page, model.Page)

    for file in (io.BytesIO(whole), Pipe(whole)):
        if "sort_keys" in layout and isinstance(file, Pipe):
            continue
        again = list(reader.read(file, start=page.offset_after, header=header, chunk=chunk))
        assert again[0] == header
        assert messages(again) == messages(events[index + 1 :])
        assert [each.is_left for each in headers(again)[1:]] == [each.is_left for each in headers(events[index:])]


def test_a_file_that_cannot_seek_is_read_as_it_comes() -> None:
    data = (CORPUS / "account" / "result.json").read_bytes()
    assert list(reader.read(Pipe(data))) == read(data)


def test_messages_before_their_chat_need_a_file_that_can_seek() -> None:
    data = (CORPUS / "rewritten" / "result.json").read_bytes()
    ends = list(reader.read(Pipe(data)))[-1]
    assert isinstance(ends, model.Broken)
    assert "unpack the archive" in ends.sentence


# Forms


def test_account_gives_its_chats_with_owner_and_says_which_were_left() -> None:
    events = read_corpus("account/result.json")
    assert [(each.kind, each.number, each.title, each.owner_user_id, each.is_left) for each in headers(events)] == [
        ("personal_chat", 7003, "", 7001, False),
        ("saved_messages", 7001, "", 7001, False),
        ("bot_chat", 7009, "Empty", 7001, False),
        ("private_group", 8001, "Sailing Club", 7001, False),
        ("private_channel", 9004, "Old Harbour", 7001, True),
    ]
    assert [message["id"] for message in messages(events)] == [101, 102, 103, 3]


def test_rewritten_file_gives_what_the_original_gives() -> None:
    def told(events: list[model.Event]) -> list[object]:
        return [(each.kind, each.number, each.title, each.owner_user_id, each.is_left) for each in headers(events)]

    rewritten, original = read_corpus("rewritten/result.json"), read_corpus("account/result.json")
    assert told(rewritten) == told(original)
    assert messages(rewritten) == messages(original)


@pytest.mark.parametrize(
    ("folder", "numbers"),
    [
        ("2018_account", [7002, 8001, 9001, 7001, 9002]),
        ("2020_type_bits", [9001]),
        ("2021_prefixes", [9001]),
        ("2022_unixtime", [5123456789]),
    ],
)
def test_chat_ids_lose_the_type_bits_of_old_versions_and_only_these(folder: str, numbers: list[int]) -> None:
    assert [header.number for header in headers(read_corpus(f"{folder}/result.json"))] == numbers


@pytest.mark.parametrize("chunk", [1, 300, 700, 1 << 20])
def test_history_of_the_group_before_the_supergroup_is_a_chat_of_its_own(chunk: int) -> None:
    data = (CORPUS / "old_group" / "result.json").read_bytes()
    events = read(data, chunk=chunk)
    assert [(each.kind, each.number, each.whole.number) for each in headers(events)] == [
        ("private_group", None, 9001),
        ("private_supergroup", 9001, 9001),
    ]
    assert headers(events)[0].whole == headers(events)[1]
    assert [message["id"] for message in messages(events)] == [10, 11, 1, 2]
    assert [message.get("reply_to_message_id") for message in messages(events)] == [None, 10, None, -999999989]

    for index in [index for index, event in enumerate(events) if isinstance(event, model.Page)]:
        page, header = events[index], headers(events[:index])[-1]
        assert isinstance(page, model.Page)
        again = read(data, start=page.offset_after, header=header, chunk=chunk)
        assert again[0] == header
        assert messages(again) == messages(events[index + 1 :])
        assert headers(again)[-1] == headers(events)[1]


def test_supergroup_without_earlier_history_is_one_chat() -> None:
    assert len(headers(read_corpus("forum/result.json"))) == 1
    empty = {"name": "A", "type": "public_supergroup", "id": 7, "messages": []}
    assert [each.number for each in headers(read(json.dumps(empty).encode()))] == [7]


def test_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert [message["text"] for message in messages(read_corpus("bom/result.json"))] == ["first", "second", "third"]


def test_control_characters_that_desktop_escapes_in_its_own_way_are_read() -> None:
    first = messages(read_corpus("2023_entities/result.json"))[0]
    assert first["text"] == 'bell\x07 and "}, { "id": 9"'


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    data = orjson.dumps(one_chat([])).replace(b"[]", rb'[{"id": 1, "text": "a\ud83db \ud83d\ude00 \\ud83d"}]')
    assert messages(read(data))[0]["text"] == "a\ufffdb 😀 \\ud83d"


# What cannot be read


def test_file_that_breaks_off_gives_all_before_and_names_byte_and_line() -> None:
    events = read((CORPUS / "truncated" / "result.json").read_bytes(), chunk=32)
    assert [message["text"] for message in messages(events)] == ["first", "second"]
    broken = events[-1]
    assert isinstance(broken, model.Broken)
    assert "breaks off in line 43 (byte 798)" in broken.sentence
    assert (broken.place.offset, broken.place.line) == (798, 43)


def test_lines_are_counted_over_the_whole_of_a_large_file() -> None:
    data = json.dumps(one_chat([{"id": i, "text": "x" * 90} for i in range(1, 1500)]), indent=1).encode()[:-20]
    broken = read(data, chunk=4096)[-1]
    assert isinstance(broken, model.Broken)
    assert (broken.place.offset, broken.place.line) == (len(data), data.count(b"\n") + 1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2200))
def test_file_that_breaks_off_anywhere_gives_a_beginning_and_one_end(size: int) -> None:
    data = (CORPUS / "account" / "result.json").read_bytes()[:size]
    events = read(data, chunk=64)
    assert messages(events) == messages(read_corpus("account/result.json"))[: len(messages(events))]
    assert [type(event) for event in events].count(model.Broken) == 1
    assert isinstance(events[-1], model.Broken)


def test_damaged_message_costs_itself_only() -> None:
    events = read_corpus("damaged/result.json")
    assert [message["text"] for message in messages(events)] == ["first", "third"]
    assert skips(events) == ["not_json"]


def test_quote_that_opens_the_rest_of_the_file_costs_one_message() -> None:
    data = json.dumps(one_chat([{"id": i, "text": f"t{i}"} for i in range(1, 9)]), indent=1)
    events = read(data.replace('"t4"', '"t4" "').encode())
    assert [message["id"] for message in messages(events)] == [1, 2, 3, 5, 6, 7, 8]
    assert skips(events) == ["not_json"]


def test_quote_too_many_that_seems_a_huge_message_costs_one_message() -> None:
    data = json.dumps(one_chat([{"id": i, "text": "x" * 90} for i in range(1, 99)]), indent=1)
    at = data.index('"id": 4,')
    file = io.BytesIO((data[:at] + '"' + data[at:]).encode())
    events = list(reader.read(file, chunk=64, max_message_bytes=1000))
    assert [message["id"] for message in messages(events)] == [1, 2, 3, *range(5, 99)]
    assert skips(events) == ["not_json"]


def test_elements_that_are_no_messages_are_skipped_with_their_place() -> None:
    events = read_corpus("impossible/result.json")
    places = [event.place for event in events if isinstance(event, model.Skip)]
    data = (CORPUS / "impossible" / "result.json").read_bytes()
    assert [data[place.offset : place.offset + 4] for place in places] == [b'"a s', b"null", b"17,\n", b"[\n  "]
    assert skips(events) == ["no_message"] * 4


def test_message_in_another_encoding_is_skipped_not_mangled() -> None:
    long = one_chat([{"id": 1, "text": "x" * 70_000}, {"id": 2, "text": "Grüße"}, {"id": 3, "text": "Grüße"}])
    data = json.dumps(long, ensure_ascii=False).encode()
    at = data.index("Grüße".encode())
    events = read(data[:at] + "Grüße".encode("latin-1") + data[at + 7 :])
    assert [message["id"] for message in messages(events)] == [1, 3]
    assert skips(events) == ["not_utf8"]


def test_message_larger_than_the_limit_is_stepped_over_in_little_memory() -> None:
    huge = b'{"id": 2, "text": "' + b'a\\"}, {' * 1_500_000 + b'"}'
    data = b'{"name": "A", "type": "x", "id": 7, "messages": [{"id": 1}, ' + huge + b', {"id": 3}]}'
    file = io.BytesIO(data)
    tracemalloc.start()
    events = list(reader.read(file, chunk=1 << 16, max_message_bytes=1 << 16))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [message["id"] for message in messages(events)] == [1, 3]
    assert skips(events) == ["message_too_large"]
    assert peak < 1 << 20


def test_memory_does_not_grow_with_the_file() -> None:
    def peak(count: int) -> int:
        data = orjson.dumps(one_chat([{"id": i, "text": "x" * 300} for i in range(1, count)]))
        tracemalloc.start()
        for _ in reader.read(io.BytesIO(data), chunk=1 << 16):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(30_000) < 1.5 * peak(3_000)


def test_deep_nesting_is_skipped_and_not_followed() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    data = b'{"name": "A", "type": "x", "id": 7, "messages": [{"id": 1, "x": ' + deep + b'}, {"id": 2}], "y": ' + deep
    events = read(data + b"}")
    assert [message["id"] for message in messages(events)] == [2]
    assert skips(events) == ["not_json"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("utf16/result.json", "in UTF-16"),
        ("latin1/result.json", "Latin-1"),
        ("others/slack.json", "Slack"),
        ("others/discord.json", "DiscordChatExporter"),
        ("others/bot_updates.json", "Bot API"),
        ("others/instagram.json", "Instagram"),
        ("others/telethon.json", "Telethon"),
        ("others/signal.json", "Signal"),
        ("others/heliograph.jsonl", "Heliograph"),
        ("others/whatsapp.txt", "WhatsApp"),
        ("others/page.html", "HTML"),
        ("others/log.json", "is no JSON"),
        ("others/empty.json", "is empty"),
        ("others/settings.json", "holds no chats"),
    ],
)
def test_what_is_no_export_is_named_in_one_sentence(name: str, words: str) -> None:
    events = read_corpus(name)
    assert len(events) == 1
    assert isinstance(events[0], model.Broken)
    assert words in events[0].sentence
    assert events[0].sentence.startswith(Path(name).name)
    assert events[0].sentence.endswith(".")


def test_every_reason_of_the_reader_has_a_sentence() -> None:
    for reason in ("not_json", "not_utf8", "no_message", "no_chat", "message_too_large"):
        assert reasons.sentence(reason) != f"{reason.replace('_', ' ')}."


def files() -> Iterator[Path]:
    return CORPUS.glob("*/*.json")


def test_every_fixture_has_a_line_in_the_readme() -> None:
    told = (CORPUS / "README.md").read_text()
    assert all(f"`{file.parent.name}`" in told for file in files())
