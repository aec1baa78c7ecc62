"""Cursors move by compare-and-set with their rows, or not at all."""

from __future__ import annotations

from typing import Any

from heliograph.domain import identity, records
from heliograph.store import coverage, cursors
from heliograph.store import database as store_database


async def test_cursor_and_rows_commit_together(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(), moves=(make.move(None, 5),)))
    outcome = await write(make.batch(make.message(2), moves=(make.move(5, 6),)))
    assert not outcome.conflicts
    assert await fetch("SELECT pts FROM box_cursors") == [(6,)]
    # One transaction wrote both: nothing can come between them.
    row = "SELECT xmin::text FROM messages WHERE message_id = 2"
    assert await fetch("SELECT xmin::text FROM box_cursors") == await fetch(row)


async def test_conflict_leaves_nothing_of_its_batch(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(moves=(make.move(None, 5), make.move(None, 1, box=-7))))
    stale = make.batch(
        make.message(),
        make.chat(),
        make.tombstone(3),
        records.User(user_id=1),
        records.DirtyMark(box=make.space, reason="x"),
        records.KnownLoss(space_id=make.space, from_pts=1, to_pts=2, reason="x", noticed_at=make.at(0)),
        records.Coverage(space_id=make.space, chat_id=make.chat_id, first_id=1, last_id=2, as_of=1, source="hole"),
        moves=(make.move(1, 2, box=-7), make.move(4, 9)),
    )
    outcome = await write(stale, make.batch(make.message(2)))
    assert outcome.conflicts == {0}
    assert await fetch("SELECT box, pts FROM box_cursors ORDER BY box") == [(-7, 1), (make.space, 5)]
    assert await fetch("SELECT message_id FROM messages") == [(2,)]
    for table in ("chats", "orphan_tombstones", "users", "dirty_boxes", "known_losses", "coverage"):
        assert await fetch(f"SELECT * FROM {table}") == []


async def test_batches_of_one_box_chain_within_a_commit(make: Any, write: Any, fetch: Any) -> None:
    outcome = await write(
        make.batch(moves=(make.move(None, 1),)),
        make.batch(moves=(make.move(1, 2),)),
        make.batch(make.message(), moves=(make.move(1, 3),)),
        make.batch(moves=(make.move(2, 4),)),
    )
    assert outcome.conflicts == {2}
    assert await fetch("SELECT pts FROM box_cursors") == [(4,)]


async def test_box_is_anchored_once(make: Any, write: Any) -> None:
    await write(make.batch(moves=(make.move(None, 5),)))
    assert (await write(make.batch(moves=(make.move(None, 9),)))).conflicts == {0}


async def test_holder_of_an_earlier_epoch_cannot_move_the_cursor(
    make: Any, write: Any, database: store_database.Database
) -> None:
    await write(make.batch(moves=(make.move(None, 5),)))
    async with database.connection() as conn:
        await cursors.claim(conn, [make.space], 2)
    assert (await write(make.batch(make.message(), moves=(make.move(5, 6, epoch=1),)))).conflicts == {0}
    assert not (await write(make.batch(moves=(make.move(5, 6, epoch=2),)))).conflicts
    async with database.connection() as conn:
        assert await cursors.load(conn) == {make.space: cursors.Cursor(state=records.BoxState(pts=6), epoch=2)}


