"""Pins change one flag of what is stored, and never by older knowledge."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.domain import records

STATE = "SELECT message_id, is_pinned, as_of FROM messages ORDER BY message_id"


def pin(make: Any, message_id: int = 1, *, as_of: int = 20, is_pinned: bool = True) -> records.Pin:
    return records.Pin(space_id=make.space, message_id=message_id, is_pinned=is_pinned, as_of=as_of)


async def test_pin_and_unpin_reach_the_stored_message(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(), make.message(2), pin(make)))
    assert await fetch(STATE) == [(1, True, 20), (2, False, 10)]
    await write(make.batch(pin(make, as_of=21, is_pinned=False)))
    assert await fetch(STATE) == [(1, False, 21), (2, False, 10)]
    assert await fetch("SELECT count(*) FROM revisions") == [(0,)]


async def test_last_of_several_pins_in_a_commit_counts(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message()))
    await write(make.batch(pin(make)), make.batch(pin(make, is_pinned=False)), make.batch(pin(make, as_of=15)))
    assert await fetch(STATE) == [(1, False, 20)]


@pytest.mark.parametrize(("told", "expected"), [(9, False), (10, True)])
async def test_older_pin_changes_nothing(make: Any, write: Any, fetch: Any, told: int, expected: bool) -> None:
    await write(make.batch(make.message(as_of=10)))
    await write(make.batch(pin(make, as_of=told)))
    assert await fetch(STATE) == [(1, expected, 10)]


async def test_history_page_that_was_asked_before_a_pin_does_not_undo_it(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message()))
    await write(make.batch(pin(make)))
    await write(make.batch(make.message(as_of=19), origin="backfill"))
    assert await fetch(STATE) == [(1, True, 20)]


async def test_deleted_message_stays_as_it_was(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(), make.tombstone(as_of=20)))
    await write(make.batch(pin(make, as_of=21), pin(make, 9)))
    assert await fetch(STATE) == [(1, False, 10)]
    assert await fetch("SELECT kind FROM crawl_errors") == []
