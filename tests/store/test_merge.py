"""The rules of the merge, each on real rows."""

from __future__ import annotations

from typing import Any

from heliograph.domain import identity, records
from heliograph.store import raw

TEXTS = "SELECT text FROM revisions ORDER BY edit_date NULLS FIRST"


async def test_redelivery_changes_nothing_and_tells_nobody(make: Any, write: Any, fetch: Any) -> None:
    batch = make.batch(make.message(edit_date=make.at(50)))
    first = await write(batch)
    before = await fetch("SELECT *, ctid FROM messages")
    second = await write(batch)
    assert (first.inserted, second.inserted, second.updated, second.position) == (1, 0, 0, None)
    assert await fetch("SELECT *, ctid FROM messages") == before


async def test_older_knowledge_never_overwrites_newer(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(text="newer", as_of=12, edit_date=make.at(60))))
    await write(make.batch(make.message(text="older", as_of=11, edit_date=make.at(50))))
    assert await fetch("SELECT text, as_of FROM messages") == [("newer", 12)]
    assert await fetch(TEXTS) == [("older",)]


async def test_knowledge_of_the_same_point_with_the_later_edit_wins(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(text="second", as_of=12, edit_date=make.at(60))))
    await write(make.batch(make.message(text="first", as_of=12, edit_date=None)))
    assert await fetch("SELECT text FROM messages") == [("second",)]


async def test_every_earlier_text_is_kept(make: Any, write: Any, fetch: Any) -> None:
    for number, origin in enumerate(["live", "difference", "backfill"]):
        await write(
            make.batch(
                make.message(text=f"text {number}", as_of=10 + number, edit_date=make.at(number) if number else None),
                origin=origin,
            )
        )
    assert await fetch("SELECT text, text_date FROM messages") == [("text 2", make.at(2))]
    assert await fetch(TEXTS) == [("text 0",), ("text 1",)]


async def test_edit_without_a_new_text_adds_no_revision(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message()))
    outcome = await write(make.batch(make.message(as_of=11, edit_date=make.at(70), is_edit_hidden=True)))
    assert outcome.updated == 1
    assert await fetch("SELECT edit_date, text_date FROM messages") == [(make.at(70), None)]
    assert await fetch(TEXTS) == []


async def test_edit_of_entities_or_of_the_file_is_a_new_version(make: Any, write: Any, fetch: Any) -> None:
    photo = {"kind": "photo", "id": 5, "width": 1, "height": 1}
    await write(make.batch(make.message(media=photo)))
    await write(make.batch(make.message(media=photo, entities=[["bold", 0, 4]], as_of=11, edit_date=make.at(1))))
    await write(make.batch(make.message(media=photo | {"id": 6}, as_of=12, edit_date=make.at(2))))
    assert await fetch("SELECT entities, media->'id' FROM revisions ORDER BY edit_date NULLS FIRST") == [
        (None, 5),
        ([["bold", 0, 4]], 5),
    ]
    assert await fetch("SELECT file_id FROM message_media") == [(6,)]


async def test_file_that_an_edit_removed_is_no_longer_the_messages(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(media={"kind": "document", "id": 5})))
    await write(make.batch(make.message(as_of=11, edit_date=make.at(1))))
    assert await fetch("SELECT * FROM message_media") == []


async def test_edit_of_an_unknown_message_inserts_it(make: Any, write: Any, fetch: Any) -> None:
    outcome = await write(make.batch(make.message(text="edited", edit_date=make.at(5))))
    assert outcome.inserted == 1
    assert await fetch(TEXTS) == []


async def test_versions_within_one_commit_are_all_kept(make: Any, write: Any, fetch: Any) -> None:
    versions = [
        make.message(text="one", as_of=10),
        make.message(text="three", as_of=12, edit_date=make.at(3)),
        make.message(text="two", as_of=11, edit_date=make.at(2)),
    ]
    outcome = await write(make.batch(*versions[:2]), make.batch(versions[2]))
    assert outcome.inserted == 1
    assert await fetch("SELECT text FROM messages") == [("three",)]
    assert await fetch(TEXTS) == [("one",), ("two",)]


async def test_text_that_comes_back_is_a_version_of_its_own(make: Any, write: Any, fetch: Any) -> None:
    for number, text in enumerate(["a", "b", "a"]):
        await write(make.batch(make.message(text=text, as_of=10 + number, edit_date=make.at(number))))
    assert await fetch("SELECT text FROM messages") == [("a",)]
    assert await fetch(TEXTS) == [("a",), ("b",)]


async def test_late_version_splits_the_stretch_it_lies_in(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(text="a", as_of=10)))
    await write(make.batch(make.message(text="a", as_of=12, edit_date=make.at(2))))
    await write(make.batch(make.message(text="b", as_of=11, edit_date=make.at(1))))
    assert await fetch("SELECT text, text_date FROM messages") == [("a", make.at(2))]
    assert await fetch(TEXTS) == [("a",), ("b",)]


