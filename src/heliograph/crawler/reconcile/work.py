"""The three watchers of one crawler, wired: what runs for each account, and what runs once for all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from heliograph import clock, config
from heliograph.crawler import directory, engine, link, writer
from heliograph.crawler.reconcile import audit, prober, readers, sentinel
from heliograph.domain import identity
from heliograph.store import database


class Reconcile:
    """Finds what was never told, and works off what is owed."""

    def __init__(
        self,
        settings: config.Crawler,
        work: engine.Engine,
        commits: writer.Writer,
        opened: database.Database,
        known: directory.Directory,
        *,
        history: bool,
        busy: Callable[[], Iterable[identity.PeerId]],
        time: clock.Clock,
    ) -> None:
        """With ``history`` what it will bring is left to it; ``busy`` names complete chats that get an older part."""
        self._settings = settings
        self._engine = work
        self._writer = commits
        self._database = opened
        self._directory = known
        self._time = time
        self._readers = readers.Readers(work, time)
        self._prober = prober.Prober(
            settings, work, commits, opened, self._readers, history=history, busy=busy, time=time
        )
        self._sentinels: list[sentinel.Sentinel] = []

    def run(self) -> Coroutine[Any, Any, None]:
        """Return what runs once for all accounts."""
        return self._prober.run()

    def jobs(self, account: link.Link) -> list[Coroutine[Any, Any, None]]:
        """Return what runs as long as an account does. Each raises SessionEnded."""
        watch = sentinel.Sentinel(
            account,
            self._engine,
            self._readers,
            self._database,
            hot_seconds=self._settings.sentinel_hot_seconds,
            cold_seconds=self._settings.sentinel_cold_seconds,
            time=self._time,
        )
        self._sentinels.append(watch)
        jobs = [watch.run()]
        if self._settings.audit:
            rounds = audit.Audit(
                account,
                self._engine,
                self._writer,
                self._database,
                self._directory,
                self._readers,
                time=self._time,
            )
            jobs.append(rounds.run())
        return jobs

    def compare(self, box: identity.SpaceId, asked: int, pts: int) -> None:
        """Take where a box stood, and our cursor from before that was asked: whoever watches the box confirms it."""
        for each in self._sentinels:
            each.hear(box, asked, pts)

    def forget(self) -> None:
        """Send peers again: commits that held some are lost."""
        self._readers.forget()

    def hurry(self) -> None:
        """Look at every box soon."""
        for each in self._sentinels:
            each.hurry()
