"""Which file of an export is that of a message that Telegram told of."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.exchange.installed import CHAT, START, Store, crawled, export, known_chat, local, said, store

from heliograph.exchange import media

__all__ = ["store"]

EDIT = 1000
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"/><title>Exported Data</title></head><body onload="CheckLocation();">
<div class="page_wrap"><div class="page_header"><div class="content"><div class="text bold">
Harbour
</div></div></div><div class="page_body chat_page"><div class="history">
<div class="message default clearfix" id="message4"><div class="body">
<div class="pull_right date details" title="14.11.2023 22:13:24 UTC+00:00">22:13</div>
<div class="from_name">Aino</div><div class="media_wrap clearfix">
<a class="photo_wrap clearfix pull_left" href="p.jpg"><img class="photo" src="p.jpg"/></a></div>
<div class="text">%s</div></div></div></div></div></div></body></html>"""
EDITED = {"edited_unixtime": str(START + EDIT)}


@pytest.fixture
def keeping(store: Store) -> Store:
    """A store with media storage, and two files of different size to import."""
    store.storage = media.Storage(*local(store.folder))
    for name, size in (("p", 25), ("q", 10)):
        (store.folder / f"{name}.jpg").write_bytes(name.encode() * size)
    return store


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def written(store: Store, text: str, name: str, **more: Any) -> Path:
    """An export of one message with a photo."""
    return export(store.folder, [said(4, text, photo=f"{name}.jpg", **more)], name=f"{name}-{len(more)}.json")


async def stored(store: Store) -> str | None:
    """Return which of the two files the message has."""
    ((state, sha256),) = await store.rows("SELECT state, encode(sha256, 'hex') FROM message_media")
    names = {hashlib.sha256((store.folder / f"{name}.jpg").read_bytes()).hexdigest(): name for name in "pq"}
    assert (state == "stored") == (sha256 is not None)
    return None if sha256 is None else names[sha256]


async def test_right_file_comes_after_telegram_changed_the_photo(keeping: Store) -> None:
    await keeping.commit(known_chat(), crawled(4, "a", media={"kind": "photo", "id": 2}))
    await keeping.take(written(keeping, "a", "q"))
    assert await stored(keeping) == "q"
    await keeping.commit(crawled(4, "b", as_of=40, edit_date=at(EDIT), media={"kind": "photo", "id": 1}))
    assert await keeping.rows("SELECT state, size FROM message_media") == [("remote", None)]
    await keeping.take(written(keeping, "b", "p", **EDITED))
    assert await stored(keeping) == "p"


WIDE = {"width": 800, "height": 600}
PHOTO = {"kind": "photo", "id": 1}
FORMER: dict[str, tuple[dict[str, Any], str, dict[str, Any], dict[str, Any]]] = {
    "another text": ({}, "before", {}, {}),
    "before the edit": ({}, "now", {}, {}),
    "after another edit": ({}, "now", {"edited_unixtime": str(START + EDIT + 1)}, {}),
    "other sides": (WIDE, "now", EDITED, {"width": 320, "height": 240}),
    "after what was not edited yet": ({"edit_date": None}, "now", EDITED, {}),
    "another photo by its id": ({}, "now", EDITED, {"heliograph": {"media": {"kind": "photo", "id": 7}}}),
}
SAME: dict[str, tuple[dict[str, Any], str, dict[str, Any], dict[str, Any]]] = {
    "same sides": (WIDE, "now", EDITED, WIDE),
    "nobody says sides": ({}, "now", EDITED, {}),
    "only one says sides": (WIDE, "now", EDITED, {}),
    "never edited": ({"edit_date": None}, "now", {}, WIDE),
    "before a hidden edit": ({"is_edit_hidden": True}, "now", {}, WIDE),
    "between hidden edits": ({"is_edit_hidden": True}, "now", {"edited_unixtime": str(START + 5)}, WIDE),
    "one photo by its id": ({}, "before", {}, {"heliograph": {"media": {"kind": "photo", "id": 1}}}),
}


def told(given: dict[str, Any]) -> list[Any]:
    """What a crawler brings of the message: "now", edited, with a photo."""
    sides = {key: given[key] for key in given.keys() & WIDE.keys()}
    more = {key: given[key] for key in given.keys() - WIDE.keys()}
    return [known_chat(), crawled(4, "now", **({"edit_date": at(EDIT), "media": PHOTO | sides} | more))]


