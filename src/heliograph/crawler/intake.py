"""What arrives beside the boxes' own events: it is read, and what belongs to no box is written at once.

People and chats go before the messages that name them. What is said about this account's own role in a chat tells
whether it can still be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from heliograph import clock, errors, log
from heliograph.crawler import directory, link, normalize, transport, writer
from heliograph.domain import records
from heliograph.domain.sync import events

OnRoles = Callable[[link.Link, Sequence[records.Access]], None]

_log = log.get("intake")


class Intake:
    """Reads containers and sets aside what no cursor stands for."""

    def __init__(
        self,
        commits: writer.Writer,
        chats: directory.Directory,
        time: clock.Clock,
        *,
        on_refresh: Callable[[], None],
        on_roles: OnRoles,
    ) -> None:
        self._writer = commits
        self._directory = chats
        self._time = time
        self._on_refresh = on_refresh
        self._on_roles = on_roles

    def read(self, account: link.Link, incoming: transport.Incoming) -> events.Container | events.Control:
        """Return what arrived in the machine's form. Raises SessionEnded."""
        if incoming.kind == "ended":
            raise errors.SessionEnded
        if incoming.kind != "container":
            return events.Control(incoming.kind)
        try:
            return normalize.container(
                incoming.container,
                self_user_id=account.user_id,
                pushed_at=incoming.pushed_at,
                is_known=self._directory.is_known,
            )
        except Exception as error:  # one odd container must not cost the others: the difference has it
            _log.error("container_unreadable", constructor=type(incoming.container).__name__, **log.cause(error))
            return events.Control.UNDECODABLE

    def set_aside(
        self,
        account: link.Link,
        users: Sequence[Any],
        chats: Sequence[Any],
        rest: Sequence[Any],
        pushed_at: datetime | None = None,
    ) -> None:
        """Write what belongs to no box: it goes first, so that the messages beside it find their people."""
        if not (users or chats or rest):
            return
        batch = account.aside(users, chats, rest, at=self._time.now(), pushed_at=pushed_at)
        if batch is None:
            return
        if any(not (chat.is_min or chat.is_left or self._directory.has(chat.chat_id)) for chat in batch.chats):
            self._on_refresh()
        self._writer.enqueue(batch).add_done_callback(partial(_forget_unwritten, account))
        self._on_roles(account, batch.accesses)


def _forget_unwritten(account: link.Link, future: asyncio.Future[writer.CommitResult]) -> None:
    if future.cancelled() or future.exception() is not None or future.result().is_conflict:
        account.forget_people()
