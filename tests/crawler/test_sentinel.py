"""The sentinel asks where boxes stand: what it does about each answer, and how often it asks."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import structlog
from tests.crawler.reconcile_run import CHANNEL, MAILBOX, OTHER, SECOND, Run, Telegram, query, refused

from heliograph import config, errors
from heliograph.crawler import isolation
from heliograph.crawler.reconcile import pace, sentinel
from heliograph.crawler.transport import inbox
from heliograph.domain import identity
from heliograph.domain.sync import actions
from heliograph.store import database as store_database

HOT, COLD = 60.0, 600.0


def telegram(**given: Any) -> Telegram:
    made = Telegram(**given)
    made.pts = {CHANNEL: 50, OTHER: 70}
    return made


def watch(run: Run, number: int = 0) -> sentinel.Sentinel:
    return sentinel.Sentinel(
        run.links[number],
        run.engine,
        run.readers,
        run.opened,
        hot_seconds=HOT,
        cold_seconds=COLD,
        time=run.time,
    )


def fetched(run: Run) -> list[int]:
    return [each.box for each in run.actions if isinstance(each, actions.Fetch)]


async def pass_by(run: Run, watcher: sentinel.Sentinel, seconds: float) -> None:
    """Let time pass, a second at a time."""
    for _ in range(round(seconds)):
        run.time.advance(1)
        await watcher.step()


async def test_all_channels_and_the_mailbox_are_asked_about_in_one_call(database: store_database.Database) -> None:
    run = Run(database, telegram())
    await watch(run).step()
    assert [sorted(call) for call in run.telegrams[0].channels_asked()] == [[CHANNEL, OTHER]]
    assert run.actions == []


async def test_pts_that_stays_above_the_cursor_for_five_seconds_is_fetched(
    database: store_database.Database,
) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].pts[CHANNEL] = 53
    await watcher.step()
    await pass_by(run, watcher, 4)
    assert fetched(run) == []
    await pass_by(run, watcher, 2)
    assert fetched(run) == [CHANNEL]


async def test_pts_that_a_push_catches_up_with_is_not_fetched(database: store_database.Database) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].pts[CHANNEL] = 53
    await watcher.step()
    run.commit_at(CHANNEL, 53)
    await pass_by(run, watcher, 30)
    assert run.actions == []


async def test_news_that_waits_in_our_own_queue_is_not_fetched_before_its_turn(
    database: store_database.Database,
) -> None:
    """Regression: under load a difference overtook what was pushed, and the texts in between were lost."""
    run = Run(database, telegram())
    run.telegrams[0].inbox = inbox.Inbox(10, run.time)
    watcher = watch(run)
    run.telegrams[0].inbox.put_nowait("pushed before the question")
    run.telegrams[0].pts[CHANNEL] = 53
    await watcher.step()
    await pass_by(run, watcher, 30)
    assert run.actions == []
    run.telegrams[0].inbox.get_nowait()
    await pass_by(run, watcher, 1)
    assert fetched(run) == [CHANNEL]


async def test_what_the_list_of_chats_tells_waits_for_what_was_pushed_before_it(
    database: store_database.Database,
) -> None:
    run = Run(database, telegram())
    run.telegrams[0].inbox = inbox.Inbox(10, run.time)
    watcher = watch(run)
    await watcher.step()
    run.telegrams[0].inbox.put_nowait("pushed before the list was read")
    watcher.hear(CHANNEL, 50, 53)
    watcher.hear(OTHER, 70, 70)
    await pass_by(run, watcher, 30)
    assert run.actions == []
    run.telegrams[0].inbox.get_nowait()
    await pass_by(run, watcher, 1)
    assert fetched(run) == [CHANNEL]


async def test_pts_below_the_cursor_that_the_list_of_chats_tells_is_looked_at_soon(
    database: store_database.Database,
) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    await watcher.step()
    asked = len(run.telegrams[0].asked)
    watcher.hear(CHANNEL, 50, 44)
    await watcher.step()
    assert len(run.telegrams[0].asked) == asked + 1
    assert run.actions == []


async def test_accounts_own_box_is_compared_with_every_answer(database: store_database.Database) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].state_pts = 61
    await watcher.step()
    await pass_by(run, watcher, 6)
    assert fetched(run) == [MAILBOX]


@pytest.mark.parametrize("box", [CHANNEL, MAILBOX])
async def test_pts_below_the_cursor_seen_twice_starts_the_box_anew_with_the_loss_on_record(
    database: store_database.Database, box: int
) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].pts[CHANNEL], run.telegrams[0].state_pts = (44, 60) if box == CHANNEL else (50, 44)
    await watcher.step()
    await pass_by(run, watcher, 4)
    assert run.actions == []
    await pass_by(run, watcher, 2)
    alarms = [each for each in run.actions if isinstance(each, actions.Alarm)]
    commits = [each for each in run.actions if isinstance(each, actions.Commit)]
    assert [(each.box, each.reason) for each in alarms] == [(box, "cursor_ahead")]
    assert [(each.box, each.to_state.pts, each.loss is not None) for each in commits] == [(box, 44, True)]
    assert commits[0].gap is not None and commits[0].gap.cause == "cursor_ahead"


async def test_replica_that_lags_once_starts_nothing_anew(database: store_database.Database) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].pts[CHANNEL] = 44
    await watcher.step()
    run.telegrams[0].pts[CHANNEL] = 50
    await pass_by(run, watcher, 6)
    run.telegrams[0].pts[CHANNEL] = 44
    await pass_by(run, watcher, HOT)
    run.telegrams[0].pts[CHANNEL] = 50
    await pass_by(run, watcher, HOT)
    assert run.actions == []


async def test_channel_of_two_accounts_is_asked_about_by_one(database: store_database.Database) -> None:
    run = Run(database, telegram(), telegram(account_id=2, user_id=SECOND))
    await watch(run, 0).step()
    await watch(run, 1).step()
    assert [bool(each.channels_asked()) for each in run.telegrams] == [True, False]
    assert run.telegrams[1].asked != []


async def test_channel_that_is_refused_is_found_and_the_others_are_compared(
    database: store_database.Database,
) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].refused[OTHER] = refused()
    run.telegrams[0].pts[CHANNEL] = 53
    await watcher.step()
    assert fetched(run) == [OTHER]
    await pass_by(run, watcher, 6)
    assert fetched(run) == [OTHER, CHANNEL]


@pytest.mark.parametrize("error", [errors.Undecodable(), refused("INTERNAL_SERVER_ERROR")])
async def test_channel_whose_dialog_has_no_answer_waits_and_the_others_are_compared(
    database: store_database.Database, error: Exception
) -> None:
    """Regression: one unknown constructor in a channel's newest message hid all channels of its batch for ever."""
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].refused[OTHER] = error
    run.telegrams[0].pts[CHANNEL] = 53
    await watcher.step()
    assert fetched(run) == [OTHER]  # its difference tells where it stands instead
    await pass_by(run, watcher, 6)
    assert fetched(run) == [OTHER, CHANNEL]
    asked = len(run.telegrams[0].channels_asked())
    await pass_by(run, watcher, isolation.FIRST_SECONDS - 8)
    assert len(run.telegrams[0].channels_asked()) == asked
    await pass_by(run, watcher, 70)
    found = await query(database, "SELECT kind, space_id, message_id, detail ->> 'error' FROM crawl_errors")
    name = error.name if isinstance(error, errors.RpcFailed) else "Undecodable"
    assert found == [("sentinel_blind", OTHER, None, name)]


