"""What no answer can be had about by its id: kept from the others' way, asked for again ever later, and on record.

Such an id stays owed. A space where no id has an answer waits as a whole, since the trouble is not that of its ids.
"""

from __future__ import annotations

from typing import Final

from heliograph import clock, errors
from heliograph.crawler import isolation
from heliograph.crawler.reconcile import lookup
from heliograph.domain import identity
from heliograph.store import database

FIRST_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 600.0


class Unanswered:
    """The ids and spaces that wait."""

    def __init__(self, opened: database.Database, time: clock.Clock) -> None:
        self._database = opened
        self._ids: isolation.Backoff[tuple[identity.SpaceId, int]] = isolation.Backoff(time)
        self._spaces: isolation.Backoff[identity.SpaceId] = isolation.Backoff(
            time, first=FIRST_SECONDS, longest=LONGEST_SECONDS
        )

    def ids(self, space: identity.SpaceId) -> set[int]:
        """Return the ids of a space that are not to be asked for now."""
        return {number for owner, number in self._ids.waiting() if owner == space}

    def waiting(self) -> set[tuple[identity.SpaceId, int]]:
        """Return all that is not to be asked for now, each id with its space."""
        return self._ids.waiting()

    async def take(self, space: identity.SpaceId, answer: lookup.Answer) -> None:
        """Note what an answer leaves out. Raises why when it says nothing at all, RpcTimeout when nobody knows."""
        is_answered = bool(answer.found or answer.empty)
        if is_answered:
            self._spaces.succeed(space)
        for number in answer.found | answer.empty:
            self._ids.succeed((space, number))
        for number, error in answer.alone.items():
            # One answer of 5xx may be anybody's bad moment; what cannot be read stays so.
            at = 1 if isinstance(error, errors.Undecodable) else 2
            if self._ids.fail((space, number)) == at and is_answered:
                await self._report(space, error, number)
        if not is_answered:
            raise next(iter(answer.alone.values()), errors.RpcTimeout())

    async def give_up(self, space: identity.SpaceId, error: errors.TelegramError) -> float:
        """Note that a space has no answer at all, and return for how many seconds to leave it alone."""
        if self._spaces.fail(space) == isolation.LONE_FAILURES:
            await self._report(space, error, None)
        return self._spaces.seconds(space)

    async def _report(self, space: identity.SpaceId, error: errors.TelegramError, number: int | None) -> None:
        chat_id = identity.channel_peer(space) if identity.is_channel_space(space) else None
        await isolation.report(
            self._database, "ids_unanswered", error, space_id=space, chat_id=chat_id, message_id=number
        )