@pytest.mark.parametrize("is_import_first", [True, False])
@pytest.mark.parametrize("case", FORMER)
async def test_file_of_another_form_is_not_the_messages_and_the_right_one_comes(
    keeping: Store, case: str, is_import_first: bool
) -> None:
    given, text, edited, more = FORMER[case]
    if not is_import_first:
        await keeping.commit(*told(given))
    await keeping.take(written(keeping, text, "q", **edited, **more))
    if is_import_first:
        await keeping.commit(*told(given))
    assert await stored(keeping) is None
    await keeping.take(written(keeping, text, "q", **edited, **more), is_again=True)
    assert await stored(keeping) is None
    right = {} if "edit_date" in given else EDITED
    await keeping.take(written(keeping, "now", "p", **right, **(WIDE if given == WIDE else {})))
    assert await stored(keeping) == "p"


@pytest.mark.parametrize("is_import_first", [True, False])
@pytest.mark.parametrize("case", SAME)
async def test_file_is_the_messages_where_nothing_denies_it(keeping: Store, case: str, is_import_first: bool) -> None:
    given, text, edited, more = SAME[case]
    if not is_import_first:
        await keeping.commit(*told(given))
    await keeping.take(written(keeping, text, "p", **edited, **more))
    if is_import_first:
        await keeping.commit(*told(given))
    assert await stored(keeping) == "p"


DOCUMENT = {"kind": "document", "id": 1, "size": 25, "mime_type": "video/mp4", "file_name": "A: b.mp4", "duration": 9.6}
EXPORTED = {"mime_type": "video/mp4", "file_name": "A_ b (2).mp4", "duration_seconds": 9}


@pytest.mark.parametrize("is_import_first", [True, False])
@pytest.mark.parametrize(
    ("name", "said_of_it", "is_same"),
    [
        ("p", {}, True),
        ("p", {"file_name": "c.mp4"}, False),
        ("p", {"mime_type": "video/webm"}, False),
        ("p", {"duration_seconds": 7}, False),
        ("p", {"file_size": 24}, False),
        ("q", {}, False),
    ],
)
async def test_document_is_the_messages_where_what_both_say_of_it_agrees(
    keeping: Store, name: str, said_of_it: dict[str, Any], is_same: bool, is_import_first: bool
) -> None:
    crawl = [known_chat(), crawled(4, "now", media=DOCUMENT)]
    if not is_import_first:
        await keeping.commit(*crawl)
    document = said(4, "now", file=f"{name}.jpg", **(EXPORTED | said_of_it))
    await keeping.take(export(keeping.folder, [document]))
    if is_import_first:
        await keeping.commit(*crawl)
    assert await stored(keeping) == (name if is_same else None)


@pytest.mark.parametrize("is_import_first", [True, False])
@pytest.mark.parametrize(("edited", "is_same"), [("2023-11-14T22:30:04", True), ("2023-11-14T22:31:00", False)])
async def test_edit_by_a_clock_in_another_zone_is_the_same_edit(
    keeping: Store, edited: str, is_same: bool, is_import_first: bool
) -> None:
    crawl = [known_chat(), crawled(4, "now", edit_date=at(EDIT + 4 if is_same else EDIT + 86_400), media=PHOTO)]
    if not is_import_first:
        await keeping.commit(*crawl)
    message = said(4, "now", photo="p.jpg", date="2023-11-14T22:13:24", edited=edited)
    local_time = {key: value for key, value in message.items() if key != "date_unixtime"}
    await keeping.take(export(keeping.folder, [local_time]), timezone=ZoneInfo("Asia/Tokyo"))
    if is_import_first:
        await keeping.commit(*crawl)
    assert await stored(keeping) == ("p" if is_same else None)


@pytest.mark.parametrize("is_import_first", [True, False])
@pytest.mark.parametrize(("text", "is_same"), [("now", True), ("before", False)])
async def test_page_knows_no_edits_so_that_its_text_decides(
    keeping: Store, text: str, is_same: bool, is_import_first: bool
) -> None:
    crawl = told({})
    if not is_import_first:
        await keeping.commit(*crawl)
    (keeping.folder / "messages.html").write_text(PAGE % text)
    await keeping.take(keeping.folder / "messages.html", chats=(str(CHAT),))
    if is_import_first:
        await keeping.commit(*crawl)
    assert await stored(keeping) == ("p" if is_same else None)


@pytest.mark.parametrize("is_import_first", [True, False])
async def test_new_caption_makes_no_new_document(keeping: Store, is_import_first: bool) -> None:
    crawl = [known_chat(), crawled(4, "a new caption", edit_date=at(EDIT), media=DOCUMENT)]
    if not is_import_first:
        await keeping.commit(*crawl)
    document = said(4, "the first caption", file="p.jpg", file_size=25, **EXPORTED)
    await keeping.take(export(keeping.folder, [document]))
    if is_import_first:
        await keeping.commit(*crawl)
    assert await stored(keeping) == "p"
