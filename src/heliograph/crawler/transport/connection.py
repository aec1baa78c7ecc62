"""One account's connection: made again for ever, every request under the governor and a deadline.

What Telethon would leave open is closed here: a request that is in flight when the connection goes raises
Disconnected, never CancelledError, and none waits for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

from telethon.crypto import rsa
from telethon.errors import AuthKeyNotFound, BadMessageError, InvalidChecksumError

from heliograph import clock, config, errors, log, metrics
from heliograph.crawler import families
from heliograph.crawler import governor as governors
from heliograph.crawler.transport import inbox, pulse, refusal, session
from heliograph.crawler.transport.client import Client

CONNECT_SECONDS = 20.0
STABLE_SECONDS = 30.0
"""A connection that lasted less was no success: the pauses between attempts go on growing."""
BACKOFF_SECONDS = (0.1, 0.3, 0.5, 0.5, 1.0, 1.0, 1.0, 2.0, 2.0, 5.0, 10.0, 30.0, 60.0)

LIMITED_SECONDS = 3600.0
"""How often it is told that Telegram has limited the account."""

OPENING = "opening"
"""The method family under which a flood wait for opening connections is kept."""

_LOST = (OSError, EOFError, BufferError, InvalidChecksumError, BadMessageError)
"""What Telethon puts into the requests in flight when a connection goes."""
_FINAL = (errors.SessionEnded, errors.ApiKeyWrong)
"""What no further attempt at a connection changes."""

_log = log.get("transport")


class Connection:
    """What the rest of the crawler knows of Telegram: ``call`` and ``inbox``."""

    def __init__(
        self,
        settings: config.Telegram,
        key: session.SessionKey,
        *,
        account_id: int = 0,
        user_id: int = 0,
        governor: governors.Governor | None = None,
        on_limited: Callable[[str], Awaitable[None]] | None = None,
        queue_size: int = 10_000,
        queue_bytes: int = 16 * 2**20,
        time: clock.Clock | None = None,
        client: type[Client] = Client,
    ) -> None:
        self.account_id = account_id
        self.user_id = user_id
        self.governor = governor or governors.Governor(config.Crawler().budget, highest=config.Crawler().highest)
        self._on_limited = on_limited
        self._pulse = pulse.Pulse(settings.ping_seconds)
        self._silent_until: dict[str, float] = {}
        self.inbox = inbox.Inbox(queue_size, time or clock.SystemClock(), max_bytes=queue_bytes)
        self._settings = settings
        self._key = key
        self._client: Client | None = None
        self._client_type = client
        self._ended: errors.TelegramError | None = None
        self._outstanding: set[asyncio.Future[Any]] = set()
        self._changed = asyncio.Event()
        self._lost = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._attempts = 0
        if settings.dc_public_key_file:
            trust(settings)

    @property
    def key(self) -> session.SessionKey:
        """The DC and auth key as they are now; after the first connect there is one to keep."""
        return self._key

    @property
    def is_connected(self) -> bool:
        """Say whether requests can be sent at this moment."""
        return self._client is not None and bool(self._client.is_connected())

    @property
    def is_ended(self) -> bool:
        """Say whether Telegram ended the session; then the connection stays closed."""
        return self._ended is not None

    @property
    def ended(self) -> errors.TelegramError | None:
        """What ended this connection for good: SessionEnded or ApiKeyWrong."""
        return self._ended

    @property
    def silence_seconds(self) -> float:
        """How long Telegram has been silent in spite of pings, in seconds; 0 while their answers may come."""
        silence = self.inbox.silence_seconds
        return silence if silence > 2 * self._settings.ping_seconds else 0.0

    async def connect(self, *, wait: bool = False) -> None:
        """Connect and stay so. Without ``wait`` the first failure raises; with it SessionEnded and ApiKeyWrong do."""
        try:
            await self._open()
        except _FINAL:
            raise
        except errors.TelegramError as error:
            if not wait:
                raise
            _log.info("connection_refused", account_id=self.account_id, reason=type(error).__name__)
            await self._open_again()
        self._supervisor = asyncio.create_task(self._supervise(), name=f"connection-{self.account_id}")

    async def until_lost(self) -> None:
        """Wait until the connection is lost for the first time, however soon it is made again."""
        await self._lost.wait()

    async def disconnect(self) -> None:
        """Close the connection; requests in flight raise Disconnected."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        await self._close()
        await self.governor.close()

    async def call(
        self, request: Any, *, purpose: families.Purpose | None = None, deadline: float | None = None
    ) -> Any:
        """Send a request and return Telegram's answer.

        ``purpose`` says what it is for where its method leaves that open; it decides who goes first. ``deadline`` is in
        seconds from the moment the governor lets it pass. Raises FloodWait (also without asking, while the family
        is frozen), RpcFailed, RpcTimeout, Undecodable, Disconnected, SessionEnded.
        """
        family = families.of(request)
        async with self.governor.permit(family, purpose):
            try:
                with metrics.RPC_SECONDS.labels(family).time():
                    return await self._send(request, deadline or self._settings.rpc_deadline_seconds)
            except errors.RpcFailed as error:
                self._pulse.answered()
                await self._warn(error.name)
                raise
            except errors.SessionEnded as ended:
                self._end(ended)
                await self._close()
                raise

    async def _warn(self, name: str) -> None:
        """Tell that Telegram has limited the account, at most once in a while."""
        now = asyncio.get_running_loop().time()
        if name in refusal.ACCOUNT_LIMITED and self._on_limited and now >= self._silent_until.get(name, 0):
            self._silent_until[name] = now + LIMITED_SECONDS
            await self._on_limited(name)

    async def _send(self, request: Any, deadline: float) -> Any:
        future: asyncio.Future[Any] | None = None
        try:
            async with asyncio.timeout(deadline):
                future = (await self._ready()).send(request)
                self._outstanding.add(future)
                answer = await future
                self._pulse.answered()
                return answer
        except TimeoutError:
            if future is None:
                raise errors.Disconnected from None
            self._pulse.timed_out()
            raise errors.RpcTimeout from None
        except asyncio.CancelledError:
            # Telethon cancels what is in flight at a disconnection, though nobody cancelled this task.
            task = asyncio.current_task()
            if future is None or not future.cancelled() or (task is not None and task.cancelling()):
                raise
            raise errors.Disconnected from None
        except _LOST:
            raise errors.Disconnected from None
        except AuthKeyNotFound:
            raise errors.SessionEnded from None
        finally:
            if future is not None:
                self._outstanding.discard(future)

    async def _ready(self) -> Client:
        # A client that has lost its connection counts as none, though the supervisor may not have noticed yet.
        while self._client is None or not self._client.is_connected():
            if self._ended is not None:
                raise self._ended
            if self._supervisor is None:
                raise errors.Disconnected
            self._changed.clear()
            await self._changed.wait()
        return self._client

    async def _supervise(self) -> None:
        """Watch the connection and make it again until the session ends."""
        while self._ended is None:
            begun = asyncio.get_running_loop().time()
            reason = await self._watch()
            await self._close()
            if asyncio.get_running_loop().time() - begun > STABLE_SECONDS:
                self._attempts = 0
            if self._ended is not None:
                break
            self._lost.set()
            _log.info("connection_lost", account_id=self.account_id, reason=reason)
            try:
                await self._open_again()
            except _FINAL as ended:
                self._end(ended)
                break
            metrics.RECONNECTS.inc()
            _log.info("reconnected", account_id=self.account_id)
            self.inbox.signal("reconnected")
        await self._close()

    async def _watch(self) -> str:
        """Wait until the connection is gone or of no use, and return why."""
        assert self._client is not None
        try:
            return await self._pulse.until_gone(self._client)
        except errors.SessionEnded as ended:
            self._end(ended)
            return "session_ended"

    async def _open(self) -> None:
        """Make one attempt. Raises SessionEnded, ApiKeyWrong, FloodWait, RpcFailed, Undecodable, Disconnected."""
        if not self._settings.has_api_key:
            raise errors.ApiKeyMissing
        if (seconds := self.governor.frozen_seconds(OPENING)) > 0:
            raise errors.FloodWait(seconds, "connecting")
        client = self._client_type(self._settings, self._key, self.inbox)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.connect()
            _obey_cancellation()
        except errors.TelegramError as error:
            await _dispose(client)
            if isinstance(error, errors.FloodWait):
                await self.governor.freeze(OPENING, error.seconds)
            raise
        except AuthKeyNotFound:
            await _dispose(client)
            raise errors.SessionEnded from None
        except (*_LOST, asyncio.CancelledError) as error:
            await _dispose(client)
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            raise errors.Disconnected(
                f"Telegram cannot be reached at {self._key.address}:{self._key.port}; "
                "check the network, telegram.dc_address and telegram.dc_public_key_file."
            ) from None
        self._key = client.session.key()
        self._client = client
        self.inbox.hear()
        self._changed.set()

    async def _open_again(self) -> None:
        """Make attempts until one succeeds. Raises SessionEnded and ApiKeyWrong."""
        while True:
            pause = BACKOFF_SECONDS[min(self._attempts, len(BACKOFF_SECONDS) - 1)]
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            self._attempts += 1
            try:
                await self._open()
                return
            except errors.FloodWait as wait:
                await asyncio.sleep(wait.seconds)
            except _FINAL:
                raise
            except errors.TelegramError as error:
                _log.debug(
                    "connect_failed", account_id=self.account_id, attempt=self._attempts, error=type(error).__name__
                )

    async def _close(self) -> None:
        client, self._client = self._client, None
        for future in list(self._outstanding):
            if not future.done():
                future.set_exception(errors.Disconnected())
        self._changed.set()
        if client is not None:
            await _dispose(client)

    def _end(self, ended: errors.TelegramError) -> None:
        if self._ended is None:
            self._ended = ended
            self._changed.set()
            self.inbox.signal("ended")


def trust(settings: config.Telegram) -> None:
    """Trust the RSA key that the settings name besides Telegram's own. Raises ConfigInvalid."""
    path = settings.dc_public_key_file
    assert path is not None
    try:
        rsa.add_key(path.read_bytes(), old=False)
    except (OSError, ValueError):
        raise errors.ConfigInvalid(
            f"telegram.dc_public_key_file: {path} cannot be read as a PKCS#1 PEM key; correct the setting."
        ) from None


def _obey_cancellation() -> None:
    """Raise CancelledError when it was asked for; asyncio.wait_for, which Telethon uses, may have lost it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _dispose(client: Client) -> None:
    """Close a client in bounded time, whatever state it is in."""
    # The sender keeps the reason of its end in a future that nobody may ask, and may set it after a cancellation here.
    ended: asyncio.Future[None] = client._sender._disconnected
    ended.add_done_callback(pulse.retrieve)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.disconnect(), timeout=5)
