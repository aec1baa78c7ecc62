"""The rolling audit's own table: which round is next, what it holds, and how long it took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from heliograph.domain import audits as rules
from heliograph.domain import records
from heliograph.store import audits
from heliograph.store import database as store_database

NOW = datetime.now(UTC)


def step(make: Any, tier: int = 0, **given: Any) -> records.AuditStep:
    return records.AuditStep(space_id=make.space, chat_id=make.chat_id, tier=tier, **given)


async def due(database: store_database.Database, make: Any) -> tuple[int, int] | None:
    async with database.connection() as conn:
        found = await audits.next_round(conn, [make.chat_id])
    return None if found is None else (found.tier, found.after_id)


async def stored(database: store_database.Database, make: Any, tier: int, after_id: int = 0) -> list[int]:
    asked = audits.Round(space_id=make.space, chat_id=make.chat_id, tier=tier, after_id=after_id, seconds=0)
    async with database.connection() as conn:
        return [each.message_id for each in await audits.stored(conn, asked, NOW, 200)]


async def aged(make: Any, write: Any, fetch: Any) -> None:
    """Store a message of each age, in the order of the ids, and one that is deleted, in a chat mirrored for a year."""
    ages = enumerate((90, 40, 20, 8, 5, 2), start=1)
    rows = [make.message(number, date=NOW - timedelta(days=days)) for number, days in ages]
    rows += [make.message(7, date=NOW - timedelta(hours=2)), make.message(8, date=NOW - timedelta(hours=1))]
    await write(make.batch(make.chat(), *rows), make.batch(make.tombstone(7)))
    await fetch("UPDATE chats SET created_at = now() - interval '1 year' RETURNING 1")


async def test_each_age_has_its_messages_and_no_deleted_one(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    await aged(make, write, fetch)
    assert [await stored(database, make, tier) for tier in range(4)] == [[8], [5, 6], [3, 4], [1, 2]]
    assert await stored(database, make, 1, after_id=5) == [6]


async def test_rounds_that_never_were_come_first_and_the_youngest_of_them(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    await aged(make, write, fetch)
    for tier in range(4):
        assert await due(database, make) == (tier, 0)
        await write(make.batch(audits=[step(make, tier, is_complete=True)]))
    assert await due(database, make) is None


async def test_round_goes_on_where_it_was_and_its_period_is_measured(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    await aged(make, write, fetch)
    await write(make.batch(audits=[step(make, next_id=5, checked=3, edits_found=1)]))
    assert await due(database, make) == (0, 5)
    await fetch("UPDATE audits SET started_at = now() - interval '2 hours' RETURNING 1")
    await write(make.batch(audits=[step(make, is_complete=True, checked=2), step(make, deletions_found=1)]))
    counts = "checked, edits_found, deletions_found"
    show = f"SELECT next_id, round(period_seconds)::int, target_seconds::int, {counts} FROM audits"
    assert await fetch(show) == [(0, 7200, 3600, 5, 1, 1)]
    await fetch("UPDATE audits SET completed_at = now() - interval '61 minutes' RETURNING 1")
    await write(make.batch(audits=[step(make, next_id=9), step(make, 1), step(make, 2), step(make, 3)]))
    await write(make.batch(audits=[step(make, is_complete=True)]))
    assert await fetch(f"{show} WHERE tier = 0") == [(0, 3660, 3600, 5, 1, 1)]


async def test_time_in_which_a_chat_had_nothing_to_look_at_is_no_delay(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    """Regression: the first round after months of silence looked months late."""
    await write(make.batch(make.chat(), make.message(1, date=NOW - timedelta(days=100))))
    await write(make.batch(audits=[step(make, tier, is_complete=True) for tier in range(4)]))
    ago = "now() - interval '90 days'"
    await fetch(f"UPDATE audits SET completed_at = {ago}, started_at = {ago} WHERE tier = 0 RETURNING 1")
    # NOW is when the file was read, which a whole run is far behind.
    await write(make.batch(make.message(2, date=datetime.now(UTC) - timedelta(hours=2))))
    async with database.connection() as conn:
        found = await audits.next_round(conn, [make.chat_id])
    assert found is not None and (found.tier, round(found.seconds / 3600)) == (0, 2)
    await write(make.batch(audits=[step(make, is_complete=True)]))
    assert await fetch("SELECT round(period_seconds / 3600)::int FROM audits WHERE tier = 0") == [(2,)]


async def test_time_in_which_a_message_waited_for_its_round_counts(make: Any, write: Any, fetch: Any) -> None:
    """The message from before the last round was young enough all the time."""
    await write(make.batch(make.chat(), make.message(1, date=NOW - timedelta(hours=20))))
    await write(make.batch(audits=[step(make, is_complete=True)]))
    ago = "now() - interval '10 hours'"
    await fetch(f"UPDATE audits SET completed_at = {ago}, started_at = {ago} RETURNING 1")
    await write(make.batch(make.message(2, date=NOW - timedelta(hours=1))))
    await write(make.batch(audits=[step(make, is_complete=True)]))
    assert await fetch("SELECT round(period_seconds / 3600)::int FROM audits WHERE tier = 0") == [(10,)]


async def test_ids_that_are_owed_or_wait_for_their_second_look_are_left_out_and_the_chat_is_audited(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    """Regression: a single id that stayed owed kept its whole chat from every round, and nobody was warned."""
    await aged(make, write, fetch)

    def of(first: int, last: int, source: Any) -> records.Coverage:
        return records.Coverage(
            space_id=make.space, chat_id=make.chat_id, first_id=first, last_id=last, as_of=0, source=source
        )

    await write(make.batch(of(1, 8, "backfill"), of(1, 1, "owed"), of(5, 5, "suspect")))
    assert await due(database, make) == (0, 0)
    assert [await stored(database, make, tier) for tier in range(4)] == [[8], [6], [3, 4], [2]]


async def test_first_round_that_did_not_begin_is_waited_for_since_the_chat_was_mirrored(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    """Regression: it counted as due for no time at all, so that nobody was warned however late it was."""
    await aged(make, write, fetch)
    await fetch("UPDATE chats SET created_at = now() - interval '100 minutes' RETURNING 1")
    async with database.connection() as conn:
        found = await audits.next_round(conn, [make.chat_id])
    assert found is not None and (found.tier, round(found.seconds / 60)) == (0, 100)


async def test_message_that_deletes_itself_is_looked_for_once_its_time_is_over(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    old = NOW - timedelta(hours=1)
    rows = [make.message(1, date=old, ttl_seconds=60), make.message(2, date=old, ttl_seconds=86_400)]
    await write(make.batch(make.chat(), *rows, make.message(3, date=old)))

    async def found(within: timedelta = timedelta(days=1), spaces: Any = (make.space,), **but: Any) -> list[int]:
        async with database.connection() as conn:
            return [number for _, _, number in await audits.expired(conn, spaces, within, 10, **but)]

    assert await found() == [1]
    assert await found(timedelta(minutes=1)) == []
    assert await found(spaces=()) == []
    assert await found(but=[(make.space, 1)]) == []
    assert await found(but=[(make.space, 2)]) == [1]
    for change in ("policy = 'ignore'", "policy = 'mirror', is_left = true"):
        await fetch(f"UPDATE chats SET {change} RETURNING 1")
        assert await found() == []


def test_younger_messages_are_looked_at_more_often() -> None:
    periods = [tier.period for tier in rules.TIERS]
    assert periods == sorted(periods)
    assert [rules.tier_of(timedelta(days=days)) for days in (0, 1, 7, 30)] == [0, 1, 2, 3]
    assert (rules.TIERS[0].is_late(3700), rules.TIERS[0].is_late(7200)) == (False, True)


async def test_what_has_just_been_fetched_is_not_looked_at_again_before_its_period_is_over(
    make: Any, write: Any, fetch: Any, database: store_database.Database
) -> None:
    await aged(make, write, fetch)
    await fetch("UPDATE chats SET created_at = now() - interval '59 minutes' RETURNING 1")
    assert await due(database, make) is None
    await fetch("UPDATE chats SET created_at = now() - interval '61 minutes' RETURNING 1")
    assert await due(database, make) == (0, 0)
