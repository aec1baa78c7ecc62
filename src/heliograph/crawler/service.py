"""The crawler role: takes leases, loads what is committed, and runs every account until it is told to stop.

A restart needs nothing that a crash could have cost: cursors and dirty marks come from the store, and what happened
meanwhile comes from Telegram as differences.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal

from heliograph import clock, config, errors, log, metrics
from heliograph.crawler import (
    backfill,
    claims,
    directory,
    drain,
    engine,
    house,
    letters,
    link,
    memory,
    reach,
    reconcile,
    refresh,
    resume,
    roster,
    takeover,
    tenure,
    transport,
    waits,
    watch,
    writer,
)
from heliograph.crawler.spool import journal
from heliograph.domain import identity
from heliograph.domain.sync import machine
from heliograph.domain.sync.rules import Rules
from heliograph.store import accounts, commands, database, heartbeats
from heliograph.store import chats as chat_rows
from heliograph.vault import sessions

Mode = Literal["all", "history", "live"]

_log = log.get("service")


async def run(
    settings: config.Settings,
    opened: database.Database,
    *,
    stop: asyncio.Event,
    mode: Mode = "all",
    chats: Sequence[int] | None = None,
    limit: int | None = None,
    restart: bool = True,
    on_ready: Callable[[], None] = lambda: None,
    client: type[transport.Client] = transport.Client,
    time: clock.Clock | None = None,
) -> None:
    """Mirror until ``stop`` is set; with mode ``history`` until the history is there.

    ``chats`` and ``limit`` restrict backfill to some chats, to none of them when it is empty, and to so many messages
    of each. Without ``restart`` a lost connection ends the run. ``on_ready`` is called once the leases are held, the
    sessions opened and the cursors loaded: only Telegram, spoken to through ``client``, and the database can fail then.

    Raises NotFound without accounts, BadInput for private chats of several accounts, LeaseHeld, MasterKeyWrong,
    Disconnected, and SessionEnded when every account's session is over.
    """
    vault = sessions.load(settings.key_file)
    hold = tenure.Tenure(opened, heartbeats.holder())
    is_begun = False
    fetched: dict[identity.PeerId, int] = {}
    owed = waits.Waits(opened)
    spool: journal.Journal | journal.Absent | None = None

    def begin() -> None:
        nonlocal is_begun
        if not is_begun:
            is_begun = True
            on_ready()

    with contextlib.ExitStack() as stack:
        while not stop.is_set():
            try:
                rows, epoch = await hold.take(await roster.active(opened, private_chats=settings.crawler.private_chats))
                if not is_begun:
                    stack.enter_context(metrics.exposed(settings.data_dir, "crawler", settings.web.metrics_port))
                if not isinstance(spool, journal.Journal):
                    spool = journal.open_at(settings.data_dir, settings.crawler.spool_mb, time)
                    stack.callback(spool.close)
                crawl = Crawl(
                    settings,
                    opened,
                    vault,
                    spool,
                    mode=mode,
                    epoch=epoch,
                    only=chats,
                    limit=limit,
                    fetched=fetched,
                    owed=owed,
                    restart=restart,
                    client=client,
                    time=time or clock.SystemClock(),
                )
                await crawl.run(rows, hold, stop, begin)
                return
            except tenure.Over as over:
                pause = over.seconds
            except (errors.LeaseHeld, errors.DatabaseUnreachable, errors.DiskFull) as error:
                if not is_begun:
                    raise
                _log.info("crawl_waits", reason=str(error))
                pause = tenure.AGAIN_SECONDS
            finally:
                await hold.end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)


class Crawl:
    """One run of the crawler role."""

    def __init__(
        self,
        settings: config.Settings,
        opened: database.Database,
        vault: sessions.Vault,
        spool: journal.Journal | journal.Absent,
        *,
        mode: Mode,
        epoch: int,
        only: Sequence[int] | None,
        limit: int | None,
        fetched: dict[identity.PeerId, int],
        owed: waits.Waits,
        restart: bool,
        client: type[transport.Client],
        time: clock.Clock,
    ) -> None:
        crawler = settings.crawler
        self._settings = settings
        self._database = opened
        self._vault = vault
        self._epoch = epoch
        self._only = None if only is None else frozenset(only)
        self._owed = owed
        self._restart = restart
        self._client = client
        self._follows = mode != "history" and crawler.updates
        self._fetches = mode != "live" and crawler.history
        self._ends = mode == "history"
        self._time = time
        self._directory = directory.Directory(private_chats=crawler.private_chats)
        self._writer = writer.Writer(opened, spool=spool, time=self._time)
        self._claims = claims.Claims(opened, epoch)
        self._engine = engine.Engine(
            machine.Machine(Rules(gap_wait=crawler.gap_wait_seconds, silence=crawler.silence_seconds)),
            self._writer,
            self._directory,
            claimed=self._claims,
            reached=reach.Reach(opened, self._claims),
            time=self._time,
            on_refresh=self.refresh,
        )
        self._writer.on_reset(self._begin_anew)
        self._backfill = backfill.Backfill(
            crawler,
            self._writer,
            opened,
            self._directory,
            claimed=self._claims,
            committed=self._engine.committed_pts,
            limit=limit,
            fetched=fetched,
            time=self._time,
        )
        self._reconcile = reconcile.Reconcile(
            crawler,
            self._engine,
            self._writer,
            opened,
            self._directory,
            history=self._fetches,
            busy=self._backfill.deepening,
            time=self._time,
        )
        self._watch = watch.Watch(
            self._writer,
            lambda: [each.connection for each in self._engine.accounts] if self._follows else [],
            stall_seconds=crawler.stall_seconds,
        )
        self._heart = heartbeats.Heart(
            opened, "crawler", describe=lambda: {**self._watch.lags(), **self._writer.held.described()}, time=time
        )
        parts = (self._engine, self._backfill, self._reconcile)
        self._memory = memory.Memory(opened, self._writer, self._directory, *parts)
        self._resume = resume.Resume()

    async def run(
        self, rows: list[accounts.Account], hold: tenure.Tenure, stop: asyncio.Event, on_ready: Callable[[], None]
    ) -> None:
        """Run these accounts until ``stop`` is set, or until there is nothing more to do."""
        await self._writer.replay()
        links = [await self._link(row) for row in rows]
        self._resume = await resume.load(self._database, links, self._directory, self._claims)
        self._engine.reach.load(self._resume.lost)
        self._engine.owe(self._resume.marks, self._resume.behind)
        on_ready()
        writing = [asyncio.create_task(job) for job in (self._writer.run(), self._heart.run())]
        tasks = [asyncio.create_task(job) for job in (stop.wait(), self._run_all(links), *self._services(hold))]
        try:
            done, _ = await asyncio.wait({*writing, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except tenure.Over:
            # Somebody else may speak for these accounts by now: silence first, order afterwards (invariant 14).
            await asyncio.gather(drain.cancel(tasks), drain.disconnect(links))
            raise
        except errors.Stalled:
            self._heart.state = "stalled"
            raise
        finally:
            seconds = self._settings.crawler.drain_seconds
            await drain.end(self._engine, self._heart, reading=tasks, writing=writing, links=links, seconds=seconds)

    def refresh(self) -> None:
        """Have every account's list of chats read soon."""
        self._memory.refresh()

    def _services(self, hold: tenure.Tenure) -> list[Coroutine[Any, Any, Any]]:
        settings = self._settings
        jobs = [
            self._engine.keep_time(),
            self._engine.reach.run(),
            self._watch.run(self._engine.machine, settings.data_dir),
            house.keep(self._database, timedelta(days=settings.database.outbox_days)),
            letters.serve(self._database, private_chats=settings.crawler.private_chats),
            self._owed.run(),
            self._memory.run(),
            hold.keep(
                ["refresh"], self._handle, lacks=lambda: bool(self._claims.foreign), on_return=self._writer.try_now
            ),
        ]
        if self._follows:
            jobs += [takeover.run(self._engine, self.refresh), self._reconcile.run()]
        return [*jobs, self._backfill.run()] if self._fetches else jobs

    def _begin_anew(self, boxes: Iterable[identity.SpaceId] | None) -> None:
        """Have boxes go on from their stored cursors, all of them when the database is another one."""
        if boxes is None:
            self._memory.forget()
        for box in list(self._engine.machine.boxes) if boxes is None else boxes:
            self._engine.recover(box)

    async def _handle(self, command: commands.Command) -> dict[str, object]:
        self.refresh()
        self._reconcile.hurry()
        return {}

    # -- accounts ---------------------------------------------------------------------------------------------

    async def _link(self, row: accounts.Account) -> link.Link:
        how = (self._settings, self._database, self._vault, row, self._time, self._client, self._owed)
        connection = await roster.connection(*how)
        return link.Link(connection, epoch=self._epoch, chats=self._directory)

    async def _run_all(self, links: list[link.Link]) -> None:
        """Run every account; one whose session ends leaves the others alone. Raises SessionEnded when all ended."""
        runs = [asyncio.create_task(self._run_account(each)) for each in links]
        try:
            is_alive = await asyncio.gather(*runs)
        finally:
            # The failure of one account ends the others too: none may go on beside the next tenure (invariant 14).
            await drain.cancel(runs)
        alive = [each for each, is_signed_in in zip(links, is_alive, strict=True) if is_signed_in]
        if self._ends and alive:
            await self._backfill.until_idle()
            alive = [each for each in alive if await self._is_signed_in(each)]
        if not alive:
            raise errors.SessionEnded

    async def _run_account(self, account: link.Link) -> bool:
        """Run an account to its end; False when that is the end of its session."""
        jobs: list[asyncio.Task[None]] = []
        try:
            await account.connection.connect(wait=self._restart)
            jobs += [asyncio.create_task(job) for job in self._jobs(account)]
            await asyncio.gather(*jobs)
        except errors.SessionEnded as ended:
            await self._let_go(account, ended)
            return False
        finally:
            await drain.cancel(jobs)
        return True

    async def _is_signed_in(self, account: link.Link) -> bool:
        """Look whether a session ended while history was fetched, which nobody follows."""
        ended = account.connection.ended
        if ended is not None:
            await self._let_go(account, ended)
        return ended is None

    async def _let_go(self, account: link.Link, ended: errors.TelegramError) -> None:
        """Go on without an account. Raises ApiKeyWrong when that is why: its session is as good as before."""
        reason = account.connection.ended or ended
        if isinstance(reason, errors.ApiKeyWrong):
            raise reason
        self._engine.remove(account)
        self._backfill.remove(account)
        await account.connection.disconnect()
        await roster.sign_out(self._database, account, str(reason))

    def _jobs(self, account: link.Link) -> list[Coroutine[Any, Any, None]]:
        listing = refresh.Refresh(
            account,
            self._engine,
            self._writer,
            self._directory,
            self._database,
            every_seconds=self._settings.crawler.refresh_seconds,
            on_page=self._offer,
            on_standing=self._reconcile.compare,
        )
        self._memory.add(listing)
        self._backfill.add(account)
        cursor = self._resume.cursor(account)
        if not self._follows:
            # Without updates no cursor moves; a box that has none is anchored, to date what is read.
            self._resume.channels_into(self._engine, account, with_marks=False)
            self._engine.add(account, cursor, is_following=False)
            return [listing.until_read() if self._ends else listing.run()]
        self._engine.add(account, cursor)
        self._resume.channels_into(self._engine, account, with_marks=True)
        jobs = [self._engine.follow(account), *self._reconcile.jobs(account)]
        if self._settings.crawler.peers:
            jobs.append(listing.run())
        if not self._restart:
            jobs.append(account.until_lost())
        return jobs

    async def _offer(self, tops: dict[identity.PeerId, int]) -> None:
        """Have the history of chats fetched that lack it; ``tops`` are their newest messages."""
        if not self._fetches:
            return
        async with self._database.connection(database.SHORT_SECONDS) as conn:
            rows = await chat_rows.load(conn)
        for row in rows:
            self._directory.load(row)
            if row.chat_id in tops and (self._only is None or row.chat_id in self._only):
                self._backfill.offer(row, tops[row.chat_id])
