"""How new the archive is: until when a crawler followed Telegram, and whether it knows that something is missing yet.

The ledger says what is owed of what was heard of. What happened while nobody listened is on no ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from heliograph.store import chats
from heliograph.store.database import Connection
from heliograph.store.reads import heartbeats

# What only shows imports has nothing to follow.
_STATE: Final = f"""
SELECT now(), (SELECT max(coalesce(released_at, renewed_at)) FROM leases),
       (SELECT count(*) FROM box_cursors b WHERE EXISTS (SELECT FROM dirty_boxes d WHERE d.box = b.box)
           OR EXISTS (SELECT FROM gaps g WHERE g.space_id = b.box AND g.closed_at IS NULL AND NOT g.is_lost)),
       NOT EXISTS (SELECT FROM accounts) AND EXISTS (SELECT FROM chats c WHERE {chats.IS_IMPORT})
           AND NOT EXISTS (SELECT FROM chats c WHERE c.message_count > 0 AND NOT ({chats.IS_IMPORT}))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """Until when Telegram was followed."""

    until: datetime | None
    """Now while a crawler keeps up; None when none ever ran."""
    warnings: list[str]


async def followed(conn: Connection) -> Followed:
    """Return until when Telegram was followed, and what is known to be missing since."""
    now, last, behind, is_import = await (await conn.execute(_STATE)).fetchone() or (None, None, 0, False)
    alive = await heartbeats.crawlers(conn)
    stalled = [each for each in alive if each.state == "stalled"]
    warnings = []
    # What a line that is silent, or a queue that is long, keeps back.
    until = max((now - timedelta(seconds=each.feed_lag_seconds) for each in alive), default=last)
    if not alive and not is_import:
        since = f"since {last:%Y-%m-%d %H:%M:%S} UTC " if last else ""
        warnings.append(f"No crawler runs: what has happened {since}is not here; start `heliograph run`.")
    elif alive and len(stalled) == len(alive):
        until = max(each.beat_at for each in stalled)
        warnings.append(
            f"The crawler has not moved since {until:%Y-%m-%d %H:%M:%S} UTC: what has happened since is not here; "
            "see `heliograph status`."
        )
    if behind:
        boxes = "1 box is" if behind == 1 else f"{behind} boxes are"
        warnings.append(f"{boxes} behind Telegram; see `heliograph gaps --open`.")
    return Followed(until=until, warnings=warnings)
