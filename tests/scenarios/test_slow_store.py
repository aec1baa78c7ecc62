"""A database that answers too slowly: what cannot be written waits at Telegram, not in memory."""

from __future__ import annotations

import asyncio

from heliograph import metrics
from heliograph.crawler import writer

QUESTIONS = 20


def depth(queue):
    return metrics.QUEUE_DEPTH.labels(queue)._value.get()


async def test_store_that_hangs_is_waited_for_with_bounded_memory_and_costs_nothing(installation):
    telegram = installation.telegram
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until_verified()
        unknowable = installation.deleted()
        async with installation.database.transaction() as conn:
            await conn.execute("LOCK TABLE messages, observations IN EXCLUSIVE MODE")
            async with asyncio.timeout(30):
                while depth("updates") < 500:
                    telegram.traffic.step()
                    await asyncio.sleep(0.001)
            waits = depth("writer")
            for _ in range(500):
                telegram.traffic.step()
                await asyncio.sleep(0.001)
            # A question of its own may come to wait there besides, such as the sentinel's; of the updates none does.
            assert depth("writer") <= waits + QUESTIONS
            assert depth("writer") <= writer.BACKLOG_ROWS
        installation.look_away()
        await installation.until_equal(unknowable=unknowable)
