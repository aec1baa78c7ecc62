"""Where chats go whose exports say little of themselves: two chats are never taken for one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from heliograph import errors
from heliograph.domain import identity
from heliograph.exchange import importer
from heliograph.store import database as store_database

DAY = "14 November 2023"
CHANNEL = identity.channel_peer(1_500_000_001)
Take = Any


@pytest.fixture
def take(database: store_database.Database) -> Take:
    """Import without files."""

    async def run(*paths: Path, **options: Any) -> importer.Summary:
        return await importer.run(database, None, paths, importer.Options(with_media=False, **options))

    return run


async def rows(database: store_database.Database, query: str) -> list[tuple[Any, ...]]:
    async with database.connection() as conn:
        return await (await conn.execute(query)).fetchall()


def page(path: Path, title: str, texts: Iterable[str], first: str = "Ada created group") -> Path:
    """Write a page of a chat that was made on DAY: service message 1, then ``texts``."""
    said = "".join(
        f'<div class="message default clearfix" id="message{number}"><div class="body"><div class="pull_right date '
        f'details" title="14.11.2023 10:00:{number:02}">10:00</div><div class="from_name">Ada</div>'
        f'<div class="text">{text}</div></div></div>'
        for number, text in enumerate(texts, 2)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<!DOCTYPE html><html><head><meta charset="utf-8"/></head><body><div class="page_wrap">'
        f'<div class="page_header"><div class="content"><div class="text bold">{title}</div></div></div>'
        '<div class="page_body chat_page"><div class="history">'
        f'<div class="message service" id="message-1"><div class="body details">{DAY}</div></div>'
        f'<div class="message service" id="message1"><div class="body details">{first}</div></div>{said}'
        "</div></div></div></body></html>"
    )
    return path


def exported(path: Path, text: str, **chat: Any) -> Path:
    """Write a JSON export of a chat with one message."""
    message = {"id": 1, "type": "message", "date_unixtime": "1700000000", "from": "Ada", "from_id": "user5"}
    head = {"name": "Bo", "type": "personal_chat", "id": 77, **chat}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**head, "messages": [{**message, "text": text}]}))
    return path


@pytest.mark.parametrize(
    "others",
    [("Beta group", ["from beta"]), ("Alpha group", ["from beta"]), ("Beta group", ["from alpha"])],
    ids=["other name and words", "other words", "other name"],
)
async def test_two_chats_that_were_made_on_one_day_stay_two(
    take: Take, database: store_database.Database, tmp_path: Path, others: tuple[str, list[str]]
) -> None:
    first = page(tmp_path / "a" / "messages.html", "Alpha group", ["from alpha"])
    second = page(tmp_path / "b" / "messages.html", *others)
    done = await take(first, second)
    assert (done.total().imported, done.total().revisions) == (4, 0)
    found = await rows(database, "SELECT count(DISTINCT chat_id), count(DISTINCT space_id) FROM messages")
    assert found == [(2, 2)]


async def test_a_chat_without_an_id_is_found_again_when_it_has_grown(take: Take, tmp_path: Path) -> None:
    first = await take(page(tmp_path / "a" / "messages.html", "Alpha group", ["hello"]))
    later = await take(page(tmp_path / "b" / "messages.html", "Alpha group", ["hello", "and more"]))
    assert list(later.sources[0].chats) == list(first.sources[0].chats)
    assert (later.total().imported, later.total().known) == (1, 2)


async def test_two_private_chats_with_a_first_message_of_one_moment_stay_two(
    take: Take, database: store_database.Database, tmp_path: Path
) -> None:
    done = await take(
        exported(tmp_path / "a" / "result.json", "to Bo"), exported(tmp_path / "b" / "result.json", "to Cleo", id=78)
    )
    assert (done.total().imported, done.total().revisions) == (2, 0)
    assert await rows(database, "SELECT count(DISTINCT space_id) FROM messages") == [(2,)]


@pytest.mark.parametrize("is_account", [True, False], ids=["an account's export", "pages of two chats"])
async def test_one_id_is_not_given_to_several_chats_and_nothing_is_written(
    take: Take, database: store_database.Database, tmp_path: Path, is_account: bool
) -> None:
    root = tmp_path / "chats" if is_account else tmp_path
    first = page(root / "chat_01" / "messages.html", "Alpha group", ["from alpha"])
    second = page(root / "chat_02" / "messages.html", "Beta group", ["from beta"])
    (tmp_path / "export_results.html").write_text("<html></html>")
    paths = (tmp_path,) if is_account else (first, second)
    with pytest.raises(errors.BadInput, match="give one chat's pages"):
        await take(*paths, chats=(str(CHANNEL),))
    assert await rows(database, "SELECT (SELECT count(*) FROM chats), (SELECT count(*) FROM imports)") == [(0, 0)]
    done = await take(*paths, chats=("beta group",))
    assert [chat.title for source in done.sources for chat in source.chats.values()] == ["Beta group"]


async def test_each_page_of_one_chat_may_be_given_with_its_id(take: Take, tmp_path: Path) -> None:
    pages = [page(tmp_path / name, "Alpha group", [name]) for name in ("messages.html", "messages2.html")]
    done = await take(*pages, chats=(str(CHANNEL),))
    assert [(list(source.chats), source.is_known) for source in done.sources] == [([CHANNEL], False), ([], True)]


async def test_a_title_that_looks_like_an_id_is_a_title(take: Take, tmp_path: Path) -> None:
    done = await take(page(tmp_path / "messages.html", "2023", ["new year"]), chats=("2023",))
    ((chat_id, chat),) = done.sources[0].chats.items()
    assert (chat.title, chat_id == 2023) == ("2023", False)


async def test_an_id_puts_no_chat_of_a_json_export_into_another(take: Take, tmp_path: Path) -> None:
    path = exported(tmp_path / "result.json", "hello", id=None)
    done = await take(path, chats=(str(CHANNEL),))
    assert (done.total().imported, done.absent([str(CHANNEL)])) == (0, [str(CHANNEL)])


async def test_an_account_that_is_not_the_exports_own_is_refused(
    take: Take, database: store_database.Database, tmp_path: Path
) -> None:
    theirs = exported(tmp_path / "result.json", "hello")
    chat = json.loads(theirs.read_text())
    theirs.write_text(json.dumps({"personal_information": {"user_id": 4242}, "chats": {"list": [chat]}}))
    done = await take(theirs, user_id=9999)
    broken = done.sources[0].broken
    assert broken is not None
    assert ("4242" in broken.sentence, "9999" in broken.sentence) == (True, True)
    assert await rows(database, "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM imports)") == [(0, 0)]
    assert (await take(theirs, user_id=4242)).total().imported == 1
    assert await rows(database, "SELECT space_id FROM messages") == [(-4242,)]
