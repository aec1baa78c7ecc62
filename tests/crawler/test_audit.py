"""The audit looks again at what is stored: what it asks for, what it keeps, and what it says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from tests.crawler.reconcile_run import (
    CHANNEL,
    CHAT,
    NOW,
    OTHER,
    SECOND,
    Run,
    Telegram,
    complete,
    coverage,
    message,
    query,
    refused,
    remember,
    store,
)

from heliograph import errors
from heliograph.crawler import writer
from heliograph.crawler.reconcile import audit, lookup
from heliograph.domain import identity, records
from heliograph.store import database as store_database

AUDITS = "SELECT tier, next_id, checked, edits_found, completed_at IS NOT NULL FROM audits ORDER BY tier"


def made(run: Run, number: int = 0) -> audit.Audit:
    return audit.Audit(run.links[number], run.engine, run.commits, run.opened, run.known, run.readers, time=run.time)


async def steps(run: Run, count: int, number: int = 0) -> list[float]:
    run.commits = writer.Writer(run.opened)
    rounds = made(run, number)
    await remember(run.opened, run.known)
    async with run.writing():
        return [await rounds.step() for _ in range(count)]


async def stored(database: store_database.Database, *rows: records.Message) -> None:
    known = [coverage(CHANNEL, CHAT, 1, max(row.message_id for row in rows), "backfill")]
    await store(database, complete(), records.Batch(origin="backfill", messages=list(rows), coverage=known))


async def test_edit_that_nobody_told_is_kept_with_the_text_before_it(database: store_database.Database) -> None:
    await stored(database, message(1), message(2))
    telegram = Telegram()
    telegram.there = {1: "text 1", 2: "edited in silence"}
    await steps(Run(database, telegram), 1)
    assert await query(database, "SELECT text, as_of FROM messages WHERE message_id = 2") == [("edited in silence", 50)]
    assert await query(database, "SELECT message_id, text FROM revisions") == [(2, "text 2")]
    assert await query(database, AUDITS) == [(0, 0, 2, 1, True)]


async def test_message_that_is_gone_is_a_suspect_and_no_tombstone_yet(database: store_database.Database) -> None:
    await stored(database, message(1), message(2))
    telegram = Telegram()
    telegram.there = {1: "text 1"}
    run = Run(database, telegram)
    await steps(run, 1)
    assert await query(database, "SELECT suspects::text FROM coverage") == [("{[2,3)}",)]
    assert await query(database, "SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL") == [(0,)]
    # The second look is the prober's; what else there is has its rounds meanwhile.
    await query(database, "UPDATE audits SET completed_at = now() - interval '2 years' RETURNING 1")
    telegram.asked.clear()
    await steps(run, 1)
    assert telegram.ids_asked() == [[1]]


async def test_counters_are_sampled_in_the_same_call(database: store_database.Database) -> None:
    await stored(database, message(1))
    telegram = Telegram()
    telegram.there, telegram.views = {1: "text 1"}, 321
    await steps(Run(database, telegram), 1)
    assert await query(database, "SELECT message_id, views FROM observations") == [(1, 321)]
    assert len(telegram.asked) == 1


async def test_younger_messages_come_first_and_each_age_has_its_round(database: store_database.Database) -> None:
    dates = {number: NOW - timedelta(days=days, hours=1) for number, days in ((1, 90), (2, 20), (3, 3), (4, 0))}
    await stored(database, *(message(number, date=date) for number, date in dates.items()))
    telegram = Telegram()
    telegram.there, telegram.dates = {number: f"text {number}" for number in dates}, dates
    pauses = await steps(Run(database, telegram), 5)
    assert telegram.ids_asked() == [[4], [3], [2], [1]]
    assert pauses == [0, 0, 0, 0, audit.IDLE_SECONDS]
    assert [row[0] for row in await query(database, AUDITS)] == [0, 1, 2, 3]


async def test_round_goes_on_after_a_restart_where_it_was(database: store_database.Database) -> None:
    await stored(database, *(message(number) for number in range(1, 251)))
    telegram = Telegram()
    telegram.there = {number: f"text {number}" for number in range(1, 251)}
    await steps(Run(database, telegram), 1)
    assert await query(database, AUDITS) == [(0, 200, 200, 0, False)]
    await steps(Run(database, telegram), 1)
    assert [(ids[0], ids[-1]) for ids in telegram.ids_asked()] == [(1, 200), (201, 250)]
    assert await query(database, AUDITS) == [(0, 0, 250, 0, True)]


async def test_live_edit_that_came_meanwhile_is_neither_overwritten_nor_counted(
    database: store_database.Database,
) -> None:
    await stored(database, message(1, "live edit", as_of=51))
    telegram = Telegram()
    telegram.there = {1: "older"}
    await steps(Run(database, telegram), 1)
    assert await query(database, "SELECT text FROM messages") == [("live edit",)]
    assert await query(database, AUDITS) == [(0, 0, 1, 0, True)]


async def test_audit_is_true_for_the_cursor_from_before_the_question(database: store_database.Database) -> None:
    await stored(database, message(1))
    telegram = Telegram()
    telegram.there = {1: "edited in silence"}
    run = Run(database, telegram)
    telegram.on_request = lambda request: run.commit_at(CHANNEL, 57)
    await steps(run, 1)
    assert await query(database, "SELECT text, as_of FROM messages") == [("edited in silence", 50)]


async def test_channel_of_two_accounts_is_audited_by_one(database: store_database.Database) -> None:
    await stored(database, message(1))
    first, second = Telegram(), Telegram(account_id=2, user_id=SECOND)
    run = Run(database, first, second)
    assert await steps(run, 1, number=1) == [audit.IDLE_SECONDS]
    assert second.asked == []


async def test_answer_about_ids_names_the_account_that_asked(database: store_database.Database) -> None:
    """Regression: dead letters of what was looked at again named nobody, and a replay had no view to read them in."""
    run = Run(database, Telegram(), Telegram(account_id=2, user_id=SECOND))
    question = lookup.Question(space_id=CHANNEL, ids=[1, 2], as_of=50, purpose="audit")
    for each in run.links:
        answer = await lookup.ask(each, question, run.readers.memory(each), NOW)
        assert answer.batch.account_id == each.account_id


async def test_round_that_misses_its_target_is_a_warning_once(database: store_database.Database) -> None:
    await stored(database, *(message(number, date=NOW - timedelta(hours=4)) for number in range(1, 401)))
    telegram = Telegram()
    telegram.there = {number: f"text {number}" for number in range(1, 401)}
    run = Run(database, telegram)
    await steps(run, 1)
    await query(database, "UPDATE audits SET started_at = now() - interval '3 hours' RETURNING 1")
    with structlog.testing.capture_logs() as logged:
        await steps(run, 2)
    late = [each for each in logged if each["event"] == "audit_late"]
    assert [(each["log_level"], each["chat_id"], each["tier"], each["target_seconds"]) for each in late] == [
        ("warning", CHAT, "day", 3600)
    ]
    assert await query(database, "SELECT period_seconds > target_seconds FROM audits") == [(True,)]


async def test_refused_chat_keeps_its_place_and_is_tried_again(database: store_database.Database) -> None:
    await stored(database, message(1))
    telegram = Telegram()
    telegram.refused[CHANNEL] = refused()
    run = Run(database, telegram)
    assert await steps(run, 1) == [audit.RETRY_SECONDS]
    assert await query(database, "SELECT count(*) FROM audits") == [(0,)]


async def test_flood_wait_ends_only_the_step(database: store_database.Database) -> None:
    await stored(database, message(1))
    telegram = Telegram()

    def refuse(request: Any) -> None:
        raise errors.FloodWait(40)

    telegram.on_request = refuse
    run = Run(database, telegram)
    rounds = made(run)
    await remember(database, run.known)
    assert await rounds._try() == 40


async def test_ended_session_ends_the_rounds(database: store_database.Database) -> None:
    await stored(database, message(1))
    telegram = Telegram()

    def end(request: Any) -> None:
        raise errors.SessionEnded

    telegram.on_request = end
    run = Run(database, telegram)
    await remember(database, run.known)
    with pytest.raises(errors.SessionEnded):
        await made(run).run()


async def test_message_whose_time_is_over_is_looked_at_before_its_round(database: store_database.Database) -> None:
    await stored(database, message(1), message(2, ttl_seconds=60), message(3, ttl_seconds=86_400))
    telegram = Telegram()
    telegram.there = {1: "text 1", 3: "text 3"}
    await steps(Run(database, telegram), 1)
    assert telegram.ids_asked()[0] == [2]
    assert await query(database, "SELECT suspects::text FROM coverage") == [("{[2,3)}",)]


@pytest.mark.parametrize("error", [refused(), errors.RpcTimeout(), errors.RpcFailed("INTERNAL", 500)])
async def test_chat_that_fails_waits_and_the_other_chats_have_their_turn(
    database: store_database.Database, error: Exception
) -> None:
    """Regression: the most overdue round was chosen again and again, and no other chat of the account was audited."""
    await stored(database, message(1))
    other = identity.channel_peer(OTHER)
    row = message(1, space=OTHER, chat_id=other)
    known = [coverage(OTHER, other, 1, 1, "backfill")]
    await store(database, complete(other, OTHER), records.Batch(origin="backfill", messages=[row], coverage=known))
    telegram = Telegram()
    telegram.there = {1: "text 1"}
    telegram.refused = {CHANNEL: error, OTHER: error}
    run = Run(database, telegram)
    await steps(run, 2)
    asked = [request.channel.channel_id for request in telegram.asked if hasattr(request, "channel")]
    assert sorted(set(asked)) == [CHANNEL, OTHER]


async def test_what_is_still_there_though_its_time_is_over_is_asked_for_ever_less_often(
    database: store_database.Database,
) -> None:
    """Regression: the same 200 messages were asked for every minute, and no other one."""
    await stored(database, *(message(number, ttl_seconds=60) for number in range(1, 252)))
    telegram = Telegram()
    telegram.there, telegram.ttl = {number: f"text {number}" for number in range(1, 252)}, 60
    run = Run(database, telegram)
    rounds = made(run)
    await remember(database, run.known)
    asked = []
    async with run.writing():
        for _ in range(6):
            telegram.asked.clear()
            await rounds._expire()
            asked.append([len(ids) for ids in telegram.ids_asked()])
            run.time.advance(audit.EXPIRED_SECONDS)
    assert asked == [[200], [51], [200], [51], [], []]


async def test_what_other_accounts_look_at_starves_nothing_whose_time_is_over(
    database: store_database.Database,
) -> None:
    """Regression: messages of foreign and ignored chats filled the call that was to look at ours."""
    foreign = identity.channel_space(77)
    rows = [
        message(number, space=foreign, chat_id=identity.channel_peer(foreign), ttl_seconds=60)
        for number in range(1, 202)
    ]
    rows = [replace(row, date=NOW - timedelta(hours=2)) for row in rows]
    peer = identity.channel_peer(foreign)
    await store(database, complete(peer, foreign), records.Batch(origin="backfill", messages=rows))
    await stored(database, message(1, ttl_seconds=60))
    telegram = Telegram()
    run = Run(database, telegram)
    rounds = made(run)
    await remember(database, run.known)
    async with run.writing():
        await rounds._expire()
    assert telegram.ids_asked() == [[1]]


async def test_defect_ends_neither_the_rounds_nor_the_other_chats_turn(database: store_database.Database) -> None:
    """Regression: it ended the crawler, which began anew with the same round, for ever."""
    await stored(database, message(1))
    other = identity.channel_peer(OTHER)
    row = message(1, space=OTHER, chat_id=other)
    known = [coverage(OTHER, other, 1, 1, "backfill")]
    await store(database, complete(other, OTHER), records.Batch(origin="backfill", messages=[row], coverage=known))
    telegram = Telegram()
    telegram.refused = {CHANNEL: KeyError("defect"), OTHER: KeyError("defect")}
    run = Run(database, telegram)
    rounds = made(run)
    await remember(database, run.known)
    with structlog.testing.capture_logs() as logged:
        assert [await rounds._try() for _ in range(2)] == [audit.DEFECT_SECONDS] * 2
    assert [each["error"] for each in logged if each["event"] == "audit_failed"] == ["KeyError"] * 2
    asked = [request.channel.channel_id for request in telegram.asked if hasattr(request, "channel")]
    assert sorted(asked) == [CHANNEL, OTHER]


async def test_chat_whose_commit_is_given_up_is_put_off(database: store_database.Database) -> None:
    """Regression: the same round was chosen and given up for ever."""
    await stored(database, message(1))
    telegram = Telegram()
    telegram.there = {1: "text 1"}
    run = Run(database, telegram)
    rounds = made(run)
    await remember(database, run.known)

    async def give_up(batch: records.Batch) -> Any:
        raise errors.DatabaseUnreachable("The commit was given up.")

    run.commits.submit = give_up  # type: ignore[method-assign]
    assert await rounds._try() == audit.RETRY_SECONDS
    assert await rounds._try() == audit.IDLE_SECONDS
    assert len(telegram.ids_asked()) == 1


async def test_message_that_cannot_be_read_is_left_out_of_its_round(database: store_database.Database) -> None:
    await stored(database, message(1), message(2), message(3))
    telegram = Telegram()
    telegram.there = {1: "text 1", 2: "text 2", 3: "edited in silence"}
    telegram.unreadable = {2: errors.Undecodable()}
    await steps(Run(database, telegram), 1)
    assert await query(database, AUDITS) == [(0, 0, 3, 1, True)]
    assert await query(database, "SELECT message_id FROM crawl_errors") == [(2,)]
