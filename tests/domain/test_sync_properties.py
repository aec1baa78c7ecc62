"""Random worlds, schedules and crashes against the world's truth; and proof that the check can fail."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sync_world import Driver, Store

from heliograph.domain.sync.actions import Anchor, Commit
from heliograph.domain.sync.events import Failure
from heliograph.domain.sync.machine import Machine


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rng=st.randoms(use_true_random=False), steps=st.integers(10, 200))
def test_everything_recoverable_arrives_in_its_final_form(rng, steps):
    Driver(rng).run(steps)


@pytest.mark.parametrize("block", range(8))
def test_long_schedules_lose_nothing(block):
    for seed in range(block * 100, block * 100 + 100):
        try:
            Driver(random.Random(seed)).run(400)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


class CursorBeforeRows(Driver):
    """Moves the cursor in a transaction of its own, so that a failure in between loses the rows."""

    def commit(self, commit, fails):
        if fails and self.store.cursors.get(commit.box) == commit.from_state:
            self.store.move(commit)
        super().commit(commit, fails)


class MarksInSecondTransaction(Driver):
    """Writes the dirty marks after the account's state, so that a failure in between forgets channels."""

    def perform(self, action, may_fail):
        if may_fail and isinstance(action, Commit) and action.dirty and self.rng.random() < 0.5:
            self.store.commit(replace(action, dirty=()))
            return self.start()
        return super().perform(action, may_fail)


class OtherUpdatesDropped(Machine):
    """Keeps only new messages of a difference."""

    def page(self, fetch, page, now):
        kept = tuple(event for event in page.events if event.payload[0] == "new")
        return super().page(fetch, replace(page, events=kept), now)


class GapsIgnored(Machine):
    """Takes every pushed update as if it followed the last one."""

    def container(self, container, now):
        fitted = tuple(
            replace(event, pts_count=event.pts - self.boxes[event.box].pipeline.pts)
            if event.box in self.boxes and event.pts > self.boxes[event.box].pipeline.pts
            else event
            for event in container.events
        )
        return super().container(replace(container, events=fitted), now)


class LossNotRecorded(Store):
    """Jumps over what was lost without a word."""

    def move(self, commit):
        super().move(commit)
        self.losses.clear()


class HoleNotOpened(Store):
    """Records a loss and leaves it at that."""

    def move(self, commit):
        super().move(commit)
        self.holes.clear()


class HoleClosedByAnOlderAnswer(Store):
    """Lets an answer close a hole that was opened while it was on its way."""

    def probe(self, space, as_of, texts):
        super().probe(space, as_of, texts)
        self.holes.pop(space, None)


class StepBackKeepsAges(Store):
    """Goes back with the cursor and leaves the rows as new as they were."""

    def age(self, space, pts):
        pass


class ScanDatedByItsAnswer(Driver):
    """Takes ``as_of`` from the response, so that a page hides the edits that came while it was on its way."""

    def scanned(self, page):
        space, _, texts, is_probe = page
        super().scanned((space, self.server.boxes[space].pts, texts, is_probe))


class ControlForgotten(Machine):
    """Goes on after a reconnection or an overflow as if nothing had been dropped."""

    def control(self, account, control, now):
        return []


class OvertakenForgotten(Store):
    """Keeps of an update that a difference overtakes what the difference says."""

    def write(self, commit):
        super().write(replace(commit, seen=()))


class AccessEndsCursor(Driver):
    """Deletes the cursor of a channel that an account may not read."""

    def refuse(self, fetch, failure):
        if failure is Failure.ACCESS:
            self.store.cursors.pop(fetch.box, None)
        super().refuse(fetch, failure)


class LimitForgotten(Driver):
    """Keeps live events without a limit while a commit is under way."""

    def start(self):
        super().start()
        self.machine._rules = replace(self.machine._rules, uncommitted=2_000)
        for box in self.machine.boxes.values():
            box._rules = self.machine._rules


class NeverAnchors(Machine):
    """Leaves a channel without a cursor where it is."""

    def add_channel(self, channel, account, server_pts, now):
        actions = super().add_channel(channel, account, None, now)
        return [action for action in actions if not isinstance(action, Anchor)]


@pytest.mark.parametrize(
    ("parts", "finding"),
    [
        ({"driver": CursorBeforeRows}, "missing|final form"),
        ({"driver": MarksInSecondTransaction}, "behind"),
        ({"machine": ControlForgotten}, "behind|missing|final form"),
        ({"store": OvertakenForgotten}, "arrived and is lost"),
        ({"driver": AccessEndsCursor}, "lost its cursor"),
        ({"driver": LimitForgotten}, "too far ahead"),
        ({"machine": OtherUpdatesDropped}, "missing|final form"),
        ({"machine": GapsIgnored}, "missing|final form"),
        ({"store": LossNotRecorded}, "missing|final form"),
        ({"store": HoleNotOpened}, "missing|final form"),
        ({"store": HoleClosedByAnOlderAnswer}, "missing|final form"),
        ({"store": StepBackKeepsAges}, "final form"),
        ({"driver": ScanDatedByItsAnswer}, "final form"),
        ({"machine": NeverAnchors}, "never anchored"),
    ],
)
def test_planted_defects_are_found(parts, finding):
    driver = parts.get("driver", Driver)
    others = {name: part for name, part in parts.items() if name != "driver"}
    for seed in range(400):
        try:
            driver(random.Random(seed), **others).run(200)
        except AssertionError as error:
            assert re.search(finding, str(error))
            return
    pytest.fail("the property does not notice this defect")