async def test_version_that_becomes_present_leaves_the_earlier_ones(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(text="a", as_of=12)))
    await write(make.batch(make.message(text="b", as_of=11, edit_date=make.at(1))))
    await write(make.batch(make.message(text="b", as_of=13, edit_date=make.at(1))))
    assert await fetch("SELECT text FROM messages") == [("b",)]
    assert await fetch(TEXTS) == [("a",)]


async def test_text_that_postgres_cannot_hold_is_cleaned_and_raw_keeps_the_truth(
    make: Any, write: Any, fetch: Any
) -> None:
    bad = "nul \x00 and \ud83d alone and 😀 whole \u202eright to left"
    media = {"kind": "web_page", "url": "http://x/\x00", "title": "\udc00"}
    await write(make.batch(make.message(text=bad, raw=b"\x00\xff truth", media=media, reply_quote="\x00")))
    ((text, packed, stored),) = await fetch("SELECT text, raw, media FROM messages")
    assert text == "nul \ufffd and \ufffd alone and 😀 whole \u202eright to left"
    assert len(text.encode("utf-16-le")) == len(bad.encode("utf-16-le", "surrogatepass"))
    assert raw.unpack(packed, text) == b"\x00\xff truth"
    assert stored == {"kind": "web_page", "url": "http://x/\ufffd", "title": "\ufffd"}


async def test_longest_text_and_oldest_date_are_stored(make: Any, write: Any, fetch: Any) -> None:
    date = make.at(-(60 * 365 * 86400))
    await write(make.batch(make.message(text="щ" * 4096, date=date)))
    assert await fetch("SELECT length(text), date FROM messages") == [(4096, date)]


async def test_basic_group_is_stored_from_its_one_mailbox(make: Any, write: Any, fetch: Any) -> None:
    group = identity.chat_peer(77)
    one, two = identity.mailbox_space(1001), identity.mailbox_space(1002)
    await write(make.batch(make.chat(chat_id=group, space_id=one, kind="group")))
    await write(make.batch(make.chat(chat_id=group, space_id=two, kind="group")))
    outcome = await write(
        make.batch(make.message(5, chat_id=group, space_id=one), moves=(make.move(None, 3, box=one),)),
        make.batch(make.message(9, chat_id=group, space_id=two), moves=(make.move(None, 4, box=two),)),
    )
    assert outcome.inserted == 1
    assert await fetch("SELECT space_id, message_id FROM messages") == [(one, 5)]
    assert await fetch("SELECT box, pts FROM box_cursors ORDER BY box DESC") == [(one, 3), (two, 4)]


async def test_user_and_channel_of_one_number_are_two(make: Any, write: Any, fetch: Any) -> None:
    number = 1_500_000_001
    mailbox = identity.mailbox_space(9)
    await write(
        make.batch(
            make.chat(),
            make.chat(chat_id=identity.user_peer(number), space_id=mailbox, kind="private", title="Person"),
            make.message(1),
            make.message(1, chat_id=identity.user_peer(number), space_id=mailbox),
        )
    )
    assert await fetch("SELECT count(*) FROM messages") == [(2,)]


async def test_counters_of_a_chat_follow_what_was_really_inserted(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.chat(), make.message(1), make.message(2)))
    await write(make.batch(make.message(2), make.message(3), make.tombstone(1), make.tombstone(9)))
    await write(make.batch(make.message(9, as_of=15)))
    assert await fetch("SELECT message_count, deleted_count, last_message_id, last_message_at FROM chats") == [
        (4, 2, 9, make.at(9))
    ]


async def test_messages_that_came_before_their_chat_are_counted_with_it(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(1), make.message(2), make.tombstone(1)))
    await write(make.batch(make.chat(), make.message(3)))
    assert await fetch("SELECT message_count, deleted_count, last_message_id FROM chats") == [(3, 1, 3)]


async def test_sample_is_stored_only_when_it_differs(make: Any, write: Any, fetch: Any) -> None:
    def seen(second: float, **counts: Any) -> records.Observation:
        return records.Observation(space_id=make.space, message_id=1, observed_at=make.at(second), **counts)

    await write(make.batch(make.message(), seen(1, views=5, reactions=[{"emoji": "👍", "count": 1}])))
    assert (await write(make.batch(seen(2, views=5)))).position is None
    assert (await write(make.batch(seen(3, views=7)))).position is not None
    await write(make.batch(seen(2.5, views=6)))
    assert await fetch("SELECT views, reactions, observed_at FROM observations") == [
        (7, [{"emoji": "👍", "count": 1}], make.at(3))
    ]
    assert await fetch("SELECT views FROM observation_history") == [(5,)]


async def test_earlier_samples_are_thinned_to_one_in_a_quarter_of_an_hour(make: Any, write: Any, fetch: Any) -> None:
    for minute in range(60):
        seen = records.Observation(
            space_id=make.space, message_id=1, observed_at=make.at(60 * minute), views=100 + minute
        )
        await write(make.batch(seen))
    assert await fetch("SELECT views FROM observations") == [(159,)]
    assert await fetch("SELECT views FROM observation_history ORDER BY 1") == [(100,), (115,), (130,), (145,)]
