"""A first word with Telegram without any account: is it reachable, does it know the API key, is the clock right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from telethon.tl.functions.help import GetConfigRequest

from heliograph import config
from heliograph.crawler.transport import connection, session


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What Telegram said of itself."""

    dc_id: int
    server_time: datetime


async def probe(settings: config.Telegram) -> Probe:
    """Make a key with the configured DC and ask for its configuration (help.getConfig).

    Raises ApiKeyWrong, Disconnected or RpcTimeout. The key is thrown away.
    """
    link = connection.Connection(settings, session.SessionKey.fresh(settings))
    await link.connect()
    try:
        answer = await link.call(GetConfigRequest())
    finally:
        await link.disconnect()
    return Probe(dc_id=answer.this_dc, server_time=answer.date)
