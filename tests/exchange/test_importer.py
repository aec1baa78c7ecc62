"""Exports on their way into a real database: what comes in, what is merged with what, and what a second run finds."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.exchange.installed import (
    CHAT,
    FIXTURES,
    NUMBER,
    OTHERS,
    SOURCES,
    SPACE,
    Store,
    crawled,
    export,
    known_chat,
    local,
    said,
    store,
)

from heliograph import errors
from heliograph.domain import identity, records
from heliograph.exchange import importer, media

__all__ = ["store"]


async def test_every_dialect_comes_in_and_a_second_time_changes_nothing(store: Store) -> None:
    store.storage = media.Storage(*local(store.folder))
    imported = {path.name: (await store.take(path)).total() for path in SOURCES}
    assert all(total.read for total in imported.values()), imported
    assert await store.rows("SELECT count(*) FROM messages") == [(sum(each.imported for each in imported.values()),)]
    before = await store.state("imports")
    for path in SOURCES:
        again = (await store.take(path, is_again=True)).total()
        assert (path, again.imported, again.read) == (path, 0, imported[path.name].read)
    assert await store.state("imports") == before


async def test_a_finished_import_is_not_read_again_unless_it_is_asked_for(store: Store) -> None:
    path = export(store.folder, [said(1), said(2)])
    await store.take(path)
    moved = path.rename(store.folder / "result copy.json")
    second = await store.take(moved)
    assert (second.sources[0].is_known, second.total().read) == (True, 0)
    third = await store.take(moved, is_again=True)
    assert (third.sources[0].is_known, third.total().known) == (False, 2)


class StopAfter:
    """Tells an import to stop once it has told of its progress so often."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_progress(self, progress: importer.Progress) -> None:
        self.steps -= 1

    def is_set(self) -> bool:
        return self.steps <= 0


@pytest.mark.parametrize("is_crash", [False, True], ids=["stopped", "crashed"])
async def test_an_import_that_ended_early_goes_on_after_its_last_commit(store: Store, is_crash: bool) -> None:
    total = 3_000
    messages = [said(number, f"{number} " + "x" * 3_000) for number in range(1, total + 1)]
    path = export(store.folder, messages)
    stop = StopAfter(2)
    if is_crash:

        def crash(progress: importer.Progress) -> None:
            if progress.messages:
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await store.take(path, on_progress=crash)
    else:
        assert (await store.take(path, stop=stop, on_progress=stop.on_progress)).is_stopped
    begun = len(await store.texts())
    assert 0 < begun < total
    rest = await store.take(path)
    assert (rest.sources[0].is_resumed, rest.is_stopped) == (True, False)
    assert (rest.total().imported, rest.total().known) == (total - begun, 0)
    assert await store.texts() == {each["id"]: each["text"] for each in messages}
    assert await store.rows("SELECT message_count, last_message_id FROM chats WHERE chat_id = %s", CHAT) == [
        (total, total)
    ]
    ((counts,),) = await store.rows("SELECT counts FROM imports")
    assert counts["imported"] == total


async def test_an_import_goes_on_where_its_copy_went_when_it_gave_way(store: Store) -> None:
    group, theirs = identity.chat_peer(88), identity.mailbox_space(2002)
    messages = [said(number, "x" * 3_000) for number in range(1, 1_500)]
    path = export(store.folder, messages, type="private_group", id=88)
    stop = StopAfter(2)
    assert (await store.take(path, user_id=1001, stop=stop, on_progress=stop.on_progress)).is_stopped
    await store.commit(records.Chat(chat_id=group, space_id=theirs, kind="group", title="Harbour"))
    ((moved,),) = await store.rows("SELECT chat_id FROM chats WHERE chat_id <> %s", group)
    rest = (await store.take(path, user_id=1001)).sources[0]
    assert (rest.is_resumed, list(rest.chats)) == (True, [moved])
    assert "another account" in str(rest.chats[moved].note)
    assert await store.rows("SELECT chat_id, message_count FROM chats ORDER BY message_count") == [
        (group, 0),
        (moved, len(messages)),
    ]


