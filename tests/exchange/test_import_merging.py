"""What several exports say of one chat and one message, and which of it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.exchange.installed import CHAT, NUMBER, START, Store, crawled, export, known_chat, local, said, store

from heliograph.domain import identity, records
from heliograph.exchange import media

__all__ = ["store"]

EDITED = {"edited_unixtime": str(START + 86_400)}
CHATS = "SELECT kind, title, is_left FROM chats WHERE chat_id = %s"
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"/><title>Exported Data</title></head><body onload="CheckLocation();">
<div class="page_wrap"><div class="page_header"><div class="content"><div class="text bold">
Harbour
</div></div></div><div class="page_body chat_page"><div class="history">%s</div></div></div></body></html>"""
SAID = """
<div class="message default clearfix" id="message%d"><div class="body">
<div class="pull_right date details" title="14.11.2023 22:13:%02d UTC+00:00">22:13</div>
<div class="from_name">Aino</div><div class="text">%s</div></div></div>"""


def pages(folder: Path, texts: dict[int, str]) -> Path:
    """Write pages of the chat."""
    folder.mkdir(parents=True, exist_ok=True)
    said_ = "".join(SAID % (number, 20 + number, text) for number, text in texts.items())
    (folder / "messages.html").write_text(PAGE % said_)
    return folder


