"""The ledger: what opens, what closes, and what must not close."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.domain import identity, records
from heliograph.store import coverage, owed
from heliograph.store import database as store_database

MAILBOX = identity.mailbox_space(7)
GROUP = identity.chat_peer(6)
LAST_ID = owed.END - 1
SHOW = "SELECT covered::text, holes::text, suspects::text, unreachable::text FROM coverage WHERE chat_id = %s"


@pytest.fixture
def ids(make: Any) -> Any:
    def of(first: int, last: int, source: Any, as_of: int = 5, *, mailbox: bool = False) -> records.Coverage:
        place = (MAILBOX, GROUP) if mailbox else (make.space, make.chat_id)
        return records.Coverage(
            space_id=place[0], chat_id=place[1], first_id=first, last_id=last, as_of=as_of, source=source
        )

    return of


def gap(make: Any, **given: Any) -> records.Gap:
    base: dict[str, Any] = {
        "space_id": make.space,
        "cause": "start",
        "from_pts": 5,
        "to_pts": 900,
        "events": 0,
        "noticed_at": make.at(0),
        "closed_at": None,
        "is_lost": True,
    }
    return records.Gap(**(base | given))


async def test_answer_from_before_the_hole_closes_nothing(make: Any, write: Any, fetch: Any, ids: Any) -> None:
    await write(make.batch(ids(1, 100, "owed", 0), moves=(make.move(None, 5),)))
    await write(make.batch(ids(1, 100, "hole", 900), moves=(make.move(5, 900),)))
    for source in ("backfill", "probe", "suspect", "unreachable", "outside"):
        await write(make.batch(ids(1, 100, source, 899)))
    assert await fetch(SHOW, make.chat_id) == [("{}", "{[1,101)}", "{}", "{}")]
    await write(make.batch(ids(1, 100, "probe", 900)))
    assert await fetch(SHOW, make.chat_id) == [("{[1,101)}", "{}", "{}", "{}")]


async def test_pushed_message_that_no_difference_confirms_is_owed_where_it_is_new(
    make: Any, write: Any, fetch: Any, ids: Any
) -> None:
    """It may have come and gone in the difference, which then says nothing of it."""
    await write(make.batch(ids(1, 10, "probe", 5), ids(1, 10, "backfill", 5), make.message(9, as_of=5)))
    pushed = [make.message(number, as_of=7) for number in (9, 12)]
    await write(make.batch(*pushed, unconfirmed=[ids(9, 9, "owed", 8), ids(12, 12, "owed", 8)]))
    assert await fetch(SHOW, make.chat_id) == [("{[1,11)}", "{[12,13)}", "{}", "{}")]


async def test_answer_from_before_the_cursor_went_back_closes_nothing(
    make: Any, write: Any, fetch: Any, ids: Any
) -> None:
    await write(make.batch(ids(1, 100, "owed", 0), moves=(make.move(None, 1000),)))
    await write(make.batch(ids(1, 100, "hole", 900), moves=(make.move(1000, 900),)))
    await write(make.batch(ids(1, 100, "probe", 1000)))
    assert await fetch(SHOW, make.chat_id) == [("{}", "{[1,101)}", "{}", "{}")]


async def test_answer_and_a_newer_hole_in_one_commit_leave_the_hole_open(
    make: Any, write: Any, fetch: Any, ids: Any
) -> None:
    await write(make.batch(ids(1, 100, "owed", 0), moves=(make.move(None, 5),)))
    hole = make.batch(ids(1, 100, "hole", 900), moves=(make.move(5, 900),))
    await write(hole, make.batch(ids(1, 50, "backfill", 5)))
    assert await fetch(SHOW, make.chat_id) == [("{}", "{[1,101)}", "{}", "{}")]


async def test_hole_begins_at_the_anchor_and_ends_above_everything_stored(
    make: Any, write: Any, fetch: Any, ids: Any
) -> None:
    await write(make.batch(make.chat(), make.message(130), ids(40, 100, "owed", 0)))
    await write(make.batch(ids(1, 120, "hole")))
    assert await fetch(SHOW, make.chat_id) == [("{}", "{[40,131)}", "{}", "{}")]


async def test_what_is_owed_below_the_anchor_reaches_up_to_it(make: Any, write: Any, fetch: Any, ids: Any) -> None:
    await write(make.batch(ids(50, 60, "owed", 0), ids(50, 60, "backfill")))
    await write(make.batch(ids(10, 44, "owed", 0)))
    assert await fetch(SHOW, make.chat_id) == [("{[50,61)}", "{[10,50)}", "{}", "{}")]


async def test_hole_without_end_stays_so_until_it_is_cut_off(make: Any, write: Any, fetch: Any, ids: Any) -> None:
    await write(make.batch(ids(1, LAST_ID, "hole")))
    await write(make.batch(ids(101, LAST_ID, "outside")))
    assert await fetch(SHOW, make.chat_id) == [("{}", "{[1,101)}", "{}", "{}")]


async def test_empty_id_stays_owed_until_a_second_look(make: Any, write: Any, fetch: Any, ids: Any) -> None:
    await write(make.batch(ids(1, 10, "owed", 0)))
    await write(make.batch(ids(1, 6, "probe"), ids(7, 10, "suspect")))
    assert await fetch(SHOW, make.chat_id) == [("{[1,7)}", "{[7,11)}", "{[7,11)}", "{}")]
    await write(make.batch(ids(7, 10, "probe")))
    assert await fetch(SHOW, make.chat_id) == [("{[1,11)}", "{}", "{}", "{}")]


async def test_new_hole_asks_anew_for_what_was_suspected_or_out_of_reach(
    make: Any, write: Any, fetch: Any, ids: Any
) -> None:
    await write(make.batch(ids(1, 10, "owed", 0), ids(1, 3, "unreachable"), ids(4, 10, "suspect")))
    assert await fetch(SHOW, make.chat_id) == [("{}", "{[4,11)}", "{[4,11)}", "{[1,4)}")]
    await write(make.batch(ids(1, 10, "hole", 900)))
    assert await fetch(SHOW, make.chat_id) == [("{}", "{[1,11)}", "{}", "{}")]


async def test_second_look_at_what_is_not_on_the_ledger_leaves_it_off(
    make: Any, write: Any, fetch: Any, ids: Any
) -> None:
    await write(make.batch(ids(50, 60, "owed", 0), ids(50, 60, "backfill")))
    await write(make.batch(ids(10, 10, "suspect"), ids(90, 90, "suspect")))
    await write(make.batch(ids(10, 10, "probe"), ids(90, 90, "probe")))
    assert await fetch(SHOW, make.chat_id) == [("{[50,61)}", "{}", "{}", "{}")]


async def test_page_of_history_proves_a_mailbox_at_its_beginning_only(write: Any, fetch: Any, make: Any) -> None:
    def of(source: Any, as_of: int) -> records.Coverage:
        return records.Coverage(space_id=MAILBOX, chat_id=GROUP, first_id=1, last_id=9, as_of=as_of, source=source)

    await write(make.batch(of("owed", 0), of("backfill", 5)))
    assert await fetch(SHOW, GROUP) == [("{[1,10)}", "{}", "{}", "{}")]
    await write(make.batch(of("hole", 900), of("backfill", 901)))
    assert await fetch(SHOW, GROUP) == [("{}", "{[1,10)}", "{}", "{}")]
    await write(make.batch(of("probe", 901)))
    assert await fetch(SHOW, GROUP) == [("{[1,10)}", "{}", "{}", "{}")]


async def test_last_hole_closes_the_gaps_of_its_space(make: Any, write: Any, fetch: Any, ids: Any) -> None:
    state = "SELECT space_id, closed_by, closed_at >= noticed_at FROM gaps ORDER BY gap_id"
    elsewhere = gap(make, space_id=MAILBOX)
    await write(make.batch(ids(1, 20, "owed", 0), ids(1, 20, "owed", 0, mailbox=True), gaps=[gap(make), elsewhere]))
    await write(make.batch(ids(1, 19, "probe")))
    assert await fetch(state) == [(make.space, None, None), (MAILBOX, None, None)]
    await write(make.batch(ids(20, 20, "probe")))
    assert await fetch(state) == [(make.space, "probe", True), (MAILBOX, None, None)]


async def test_what_an_ignored_chat_owes_keeps_no_gap_open_and_nobody_asks_for_it(
    make: Any, write: Any, fetch: Any, ids: Any, database: store_database.Database
) -> None:
    """Regression: a loss in a mailbox with an ignored group left its gap open for ever."""
    await write(make.batch(make.chat(), ids(1, 100, "owed", 0), moves=(make.move(None, 5),)))
    await write(make.batch(progress=progress(make, next_id=100, is_complete=True), origin="backfill"))
    await write(make.batch(ids(1, 100, "hole", 900), moves=(make.move(5, 900),), gaps=[gap(make)]))
    assert list(await spaces(database)) == [make.space]
    async with database.connection() as conn:
        assert await coverage.settle(conn) == 0
        await conn.execute("UPDATE chats SET policy = 'ignore'")
        assert await coverage.settle(conn) == 1
    assert await spaces(database) == {}
    assert await fetch("SELECT holes::text FROM coverage WHERE chat_id = %s", make.chat_id) == [("{[1,101)}",)]


async def test_gap_of_a_mailbox_that_mirrors_nothing_is_settled(
    make: Any, write: Any, fetch: Any, ids: Any, database: store_database.Database
) -> None:
    await write(make.batch(ids(1, 20, "owed", 0), gaps=[gap(make), gap(make, space_id=MAILBOX)]))
    async with database.connection() as conn:
        assert await coverage.settle(conn) == 1
    assert await fetch("SELECT space_id FROM gaps WHERE closed_at IS NULL") == [(make.space,)]


# -- what is asked for ------------------------------------------------------------------------------------------


async def stretches(database: store_database.Database, space: int, **given: Any) -> list[tuple[int, int]]:
    options: dict[str, Any] = {"busy": [], "history": True, "limit": 10}
    async with database.connection() as conn:
        found = await owed.holes(conn, identity.SpaceId(space), **(options | given))
    return [(each.first_id, each.last_id) for each in found]


def progress(make: Any, **given: Any) -> records.BackfillProgress:
    base: dict[str, Any] = {"next_id": 0, "done": 1, "total": 1, "is_complete": False, "since": None}
    return records.BackfillProgress(chat_id=make.chat_id, space_id=make.space, **(base | given))


async def quiet(database: store_database.Database) -> None:
    """Let the ledger have been as it is for a while."""
    async with database.connection() as conn:
        await conn.execute("UPDATE coverage SET updated_at = now() - interval '1 minute'")


async def spaces(database: store_database.Database) -> dict[identity.SpaceId, bool]:
    async with database.connection() as conn:
        return await owed.spaces(conn, history=True, seconds=60)


async def test_what_history_leaves_out_is_gathered_until_it_is_worth_a_call(
    make: Any, write: Any, ids: Any, database: store_database.Database
) -> None:
    """One call asks for 200 ids, and each page leaves out a few; history that stands still is waited for no longer."""
    await write(make.batch(make.chat(), ids(1, 5_000, "owed", 0)))
    await write(make.batch(progress=progress(make, next_id=199), origin="backfill"))
    assert (await stretches(database, make.space), await spaces(database)) == ([], {})
    await quiet(database)
    assert (await stretches(database, make.space), await spaces(database)) == ([(1, 199)], {make.space: False})
    await write(make.batch(ids(300, 310, "backfill"), progress=progress(make, next_id=200), origin="backfill"))
    assert (await stretches(database, make.space), await spaces(database)) == ([(1, 200)], {make.space: False})


async def test_what_was_lost_is_asked_for_at_once_while_history_is_on_its_way(
    make: Any, write: Any, ids: Any, database: store_database.Database
) -> None:
    await write(make.batch(make.chat(), ids(1, 5_000, "owed", 0), moves=(make.move(None, 5),)))
    await write(make.batch(progress=progress(make, next_id=30), origin="backfill"))
    await write(make.batch(ids(10, 20, "hole", 5)))
    assert (await stretches(database, make.space), await spaces(database)) == ([(1, 30)], {make.space: True})


async def test_what_was_found_empty_is_asked_for_again_after_its_time(
    make: Any, write: Any, ids: Any, database: store_database.Database
) -> None:
    await write(make.batch(make.chat(), ids(1, 20, "owed", 0)))
    await write(make.batch(progress=progress(make, next_id=20, is_complete=True), origin="backfill"))
    await write(make.batch(ids(1, 20, "suspect")))
    assert await spaces(database) == {}
    async with database.connection() as conn:
        await conn.execute("UPDATE coverage SET suspected_at = now() - interval '61 seconds'")
    assert await spaces(database) == {make.space: False}


async def test_what_history_will_bring_is_left_to_it(
    make: Any, write: Any, ids: Any, database: store_database.Database
) -> None:
    await write(make.batch(make.chat(), ids(1, 100, "owed", 0)))
    assert await stretches(database, make.space) == []
    await write(make.batch(progress=progress(make, next_id=40), origin="backfill"))
    await quiet(database)
    assert await stretches(database, make.space) == [(1, 40)]
    await write(make.batch(progress=progress(make, next_id=100, is_complete=True), origin="backfill"))
    assert await stretches(database, make.space) == [(1, 100)]
    assert await stretches(database, make.space, busy=[make.chat_id]) == []


async def test_without_history_only_what_follows_the_first_stored_message_is_asked_for(
    make: Any, write: Any, ids: Any, database: store_database.Database
) -> None:
    await write(make.batch(make.chat(), ids(1, 100, "owed", 0)))
    assert await stretches(database, make.space, history=False) == []
    await write(make.batch(make.message(60), make.message(70)))
    assert await stretches(database, make.space, history=False) == [(60, 100)]


async def test_newcomers_among_the_suspects_do_not_put_off_the_second_look(
    make: Any, write: Any, fetch: Any, ids: Any, database: store_database.Database
) -> None:
    """Regression: each new suspect began the time of all of them anew, so that a busy chat confirmed none for ever."""

    async def second_look() -> list[tuple[int, int]]:
        async with database.connection() as conn:
            await coverage.ripen(conn, 60)
            found = await owed.suspects(conn, make.space, seconds=60, limit=10)
            is_wanted = make.space in await owed.spaces(conn, history=True, seconds=60)
        assert is_wanted == bool(found)
        return [(each.first_id, each.last_id) for each in found]

    async def pass_by(seconds: int) -> None:
        past = f"interval '{seconds} seconds'"
        await fetch(
            f"UPDATE coverage SET suspected_at = suspected_at - {past}, freshened_at = freshened_at - {past} "
            "RETURNING 1"
        )

    await write(make.batch(make.chat(), progress=progress(make, next_id=9, is_complete=True), origin="backfill"))
    await write(make.batch(ids(1, 9, "backfill")))
    looks = []
    for number in (1, 2, 3):
        await write(make.batch(ids(number, number, "suspect")))
        await pass_by(25)
        looks.append(await second_look())
    # The first one is 75 seconds old, the others 50 and 25: those were not found empty long enough ago.
    assert looks == [[], [], [(1, 1)]]
    await write(make.batch(ids(1, 1, "probe")))
    assert await second_look() == []
    await pass_by(25)
    assert await second_look() == []
    await pass_by(10)
    assert await second_look() == [(2, 3)]


async def test_suspect_without_an_answer_does_not_keep_the_newer_ones_waiting(
    make: Any, write: Any, fetch: Any, ids: Any, database: store_database.Database
) -> None:
    await write(make.batch(make.chat(), ids(1, 9, "backfill"), ids(1, 1, "suspect")))
    await write(make.batch(ids(2, 2, "suspect")))
    await fetch("UPDATE coverage SET freshened_at = now() - interval '61 seconds' RETURNING 1")
    async with database.connection() as conn:
        await coverage.ripen(conn, 60)
        found = await owed.suspects(conn, make.space, seconds=60, limit=10)
    assert [(each.first_id, each.last_id) for each in found] == [(1, 2)]


async def test_suspects_ripen(make: Any, write: Any, fetch: Any, ids: Any, database: store_database.Database) -> None:
    await write(make.batch(make.chat(), ids(1, 10, "owed", 0), ids(3, 5, "suspect")))
    async with database.connection() as conn:
        assert await owed.suspects(conn, make.space, seconds=3600, limit=10) == []
        found = await owed.suspects(conn, make.space, seconds=0, limit=10)
        assert [(each.first_id, each.last_id) for each in found] == [(3, 5)]
    await write(make.batch(progress=progress(make, next_id=10, is_complete=True), origin="backfill"))
    assert await stretches(database, make.space) == [(1, 2), (6, 10)]
