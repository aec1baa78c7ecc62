"""What the demo decides without running anything: its directory, its patience, and when the mirror was cut off."""

from __future__ import annotations

import asyncio
import math
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Rows

from heliograph import config, errors
from heliograph.cli import child, progress
from heliograph.cli.demo import home, outage, patience, verify
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.store import database as store_database

SMALL = home.World(chats=3, days=1)


# -- the directory


@pytest.mark.parametrize("name", [config.CONFIG_NAME, config.MASTER_KEY_NAME, store_database.PRIVATE_FOLDER])
def test_a_directory_with_anything_of_an_installation_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(errors.BadInput, match=name):
        home.settle(tmp_path, SMALL)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_the_worlds_size_stays_that_of_the_first_run(tmp_path: Path) -> None:
    assert home.settle(tmp_path, SMALL) == SMALL
    (tmp_path / config.CONFIG_NAME).touch()
    assert home.settle(tmp_path, home.World(chats=50, days=14)) == SMALL


def test_a_damaged_marker_is_named(tmp_path: Path) -> None:
    (tmp_path / home.MARKER_NAME).write_text("[")
    with pytest.raises(errors.BadInput, match=home.MARKER_NAME):
        home.settle(tmp_path, SMALL)


def test_settings_from_the_environment_are_forgotten_and_nothing_else() -> None:
    environment = {"HELIOGRAPH_DATABASE__URL": "postgresql://real", "heliograph_web__port": "1", "PATH": "/bin"}
    home.forget_environment(environment)
    assert environment == {"PATH": "/bin"}


def test_a_port_that_was_taken_since_is_not_asked_for_again(tmp_path: Path) -> None:
    kept = tmp_path / "telegram.port"
    assert demo_telegram.free_port(kept) == 0
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        kept.write_text(str(port))
        assert demo_telegram.free_port(kept) == 0
    assert demo_telegram.free_port(kept) == port


# -- patience


async def test_what_comes_in_time_is_returned() -> None:
    assert await patience.within(asyncio.sleep(0, 5), stop=asyncio.Event(), seconds=10, otherwise="") == 5


async def test_what_never_comes_ends_with_its_sentence() -> None:
    with pytest.raises(patience.TookTooLong, match="no crawler"):
        await patience.within(asyncio.Event().wait(), stop=asyncio.Event(), seconds=0.01, otherwise="no crawler")


async def test_stop_ends_every_wait_with_the_code_of_an_interrupt() -> None:
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(patience.Stopped) as stopped:
        await patience.within(asyncio.Event().wait(), stop=stop, seconds=60, otherwise="")
    assert stopped.value.exit_code == 130
    with pytest.raises(patience.Stopped):
        await patience.pause(stop, 60)


async def test_history_that_stands_still_ends_the_wait_with_a_sentence(
    database: store_database.Database, rows: Rows
) -> None:
    await rows.chat(-1_000_000_000_005, message_count=3, done=3, total=9, is_complete=False)
    with pytest.raises(progress.Stalled, match="3 messages of 1 chats"):
        await progress.until_complete(database, asyncio.Event(), stall_seconds=0.3)


async def test_history_that_is_complete_never_counts_as_standing_still(
    database: store_database.Database, rows: Rows
) -> None:
    await rows.chat(-1_000_000_000_005, message_count=9, done=9, total=9, is_complete=True)
    assert (await progress.until_complete(database, asyncio.Event(), stall_seconds=0)).messages == 9


async def test_a_simulator_that_is_gone_ends_the_demo_with_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as control:
        gone = demo_telegram.Telegram(process=child.Child("simulator", []), control=control)
        with pytest.raises(demo_telegram.SimulatorSilent, match="no longer answers"):
            await gone.set_rate(1)


# -- outages

FAULT = outage.Fault(begun_at=100, done_at=101)


def pushes(*times: tuple[float, float]) -> tuple[list[dict[str, Any]], dict[tuple[int, int], float]]:
    """Updates as (pushed, arrived)."""
    truth = [{"chat_id": -5, "message_id": n, "pushed_at": pushed} for n, (pushed, _) in enumerate(times)]
    return truth, {(-5, n): arrived for n, (_, arrived) in enumerate(times)}


def test_an_outage_ends_with_the_first_arrival_of_what_was_pushed_after_the_fault() -> None:
    truth, arrivals = pushes((99, 99.01), (100.5, 104.0), (102, 104.2), (103, 104.3), (105, 105.01))
    (window,) = outage.windows([FAULT], truth, arrivals)
    assert window == (100 - outage.IN_FLIGHT_SECONDS, 104.2)


def test_an_outage_without_any_arrival_after_it_has_no_end() -> None:
    truth, arrivals = pushes((99, 99.01), (100.5, 104.0))
    assert outage.windows([FAULT], truth, arrivals)[0].end == math.inf


def test_latency_counts_what_was_pushed_outside_of_outages_however_late_it_came() -> None:
    truth, arrivals = pushes((99, 99.5), (100.5, 104.0), (104.5, 108.5))
    found = outage.latency(truth, arrivals, [verify.Gap(99.9, 104.2)])
    assert (list(found.seconds), found.excluded) == ([0.5, 4.0], 1)


def test_an_arrival_before_the_last_push_measures_nothing() -> None:
    truth, arrivals = pushes((99, 98.5))
    assert outage.latency(truth, arrivals, []) == outage.Latency(seconds=[], excluded=0)