async def test_answer_that_nobody_gets_is_not_sought_for_channel_by_channel(
    database: store_database.Database,
) -> None:
    run = Run(database, telegram())
    for space in range(100, 140):
        run.reads(space, 10)
        run.telegrams[0].refused[space] = refused("INTERNAL_SERVER_ERROR")
    run.telegrams[0].refused |= {CHANNEL: refused("INTERNAL_SERVER_ERROR"), OTHER: refused("INTERNAL_SERVER_ERROR")}
    await watch(run).step()
    assert len(run.telegrams[0].channels_asked()) < 10
    assert await query(database, "SELECT count(*) FROM crawl_errors") == [(0,)]


async def test_channel_that_loses_its_cursor_while_it_is_sought_ends_nothing(
    database: store_database.Database,
) -> None:
    """Regression: a KeyError ended the crawl."""
    run = Run(database, telegram())
    run.telegrams[0].refused[OTHER] = refused()

    def forget(request: Any) -> None:
        run.machine.boxes[identity.SpaceId(OTHER)].pipeline.committed = None

    run.telegrams[0].on_request = forget
    await watch(run).step()
    assert fetched(run) == []


async def test_box_that_stands_at_zero_is_compared(database: store_database.Database) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    run.commit_at(CHANNEL, 0)
    run.telegrams[0].pts[CHANNEL] = 2
    await watcher.step()
    await pass_by(run, watcher, 6)
    assert fetched(run) == [CHANNEL]


