"""The governor's promises, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import math
from datetime import UTC, datetime, timedelta

import pytest
from telethon.tl import functions, types

from heliograph import clock, config, errors
from heliograph.crawler import families, governor
from heliograph.crawler.transport import refusal
from heliograph.store import accounts

START = datetime(2026, 1, 2, tzinfo=UTC)
BUDGETS = {
    "history": config.Budget(per_second=0.5, burst=2),
    "difference": config.Budget(per_second=100, burst=100, concurrent=10),
    "other": config.Budget(per_second=100, burst=100, concurrent=10),
}


class VirtualTime:
    """A clock that a sleep moves."""

    def __init__(self) -> None:
        self.clock = clock.ManualClock(START)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def governor(self, **settings: object) -> governor.Governor:
        return governor.Governor(BUDGETS.__getitem__, time=self.clock, sleep=self.sleep, **settings)


async def use(governed: governor.Governor, family: str) -> None:
    async with governed.permit(family):
        pass


async def test_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    time = VirtualTime()
    governed = time.governor()
    for _ in range(5):
        await use(governed, "history")
    assert time.clock.monotonic() == pytest.approx(6)


async def test_unused_tokens_do_not_pile_up_beyond_the_burst() -> None:
    time = VirtualTime()
    governed = time.governor()
    await use(governed, "history")
    time.clock.advance(3600)
    for _ in range(3):
        await use(governed, "history")
    assert time.clock.monotonic() == pytest.approx(3602)


async def test_flood_wait_is_obeyed_to_the_second() -> None:
    time = VirtualTime()
    governed = time.governor()
    await governed.freeze("history", 300)
    time.clock.advance(299)
    with pytest.raises(errors.FloodWait) as refused:
        await use(governed, "history")
    assert refused.value.seconds == pytest.approx(1)
    time.clock.advance(1)
    await use(governed, "history")


async def test_flood_wait_stops_its_own_family_only() -> None:
    time = VirtualTime()
    governed = time.governor()
    await governed.freeze("history", 300)
    await use(governed, "difference")


async def test_shorter_flood_wait_does_not_end_a_longer_one() -> None:
    time = VirtualTime()
    governed = time.governor()
    await governed.freeze("history", 300)
    await governed.freeze("history", 5)
    assert governed.frozen_seconds("history") == 300


async def test_flood_wait_is_stored_and_holds_after_a_restart() -> None:
    time = VirtualTime()
    stored: dict[str, datetime] = {}

    async def store(family: str, until: datetime) -> None:
        stored[family] = until

    await time.governor(on_freeze=store).freeze("history", 300)
    assert stored == {"history": START + timedelta(seconds=300)}
    time.clock.advance(100)
    restarted = time.governor(frozen=stored)
    with pytest.raises(errors.FloodWait) as refused:
        await use(restarted, "history")
    assert refused.value.seconds == pytest.approx(200)


async def test_shorter_flood_wait_does_not_end_a_stored_one() -> None:
    """Regression: two refusals in flight, 300 s and then 3 s, were stored as 3 s, and a restart obeyed those."""
    time = VirtualTime()
    stored: dict[str, datetime] = {}

    async def store(family: str, until: datetime) -> None:
        stored[family] = until

    governed = time.governor(on_freeze=store)
    await governed.freeze("history", 300)
    await governed.freeze("history", 3)
    assert stored == {"history": START + timedelta(seconds=300)}


async def test_only_so_many_requests_of_a_family_run_at_once() -> None:
    time = VirtualTime()
    governed = time.governor()
    release = asyncio.Event()
    running: list[int] = []

    async def hold(number: int) -> None:
        async with governed.permit("history"):
            running.append(number)
            await release.wait()

    tasks = [asyncio.create_task(hold(number)) for number in range(2)]
    await until_settled()
    assert running == [0]
    release.set()
    await asyncio.gather(*tasks)
    assert running == [0, 1]


async def test_difference_passes_waiting_history() -> None:
    time = VirtualTime()
    governed = time.governor(in_flight=1)
    passed: list[str] = []

    async def run(family: str) -> None:
        async with governed.permit(family):
            passed.append(family)

    async with governed.permit("other"):
        tasks = [asyncio.create_task(run(family)) for family in ("history", "other", "difference")]
        await until_settled()
        assert passed == []
    await asyncio.gather(*tasks)
    assert passed == ["difference", "other", "history"]


async def test_cancelled_waiter_gives_its_turn_to_the_next() -> None:
    time = VirtualTime()
    governed = time.governor(in_flight=1)
    async with governed.permit("other"):
        first = asyncio.create_task(use(governed, "difference"))
        second = asyncio.create_task(use(governed, "difference"))
        await until_settled()
        first.cancel()
        await until_settled()
    await asyncio.wait_for(second, 5)


async def test_freeze_while_waiting_refuses_the_request() -> None:
    time = VirtualTime()
    governed = time.governor(in_flight=1)
    async with governed.permit("other"):
        waiting = asyncio.create_task(use(governed, "difference"))
        await until_settled()
        await governed.freeze("difference", 10)
    with pytest.raises(errors.FloodWait):
        await waiting


def test_requests_are_charged_to_their_families() -> None:
    peer = types.InputPeerSelf()
    history = functions.messages.GetHistoryRequest(peer, 0, None, 0, 100, 0, 0, 0)
    assert families.of(history) == "history"
    assert families.of(functions.updates.GetStateRequest()) == "difference"
    assert families.of(functions.help.GetConfigRequest()) == "other"


async def until_settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


# -- who goes first ----------------------------------------------------------------------------------------------------


async def order(governed: governor.Governor, hold: str, *waiting: tuple[str, families.Purpose]) -> list[str]:
    """Let requests wait behind one that runs, and return what they were for in the order they passed."""
    passed: list[str] = []

    async def run(family: str, purpose: families.Purpose) -> None:
        async with governed.permit(family, purpose):
            passed.append(purpose)

    async with governed.permit(hold):
        tasks = [asyncio.create_task(run(family, purpose)) for family, purpose in waiting]
        await until_settled()
        assert passed == []
    await asyncio.gather(*tasks)
    return passed


async def test_purposes_pass_in_their_order() -> None:
    governed = VirtualTime().governor(in_flight=1)
    waiting = [("other", purpose) for purpose in ("files", "history", "audit", "repair", "sentinel", "difference")]
    passed = await order(governed, "other", *waiting)
    assert passed == ["difference", "sentinel", "repair", "history", "audit", "files"]


async def test_repair_passes_a_waiting_audit_of_the_same_methods() -> None:
    passed = await order(VirtualTime().governor(), "history", ("history", "audit"), ("history", "repair"))
    assert passed == ["repair", "audit"]


async def test_higher_priority_takes_the_token_that_a_lower_one_waits_for() -> None:
    time = VirtualTime()
    governed = time.governor()
    for _ in range(2):
        await use(governed, "history")
    passed: list[str] = []

    async def run(purpose: families.Purpose) -> None:
        async with governed.permit("history", purpose):
            passed.append(purpose)

    low = asyncio.create_task(run("audit"))
    high = asyncio.create_task(run("repair"))
    await asyncio.gather(low, high)
    assert passed == ["repair", "audit"]
    assert time.clock.monotonic() == pytest.approx(4)


async def test_request_that_waits_for_a_token_holds_nothing_of_another_family() -> None:
    time = VirtualTime()
    governed = time.governor(in_flight=1)
    for _ in range(2):
        await use(governed, "history")
    waiting = asyncio.create_task(use(governed, "history"))
    await use(governed, "other")
    assert time.clock.monotonic() == 0
    await waiting


async def test_cancelled_wait_for_a_token_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    governed = governor.Governor(lambda _: config.Budget(per_second=0.001))
    await use(governed, "history")
    waiting = asyncio.create_task(use(governed, "history"))
    await until_settled()
    waiting.cancel()
    await until_settled()
    assert asyncio.all_tasks() == before


async def test_tail_repair_and_audit_share_one_bucket() -> None:
    ids = [types.InputMessageID(1)]
    channel = types.InputChannel(1, 1)
    assert families.of(functions.messages.GetMessagesRequest(ids)) == "messages"
    assert families.of(functions.channels.GetMessagesRequest(channel, ids)) == "messages"


# -- learning -----------------------------------------------------------------------------------------------------


async def flood(
    governed: governor.Governor, family: str, seconds: float, *, is_media: bool = False
) -> errors.FloodWait:
    with pytest.raises(errors.FloodWait) as refused:
        async with governed.permit(family):
            raise errors.FloodWait(seconds, family, is_media=is_media)
    return refused.value


async def test_flood_wait_of_a_request_freezes_its_family_and_lowers_its_pace() -> None:
    time = VirtualTime()
    governed = time.governor()
    for _ in range(10):
        await use(governed, "history")
    await flood(governed, "history", 30)
    assert governed.frozen_seconds("history") == 30
    assert governed.per_second("history") < BUDGETS["history"].per_second
    assert governed.per_second("other") == BUDGETS["other"].per_second


async def test_answer_that_is_an_error_counts_as_passed() -> None:
    """Telegram counts it as well."""
    time = VirtualTime()
    governed = time.governor()
    for _ in range(40):
        with pytest.raises(errors.RpcFailed):
            async with governed.permit("history"):
                raise errors.RpcFailed("CHANNEL_PRIVATE")
    assert governed.per_second("history") > BUDGETS["history"].per_second


async def test_what_is_learned_is_stored_and_kept_by_a_restart() -> None:
    time = VirtualTime()
    stored: dict[str, accounts.Learned] = {}

    async def store(family: str, known: accounts.Learned) -> None:
        stored[family] = known

    governed = time.governor(on_learn=store)
    for _ in range(10):
        await use(governed, "history")
    await flood(governed, "history", 30)
    known = stored["history"]
    assert known.per_second == governed.per_second("history")
    assert known.flooded_at == known.learned_at == time.clock.now()
    time.clock.advance(30)
    restarted = time.governor(learned=stored)
    begin = time.clock.monotonic()
    for _ in range(5):
        await use(restarted, "history")
    assert time.clock.monotonic() - begin == pytest.approx(4 / known.per_second)


async def test_climbing_pace_is_stored_at_most_once_a_minute() -> None:
    time = VirtualTime()
    writes: list[float] = []

    async def store(family: str, known: accounts.Learned) -> None:
        writes.append(time.clock.monotonic())

    governed = time.governor(on_learn=store)
    while time.clock.monotonic() < 600:
        await use(governed, "history")
    assert len(writes) > 3
    assert min(after - before for before, after in itertools.pairwise(writes)) >= governor.STORE_SECONDS


async def test_pace_that_was_set_is_never_exceeded_and_a_default_is() -> None:
    for crawler, is_exceeded in (
        (config.Crawler(), True),
        (config.Crawler(budgets={"history": BUDGETS["history"]}), False),
    ):
        time = VirtualTime()
        governed = governor.Governor(crawler.budget, highest=crawler.highest, time=time.clock, sleep=time.sleep)
        while time.clock.monotonic() < 600:
            await use(governed, "history")
        assert (governed.per_second("history") > crawler.budget("history").per_second) is is_exceeded


def test_defaults_of_families_with_grave_waits_are_never_exceeded() -> None:
    crawler = config.Crawler()
    assert crawler.highest("resolve") == crawler.budget("resolve").per_second
    assert crawler.highest("other") == crawler.budget("other").per_second
    assert crawler.highest("history") == math.inf


async def test_premium_wait_freezes_downloads_alone_whatever_it_answers() -> None:
    time = VirtualTime()
    governed = governor.Governor(config.Crawler().budget, time=time.clock, sleep=time.sleep)
    told = await flood(governed, "history", 60, is_media=True)
    assert told.seconds == governor.AGAIN_SECONDS
    assert governed.frozen_seconds("files") == 60
    await use(governed, "history")
    assert governed.per_second("history") == config.DEFAULT_BUDGETS["history"].per_second


def test_premium_wait_is_told_apart_from_others() -> None:
    assert refusal.translate("FLOOD_PREMIUM_WAIT_7", 420, "upload.getFile").is_media
    assert not refusal.translate("FLOOD_WAIT_7", 420, "upload.getFile").is_media


@pytest.mark.parametrize("hours", [-1, 1])
async def test_jump_of_the_wall_clock_neither_prolongs_nor_ends_a_wait(hours: int) -> None:
    time = VirtualTime()
    governed = time.governor()
    await flood(governed, "history", 300)
    time.clock._now += timedelta(hours=hours)
    assert governed.frozen_seconds("history") == 300
    time.clock.advance(300)
    await use(governed, "history")
