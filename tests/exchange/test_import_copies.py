"""Chats of which it is not known whose they are: found again by what they share, and never mixed with another's."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.exchange.installed import FIXTURES, START, Store, crawled, export, known_chat, local, said, store
from tests.exchange.test_import_places import page

from heliograph.domain import identity
from heliograph.exchange import importer, media
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import run as exports
from heliograph.exchange.importer import undo

__all__ = ["store"]

GROUP = identity.chat_peer(88)


def bo(folder: Path, messages: list[dict[str, Any]], name: str, **more: Any) -> Path:
    """Write an export of the private chat with Bo."""
    chat = {"type": "personal_chat", "id": 77, "title": "Bo", **more}
    return export(folder, messages, name=f"{name}/result.json", **chat)


def before_2022(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as it was exported without the moment: START is 22:13:20 in UTC, and here 23:13:20."""
    minutes, seconds = divmod(20 + message["id"], 60)
    kept = {key: value for key, value in message.items() if key != "date_unixtime"}
    return {**kept, "date": f"2023-11-14T23:{13 + minutes}:{seconds:02}"}


def places(*runs: importer.Summary) -> list[int]:
    return [chat_id for run in runs for source in run.sources for chat_id in source.chats]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Tokyo"], ids=["right", "off", "far off"])
async def test_old_new_and_partial_exports_of_a_chat_are_one_copy(store: Store, zone: str) -> None:
    timezone = ZoneInfo(zone)
    old = await store.take(bo(store.folder, [before_2022(said(n)) for n in (1, 2, 3)], "old"), timezone=timezone)
    new = await store.take(bo(store.folder, [said(n) for n in (1, 2, 3, 4)], "new"), timezone=timezone)
    part = await store.take(bo(store.folder, [said(n) for n in (3, 4, 5)], "part"), timezone=timezone)
    assert len(set(places(old, new, part))) == 1
    assert await store.rows("SELECT count(*)::int FROM messages") == [(5,)]


async def test_a_copy_is_found_though_some_of_it_was_edited_and_its_beginning_deleted(store: Store) -> None:
    first = await store.take(bo(store.folder, [said(n) for n in (1, 2, 3)], "first"))
    edited = said(2, "edited", edited_unixtime=str(START + 900))
    later = await store.take(bo(store.folder, [edited, said(3), said(4)], "later"))
    assert places(later) == places(first)
    assert (later.total().imported, later.total().revisions) == (1, 1)


@pytest.mark.parametrize(
    "theirs",
    [
        [said(1), said(2, date_unixtime=str(START + 7))],
        [said(1, date_unixtime=str(START + 86_400 * 30 + 1)), said(2, date_unixtime=str(START + 86_400 * 30 + 2))],
        [said(1, "other words"), said(2, "here as well")],
        [said(3), said(4)],
    ],
    ids=["an id is another message's", "another month", "no word is shared", "no id is shared"],
)
async def test_a_copy_that_may_be_another_persons_stays_apart_and_is_found_again(
    store: Store, theirs: list[dict[str, Any]]
) -> None:
    ours = await store.take(bo(store.folder, [said(1), said(2)], "ours"))
    other = await store.take(bo(store.folder, theirs, "theirs"))
    assert len({*places(ours, other)}) == 2
    grown = await store.take(bo(store.folder, [*theirs, said(9)], "theirs, grown"))
    again = await store.take(bo(store.folder, [said(1), said(2), said(8)], "ours, grown"))
    assert (places(grown), places(again)) == (places(other), places(ours))


async def test_a_copy_that_an_account_could_have_had_is_named_with_the_way_to_take_it_back(store: Store) -> None:
    apart = await store.take(bo(store.folder, [said(1), said(2)], "apart"))
    somebody_elses = await store.take(bo(store.folder, [said(7, "else")], "other"))
    (copy, other) = places(apart, somebody_elses)
    done = await store.take(bo(store.folder, [said(2), said(3)], "known"), user_id=9)
    (chat,) = done.sources[0].chats.values()
    assert (chat.chat_id, f"`heliograph unimport {copy}`" in (chat.note or "")) == (77, True)
    assert str(other) not in (chat.note or "")
    quiet = await store.take(bo(store.folder, [said(30), said(31)], "more"), user_id=9)
    assert [chat.note for chat in quiet.sources[0].chats.values()] == [None]