async def test_dirty_marks_commit_with_the_account_state_that_named_them(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    mailbox = identity.mailbox_space(1001)
    marks = [records.DirtyMark(box=identity.channel_space(box), reason="named") for box in range(1, 301)]
    await write(make.batch(*marks, moves=(make.move(None, 1, box=mailbox),)))
    # One transaction wrote them all: nothing can come between them.
    assert len(await fetch("SELECT xmin::text FROM box_cursors UNION SELECT xmin::text FROM dirty_boxes")) == 1
    await write(make.batch(clean=[identity.channel_space(7)]), make.batch(clean=[identity.channel_space(8)]))
    async with database.connection() as conn:
        assert {mark.box for mark in await cursors.dirty(conn)} == set(range(1, 301)) - {7, 8}


async def test_box_that_is_named_again_after_its_answer_stays_dirty(
    make: Any, write: Any, database: store_database.Database
) -> None:
    await write(make.batch(clean=[make.space]), make.batch(records.DirtyMark(box=make.space, reason="again")))
    async with database.connection() as conn:
        assert [mark.reason for mark in await cursors.dirty(conn)] == ["again"]


async def test_too_long_opens_a_hole_and_a_known_loss_with_the_cursor(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    def ids(first: int, last: int, source: Any) -> records.Coverage:
        return records.Coverage(
            space_id=make.space, chat_id=make.chat_id, first_id=first, last_id=last, as_of=5, source=source
        )

    loss = records.KnownLoss(
        space_id=make.space, from_pts=5, to_pts=900, reason="too_long", noticed_at=make.at(0), since=make.at(-9)
    )
    await write(make.batch(ids(1, 50, "backfill"), ids(51, 60, "live"), moves=(make.move(None, 5),)))
    await write(make.batch(ids(41, 300, "hole"), loss, moves=(make.move(5, 900),)))
    await write(make.batch(loss))
    assert await fetch("SELECT covered::text, holes::text FROM coverage") == [("{[1,41)}", "{[41,301)}")]
    assert await fetch("SELECT count(*) FROM known_losses") == [(1,)]
    await write(make.batch(ids(41, 100, "probe")))
    async with database.connection() as conn:
        assert [(hole.first_id, hole.last_id) for hole in await coverage.holes(conn)] == [(101, 300)]
    await write(make.batch(ids(101, 300, "probe")))
    assert await fetch("SELECT covered::text, holes::text FROM coverage") == [("{[1,301)}", "{}")]


async def test_losses_that_follow_each_other_at_once_are_one_stretch(make: Any, write: Any, fetch: Any) -> None:
    def loss(first: int, last: int, seconds: float = 0, reason: str = "not_kept") -> records.KnownLoss:
        return records.KnownLoss(
            space_id=make.space, from_pts=first, to_pts=last, reason=reason, noticed_at=make.at(seconds)
        )

    pages = [loss(5, 9), loss(9, 12, 1), loss(12, 20, 2)]
    for page in pages:
        await write(make.batch(page))
    stored = "SELECT from_pts, to_pts, reason FROM known_losses ORDER BY noticed_at, reason, from_pts"
    assert await fetch(stored) == [(5, 20, "not_kept")]
    await write(make.batch(*pages))
    assert await fetch(stored) == [(5, 20, "not_kept")]
    # Another reason, a stretch that lies apart, and one that comes long afterwards are others.
    await write(make.batch(loss(20, 30, 3, "too_long"), loss(21, 30, 4), loss(20, 40, 3_600)))
    assert (await fetch(stored))[1:] == [(20, 30, "too_long"), (21, 30, "not_kept"), (20, 40, "not_kept")]
    # Telegram may count from an earlier place again: the same numbers are lost anew then.
    await write(make.batch(loss(6, 8, 7_200), loss(8, 20, 7_201)))
    assert (await fetch(stored))[-1] == (6, 20, "not_kept")


async def test_loss_of_a_channel_lasts_from_when_its_cursor_last_moved(make: Any, write: Any, fetch: Any) -> None:
    """A channel's state has no date: what tells since when something may be missing is when the cursor came there."""
    await write(make.batch(moves=(make.move(None, 5),)))
    await fetch("UPDATE box_cursors SET updated_at = %s RETURNING 1", make.at(-60))
    loss = records.KnownLoss(space_id=make.space, from_pts=5, to_pts=9, reason="too_long", noticed_at=make.at(0))
    await write(make.batch(loss, moves=(make.move(5, 9),)))
    assert await fetch("SELECT since, noticed_at FROM known_losses") == [(make.at(-60), make.at(0))]


async def test_edits_and_deletions_count_after_the_cursor_went_back(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(moves=(make.move(None, 1100),)))
    await write(make.batch(*(make.message(each, as_of=1100) for each in (1, 2, 3)), make.tombstone(3, as_of=1100)))
    await write(make.batch(make.message(4, as_of=700), make.tombstone(9, as_of=1090)))
    await write(make.batch(moves=(make.move(1100, 900),)))
    assert await fetch("SELECT message_id, as_of, deleted_as_of FROM messages ORDER BY 1") == [
        (1, 900, None),
        (2, 900, None),
        (3, 900, 900),
        (4, 700, None),
    ]
    edit = make.message(1, as_of=901, text="edited", edit_date=make.at(50))
    await write(make.batch(edit, make.tombstone(2, as_of=902), moves=(make.move(900, 902),)))
    await write(make.batch(make.message(9, as_of=902)))
    assert await fetch("SELECT message_id, text, deleted_at IS NOT NULL FROM messages ORDER BY 1") == [
        (1, "edited", False),
        (2, "text 2", True),
        (3, "text 3", True),
        (4, "text 4", False),
        (9, "text 9", False),
    ]


async def test_step_back_leaves_other_spaces_alone(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(), moves=(make.move(None, 1100), make.move(None, 1100, box=-7))))
    await write(make.batch(moves=(make.move(1100, 5, box=-7),)))
    assert await fetch("SELECT as_of FROM messages") == [(10,)]


async def test_scan_that_was_asked_before_the_step_back_is_not_newer_than_the_cursor(
    make: Any, write: Any, fetch: Any
) -> None:
    await write(make.batch(moves=(make.move(None, 1100),)))
    await write(make.batch(moves=(make.move(1100, 900),)))
    await write(make.batch(make.message(as_of=1100), origin="backfill"))
    edit = make.message(as_of=901, text="edited", edit_date=make.at(50))
    await write(make.batch(edit, moves=(make.move(900, 901),)))
    assert await fetch("SELECT text, as_of FROM messages") == [("edited", 901)]


async def test_step_back_and_what_follows_it_may_share_a_commit(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(as_of=1100), moves=(make.move(None, 1100),)))
    edit = make.message(as_of=901, text="edited", edit_date=make.at(50))
    await write(make.batch(moves=(make.move(1100, 900),)), make.batch(edit, moves=(make.move(900, 901),)))
    assert await fetch("SELECT text, as_of FROM messages") == [("edited", 901)]
