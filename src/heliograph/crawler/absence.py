"""Whether a crawler that has lost its database may go on with Telegram (invariant 14).

Its leases hang on the database, and another crawler may take them over once they are no longer reserved. So it falls
silent before that, unless nobody else can be there: the database is down for everybody, as its refusals say, or on this
very machine, or no other crawler was known when it was last seen. There is no I/O here.
"""

from __future__ import annotations

YOUNG_SECONDS = 10.0
"""An absence that is younger costs nobody his lease: store/leases.py keeps it for longer."""
ANSWER_SECONDS = 3.0
"""After that an attempt which was neither refused nor answered counts as unanswered."""


class Absence:
    """One absence of the database. Times are monotonic seconds; ``since`` is when it was last asked and answered."""

    def __init__(self, since: float, *, is_local: bool, is_alone: bool) -> None:
        self._since = since
        self._is_free = is_local or is_alone
        self._is_refused = True

    def unanswered(self) -> None:
        """Take that an attempt was not refused: the database may be there for others."""
        self._is_refused = False

    def may_stay(self, now: float) -> bool:
        """Say whether to go on with Telegram."""
        return self._is_free or self._is_refused or now - self._since < YOUNG_SECONDS

    def patience(self, now: float) -> float:
        """Return how long the next attempt may take, in seconds."""
        if self._is_free:
            return YOUNG_SECONDS
        return max(ANSWER_SECONDS, self._since + YOUNG_SECONDS - now) if self._is_refused else self._left(now)

    def _left(self, now: float) -> float:
        return max(0.0, self._since + YOUNG_SECONDS - now)
