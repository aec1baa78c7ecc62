"""The accounts, what Telegram makes them wait for, and how fast each may use which methods."""

from __future__ import annotations

from datetime import datetime, timedelta

from heliograph import config
from heliograph.domain import identity
from heliograph.store import accounts, losses
from heliograph.store.database import Connection
from heliograph.store.reads import views

LIMITED_FOR = timedelta(days=1)
"""How long it is shown that Telegram has limited an account itself; it is told again while it lasts."""

_ACCOUNTS = """
SELECT a.account_id, a.label, a.user_id, a.state, a.frozen_until, a.budgets,
       (SELECT count(*) FROM chat_access x JOIN chats c ON c.chat_id = x.peer_id
        WHERE x.account_id = a.account_id AND x.role IN ('creator', 'admin', 'member') AND c.kind <> 'private')
FROM accounts a ORDER BY a.account_id
"""
_LIMITED = """
SELECT DISTINCT ON (space_id) space_id, detail ->> 'error', occurred_at
FROM crawl_errors WHERE occurred_at > %s AND kind = %s ORDER BY space_id, occurred_at DESC
"""


async def statuses(conn: Connection, crawler: config.Crawler, now: datetime) -> list[views.AccountStatus]:
    """Return all accounts in the order they were added."""
    found = await conn.execute(_LIMITED, [now - LIMITED_FOR, losses.ACCOUNT_LIMITED])
    limited = {space: views.AccountLimit(error=error, noticed_at=at) for space, error, at in await found.fetchall()}
    cursor = await conn.execute(_ACCOUNTS)
    statuses = []
    for account_id, label, user_id, state, stored_waits, stored_budgets, count in await cursor.fetchall():
        waits = _still_frozen(stored_waits, now)
        statuses.append(
            views.AccountStatus(
                account_id=account_id,
                label=label,
                user_id=user_id,
                state=state,
                chats=count,
                frozen=waits,
                limited=limited.get(identity.mailbox_space(user_id)),
                budgets=_budgets(crawler, accounts.learned_of(stored_budgets), waits),
            )
        )
    return statuses


def _budgets(
    crawler: config.Crawler, learned: dict[str, accounts.Learned], waits: dict[str, datetime]
) -> list[views.BudgetStatus]:
    budgets = []
    for family in config.DEFAULT_BUDGETS:
        configured, known = crawler.budget(family).per_second, learned.get(family)
        budgets.append(
            views.BudgetStatus(
                family=family,
                per_second=min(known.per_second, crawler.highest(family)) if known else configured,
                configured_per_second=configured,
                may_rise=crawler.highest(family) > configured,
                learned_at=known.learned_at if known else None,
                flooded_at=known.flooded_at if known else None,
                frozen_until=waits.get(family),
            )
        )
    return budgets


def _still_frozen(frozen: dict[str, str], now: datetime) -> dict[str, datetime]:
    moments = {family: datetime.fromisoformat(until) for family, until in frozen.items()}
    return {family: until for family, until in moments.items() if until > now}