def local_time(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as versions before 2022 write it, which say the local time only."""
    return {key: value for key, value in message.items() if not key.endswith("unixtime")}


# -- chats ---------------------------------------------------------------------------------------------------------


async def test_a_group_that_speaks_in_its_own_name_is_no_channel(store: Store) -> None:
    opened = {"type": "service", "action": "topic_created", "actor": "Aino", "actor_id": "user5", "text": ""}
    anonymous = said(1, **{"from": "Chess", "from_id": f"channel{NUMBER}"})
    path = export(store.folder, [anonymous, said(2, **opened, title="Openings")], type="public_supergroup")
    await store.take(path)
    assert await store.rows(CHATS, CHAT) == [("forum", "Harbour", False)]


async def test_a_chat_that_a_forward_named_is_described_by_its_own_export(store: Store) -> None:
    forward = {"forwarded_from": "Old name", "forwarded_from_id": f"channel{NUMBER}"}
    await store.take(export(store.folder / "a", [said(1, **forward)], id=NUMBER + 1, name="a.json"))
    assert await store.rows(CHATS, CHAT) == [("channel", "Old name", False)]
    await store.take(export(store.folder / "b", [said(1)]))
    assert await store.rows(CHATS, CHAT) == [("supergroup", "Harbour", False)]
    events = await store.rows("SELECT kind FROM outbox WHERE chat_id = %s ORDER BY n", CHAT)
    assert events == [("chat",), ("range",)]


async def test_a_chat_that_telegram_named_keeps_that_name(store: Store) -> None:
    await store.commit(known_chat(kind="channel", title="As Telegram says", is_min=True))
    await store.take(export(store.folder, [said(1)]))
    assert await store.rows(CHATS, CHAT) == [("channel", "As Telegram says", False)]


async def test_a_name_from_telegram_takes_the_place_of_one_from_a_forward_and_stands(store: Store) -> None:
    forward = {"forwarded_from": "Old name", "forwarded_from_id": f"channel{NUMBER}"}
    await store.take(export(store.folder / "a", [said(1, **forward)], id=NUMBER + 1, name="a.json"))
    await store.commit(known_chat(kind="channel", title="As Telegram says", is_min=True))
    await store.take(export(store.folder / "b", [said(1)]))
    assert await store.rows(CHATS, CHAT) == [("channel", "As Telegram says", False)]


async def test_a_chat_that_was_left_is_so_in_the_mirror(store: Store) -> None:
    chat = {
        "name": "Gone",
        "type": "private_supergroup",
        "id": NUMBER,
        "messages": [said(1, from_id=f"channel{NUMBER}")],
    }
    path = store.folder / "result.json"
    account = {"personal_information": {"user_id": 9}, "chats": {"list": []}, "left_chats": {"list": [chat]}}
    path.write_text(json.dumps(account))
    await store.take(path)
    assert await store.rows(CHATS, CHAT) == [("supergroup", "Gone", True)]


@pytest.mark.parametrize("is_html_first", [True, False])
async def test_json_says_what_kind_of_chat_pages_are_of(store: Store, is_html_first: bool) -> None:
    page, path = pages(store.folder / "h", {1: "text 1"}), export(store.folder, [said(1)], type="public_channel")
    for each in (page, path) if is_html_first else (path, page):
        await store.take(each, chats=(str(CHAT),))
    assert await store.rows(CHATS, CHAT) == [("channel", "Harbour", False)]


@pytest.mark.parametrize("order", [(1, 2, 3), (2, 3, 1), (3, 1, 2)])
async def test_title_is_that_of_the_export_that_reaches_furthest(store: Store, order: tuple[int, ...]) -> None:
    for reach in order:
        messages = [said(number) for number in range(1, reach + 1)]
        await store.take(titled(store, reach, messages))
    assert await store.rows(CHATS, CHAT) == [("supergroup", "Title 3", False)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0)])
async def test_of_titles_that_reach_equally_far_one_stands_in_any_order(store: Store, order: tuple[int, ...]) -> None:
    paths = [export(store.folder, [said(1), said(2)], name=f"{name}.json", title=name) for name in ("One", "Two")]
    for index in order:
        await store.take(paths[index], is_again=True)
    assert await store.rows(CHATS, CHAT) == [("supergroup", "Two", False)]


def titled(store: Store, reach: int, messages: list[dict[str, Any]]) -> Path:
    """Write an export of the time when the chat was called so."""
    path = export(store.folder, messages, name=f"{reach}/result.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": f"Title {reach}"}))
    return path


# -- edits ---------------------------------------------------------------------------------------------------------


def photo(number: int, text: str, name: str, side: int, **more: Any) -> dict[str, Any]:
    return said(number, text, photo=f"photos/{name}.jpg", width=side, height=side, **more)


@pytest.mark.parametrize("is_old_first", [True, False])
async def test_a_later_edit_brings_its_text_and_its_file(store: Store, is_old_first: bool) -> None:
    store.storage = media.Storage(*local(store.folder))
    for name in ("a", "b"):
        (store.folder / name / "photos").mkdir(parents=True)
        (store.folder / name / "photos" / f"{name}.jpg").write_bytes(name.encode() * 9)
    old = export(store.folder / "a", [photo(1, "same", "a", 10), photo(2, "before", "a", 10), photo(3, "", "a", 10)])
    edited = [
        photo(1, "same", "b", 20, **EDITED),
        photo(2, "after", "b", 20, **EDITED),
        photo(3, "", "b", 10, **EDITED),
    ]
    new = export(store.folder / "b", edited)
    for path in (old, new) if is_old_first else (new, old):
        await store.take(path)
    assert await store.rows(
        "SELECT message_id, text, (media ->> 'width')::int, file_name"
        " FROM messages JOIN message_media USING (space_id, message_id) ORDER BY 1"
    ) == [(1, "same", 20, "b.jpg"), (2, "after", 20, "b.jpg"), (3, "", 10, "b.jpg")]
    earlier = await store.rows("SELECT message_id, text, (media ->> 'width')::int FROM revisions ORDER BY 1")
    assert earlier == [(1, "same", 10), (2, "before", 10)]


@pytest.mark.parametrize("is_old_first", [True, False])
async def test_a_later_edit_of_the_markup_alone_is_an_edit(store: Store, is_old_first: bool) -> None:
    bold, italic = ([{"type": kind, "text": "word"}] for kind in ("bold", "italic"))
    old = export(store.folder, [said(1, "", text_entities=bold) | {"text": bold}], name="old.json")
    new = export(store.folder, [said(1, "", text_entities=italic, **EDITED) | {"text": italic}], name="new.json")
    for path in (old, new) if is_old_first else (new, old):
        await store.take(path)
    assert await store.rows("SELECT entities FROM messages") == [([["italic", 0, 4]],)]
    assert await store.rows("SELECT entities, edit_date FROM revisions") == [([["bold", 0, 4]], None)]


@pytest.mark.parametrize("is_ours_first", [True, False])
@pytest.mark.parametrize("is_shown_later", [True, False])
async def test_an_edit_that_nobody_saw_is_hidden_in_whatever_order(
    store: Store, is_ours_first: bool, is_shown_later: bool
) -> None:
    hidden = said(1, edited_unixtime=str(START + 50), heliograph={"is_edit_hidden": True, "text_date": None})
    ours = export(store.folder, [hidden], name="ours.json")
    edited = EDITED if is_shown_later else {"edited_unixtime": str(START + 50)}
    desktop = export(store.folder, [said(1, **edited)], name="desktop.json")
    for path in (ours, desktop) if is_ours_first else (desktop, ours):
        await store.take(path)
    assert await store.rows("SELECT is_edit_hidden FROM messages") == [(not is_shown_later,)]


async def test_telegrams_message_gains_nothing_from_an_edit_but_an_earlier_text(store: Store) -> None:
    await store.commit(known_chat(), crawled(1, "told"))
    before = await store.rows("SELECT *, ctid FROM messages")
    for path in (
        export(store.folder, [said(1, "then", reply_to_message_id=7, **EDITED)], name="a.json"),
        pages(store.folder / "h", {1: "then"}),
    ):
        await store.take(path, chats=(str(CHAT),))
    assert await store.rows("SELECT *, ctid FROM messages") == before
    assert await store.rows("SELECT text, edit_date IS NULL FROM revisions") == [("then", False)]


@pytest.mark.parametrize("order", ["apen", "pane", "aepn", "epna", "npea", "neap"])
async def test_what_a_page_says_is_no_version_where_json_has_it(store: Store, order: str) -> None:
    sources = {
        "a": export(store.folder, [said(1, "first"), said(2)], name="a.json"),
        "p": pages(store.folder / "h", {1: "second", 2: "other"}),
        "e": export(store.folder, [said(1, "second", edited_unixtime=str(START + 60))], name="e.json"),
        "n": export(store.folder, [said(1, "third", **EDITED)], name="n.json"),
    }
    for key in order:
        await store.take(sources[key], chats=(str(CHAT),))
    assert await store.texts() == {1: "third", 2: "text 2"}
    earlier = await store.rows("SELECT message_id, text FROM revisions ORDER BY 1, edit_date NULLS FIRST")
    assert earlier == [(1, "first"), (1, "second"), (2, "other")]


async def test_whose_messages_they_are_is_learned_later(store: Store) -> None:
    path = export(store.folder, [said(1)])
    await store.take(path)
    await store.take(path, user_id=5)
    assert await store.rows("SELECT is_outgoing FROM messages") == [(True,)]


# -- times ---------------------------------------------------------------------------------------------------------


async def test_a_wrong_zone_is_put_right_by_naming_another_and_for_good_by_a_new_export(store: Store) -> None:
    messages = [said(1, reactions=[{"type": "emoji", "emoji": "👍", "count": 1}]), said(2, "edited", **EDITED)]
    messages[1]["edited"] = "2023-11-15T22:13:20"
    old = export(store.folder, [local_time(each) for each in messages], name="old.json")
    new = export(store.folder, messages, name="new.json")
    dates = "SELECT extract(hour FROM date)::int, extract(hour FROM edit_date)::int FROM messages ORDER BY message_id"
    seen = "SELECT extract(hour FROM observed_at)::int FROM observations"
    await store.take(old, timezone=ZoneInfo("Asia/Tokyo"))
    assert (await store.rows(dates), await store.rows(seen)) == ([(13, None), (13, 13)], [(13,)])
    done = await store.take(old, timezone=ZoneInfo("Etc/GMT-1"))
    assert (await store.rows(dates), await store.rows(seen)) == ([(21, None), (21, 21)], [(21,)])
    assert (done.total().completed, done.total().revisions) == (2, 0)
    await store.take(new)
    exact = await store.rows("SELECT date, edit_date FROM messages ORDER BY message_id")
    assert [date.timestamp() for date, _ in exact] == [START + 1, START + 2]
    assert exact[1][1].timestamp() == START + 86_400
    await store.take(old, timezone=ZoneInfo("Asia/Tokyo"), is_again=True)
    assert await store.rows("SELECT date, edit_date FROM messages ORDER BY message_id") == exact
    assert await store.rows("SELECT count(*) FROM revisions") == [(0,)]
    ((newest,),) = await store.rows("SELECT last_message_at FROM chats WHERE chat_id = %s", CHAT)
    assert newest.timestamp() == START + 2


async def test_earlier_texts_move_with_the_clock_that_dated_them(store: Store) -> None:
    message = said(1, "second", edited_unixtime=str(START + 60)) | {"edited": "2023-11-14T22:14:19"}
    old = export(store.folder, [local_time(message)], name="old.json")
    await store.take(old, timezone=ZoneInfo("Asia/Tokyo"))
    await store.take(export(store.folder, [local_time(said(1, "third", edited="2023-11-15T22:13:20"))], name="b.json"))
    assert await store.texts() == {1: "third"}
    await store.take(export(store.folder, [said(1, "third", **EDITED)], name="new.json"))
    ((text, date),) = await store.rows("SELECT text, edit_date FROM revisions")
    assert (text, date.timestamp()) == ("second", START + 60)


# -- counters ------------------------------------------------------------------------------------------------------


def poll(votes: int, is_closed: bool) -> dict[str, Any]:
    answers = [{"text": "yes", "voters": votes, "chosen": False}]
    return {"poll": {"question": "Sail?", "closed": is_closed, "total_voters": votes, "answers": answers}}


@pytest.mark.parametrize("is_old_first", [True, False])
async def test_counters_grow_and_polls_close(store: Store, is_old_first: bool) -> None:
    thumb = {"type": "emoji", "emoji": "👍"}
    few = [said(1, reactions=[]), said(2, reactions=[{**thumb, "count": 2}]), said(3, "", **poll(3, False))]
    paid = {"type": "paid", "count": 9}
    many = [
        said(1, reactions=[{**thumb, "count": 1}]),
        said(2, reactions=[{**thumb, "count": 200}, paid]),
        said(3, "", **poll(300, True)),
    ]
    old, new = export(store.folder, few, name="old.json"), export(store.folder, many, name="new.json")
    for path in (old, new) if is_old_first else (new, old):
        done = await store.take(path)
    assert (done.total().completed, done.total().known) == ((3, 0) if is_old_first else (0, 3))
    assert await store.rows("SELECT reactions, poll FROM observations ORDER BY message_id") == [
        ([{"emoji": "👍", "count": 1}], None),
        ([{"emoji": "👍", "count": 200}, {"is_paid": True, "count": 9}], None),
        (None, {"total": 300, "votes": {"30": 300}}),
    ]
    assert await store.rows("SELECT media -> 'is_closed' FROM messages WHERE message_id = 3") == [(True,)]


async def test_counters_that_telegram_told_of_an_imported_message_stand(store: Store) -> None:
    few, many = ([said(1, reactions=[{"type": "emoji", "emoji": "👍", "count": count}])] for count in (2, 200))
    await store.take(export(store.folder, few, name="old.json"))
    told = records.Observation(
        space_id=identity.channel_space(NUMBER),
        message_id=1,
        observed_at=crawled(500, "").date,
        reactions=[{"emoji": "👍", "count": 5}],
    )
    await store.commit(known_chat(), observations=[told])
    await store.take(export(store.folder, many, name="new.json"))
    assert await store.rows("SELECT reactions FROM observations") == [([{"emoji": "👍", "count": 5}],)]