async def test_channel_whose_first_reader_cannot_ask_is_asked_about_by_the_next(
    database: store_database.Database,
) -> None:
    """Regression: without the first account's access hash, or while it was frozen, nobody looked at the channel."""
    run = Run(database, telegram(), telegram(account_id=2, user_id=SECOND))
    run.reads(11, 10, by=1)
    first, second = watch(run, 0), watch(run, 1)
    await first.step()
    await second.step()
    assert [sorted(each.channels_asked()[0]) for each in run.telegrams] == [[CHANNEL, OTHER], [11]]
    await run.telegrams[0].governor.freeze("peer_dialogs", 300)
    await pass_by(run, second, 1)
    assert sorted(run.telegrams[1].channels_asked()[-1]) == [CHANNEL, OTHER, 11]


async def test_channel_without_an_answer_is_asked_about_as_often_as_a_cold_one(
    database: store_database.Database,
) -> None:
    """Regression: its pause grew up to an hour, and a silent loss in it was as old."""
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].refused[OTHER] = errors.Undecodable()
    await watcher.step()
    await pass_by(run, watcher, 4 * COLD)
    run.telegrams[0].asked.clear()
    await pass_by(run, watcher, 3 * COLD)
    assert run.telegrams[0].channels_asked().count([OTHER]) in (2, 3)


async def test_what_the_list_of_chats_tells_of_a_channel_without_an_answer_is_compared(
    database: store_database.Database,
) -> None:
    """Regression: a pts below the cursor was told to somebody who never looks."""
    run = Run(database, telegram())
    watcher = watch(run)
    run.telegrams[0].refused[OTHER] = errors.Undecodable()
    await watcher.step()
    await pass_by(run, watcher, 1)
    run.actions.clear()
    watcher.hear(OTHER, 70, 66)
    await pass_by(run, watcher, 6)
    assert run.actions == []
    watcher.hear(OTHER, 70, 66)
    assert [type(each) for each in run.actions if isinstance(each, actions.Alarm)] == [actions.Alarm]
    run.actions.clear()
    watcher.hear(OTHER, 70, 73)
    await pass_by(run, watcher, 6)
    assert fetched(run) == [OTHER]


async def test_channel_that_answers_leave_out_is_not_taken_for_one_that_is_level(
    database: store_database.Database,
) -> None:
    """Regression: an answer without the channel counted as one that says that there is nothing new."""
    run = Run(database, telegram())
    watcher = watch(run)
    await watcher.step()
    asked = len(run.telegrams[0].asked)
    del run.telegrams[0].pts[OTHER]
    watcher.hurry()
    await watcher.step()
    assert fetched(run) == []
    await pass_by(run, watcher, 2 * sentinel.RETRY_SECONDS)
    assert len(run.telegrams[0].asked) == asked + sentinel.LEFT_OUT
    assert fetched(run) == [OTHER]
    run.telegrams[0].asked.clear()
    await pass_by(run, watcher, isolation.FIRST_SECONDS + 1)
    assert sum(OTHER in call for call in run.telegrams[0].channels_asked()) == 1
    assert await query(database, "SELECT kind, space_id FROM crawl_errors") == [("sentinel_blind", OTHER)]
    run.telegrams[0].pts[OTHER] = 70
    await pass_by(run, watcher, COLD)
    assert OTHER in watcher._pace.looks


async def test_defect_does_not_end_the_watch(database: store_database.Database) -> None:
    """Regression: it ended the crawler."""
    run = Run(database, telegram())
    sleeps: list[float] = []

    class Enough(Exception):
        pass

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        run.time.advance(seconds)
        if run.time.monotonic() - started > sentinel.DEFECT_SECONDS + 3:
            raise Enough

    watcher = watch(run)
    watcher._sleep = sleep
    started = run.time.monotonic()
    run.telegrams[0].on_request = fail_once = Once(KeyError("defect"))
    with structlog.testing.capture_logs() as logged, pytest.raises(Enough):
        await watcher.run()
    assert [each["error"] for each in logged if each["event"] == "sentinel_failed"] == ["KeyError"]
    assert fail_once.asked == 2


