"""How fast one account may use one family of methods, learned from what Telegram lets pass and what it refuses.

Requests go out evenly, since at an even pace below the limit no limiter refuses, be it a bucket of tokens, a fixed or a
sliding window. What is left is to find the limit. A refusal leads back to the pace that was proven before; if that was
the one refused, to what really passed between the ends of two waits, which no limiter lets exceed the limit for long.
From there the pace climbs in growing steps to the middle of what passed and what was refused, holds once both are near,
and looks beyond ever more rarely. Why, and what it gains: docs/decisions/0008-governor.md.

Pure: seconds come in, nothing sleeps. A pace is in requests per second.
"""

from __future__ import annotations

import math

from heliograph import config

MARGIN = 0.98
"""Of a proven or measured pace, since waits are told in whole seconds."""
NEAR = 1.08
"""A refused pace so little above the proven one leaves nothing to search for."""
FIRST_STEP = 0.04
LAST_STEP = 0.5
"""How much higher the next pace is: the steps double from one to the other."""
LEVEL_SECONDS = 30.0
LEVEL_REQUESTS = 6
"""A pace is proven after so long and so many requests, and not before the last wait's length."""
PROBE_SECONDS = 60.0
"""The first step beyond a limit takes longer: what the limiter has saved up meanwhile hides it."""
HOLD_SECONDS = 120.0
LONGEST_HOLD_SECONDS = 3600.0
"""How long a found pace is held before a look beyond it; each look that finds nothing doubles it."""
HOLD_WAITS = 10
"""It is held at least so many times as long as a look would cost."""
MEASURED_SECONDS = 30.0
"""Waits in quick succession are measured together until they span so long: each is told in whole seconds."""
DEEPEST_CUT = 4
"""One refusal lowers a pace at most to this part of it while little has been measured."""
COUNTED_WAIT_SECONDS = 3600.0
"""A longer wait is a penalty rather than a measure; it is obeyed in full and counted as this."""
HIGHEST = 50.0
LOWEST = 1 / 600
IDLE_TURNS = 4
"""A pause in demand counts at most as so many requests at the present pace: nothing was refused meanwhile."""
BURST_REST_SECONDS = 3600.0
"""After so long without a refusal a burst is allowed its whole size again."""


class Pace:
    """The rule. ``rate`` is the pace to keep, ``proven`` the one that is believed to last.

    ``highest`` is never exceeded. ``is_known`` says that ``start`` was learned from refusals before, so it is held.
    """

    def __init__(self, start: float, *, highest: float = HIGHEST, is_known: bool = False) -> None:
        self.highest = highest
        self.rate = self.proven = min(start, highest)
        self._refused = math.inf
        self._proof_seconds = 0.0
        self._wait_seconds = 0.0
        self._step = LAST_STEP
        self._level = _Count()
        self._cycle = _Count()
        self._needed_seconds = LEVEL_SECONDS
        self._is_holding = False
        self._held = 0.0
        self._hold_seconds = HOLD_SECONDS
        if is_known:
            self._refused = self.rate * NEAR
            self._settle(self.rate)

    def sent(self, seconds: float, *, is_paced: bool) -> None:
        """Count the time since the request before; ``is_paced`` when this pace, and not demand, made it so long."""
        self._cycle.seconds += seconds
        if is_paced:
            self._level.seconds += seconds
            self._level.passed += 1

    def passed(self) -> None:
        """Count a request that was served, and try a higher pace once this one is proven."""
        self._cycle.passed += 1
        needed = max(self._needed_seconds, self._wait_seconds)
        if self._level.seconds < needed or self._level.passed < LEVEL_REQUESTS:
            return
        if self._is_holding:
            # What was refused long ago may pass by now.
            self._refused = math.inf
            self._step = FIRST_STEP
            self._try(self.rate * (1 + FIRST_STEP), PROBE_SECONDS)
        else:
            self._proof_seconds = self._level.seconds
            self._settle(self.rate)

    def refused(self, wait_seconds: float) -> None:
        """Go back to the proven pace; one that is refused itself, or was proven in less than the wait, is measured."""
        self._wait_seconds = min(wait_seconds, COUNTED_WAIT_SECONDS)
        measured = self._measure()
        # A limiter that makes us wait so long may well let everything pass for as long.
        is_proven = self.proven < self.rate and self._proof_seconds >= self._wait_seconds
        self._refused = self.rate
        self._step = FIRST_STEP
        self._settle(max(LOWEST, MARGIN * (self.proven if is_proven else min(measured, self.proven))))

    def _measure(self) -> float:
        """Return how much passed per second since the end of an earlier wait until the end of this one."""
        cycle = self._cycle
        cycle.seconds += self._wait_seconds
        if cycle.seconds >= MEASURED_SECONDS:
            self._cycle = _Count()
            if cycle.passed >= LEVEL_REQUESTS:
                return cycle.per_second
        return max(cycle.per_second, self.rate / DEEPEST_CUT)

    def _settle(self, proven: float) -> None:
        """Hold this pace when the refused one is near; prove it when it was not kept so far; else try a higher one."""
        is_kept = proven == self.rate
        self.proven = proven
        if self._refused <= proven * NEAR:
            self._keep(proven)
        elif is_kept:
            step, self._step = self._step, min(LAST_STEP, self._step * 2)
            self._try(min(proven * (1 + step), math.sqrt(proven * self._refused)), LEVEL_SECONDS)
        else:
            self._try(proven, LEVEL_SECONDS)

    def _try(self, rate: float, needed_seconds: float) -> None:
        self.rate = min(rate, self.highest)
        self._needed_seconds = needed_seconds
        self._level = _Count()
        self._is_holding = False

    def _keep(self, rate: float) -> None:
        """Hold a pace, longer when it is the same again, and long enough for the next look to cost little of it."""
        is_same = abs(rate - self._held) <= self._held * 2 * FIRST_STEP
        self._hold_seconds = self._hold_seconds * 2 if is_same else HOLD_SECONDS
        self._hold_seconds = min(LONGEST_HOLD_SECONDS, max(self._hold_seconds, HOLD_WAITS * self._wait_seconds))
        self._held = rate
        self._try(rate, self._hold_seconds)
        self._is_holding = True