async def test_a_forum_goes_on_in_the_topics_that_it_was_in(store: Store) -> None:
    opened = {"type": "service", "action": "topic_created", "actor": "Aino", "actor_id": "user5", "text": ""}
    first, last = 12, 1_500
    messages = [said(10, **opened, title="Boats"), said(11, **opened, title="Ropes")]
    # Each answers the one before the last, so that what was read long ago decides.
    messages += [said(number, "x" * 6_000, reply_to_message_id=number - 2) for number in range(first, last + 1)]
    path = export(store.folder, messages)
    stop = StopAfter(2)
    await store.take(path, stop=stop, on_progress=stop.on_progress)
    begun = len(await store.texts())
    assert 2 < begun < len(messages)
    rest = await store.take(path)
    assert (rest.sources[0].is_resumed, rest.total().imported) == (True, len(messages) - begun)
    found = dict(await store.rows("SELECT message_id, topic_id FROM messages WHERE message_id >= %s", first))
    assert found == {number: 10 + number % 2 for number in range(first, last + 1)}
    replies = await store.rows("SELECT message_id FROM messages WHERE reply_to_message_id IS NULL ORDER BY 1")
    assert replies == [(10,), (11,), (12,), (13,)]


async def test_a_failed_commit_leaves_nothing_of_the_groups_after_it(store: Store) -> None:
    messages = [said(number, f"{number} " + "x" * 2_000) for number in range(1, 5_001)]
    path = export(store.folder, messages)
    async with store.database.connection() as conn:
        await conn.execute("ALTER TABLE messages ADD CONSTRAINT refused CHECK (message_id <> 2500) NOT VALID")
    with pytest.raises(Exception, match="refused"):
        await store.take(path)
    begun = await store.texts()
    assert 0 < len(begun) < 2_500
    assert set(begun) == set(range(1, len(begun) + 1)), "what is stored ends where the first failure was"
    async with store.database.connection() as conn:
        await conn.execute("ALTER TABLE messages DROP CONSTRAINT refused")
    assert (await store.take(path)).total().imported == 5_000 - len(begun)


async def test_a_channel_is_merged_with_what_the_crawler_mirrors(store: Store) -> None:
    await store.commit(
        known_chat(),
        crawled(1, "text 1"),
        crawled(2, "the newer text"),
        crawled(4, "gone"),
        records.Coverage(space_id=SPACE, chat_id=CHAT, first_id=1, last_id=3, as_of=10, source="backfill"),
    )
    untouched = await store.state("messages", "revisions", "users", "outbox", "outbox_counter", "imports", "chats")
    done = await store.take(export(store.folder, [said(1), said(2), said(3), said(5)]))
    total = done.total()
    assert (total.imported, total.known, total.revisions) == (2, 1, 1)
    assert await store.texts() == {1: "text 1", 2: "the newer text", 3: "text 3", 4: "gone", 5: "text 5"}
    assert await store.rows("SELECT message_id, text FROM revisions") == [(2, "text 2")]
    assert await store.rows("SELECT message_id FROM messages WHERE deleted_at IS NOT NULL") == [(3,)]
    assert await store.rows("SELECT title, kind, is_min FROM chats WHERE chat_id = %s", CHAT) == [
        ("Harbour today", "forum", False)
    ]
    after = await store.state("messages", "revisions", "users", "outbox", "outbox_counter", "imports", "chats")
    assert after == untouched


async def test_a_chat_that_only_an_import_knows_is_listed_and_inactive(store: Store) -> None:
    await store.take(export(store.folder, [said(1), said(7)]))
    found = await store.rows("SELECT title, status, is_min, message_count, last_message_id FROM chats")
    assert found == [("Harbour", "inactive", True, 2, 7)]


async def test_a_mailbox_chat_without_an_owner_stands_apart_and_is_found_again(store: Store) -> None:
    for kind, number in (("personal_chat", 77), ("private_group", 88)):
        path = export(store.folder, [said(1), said(2)], type=kind, id=number)
        done = await store.take(path)
        (chat,) = done.sources[0].chats.values()
        assert "mailbox of its own" in (chat.note or "")
        assert chat.chat_id not in (77, -88)
        longer = export(store.folder, [said(1), said(2), said(3)], type=kind, id=number, name="later/result.json")
        later = await store.take(longer)
        assert list(later.sources[0].chats) == [chat.chat_id]
        assert (later.total().imported, later.total().known) == (1, 2)
        somebody_elses = export(store.folder, [said(7), said(8)], type=kind, id=number, name="other/result.json")
        assert list((await store.take(somebody_elses)).sources[0].chats) != [chat.chat_id]


async def test_a_mailbox_chat_goes_to_the_account_that_is_named(store: Store) -> None:
    path = export(store.folder, [said(1, from_id="user9"), said(2)], type="personal_chat", id=5)
    await store.take(path, user_id=9)
    found = await store.rows("SELECT space_id, chat_id, message_id, is_outgoing FROM messages ORDER BY message_id")
    assert found == [(-9, 5, 1, True), (-9, 5, 2, False)]