async def test_pages_that_stood_apart_are_named_once_their_chat_is_known(store: Store) -> None:
    pages = page(store.folder / "pages" / "messages.html", "Harbour", ["hello"])
    apart = await store.take(pages)
    named = await store.take(pages, chats=("-1001500000001",))
    (chat,) = named.sources[0].chats.values()
    assert f"`heliograph unimport {places(apart)[0]}`" in (chat.note or "")


@pytest.mark.parametrize("is_json_first", [True, False])
async def test_pages_with_an_id_and_json_of_a_private_chat_are_one(store: Store, is_json_first: bool) -> None:
    # What `page` writes as message 2 is of 10:00:02.
    told = said(2, "hello", date="2023-11-14T10:00:02", date_unixtime="1699956002")
    json = {"paths": [bo(store.folder, [told, said(3)], "json")]}
    html = {"paths": [page(store.folder / "pages" / "messages.html", "Bo", ["hello"])], "chats": ("77",)}
    runs = [await store.take(*each.pop("paths"), **each) for each in ([json, html] if is_json_first else [html, json])]
    assert len(set(places(*runs))) == 1
    assert await store.rows("SELECT kind FROM chats") == [("private",)]
    assert [chat.kind for run in runs for chat in run.sources[0].chats.values()] == ["private"] * 2


async def test_a_chat_that_another_account_mirrors_has_one_copy_for_each_account(store: Store) -> None:
    theirs = identity.mailbox_space(1)
    group = known_chat(chat_id=GROUP, space_id=theirs, kind="group", title="Club")
    await store.commit(group, crawled(1, "theirs", space_id=theirs, chat_id=GROUP))
    exports = [
        export(store.folder, [said(n)], type="private_group", id=88, name=f"{n}/result.json", title="Club")
        for n in (1, 2)
    ]
    one, other = [await store.take(path, user_id=9) for path in exports]
    assert places(one) == places(other) != [GROUP]
    third = await store.take(exports[0], user_id=8)
    assert places(third) not in (places(one), [GROUP])


async def test_a_copy_that_gave_way_takes_the_next_export_of_its_mailbox(store: Store) -> None:
    chat = {"type": "private_group", "id": 88, "title": "Club"}
    await store.take(export(store.folder, [said(1)], name="a/result.json", **chat), user_id=9)
    mirrored = known_chat(chat_id=GROUP, space_id=identity.mailbox_space(1), kind="group", title="Club")
    await store.commit(mirrored)
    later = await store.take(export(store.folder, [said(1), said(5)], name="b/result.json", **chat), user_id=9)
    assert (later.total().known, later.total().imported) == (1, 1)
    assert places(later) != [GROUP]


async def test_chats_without_a_name_are_called_by_what_they_are(store: Store) -> None:
    names = {
        "saved_messages": "Saved messages",
        "replies": "Replies",
        "verification_codes": "Verification codes",
        "personal_chat": "Deleted account",
    }
    for number, (kind, name) in enumerate(names.items(), 500):
        path = export(store.folder, [said(1)], type=kind, id=number, title=None, name=f"{kind}/result.json")
        done = await store.take(path, user_id=500)
        assert [chat.title for chat in done.sources[0].chats.values()] == [name]
        assert await store.rows("SELECT title FROM chats WHERE chat_id = %s", number) == [(name,)]


@pytest.mark.parametrize("is_named_first", [True, False])
async def test_somebody_whose_name_is_known_is_called_by_it_though_an_export_has_none(
    store: Store, is_named_first: bool
) -> None:
    named = bo(store.folder, [said(1)], "a")
    nameless = bo(store.folder, [said(1), said(2)], "b", title=None)
    for path in (named, nameless) if is_named_first else (nameless, named):
        done = await store.take(path, user_id=9)
    assert [chat.title for chat in done.sources[0].chats.values()] == ["Bo"]
    assert await store.rows("SELECT title FROM chats WHERE chat_id = 77") == [("Bo",)]


