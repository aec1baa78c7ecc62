"""One item that Telegram cannot answer about, or whose answer cannot be read, must not hide those it is asked with.

What is asked together is asked by halves then, down to the item that is at fault. That one waits, twice as long after
each time, and is on record as a crawl error; the others go on without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from heliograph import clock, errors, log
from heliograph.crawler.transport import refusal
from heliograph.domain import identity
from heliograph.store import database, losses

FIRST_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 3600.0
LONE_FAILURES: Final = 2
"""So many items without an answer, and none with one, are no accident: the trouble is not theirs."""

_log = log.get("isolation")

Item = TypeVar("Item", bound=Hashable)


def is_about_content(error: errors.TelegramError) -> bool:
    """Say whether an error may be about one thing among those that were asked for together.

    Waits, lost connections and limits of the account are not, and lost access is about a whole chat.
    """
    if isinstance(error, errors.RpcFailed):
        return not refusal.is_access_lost(error) and error.name not in refusal.ACCOUNT_LIMITED
    return isinstance(error, errors.Undecodable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Search(Generic[Item]):
    """How it went to ask about several items."""

    alone: dict[Item, errors.TelegramError]
    """Those that have no answer even alone."""
    is_answered: bool
    """Whether any has one."""


async def ask(
    items: Sequence[Item],
    question: Callable[[Sequence[Item]], Awaitable[None]],
    is_theirs: Callable[[errors.TelegramError], bool] = is_about_content,
    *,
    patience: int = LONE_FAILURES,
) -> Search[Item]:
    """Put a question about items, by halves where it has no answer.

    Once ``patience`` of them have none and nobody has one, the rest is left for another time. Raises an error that is
    not theirs.
    """
    alone: dict[Item, errors.TelegramError] = {}
    is_answered = False
    parts = [items]
    while parts and (is_answered or len(alone) < patience):
        part = parts.pop()
        try:
            await question(part)
            is_answered = True
        except errors.TelegramError as error:
            if not part or not is_theirs(error):
                raise
            if len(part) == 1:
                alone[part[0]] = error
            else:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
    return Search(alone=alone, is_answered=is_answered)


class Backoff(Generic[Item]):
    """What fails again and again waits ever longer; what else there is goes first meanwhile."""

    def __init__(
        self,
        time: clock.Clock,
        *,
        first: float = FIRST_SECONDS,
        longest: float = LONGEST_SECONDS,
        most: int | None = None,
    ) -> None:
        """Of more than ``most`` items those are forgotten whose last failure is longest ago."""
        self._time = time
        self._most = most
        self._first = first
        self._longest = longest
        self._failures: dict[Item, tuple[int, float]] = {}
        """How often in a row an item failed, and until when it waits."""

    def fail(self, item: Item) -> int:
        """Note a failure, and return how many in a row there are."""
        count = self._failures.pop(item, (0, 0.0))[0] + 1
        # Doubling stops long before the float is at its end.
        seconds = min(self._longest, self._first * 2.0 ** min(count - 1, 32))
        self._failures[item] = (count, self._time.monotonic() + seconds)
        if self._most is not None and len(self._failures) > self._most:
            del self._failures[next(iter(self._failures))]
        return count

    def succeed(self, item: Item) -> None:
        """Note that an item is answered about."""
        self._failures.pop(item, None)

    def seconds(self, item: Item) -> float:
        """Return how long an item waits from now on."""
        return max(0.0, self._failures.get(item, (0, 0.0))[1] - self._time.monotonic())

    def waiting(self) -> set[Item]:
        """Return what waits now."""
        now = self._time.monotonic()
        return {item for item, (_, until) in self._failures.items() if until > now}


class PageSize:
    """How much of a list to ask for at once: ever less on the way to what cannot be read, and all again behind it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = most
        self._near = 0
        """So many entries from here on hold what cannot be read."""

    @property
    def limit(self) -> int:
        """The entries to ask for."""
        return self._limit

    def shrink(self, asked: int) -> bool:
        """Ask for less than ``asked`` entries, which could not be read; False when that was a single one."""
        self._near, self._limit = asked, max(1, asked // 2)
        return asked > 1

    def read(self, entries: int) -> None:
        """Note that so many entries were read."""
        self._near -= entries
        if self._near <= 0:
            self.pass_by()

    def pass_by(self) -> None:
        """Note that what cannot be read lies behind."""
        self._near, self._limit = 0, self._most


async def report(
    opened: database.Database,
    kind: str,
    error: errors.TelegramError,
    *,
    space_id: identity.SpaceId | None,
    chat_id: identity.PeerId | None = None,
    message_id: int | None = None,
) -> None:
    """Put on record that something cannot be asked about."""
    reason = error.name if isinstance(error, errors.RpcFailed) else type(error).__name__
    _log.error(kind, space_id=space_id, chat_id=chat_id, message_id=message_id, error=reason)
    try:
        async with opened.connection() as conn:
            await losses.report(conn, [(kind, space_id, chat_id, message_id, {"error": reason})])
    except errors.HeliographError as failure:
        _log.warning("crawl_error_not_stored", kind=kind, reason=type(failure).__name__)
