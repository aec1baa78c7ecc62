"""What an import brings is seen where people look: on the page's side of the store, in archives, in other exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser
from tests.exchange.installed import CHAT, Store, crawled, export, known_chat, local, said, store

from heliograph.exchange import media, sources
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import run as exports
from heliograph.store.reads import export as reads
from heliograph.store.reads import search, timeline, words

__all__ = ["store"]

QUERY = "websearch_to_tsquery('heliograph', 'oakum')"


def told(number: int, action: str, **more: Any) -> dict[str, Any]:
    """A service message as Telegram Desktop writes it."""
    who = {"actor": "Aino", "actor_id": "user5"}
    return {**said(number, ""), "type": "service", **who, "action": action, **more}


def with_files(store: Store) -> Path:
    """Write an export whose files belong to a service message and to a contact."""
    store.storage = media.Storage(*local(store.folder))
    folder = store.folder / "ChatExport"
    for name, data in (("photos/g.jpg", b"group"), ("contacts/c.vcard", b"BEGIN:VCARD")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    person = {"first_name": "Bo", "last_name": "", "phone_number": "+999 00 001"}
    card = {"contact_information": person, "contact_vcard": "contacts/c.vcard", "contact_vcard_file_size": 11}
    picture = {"photo": "photos/g.jpg", "photo_file_size": 5, "width": 640, "height": 640}
    return export(folder, [told(1, "edit_group_photo", **picture), said(2, "", **card)])


async def files(store: Store) -> list[tuple[Any, ...]]:
    query = "SELECT message_id, kind, state, size, mime_type FROM message_media ORDER BY message_id"
    return await store.rows(query)


ARTICLE = {
    "blocks": [
        {"type": "paragraph", "text": {"type": "plain", "text": "Tides"}},
        {"type": "collage", "items": [{"type": "photo", "photo": "photos/1.jpg"}, {"type": "video", "file": "v.mp4"}]},
        {"type": "photo", "photo_skip_reason": "file_type"},
    ]
}


async def test_files_of_the_account_itself_are_counted_not_silently_left(store: Store) -> None:
    chat = {"name": "Harbour", "type": "private_supergroup", "id": 1_500_000_001, "messages": [said(1), said(2, "")]}
    chat["messages"][1] |= {"text": None, "rich_message": ARTICLE}
    skipped = "(Photo not included. Change data exporting settings to download.)"
    account = {
        "personal_information": {"user_id": 7001},
        "profile_pictures": [{"photo": "profile_pictures/a.jpg"}, {"photo": skipped}, {"photo": "profile_pictures/b"}],
        "stories": [{"media": "stories/s.mp4", "pinned": False}],
        "profile_music": [{"id": 1, "type": "message", "file": "profile_music/files/a.mp3"}],
        "chats": {"list": [chat]},
    }
    path = store.folder / "result.json"
    path.write_text(json.dumps(account), "utf-8")
    done = await store.take(path)
    found = {"profile_pictures": 2, "stories": 1, "profile_music": 1, "article_files": 2}
    assert (done.total().left_out, done.as_json()["total"]["left_out"]) == (found, found)
    assert (await store.texts())[2] == "Tides"


def test_files_of_the_account_beside_its_pages_are_counted(tmp_path: Path) -> None:
    page = b'<html><body><div class="page_wrap"><div class="history"></div></div></body></html>'
    names = ["export_results.html", "chats/chat_1/messages.html", "chats/chat_2/messages.html"]
    names += ["profile_pictures/photo_1.jpg", "profile_pictures/photo_1_thumb.jpg", "profile_music/files/a.mp3"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(page)
    first, second = sources.find(tmp_path)
    assert {each.what: each.count for each in first.left_out} == {"profile_pictures": 1, "profile_music": 1}
    assert second.left_out == ()


STORED = [(1, "photo", "stored", 5, "image/jpeg"), (2, "contact", "stored", 11, "text/vcard")]


async def test_picture_of_a_service_message_and_card_of_a_contact_are_files(store: Store) -> None:
    done = await store.take(with_files(store))
    assert done.total().files["stored"] == 2
    assert await files(store) == STORED
    async with store.database.connection() as conn:
        shown = (await timeline.newest(conn, await timeline.scope(conn, CHAT), 5)).messages
    assert [each.media["file"]["state"] for each in shown if each.media] == ["stored", "stored"]


async def test_such_files_stay_when_telegram_tells_of_their_messages(store: Store) -> None:
    await store.take(with_files(store))
    await store.commit(
        known_chat(),
        crawled(1, "", service={"type": "chat_edit_photo"}, media={"kind": "photo", "width": 640, "height": 640}),
        crawled(2, "", media={"kind": "contact", "first_name": "Bo", "last_name": "", "user_id": 6}),
    )
    assert await files(store) == STORED


async def test_such_files_come_to_messages_that_telegram_told_of(store: Store) -> None:
    path = with_files(store)
    await store.commit(
        known_chat(),
        crawled(1, "", service={"type": "chat_edit_photo"}, media={"kind": "photo", "width": 640, "height": 640}),
        crawled(2, "", media={"kind": "contact", "first_name": "Bo", "last_name": "", "user_id": 6}),
    )
    await store.take(path)
    assert await files(store) == STORED


async def test_such_files_leave_with_every_export_and_come_back(store: Store) -> None:
    await store.take(with_files(store))
    for form in ("html", "telegram"):
        out = store.folder / form
        await exports.export(store.database, store.storage, requests.Request(format=form, chat_ids=(CHAT,)), out)
        found = [next(out.rglob(f"{folder}/*")).read_bytes() for folder in ("photos", "contacts")]
        assert found == [b"group", b"BEGIN:VCARD"]
    page = LexborHTMLParser(next((store.folder / "html").rglob("page-0001.html")).read_text("utf-8"))
    assert page.css_first("#m1 img").attributes["src"]
    card = page.css_first("#m2 a.card")
    assert card.attributes["href"] and card.css_first(".name").text() == "Bo"
    assert card.attributes["download"] == "c.vcard"
    whole = json.loads((store.folder / "telegram" / "result.json").read_bytes())["messages"]
    assert (whole[0]["photo_file_size"], whole[0]["width"], whole[1]["contact_vcard_file_size"]) == (5, 640, 11)
    again = await store.take(store.folder / "telegram")
    assert (again.total().known, again.total().files["stored"]) == (2, 2)


SAID = {
    "poll": {
        "question": "Which pier",
        "closed": False,
        "total_voters": 0,
        "answers": [{"text": "granite", "voters": 0}],
    },
    "todo_list": {"title": "Packing", "answers": [{"text": "marline", "id": 1}, {"text": "oakum", "id": 2}]},
}


async def test_words_of_polls_tasks_and_gifts_are_found_and_shown(store: Store) -> None:
    messages = [
        said(1, "plain pier"),
        said(2, "", poll=SAID["poll"]),
        said(3, "", todo_list=SAID["todo_list"]),
        told(4, "todo_append_tasks", items=[{"text": "sailcloth", "id": 3}]),
        told(5, "send_star_gift", stars=5, gift_text=["for the ", {"type": "bold", "text": "helmsman"}]),
        {**told(6, ""), "information_text": "The harbour master waves"},
    ]
    await store.take(export(store.folder, messages))

    async def found(looked_for: str) -> list[tuple[int, str]]:
        async with store.database.connection() as conn:
            result = await search.search(conn, search.Query(words=looked_for), limit=9)
        marks = str.maketrans("", "", search.HIT_STARTS + search.HIT_ENDS)
        return [(hit.message.message_id, hit.snippet.translate(marks)) for hit in result.hits]

    assert await found("granite") == [(2, "Which pier · granite")]
    assert await found("oakum") == [(3, "Packing · marline · oakum")]
    assert await found("sailcloth") == [(4, "sailcloth")]
    assert await found("helmsman") == [(5, "helmsman")]
    assert await found("master") == [(6, "harbour master waves")]
    assert {number for number, _ in await found("pier")} == {1, 2}
    assert await found("todo") == []
    out = store.folder / "found"
    wanted = requests.Request(format="jsonl", chat_ids=(CHAT,), filter=reads.Filter(words="oakum"))
    await exports.export(store.database, None, wanted, out)
    assert [json.loads(line)["message_id"] for line in (out / "messages.jsonl").read_text("utf-8").splitlines()] == [3]


async def test_words_besides_the_text_are_found_by_an_index(store: Store) -> None:
    query = f"SELECT message_id FROM messages WHERE {words.match(QUERY)}"
    async with store.database.connection() as conn:
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await (await conn.execute(f"EXPLAIN {query}")).fetchall()
    lines = "\n".join(line for (line,) in plan)
    assert ("Seq Scan" in lines, "BitmapOr" in lines) == (False, True)
