"""The prober asks for what the ledger owes: what it asks, what it believes, and what it leaves open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.crawler.reconcile_run import (
    CHANNEL,
    CHAT,
    GROUP,
    MAILBOX,
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
from heliograph.crawler.reconcile import lookup, prober
from heliograph.domain import identity, records
from heliograph.store import coverage as ledger
from heliograph.store import database as store_database
from heliograph.store import owed

LAST_ID = owed.END - 1
LEDGER = "SELECT covered::text, holes::text, suspects::text, unreachable::text FROM coverage WHERE chat_id = %s"
MESSAGES = "SELECT message_id, text, deleted_at IS NOT NULL FROM messages WHERE space_id = %s ORDER BY 1"
EMPTY = ("{}", "{}", "{}")


def made(run: Run, *, busy: Any = list, history: bool = True) -> prober.Prober:
    return prober.Prober(
        run.settings,
        run.engine,
        run.commits,
        run.opened,
        run.readers,
        history=history,
        busy=busy,
        time=run.time,
    )


async def steps(run: Run, count: int, space: int = CHANNEL, **options: Any) -> list[float]:
    """Ask so many questions about a space, and return the pauses after them."""
    run.commits = writer.Writer(run.opened)
    probe = made(run, **options)
    await remember(run.opened, run.known)
    async with run.writing():
        return [await probe._step(identity.SpaceId(space), is_repair=True) for _ in range(count)]


@pytest.fixture
async def lost(database: store_database.Database) -> AsyncIterator[store_database.Database]:
    """A channel of which 1 to 5 are stored and whose log was lost: anything may have happened up to id 8."""
    rows = [message(number) for number in (1, 2, 3, 4, 5)]
    await store(database, complete(), records.Batch(origin="backfill", messages=rows))
    await store(database, records.Batch(origin="backfill", coverage=[coverage(CHANNEL, CHAT, 1, 5, "backfill")]))
    await store(database, records.Batch(origin="difference", coverage=[coverage(CHANNEL, CHAT, 1, 8, "hole", 45)]))
    yield database


async def test_edits_deletions_and_new_messages_of_a_lost_stretch_are_found(lost: store_database.Database) -> None:
    telegram = Telegram()
    telegram.there = {1: "text 1", 2: "edited", 3: "text 3", 5: "text 5", 7: "new"}
    run = Run(lost, telegram)
    await steps(run, 1)
    assert await query(lost, LEDGER, CHAT) == [
        ("{[1,4),[5,6),[7,8)}", "{[4,5),[6,7),[8,9)}", "{[4,5),[6,7),[8,9)}", "{}")
    ]
    assert [row for row in await query(lost, MESSAGES, CHANNEL) if row[2]] == []
    await steps(run, 1)
    assert await query(lost, LEDGER, CHAT) == [("{[1,9)}", *EMPTY)]
    assert await query(lost, MESSAGES, CHANNEL) == [
        (1, "text 1", False),
        (2, "edited", False),
        (3, "text 3", False),
        (4, "text 4", True),
        (5, "text 5", False),
        (7, "new", False),
    ]
    assert await query(lost, "SELECT message_id, text FROM revisions") == [(2, "text 2")]
    assert await query(lost, "SELECT count(*) FROM orphan_tombstones") == [(0,)]


async def test_empty_answer_that_the_second_look_contradicts_deletes_nothing(lost: store_database.Database) -> None:
    telegram = Telegram()
    telegram.there = dict.fromkeys((1, 2, 3, 5), "text")
    run = Run(lost, telegram)
    await steps(run, 1)
    telegram.there[4] = "text 4"
    await steps(run, 1)
    assert [row[0] for row in await query(lost, MESSAGES, CHANNEL) if row[2]] == []
    assert await query(lost, LEDGER, CHAT) == [("{[1,9)}", *EMPTY)]


async def test_second_look_waits_for_its_time(lost: store_database.Database) -> None:
    run = Run(lost, Telegram(), confirm_seconds=3600)
    await steps(run, 3)
    assert len(run.telegrams[0].ids_asked()) == 1
    assert [row[2] for row in await query(lost, MESSAGES, CHANNEL)] == [False] * 5


async def test_second_look_goes_through_another_account_when_one_can(lost: store_database.Database) -> None:
    first, second = Telegram(), Telegram(account_id=2, user_id=SECOND)
    run = Run(lost, first, second)
    probe = made(run)
    await remember(lost, run.known)
    async with run.writing():
        for _ in range(2):
            await probe._step(CHANNEL, is_repair=True)
    assert [len(each.ids_asked()) for each in (first, second)] == [1, 1]


async def test_answer_is_true_for_the_cursor_from_before_the_question(lost: store_database.Database) -> None:
    telegram = Telegram()
    telegram.there = {1: "edited"}
    run = Run(lost, telegram)
    telegram.on_request = lambda request: run.commit_at(CHANNEL, 57)
    await steps(run, 1)
    assert await query(lost, "SELECT as_of FROM messages WHERE message_id = 1") == [(50,)]


async def test_hole_that_opens_while_it_is_asked_stays_open(lost: store_database.Database) -> None:
    telegram = Telegram()
    telegram.there = dict.fromkeys(range(1, 9), "text")
    run = Run(lost, telegram)
    probe = made(run)
    await remember(lost, run.known)
    hole = records.Batch(origin="difference", coverage=[coverage(CHANNEL, CHAT, 1, 8, "hole", 900)])
    original = probe._writer.submit

    async def submit(batch: records.Batch) -> Any:
        await store(lost, hole)
        return await original(batch)

    probe._writer.submit = submit  # type: ignore[method-assign]
    async with run.writing():
        await probe._step(CHANNEL, is_repair=True)
    assert await query(lost, LEDGER, CHAT) == [("{}", "{[1,9)}", "{}", "{}")]


async def test_edit_that_came_live_meanwhile_is_not_overwritten(lost: store_database.Database) -> None:
    newer = message(2, "live edit", as_of=51, edit_date=message(2).date)
    await store(lost, records.Batch(origin="live", messages=[newer]))
    telegram = Telegram()
    telegram.there = {2: "older"}
    await steps(Run(lost, telegram), 2)
    assert (2, "live edit", False) in await query(lost, MESSAGES, CHANNEL)


async def test_two_hundred_ids_go_into_one_call(database: store_database.Database) -> None:
    await store(database, complete(), records.Batch(origin="peers", coverage=[coverage(CHANNEL, CHAT, 1, 450, "owed")]))
    telegram = Telegram()
    telegram.there = dict.fromkeys(range(1, 451), "text")
    await steps(Run(database, telegram), 3)
    assert [(ids[0], ids[-1], len(ids)) for ids in telegram.ids_asked()] == [
        (1, 200, 200),
        (201, 400, 200),
        (401, 450, 50),
    ]
    assert lookup.LIMIT == 200
    assert await query(database, LEDGER, CHAT) == [("{[1,451)}", *EMPTY)]


async def test_id_that_the_answer_is_silent_about_stays_owed(lost: store_database.Database) -> None:
    telegram = Telegram()
    telegram.there = dict.fromkeys(range(1, 9), "text")
    run = Run(lost, telegram)
    call = telegram.call

    async def brief(request: Any, **options: Any) -> Any:
        answer = await call(request, **options)
        answer.messages = answer.messages[:3]
        return answer

    telegram.call = brief  # type: ignore[method-assign]
    await steps(run, 1)
    assert await query(lost, LEDGER, CHAT) == [("{[1,4)}", "{[4,9)}", "{}", "{}")]


async def test_hole_without_end_is_cut_off_above_everything_that_was_ever_seen(lost: store_database.Database) -> None:
    await store(lost, records.Batch(origin="difference", coverage=[coverage(CHANNEL, CHAT, 1, LAST_ID, "hole", 45)]))
    telegram = Telegram()
    telegram.there = {1: "text 1", 3: "text 3"}
    await steps(Run(lost, telegram), 1)
    assert await query(lost, LEDGER, CHAT) == [("{}", "{[1,6)}", "{}", "{}")]


async def test_mailbox_is_asked_once_for_all_its_groups(database: store_database.Database) -> None:
    other = identity.chat_peer(7)
    await store(database, complete(GROUP, MAILBOX), complete(other, MAILBOX))
    rows = [message(3, space=MAILBOX, chat_id=GROUP), message(4, space=MAILBOX, chat_id=other)]
    holes = [coverage(MAILBOX, chat, 1, LAST_ID, "hole", 45) for chat in (GROUP, other)]
    await store(
        database, records.Batch(origin="backfill", messages=rows), records.Batch(origin="difference", coverage=holes)
    )
    telegram = Telegram()
    telegram.mailbox = {1: (99, "of a group that is not mirrored"), 2: (6, "new"), 4: (7, "edited"), 5: (7, "newest")}
    run = Run(database, telegram)
    for each in (99, 6, 7):
        space = identity.mailbox_space(77) if each == 99 else MAILBOX
        run.known.load_chat(identity.chat_peer(each), space_id=space, kind="group", policy="mirror")
    await steps(run, 3, MAILBOX)
    assert telegram.ids_asked() == [[1, 2, 3, 4, 5], [3]]
    assert await query(database, MESSAGES, MAILBOX) == [
        (2, "new", False),
        (3, "text 3", True),
        (4, "edited", False),
        (5, "newest", False),
    ]
    # Each group ends at its own newest message, and whatever was another chat's is known of both.
    assert await query(database, LEDGER, GROUP) == [("{[1,4)}", *EMPTY)]
    assert await query(database, LEDGER, other) == [("{[1,6)}", *EMPTY)]


async def test_lost_access_leaves_the_hole_open_and_another_account_is_asked(lost: store_database.Database) -> None:
    first, second = Telegram(), Telegram(account_id=2, user_id=SECOND)
    first.refused[CHANNEL] = refused()
    run = Run(lost, first, second)
    probe = made(run)
    await remember(lost, run.known)
    async with run.writing():
        await probe._step(CHANNEL, is_repair=True)
        assert await query(lost, LEDGER, CHAT) == [("{}", "{[1,9)}", "{}", "{}")]
        await probe._step(CHANNEL, is_repair=True)
        assert second.ids_asked() == [list(range(1, 9))]
        second.refused[CHANNEL] = refused()
        await probe._step(CHANNEL, is_repair=True)
        assert await probe._step(CHANNEL, is_repair=True) == prober.LATER_SECONDS
    assert (await query(lost, LEDGER, CHAT))[0][1] == "{[1,9)}"


async def test_what_a_group_hides_is_unreachable_and_not_deleted(database: store_database.Database) -> None:
    await store(database, complete(), records.Batch(origin="backfill", messages=[message(21)]))
    await store(database, records.Batch(origin="peers", coverage=[coverage(CHANNEL, CHAT, 1, 30, "owed")]))
    telegram = Telegram()
    telegram.there, telegram.hidden_until = {21: "text 21"}, 20
    await steps(Run(database, telegram), 2)
    assert await query(database, LEDGER, CHAT) == [("{[21,31)}", "{}", "{}", "{[1,21)}")]


async def test_newcomer_whom_a_group_hides_its_past_from_deletes_nothing(database: store_database.Database) -> None:
    await store(database, complete(), records.Batch(origin="backfill", messages=[message(1), message(21)]))
    known = [coverage(CHANNEL, CHAT, 1, 21, "backfill"), coverage(CHANNEL, CHAT, 1, 21, "hole", 45)]
    await store(database, records.Batch(origin="backfill", coverage=known))
    telegram = Telegram()
    telegram.there, telegram.hidden_until = {21: "text 21"}, 20
    await steps(Run(database, telegram), 2)
    assert [row[2] for row in await query(database, MESSAGES, CHANNEL)] == [False, False]
    assert await query(database, LEDGER, CHAT) == [("{[21,22)}", "{}", "{}", "{[1,21)}")]


async def test_flood_wait_of_one_account_leaves_the_space_to_another(lost: store_database.Database) -> None:
    first, second = Telegram(), Telegram(account_id=2, user_id=SECOND)
    run = Run(lost, first, second)
    probe = made(run)
    await remember(lost, run.known)

    async def refuse(request: Any, **_: Any) -> Any:
        await first.governor.freeze("messages", 86_400)
        raise errors.FloodWait(86_400)

    first.call = refuse  # type: ignore[method-assign]
    async with run.writing():
        await probe._serve(CHANNEL, is_repair=True)
        run.time.advance(prober.LATER_SECONDS)
        assert [space for space, _ in await probe._startable()] == [CHANNEL]
        await probe._serve(CHANNEL, is_repair=True)
    assert second.ids_asked() == [list(range(1, 9))]


async def test_message_that_the_audit_suspects_is_looked_at_a_second_time(database: store_database.Database) -> None:
    rows = [message(number) for number in (1, 2)]
    await store(database, complete(), records.Batch(origin="backfill", messages=rows))
    known = [coverage(CHANNEL, CHAT, 1, 2, "backfill"), coverage(CHANNEL, CHAT, 2, 2, "suspect", 50)]
    await store(database, records.Batch(origin="backfill", coverage=known))
    telegram = Telegram()
    telegram.there = {1: "text 1"}
    await steps(Run(database, telegram), 1)
    assert telegram.ids_asked() == [[2]]
    assert await query(database, MESSAGES, CHANNEL) == [(1, "text 1", False), (2, "text 2", True)]
    assert await query(database, LEDGER, CHAT) == [("{[1,3)}", *EMPTY)]
    assert await query(database, "SELECT tier, deletions_found FROM audits") == [(0, 1)]


async def test_second_look_without_an_answer_does_not_hold_up_the_suspects_after_it(
    database: store_database.Database,
) -> None:
    rows = [message(number) for number in (1, 2)]
    known = [coverage(CHANNEL, CHAT, 1, 2, "backfill"), coverage(CHANNEL, CHAT, 1, 1, "suspect")]
    await store(database, complete(), records.Batch(origin="backfill", messages=rows, coverage=known))
    telegram = Telegram()
    telegram.unreadable = {1: errors.Undecodable()}
    run = Run(database, telegram)
    probe = made(run)
    await remember(database, run.known)
    async with run.writing():
        with pytest.raises(errors.Undecodable):
            await probe._step(CHANNEL, is_repair=False)
        newer = [coverage(CHANNEL, CHAT, 2, 2, "suspect")]
        await store(database, records.Batch(origin="probe", coverage=newer))
        async with database.connection() as conn:
            await ledger.ripen(conn, 3600)
        await probe._step(CHANNEL, is_repair=False)
    assert telegram.ids_asked() == [[1], [2]]
    assert await query(database, "SELECT message_id FROM messages WHERE deleted_at IS NOT NULL") == [(2,)]


async def test_history_on_its_way_is_left_to_bring_its_part(database: store_database.Database) -> None:
    await store(database, complete(), records.Batch(origin="peers", coverage=[coverage(CHANNEL, CHAT, 1, 30, "owed")]))
    telegram = Telegram()
    run = Run(database, telegram)
    await steps(run, 1, busy=lambda: [CHAT])
    assert telegram.asked == []
    await steps(run, 1)
    assert telegram.ids_asked() == [list(range(1, 31))]


# -- what no answer can be had about -----------------------------------------------------------------------------


ERRORS = "SELECT kind, space_id, message_id, detail ->> 'error' FROM crawl_errors"


async def test_id_whose_answer_cannot_be_read_stays_owed_and_the_others_are_asked_for(
    lost: store_database.Database,
) -> None:
    """Regression: the same two hundred ids were asked for ever."""
    telegram = Telegram()
    telegram.there = {number: f"text {number}" for number in range(1, 9)}
    telegram.unreadable = {3: errors.Undecodable()}
    run = Run(lost, telegram)
    await steps(run, 3)
    assert await query(lost, LEDGER, CHAT) == [("{[1,3),[4,9)}", "{[3,4)}", "{}", "{}")]
    assert [ids for ids in telegram.ids_asked() if 3 in ids][1:] == [[1, 2, 3, 4], [3, 4], [3]]
    assert await query(lost, ERRORS) == [("ids_unanswered", CHANNEL, 3, "Undecodable")]


async def test_id_that_waits_does_not_hide_the_ids_behind_it(database: store_database.Database) -> None:
    last = lookup.LIMIT + 1
    await store(
        database,
        complete(),
        records.Batch(origin="difference", coverage=[coverage(CHANNEL, CHAT, 1, last, "hole", 45)]),
    )
    telegram = Telegram()
    telegram.there = {number: f"text {number}" for number in range(1, last + 1)}
    telegram.unreadable = {1: errors.RpcFailed("INTERNAL", 500)}
    run = Run(database, telegram)
    pauses = await steps(run, 3)
    assert pauses[:2] == [0, 0]
    assert await query(database, "SELECT holes::text FROM coverage") == [("{[1,2)}",)]
    assert await query(database, ERRORS) == []


async def test_space_without_any_answer_waits_ever_longer(database: store_database.Database) -> None:
    await store(
        database, complete(), records.Batch(origin="difference", coverage=[coverage(CHANNEL, CHAT, 1, 400, "hole", 45)])
    )
    telegram = Telegram()
    telegram.unreadable = {number: errors.Undecodable() for number in range(1, 401)}
    run = Run(database, telegram)
    run.commits = writer.Writer(database)
    probe = made(run)
    async with run.writing():
        waits = []
        for _ in range(3):
            await probe._serve(identity.SpaceId(CHANNEL), is_repair=True)
            waits.append(probe._again_at[identity.SpaceId(CHANNEL)] - run.time.monotonic())
    assert waits == [5, 10, 20]
    assert len(telegram.asked) < 3 * 12
    assert await query(database, ERRORS) == [("ids_unanswered", CHANNEL, None, "Undecodable")]


async def test_group_whose_dialog_cannot_be_read_does_not_keep_the_other_groups_waiting(
    database: store_database.Database,
) -> None:
    """Regression: without the end of one group's hole nothing of the mailbox was asked for."""
    other = identity.chat_peer(16)
    await store(database, complete(GROUP, MAILBOX), complete(other, MAILBOX))
    for chat_id in (GROUP, other):
        lost = coverage(MAILBOX, chat_id, 1, LAST_ID, "hole", 45)
        await store(database, records.Batch(origin="difference", coverage=[lost]))
    telegram = Telegram()
    telegram.mailbox = {2: (16, "text 2"), 3: (6, "text 3")}
    telegram.refused = {6: errors.Undecodable()}
    await steps(Run(database, telegram), 3, MAILBOX)
    holes = await query(database, "SELECT chat_id, holes::text FROM coverage ORDER BY chat_id DESC")
    assert holes == [(GROUP, f"{{[1,{owed.END})}}"), (other, "{}")]


async def test_holes_of_groups_that_were_all_left_end_all_the_same(database: store_database.Database) -> None:
    groups = [identity.chat_peer(number) for number in (6, 16, 26)]
    for chat_id in groups:
        await store(database, complete(chat_id, MAILBOX))
        lost = coverage(MAILBOX, chat_id, 1, LAST_ID, "hole", 45)
        await store(database, records.Batch(origin="difference", coverage=[lost]))
    telegram = Telegram()
    telegram.refused = {number: refused("CHAT_ID_INVALID") for number in (6, 16, 26)}
    await steps(Run(database, telegram), 1, MAILBOX)
    assert await query(database, "SELECT holes::text FROM coverage") == [("{}",)] * 3