async def test_an_accounts_own_export_says_whose_it_is(store: Store) -> None:
    done = await store.take(FIXTURES / "desktop" / "account")
    spaces = await store.rows("SELECT DISTINCT space_id FROM messages WHERE space_id < 0")
    assert spaces == [(-7001,)]
    assert not any(chat.note for chat in done.sources[0].chats.values())


async def test_a_chat_of_another_mailbox_is_never_mixed_with_it(store: Store) -> None:
    group = identity.chat_peer(88)
    theirs = identity.mailbox_space(1)
    await store.commit(
        known_chat(chat_id=group, space_id=theirs, kind="group"),
        crawled(1, "numbered by another mailbox", space_id=theirs, chat_id=group),
    )
    done = await store.take(export(store.folder, [said(1)], type="private_group", id=88), user_id=9)
    (chat,) = done.sources[0].chats.values()
    assert "another account's mailbox" in (chat.note or "")
    assert await store.texts(group) == {1: "numbered by another mailbox"}
    assert await store.texts(chat.chat_id) == {1: "text 1"}


async def test_an_export_without_an_id_is_merged_when_its_chat_is_named(store: Store) -> None:
    path = FIXTURES / "desktop_html" / "single_2023"
    await store.commit(known_chat())
    apart = await store.take(path)
    assert list(apart.sources[0].chats) != [CHAT]
    named = await store.take(path, chats=(str(CHAT),))
    assert list(named.sources[0].chats) == [CHAT]
    assert named.total().imported == apart.total().imported


async def test_the_years_before_a_supergroup_stand_apart_even_where_the_supergroup_is_named(store: Store) -> None:
    group = identity.channel_peer(9001)
    done = await store.take(FIXTURES / "desktop" / "old_group", chats=(str(group),))
    chats = {chat.chat_id: chat for source in done.sources for chat in source.chats.values()}
    assert chats[group].tally.imported == 2
    (earlier,) = (chat for chat_id, chat in chats.items() if chat_id != group)
    assert (earlier.kind, earlier.tally.imported) == ("group", 2)
    assert earlier.note is not None
    assert "before it became a supergroup" in earlier.note


async def test_a_dry_run_says_the_same_and_changes_nothing(store: Store) -> None:
    store.storage = media.Storage(*local(store.folder))
    await store.take(export(store.folder, [said(1), said(2, "earlier")]))
    paths = [
        export(store.folder, [said(2), said(3)], name="next/result.json"),
        FIXTURES / "desktop" / "media",
        FIXTURES / "desktop" / "forum",
        FIXTURES / "desktop" / "2018_account",
    ]
    before = await store.state()
    dry = await store.take(*paths, is_dry_run=True)
    assert await store.state() == before
    assert list((store.folder / "kept").iterdir()) == []
    done = await store.take(*paths)
    assert done.total().imported > 1
    assert dry.total() == done.total()


async def test_only_chats_that_are_named_come_in(store: Store) -> None:
    path = FIXTURES / "desktop" / "account"
    done = await store.take(path, chats=("sailing club",))
    assert [chat.title for chat in done.sources[0].chats.values()] == ["Sailing Club"]
    by_id = await store.take(path, chats=("-8001",))
    assert [chat.chat_id for chat in by_id.sources[0].chats.values()] == [-8001]