async def sent_on(store: Store, chat_id: int, name: str) -> Path:
    """Export a chat in Desktop's form."""
    out = store.folder / name
    await exports.export(store.database, None, requests.Request(format="telegram", chat_ids=(chat_id,)), out)
    return out


@pytest.mark.parametrize(
    "chat",
    [{"type": "personal_chat", "id": 77}, {"type": "bot_chat", "id": 78}, {"type": "saved_messages", "id": 79}],
    ids=lambda chat: str(chat["type"]),
)
async def test_export_of_a_copy_says_what_the_chat_really_is(store: Store, chat: dict[str, Any]) -> None:
    (chat_id,) = places(await store.take(bo(store.folder, [said(1), said(2)], "first", **chat)))
    out = await sent_on(store, chat_id, "out")
    told = json.loads((out / "result.json").read_text("utf-8"))
    assert (told["type"], told["id"]) == (chat["type"], chat["id"])
    again = await store.take(out)
    assert (places(again), again.total().known) == ([chat_id], 2)
    storage = media.Storage(*local(store.folder))
    await undo.run(store.database, storage, [chat_id], stop=asyncio.Event())
    await store.rows("DELETE FROM import_mailboxes RETURNING 1")
    assert places(await store.take(out, is_again=True)) == [chat_id]


async def test_export_of_a_copy_goes_where_its_original_goes_once_its_owner_is_named(store: Store) -> None:
    original = bo(store.folder, [said(1), said(2)], "first")
    (chat_id,) = places(await store.take(original))
    out = await sent_on(store, chat_id, "out")
    ours = await store.take(out, user_id=31)
    assert places(ours) == [77]
    theirs = await store.take(original, user_id=31)
    assert (places(theirs), theirs.total().known) == ([77], 2)


async def test_export_of_pages_without_a_number_invents_none(store: Store) -> None:
    (chat_id,) = places(await store.take(FIXTURES / "desktop_html" / "single_2023"))
    out = await sent_on(store, chat_id, "out")
    for user_id in (None, 31):
        again = await store.take(out, user_id=user_id)
        assert (places(again), again.total().imported) == ([chat_id], 0)


async def test_file_that_claims_another_chats_place_stands_apart(store: Store) -> None:
    (chat_id,) = places(await store.take(bo(store.folder, [said(1), said(2)], "first")))
    ((key,),) = await store.rows("SELECT key FROM import_mailboxes")
    theirs = [said(1, date_unixtime=str(START + 77)), said(2, "else", date_unixtime=str(START + 78)), said(9)]
    claims = [key, "moved:-5:77", "k" * 20_000]
    for number, claim in enumerate(claims):
        stranger = bo(store.folder, theirs, f"claim {number}", id=500 + number, heliograph={"mailbox": claim})
        assert chat_id not in places(await store.take(stranger))
    assert await store.texts(chat_id) == {1: "text 1", 2: "text 2"}
    assert await store.rows("SELECT count(*) FROM import_mailboxes WHERE key = 'moved:-5:77'") == [(0,)]


@pytest.mark.parametrize("name", ["pages", "before"])
async def test_export_of_a_copy_is_found_by_what_it_shares_though_its_key_is_another(store: Store, name: str) -> None:
    if name == "pages":
        first = await store.take(FIXTURES / "desktop_html" / "single_2023")
    else:
        first = await store.take(FIXTURES / "desktop" / "old_group")
    (chat_id, *_) = [each for each in places(first) if -(10**12) < each < -(5 * 10**11)]
    out = await sent_on(store, chat_id, "out")
    await store.rows("UPDATE import_mailboxes SET key = regexp_replace(key, '[^:]*$', 'x') RETURNING 1")
    again = await store.take(out)
    assert (places(again), again.total().imported) == ([chat_id], 0)