class Once:
    """Fails the first request."""

    def __init__(self, error: Exception) -> None:
        self.asked = 0
        self._error = error

    def __call__(self, request: Any) -> None:
        self.asked += 1
        if self.asked == 1:
            raise self._error


async def test_flood_wait_is_obeyed(database: store_database.Database) -> None:
    run = Run(database, telegram())
    watcher = watch(run)

    def refuse(request: Any) -> None:
        raise errors.FloodWait(30)

    run.telegrams[0].on_request = refuse
    await watcher.step()
    await pass_by(run, watcher, 29)
    assert len(run.telegrams[0].asked) == 1
    run.telegrams[0].on_request = lambda request: None
    await pass_by(run, watcher, 2)
    assert len(run.telegrams[0].asked) == 2


async def test_whoever_wants_to_know_is_told_at_once(database: store_database.Database) -> None:
    run = Run(database, telegram())
    watcher = watch(run)
    await watcher.step()
    await pass_by(run, watcher, 10)
    assert len(run.telegrams[0].asked) == 1
    watcher.hurry()
    await watcher.step()
    assert len(run.telegrams[0].asked) == 2


# -- the pace ----------------------------------------------------------------------------------------------------


def looks_until(end: float, *, moves: bool) -> list[float]:
    """Return when a box is looked at whose cursor moves between any two looks, or never."""
    kept, now, at = pace.Pace(HOT, COLD), 0.0, []
    while now <= end:
        kept.keep({CHANNEL}, now)
        if kept.due(now, 100):
            at.append(now)
            kept.looked(CHANNEL, int(now) if moves else 1, now)
        now += 1
    return at


def test_chat_with_traffic_is_looked_at_every_minute() -> None:
    looks = looks_until(3600, moves=True)
    assert max(later - earlier for earlier, later in itertools.pairwise(looks)) <= HOT


def test_chat_that_was_silent_between_two_looks_has_traffic_all_the_same() -> None:
    """A loss in it is found within a minute too."""
    kept, now = pace.Pace(HOT, COLD), 0.0
    kept.keep({CHANNEL}, now)
    for pts in (1, 2, *[3] * 5):
        kept.looked(CHANNEL, pts, now)
        assert kept.looks[CHANNEL].period == HOT
        now += HOT
    while now < 3 * pace.WARM_SECONDS:
        kept.looked(CHANNEL, 3, now)
        now += HOT
    assert kept.looks[CHANNEL].period > HOT


def test_by_default_a_loss_is_stored_within_a_minute_and_ten_where_nothing_happens() -> None:
    """The period, the confirmation, and the second it may take to notice each; what is left is for the fetch."""
    settings = config.Crawler()
    around = sentinel.CONFIRM_SECONDS + 2 * sentinel.TICK_SECONDS
    assert settings.sentinel_hot_seconds + around <= 60 - 3
    assert settings.sentinel_cold_seconds + around <= 600 - 3


def test_chat_without_traffic_is_looked_at_ever_less_often_but_every_ten_minutes() -> None:
    looks = looks_until(7200, moves=False)
    pauses = [later - earlier for earlier, later in itertools.pairwise(looks)]
    assert pauses == sorted(pauses)
    assert (pauses[0], max(pauses)) == (HOT, COLD)


def test_unpushed_news_shortens_the_pause_so_that_a_page_holds_what_comes_in_it() -> None:
    kept = pace.Pace(HOT, COLD)
    kept.keep({CHANNEL}, 0)
    kept.looked(CHANNEL, 1, 0)
    kept.missed(CHANNEL, events=200, seconds=60, now=60)
    assert kept.looks[CHANNEL].period == 60 * pace.SAFE_EVENTS / 200
    kept.missed(CHANNEL, events=100_000, seconds=60, now=60)
    assert kept.looks[CHANNEL].period == pace.SHORTEST_SECONDS


def test_call_is_filled_up_with_what_is_due_next() -> None:
    kept = pace.Pace(HOT, COLD)
    kept.keep({CHANNEL}, 0)
    kept.keep({CHANNEL, OTHER}, 10)
    assert kept.due(5, 100) == [CHANNEL, OTHER]
    assert kept.due(5, 1) == [CHANNEL]
    kept.looked(CHANNEL, 1, 10)
    kept.looked(OTHER, 1, 10)
    assert kept.due(69, 100) == []