async def test_a_file_that_breaks_off_keeps_what_came_before_and_names_the_place(store: Store) -> None:
    path = export(store.folder, [said(number) for number in range(1, 101)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    done = await store.take(path)
    broken = done.sources[0].broken
    assert broken is not None
    assert f"byte {len(whole) // 2}" in broken.sentence
    kept = len(await store.texts())
    assert 0 < kept < 100
    path.write_bytes(whole)
    assert (await store.take(path)).total().imported == 100 - kept


async def test_a_nul_in_what_names_a_chat_ends_nothing(store: Store) -> None:
    undated = said(1, date_unixtime=None, date="2023-11-14T22:13:20\0")
    chats = [
        {"name": "Evil\0", "type": "private_supergroup", "id": NUMBER, "messages": [said(1)]},
        {"name": "Odd\0", "type": "odd\0", "id": 7, "messages": [undated, said(2)]},
        {"name": "Good", "type": "private_supergroup", "id": NUMBER + 1, "messages": [said(1)]},
    ]
    path = store.folder / "result.json"
    path.write_text(json.dumps({"about": "", "chats": {"about": "", "list": chats}}), "utf-8")
    done = await store.take(path)
    assert (done.is_broken, done.total().imported) == (False, 4)
    assert [chat.title for chat in done.sources[0].chats.values()] == ["Evil\ufffd", "Odd\ufffd", "Good"]
    assert (await store.take(path)).sources[0].is_known


async def test_everything_that_is_left_out_is_counted_with_its_place(store: Store) -> None:
    path = export(store.folder, [said(1), said(1), said(0), said(2, date_unixtime="999999999999999"), said(3)])
    total = (await store.take(path)).total()
    assert (total.read, total.imported, total.skips) == (5, 2, 3)
    assert {reason: each.count for reason, each in total.skipped.items()} == {
        "duplicate_id": 1,
        "impossible_id": 1,
        "impossible_date": 1,
    }
    ((place, message_id),) = total.skipped["impossible_date"].places
    assert (path.read_bytes()[place.offset :][:9], message_id) == (b'{"id": 2,', 2)


async def test_an_id_that_an_export_has_with_two_texts_keeps_both(store: Store) -> None:
    total = (await store.take(export(store.folder, [said(1, "one"), said(1, "other")]))).total()
    assert (total.imported, total.revisions, total.skips) == (1, 1, 0)
    found = await store.rows("SELECT text FROM messages UNION ALL SELECT text FROM revisions ORDER BY 1")
    assert found == [("one",), ("other",)]


async def test_a_message_of_ten_megabytes_is_refused_alone(store: Store) -> None:
    done = await store.take(export(store.folder, [said(1), said(2, "x" * 10_000_000), said(3)]))
    assert set(await store.texts()) == {1, 3}
    assert {reason: each.count for reason, each in done.total().skipped.items()} == {"text_too_long": 1}


async def test_a_title_of_a_megabyte_is_refused_alone(store: Store) -> None:
    title = " ".join(f"w{number}" for number in range(250_000))
    renamed = {**said(2, ""), "type": "service", "actor": "Aino", "actor_id": "user5", "action": "edit_group_title"}
    done = await store.take(export(store.folder, [said(1), {**renamed, "title": title}, said(3)]))
    assert set(await store.texts()) == {1, 3}
    assert {reason: each.count for reason, each in done.total().skipped.items()} == {"text_too_long": 1}


async def test_files_go_to_storage_once_and_what_is_missing_is_seen(store: Store) -> None:
    store.storage = media.Storage(*local(store.folder))
    (store.folder / "photos").mkdir()
    (store.folder / "photos" / "a.jpg").write_bytes(b"same")
    (store.folder / "photos" / "b.jpg").write_bytes(b"same")
    (store.folder / "secret").write_bytes(b"secret")
    inner = store.folder / "export"
    inner.mkdir()
    (store.folder / "photos").rename(inner / "photos")
    (inner / "photos" / "link.jpg").symlink_to(store.folder / "secret")
    photos = ["photos/a.jpg", "photos/b.jpg", "photos/gone.jpg", "../secret", "photos/link.jpg"]
    done = await store.take(export(inner, [said(number, "", photo=path) for number, path in enumerate(photos, 1)]))
    total = done.total()
    assert (total.files["stored"], total.files["missing"]) == (2, 3)
    assert {reason: each.count for reason, each in total.refused_files.items()} == {"path_leaves_export": 2}
    found = await store.rows("SELECT message_id, state FROM message_media ORDER BY message_id")
    assert found == [(1, "stored"), (2, "stored"), (3, "missing"), (4, "missing"), (5, "missing")]
    kept = [path.read_bytes() for path in (store.folder / "kept").rglob("*") if path.is_file()]
    assert kept == [b"same"]
    assert await store.rows("SELECT count(*), sum(size)::int FROM media") == [(1, 4)]


async def test_a_zip_archive_brings_its_chat_and_its_files(store: Store) -> None:
    store.storage = media.Storage(*local(store.folder))
    path = store.folder / "chat.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((FIXTURES / "desktop" / "media").rglob("*")):
            archive.write(file, file.relative_to(FIXTURES / "desktop"))
    packed = (await store.take(path)).total()
    assert packed.files["stored"] > 0
    unpacked = (await store.take(FIXTURES / "desktop" / "media", is_again=True)).total()
    assert (unpacked.imported, unpacked.files) == (0, packed.files)


async def test_without_storage_files_stay_where_they_are(store: Store) -> None:
    done = await store.take(FIXTURES / "desktop" / "media", with_media=False)
    assert done.total().files["stored"] == 0
    assert await store.rows("SELECT count(*) FROM media") == [(0,)]


async def test_files_that_were_left_come_in_with_the_next_import(store: Store) -> None:
    path = FIXTURES / "desktop" / "media"
    left = await store.take(path, with_media=False)
    store.storage = media.Storage(*local(store.folder))
    came = await store.take(path)
    assert (came.sources[0].is_known, came.total().imported) == (False, 0)
    assert came.total().files["stored"] > 0
    found = await store.rows("SELECT count(*)::int FROM message_media WHERE state = 'stored'")
    assert found == [(came.total().files["stored"],)]
    assert left.total().files["stored"] == 0


async def test_every_message_whose_file_was_not_opened_is_counted(store: Store) -> None:
    store.storage = media.Storage(*local(store.folder))
    path = export(store.folder / "export", [said(number, "", photo="../secret") for number in (1, 2, 3)])
    (refused,) = (await store.take(path)).total().refused_files.values()
    assert (refused.count, [message_id for _, message_id in refused.places]) == (3, [1, 2, 3])


async def test_local_times_are_read_in_the_zone_that_is_given_and_counted(store: Store) -> None:
    message = said(1)
    del message["date_unixtime"]
    path = export(store.folder, [message, said(2)])
    done = await store.take(path, timezone=ZoneInfo("Europe/Helsinki"))
    assert (done.total().local_times, done.timezone) == (1, "Europe/Helsinki")
    (found,) = await store.rows("SELECT date FROM messages WHERE message_id = 1")
    assert found[0].isoformat() == "2023-11-14T20:13:20+00:00"


async def test_progress_ends_at_the_size_of_what_was_read(store: Store) -> None:
    for path in (FIXTURES / "desktop" / "account", FIXTURES / "desktop_html" / "single_2018"):
        told: list[importer.Progress] = []
        done = await store.take(path, on_progress=told.append)
        assert [each.done_bytes for each in told] == sorted(each.done_bytes for each in told)
        assert (told[0].done_bytes, told[0].messages, told[-1].messages) == (0, 0, done.total().read)
        assert 0 <= told[-1].done_bytes <= told[-1].total_bytes


async def test_names_of_an_export_never_replace_better_ones(store: Store) -> None:
    await store.commit(records.User(user_id=5, first_name="Aino", last_name="Virtanen"))
    path = export(store.folder, [said(1, **{"from": "Someone else"}), said(2, **{"from": "Bo", "from_id": "user6"})])
    await store.take(path)
    found = await store.rows("SELECT user_id, first_name, last_name, is_min FROM users ORDER BY 1")
    assert found == [(5, "Aino", "Virtanen", False), (6, "Bo", None, True)]


async def test_topics_of_an_export_are_added_where_they_are_unknown(store: Store) -> None:
    await store.take(FIXTURES / "desktop" / "forum")
    found = dict(await store.rows("SELECT topic_id, title FROM topics"))
    assert found
    placed = await store.rows("SELECT DISTINCT topic_id FROM messages WHERE topic_id IS NOT NULL ORDER BY 1")
    assert {topic for (topic,) in placed} == set(found)
    assert found[1] == "General"
    assert await store.rows("SELECT kind FROM chats WHERE is_min AND message_count > 0") == [("forum",)]
    async with store.database.connection() as conn:
        await conn.execute("UPDATE topics SET title = 'as Telegram says'")
    await store.take(FIXTURES / "desktop" / "forum", is_again=True)
    assert set(dict(await store.rows("SELECT topic_id, title FROM topics")).values()) == {"as Telegram says"}


async def test_what_is_no_export_is_a_sentence_and_nothing_is_written(store: Store) -> None:
    before = await store.state()
    names = ("latin1/result.json", "utf16/result.json", *(f"others/{each.name}" for each in OTHERS))
    for name in names:
        try:
            done = await store.take(FIXTURES / "desktop" / name)
            assert done.sources[0].broken is not None, name
            sentence = done.sources[0].broken.sentence
        except errors.BadInput as error:
            sentence = str(error)
        assert (sentence.endswith("."), Path(name).name in sentence) == (True, True), sentence
    assert await store.state() == before


async def test_nothing_is_written_when_one_of_several_paths_is_no_export(store: Store) -> None:
    before = await store.state()
    with pytest.raises(errors.BadInput):
        await store.take(export(store.folder, [said(1)]), FIXTURES / "desktop" / "others" / "discord.json")
    assert await store.state() == before


async def test_two_imports_of_one_chat_at_once_lose_and_double_nothing(store: Store) -> None:
    ones = export(store.folder, [said(number) for number in range(1, 401)], name="one/result.json")
    others = export(store.folder, [said(number) for number in range(200, 601)], name="other/result.json")
    first, second = await asyncio.gather(store.take(ones), store.take(others))
    assert first.total().imported + second.total().imported == 600
    assert set(await store.texts()) == set(range(1, 601))
    assert await store.rows("SELECT message_count FROM chats WHERE chat_id = %s", CHAT) == [(600,)]
