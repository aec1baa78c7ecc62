"""What counts as stalled, what only lags, and what a new start would not mend."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from heliograph import clock, errors, metrics
from heliograph.crawler import transport, watch
from heliograph.crawler.transport import inbox
from heliograph.domain.sync import machine
from heliograph.domain.sync.rules import Rules

STALL_SECONDS = 60.0


@dataclass
class Commits:
    lag_seconds: float = 0.0
    stuck_seconds: float = 0.0


@dataclass
class Waiting:
    lag_seconds: float = 0.0
    stuck_seconds: float = 0.0


@dataclass
class Line:
    inbox: Waiting = field(default_factory=Waiting)
    is_connected: bool = True
    silence_seconds: float = 0.0


def watching(commits: Commits, *lines: Line) -> watch.Watch:
    return watch.Watch(commits, lambda: lines, stall_seconds=STALL_SECONDS)


def test_commit_that_hangs_is_a_stalled_writer() -> None:
    assert watching(Commits(stuck_seconds=60.5)).stalled() == ("writer", 60.5)


def test_writer_that_is_behind_but_moves_only_lags() -> None:
    made = watching(Commits(lag_seconds=300, stuck_seconds=2))
    assert made.stalled() is None
    assert made.lags()["writer_lag_seconds"] == 300


def test_updates_that_nobody_takes_are_a_stalled_feed() -> None:
    made = watching(Commits(), Line(), Line(inbox=Waiting(lag_seconds=61, stuck_seconds=61)))
    assert made.stalled() == ("feed", 61)
    assert made.lags()["feed_lag_seconds"] == 61


def test_feed_that_is_behind_but_moves_only_lags() -> None:
    assert watching(Commits(), Line(inbox=Waiting(lag_seconds=300, stuck_seconds=0.1))).stalled() is None


def test_line_that_looks_open_and_answers_no_ping_is_a_stalled_feed() -> None:
    assert watching(Commits(), Line(silence_seconds=90)).stalled() == ("feed", 90)


def test_line_that_is_being_made_anew_lags_and_is_no_stall() -> None:
    made = watching(Commits(), Line(is_connected=False, silence_seconds=3600))
    assert made.stalled() is None
    assert made.lags()["feed_lag_seconds"] == 3600


async def test_stall_ends_the_role_and_is_counted_beyond_its_end(tmp_path: Path) -> None:
    """The counter outlives the process that ends with it."""
    made = watching(Commits(stuck_seconds=61))
    for _ in range(2):
        with pytest.raises(errors.Stalled, match="writer") as stalled:
            await made.run(machine.Machine(Rules()), tmp_path)
        assert stalled.value.exit_code == 75
    with metrics.exposed(tmp_path, "crawler") as port:
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    assert 'heliograph_stalls_total{part="writer"} 2.0' in text
    assert "heliograph_writer_lag_seconds 0.0" in text


async def test_the_watch_goes_on_while_all_moves(tmp_path: Path) -> None:
    commits = Commits(lag_seconds=7)
    running = asyncio.create_task(watching(commits, Line()).run(machine.Machine(Rules()), tmp_path))
    async with asyncio.timeout(10):
        while metrics.WRITER_LAG._value.get() != 7:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not running.done()
    running.cancel()


def an_inbox() -> tuple[inbox.Inbox, clock.ManualClock]:
    time = clock.ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    return inbox.Inbox(10, time), time


def test_inbox_lags_by_its_oldest_event_and_is_stuck_since_anything_was_taken() -> None:
    made, time = an_inbox()
    made.put_nowait(object())
    time.advance(5)
    made.put_nowait(object())
    time.advance(5)
    assert (made.lag_seconds, made.stuck_seconds) == (10, 10)
    made.get_nowait()
    time.advance(1)
    assert (made.lag_seconds, made.stuck_seconds) == (6, 1)
    made.get_nowait()
    assert (made.lag_seconds, made.stuck_seconds) == (0, 0)


def test_line_is_silent_only_beyond_what_pings_allow() -> None:
    """An idle account says nothing between two pings."""
    from heliograph import config

    time = clock.ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    key = transport.SessionKey(dc_id=2, address="127.0.0.1", port=1, auth_key=b"")
    line = transport.Connection(config.Telegram(ping_seconds=20), key, time=time)
    time.advance(40)
    assert line.silence_seconds == 0
    time.advance(1)
    assert line.silence_seconds == 41
    line.inbox.hear()
    assert line.silence_seconds == 0


def test_clock_that_jumps_stalls_nothing() -> None:
    """Row 47: lags are measured by a clock that nobody sets."""

    class Jumping(clock.ManualClock):
        def jump(self, hours: int) -> None:
            monotonic = self.monotonic()
            self.advance(hours * 3600)
            self._monotonic = monotonic

    time = Jumping(datetime(2026, 3, 1, 12, tzinfo=UTC))
    made = inbox.Inbox(10, time)
    made.put_nowait(object())
    for hours in (1, -2):
        time.jump(hours)
        assert (made.lag_seconds, made.stuck_seconds, made.silence_seconds) == (0, 0, 0)