class Bucket:
    """Tokens of one family that come back at its pace: ``burst`` of them at most, handed out by whoever asks.

    ``now`` is in seconds of any clock that never goes back.
    """

    def __init__(self, budget: config.Budget, now: float, pace: Pace, *, is_known: bool = False) -> None:
        self.concurrent = budget.concurrent
        self.running = 0
        self.pace = pace
        self._budget = budget
        self._burst = budget.burst
        # A learned pace is kept from the first request on: the process before may have sent until a moment ago.
        self._tokens = 1.0 if is_known else budget.burst
        self._counted_at = now
        self._sent_at = now
        self._refused_at = -math.inf

    def tokens(self, now: float) -> float:
        """Return how many requests may go at this moment."""
        if now > self._counted_at:
            self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self.pace.rate)
            self._counted_at = now
        return self._tokens

    def seconds_until_token(self, now: float) -> float:
        """Return how long it takes until a request may go; 0 or less when it may."""
        ready_at = max(now, self._counted_at)
        return ready_at - now + (1 - self.tokens(now)) / self.pace.rate

    def take(self, now: float, *, is_paced: bool) -> None:
        """Spend a token; ``is_paced`` when it had to be waited for."""
        if now - self._refused_at > BURST_REST_SECONDS:
            self._burst = self._budget.burst
        self._tokens = self.tokens(now) - 1
        gap = max(0.0, now - self._sent_at)
        self.pace.sent(gap if is_paced else min(gap, IDLE_TURNS / self.pace.rate), is_paced=is_paced)
        self._sent_at = now

    def refused(self, now: float, wait_seconds: float, *, sent_at: float, is_paced: bool) -> bool:
        """Learn from a flood wait, and send nothing until it is over; say whether there was something to learn.

        Of several requests that were on their way together the first one teaches. One that came in a burst teaches how
        large a burst may be; only at an even pace does a refusal say something of the pace.
        """
        is_news = sent_at >= self._refused_at
        if is_news:
            if is_paced or self._burst == 1:
                self.pace.refused(wait_seconds)
            else:
                self._burst = max(1.0, self._burst / 2)
            self._refused_at = now
        self._tokens = 1
        self._counted_at = self._sent_at = max(self._counted_at, now + wait_seconds)
        return is_news


class _Count:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.passed = 0

    @property
    def per_second(self) -> float:
        return self.passed / max(self.seconds, 1e-3)
