"""The simulator: one world, one MTProto server, one control address.

``async with Simulator(port=0) as simulator`` listens until the block ends. Everything that a test turns is an
attribute: ``world``, ``faults``, ``traffic``, ``logins``, ``violations``, ``failures``.
"""

from __future__ import annotations

import asyncio
import errno
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from heliograph import clock, errors, log
from heliograph.simulator import calls, control, faults, logins, rpc, services, shifted, state, traffic
from heliograph.simulator.wire import connection, crypto, hub, keys
from heliograph.simulator.wire.messages import Messages
from heliograph.simulator.wire.session import Session
from heliograph.simulator.world.pushes import Push
from heliograph.simulator.world.world import World

HOME_DC = 2
EXPIRY_SECONDS = 0.2  # how often messages with a time to live are looked at
GZIP_BYTES = range(1024, 16 * 1024)  # smaller answers gain nothing, larger ones cost more time than loopback does

logger = log.get("simulator")


class Simulator:
    """Telegram on loopback. With ``state_dir`` keys, sign-ins and the world outlive the process.

    A state directory that another simulator uses raises ``AlreadyRunning``.

    ``messages`` sets how many messages the whole history has; by default it follows from chats and days.
    ``equal_ids`` gives some users, basic groups and channels the same number.
    ``api_id`` and ``api_hash`` None accept any; otherwise others are refused with API_ID_INVALID.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        login_code: str = "12345",
        seed: int = 7,
        chats: int = 40,
        days: int = 14,
        messages: int | None = None,
        equal_ids: bool = False,
        rate: float = 0.0,
        state_dir: Path | None = None,
        key_bits: int = 2048,
        api_id: int | None = None,
        api_hash: str | None = None,
        gzip_bytes: range = GZIP_BYTES,
        time: clock.Clock | None = None,
        world: World | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.dc_id = HOME_DC
        self.dc_ids = range(1, 6)
        self.clock = shifted.ShiftedClock(time or clock.SystemClock())
        self.state_dir = state_dir
        self.failures: list[str] = []
        self._api = (api_id, api_hash)
        # Taken before anything is read: loading repairs the journal, which its writer may be in the middle of.
        self._lock = state.take(state_dir) if state_dir is not None else None
        self.logins = logins.Logins(
            code=login_code, now=self.now, path=state_dir / "passwords.json" if state_dir else None
        )
        self.world = world or World(
            seed=seed,
            chats=chats,
            days=days,
            messages=messages,
            clock=self.clock,
            state_dir=state_dir,
            equal_ids=equal_ids,
        )
        self.faults = faults.Faults(seed=self.world.seed, monotonic=self.clock.monotonic)
        self.faults.attach(self)
        self.traffic = traffic.Traffic(self.world, rate)
        self.control_url = ""
        self.router = _router()
        self.hub = hub.Hub(
            rsa=_rsa_key(state_dir, key_bits),
            store=keys.KeyStore(state_dir / "keys.jsonl" if state_dir else None),
            now=self.now,
            gzip_range=gzip_bytes,
        )
        self._messages = Messages(self.hub, calls.Calls(self).start)
        self.hub.on_message = self._messages.receive
        self.hub.admits, self.hub.left = self._admits, self.faults.remove_connection
        self._listener: asyncio.Server | None = None
        self._control: control.Control | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._expiry: asyncio.Task[None] | None = None

    # -- life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, and let the world live; a port that is in use raises ``PortTaken``."""
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(self._connect, self.host, self.port)
        except OSError as error:
            self._close_files()
            if error.errno == errno.EADDRINUSE:
                raise errors.PortTaken(
                    f"Port {self.port} on {self.host} is in use by another program; choose another with --port."
                ) from error
            raise
        self.port = self._listener.sockets[0].getsockname()[1]
        self._unsubscribe = self.world.subscribe(self._push)
        self._control = await control.start(self)
        self.control_url = self._control.url
        self.traffic.start()
        self._expiry = asyncio.get_running_loop().create_task(self._expire())
        logger.info("simulator_listens", host=self.host, port=self.port)

    async def stop(self) -> None:
        """End connections and close files; clients see a closed connection, as in a restart."""
        if self._listener is None or self._control is None:
            return
        self._listener.close()
        self._listener = None
        self._unsubscribe()
        await self.traffic.stop()
        if self._expiry is not None:
            self._expiry.cancel()
        await self._control.stop()
        for open_connection in list(self.hub.connections):
            open_connection.abort()
        for session in self.hub.sessions():
            session.close()
        self._close_files()

    def _close_files(self) -> None:
        self.hub.keys.close()
        self.world.close()
        if self._lock is not None:
            self._lock.close()

    # -- what services and tests ask for

    @property
    def public_key_pem(self) -> str:
        """The RSA key that clients must know, as PKCS#1 PEM."""
        return self.hub.rsa.public_pem()

    @property
    def violations(self) -> list[str]:
        """What clients did against the protocol, oldest first."""
        return self.hub.violations

    def now(self) -> float:
        """Return the server's Unix time."""
        return self.clock.now().timestamp()

    def sessions_of(self, user_id: int) -> list[Session]:
        """Return the sessions that a user's updates go to: one for each signed-in auth key that was active."""
        return self.hub.sessions_of(user_id)

    def check_api(self, api_id: int, api_hash: str | None = None) -> None:
        """Refuse an application that Telegram does not know with API_ID_INVALID."""
        known_id, known_hash = self._api
        is_id_wrong = api_id <= 0 or (known_id is not None and api_id != known_id)
        if is_id_wrong or (None not in (api_hash, known_hash) and api_hash != known_hash):
            raise rpc.RpcError(400, "API_ID_INVALID")

    def shift_clock(self, seconds: float) -> None:
        """Put the server's clock this far from the one that it was given."""
        before = self.now()
        self.clock.shift(seconds)
        if self.now() < before:
            for session in self.hub.sessions():
                session.forget_time()

    # -- inside

    async def _expire(self) -> None:
        """Let messages go whose time to live is over."""
        while True:
            await asyncio.sleep(EXPIRY_SECONDS)
            self.world.expire_due()

    def _connect(self) -> connection.Connection:
        return connection.Connection(self.hub)

    def _admits(self, newcomer: connection.Connection) -> bool:
        if self.faults.is_refusing:
            return False
        self.faults.add_connection(newcomer)
        return True

    def _push(self, push: Push) -> None:
        """Pass one push through the faults to every device of the user but the one whose request made it."""
        origin = self.world.origin
        own_key = origin.key if isinstance(origin, Session) else None
        for delay, changed in self.faults.on_push(push):
            if delay > 0:
                asyncio.get_running_loop().call_later(delay, self._deliver, push, changed, own_key)
            else:
                self._deliver(push, changed, own_key)

    def _deliver(self, push: Push, container: Any, own_key: keys.AuthKey | None) -> None:
        sessions = [session for session in self.sessions_of(push.user_id) if session.key is not own_key]
        if sessions:
            raw = rpc.Raw(rpc.serialise(container))
            for session in sessions:
                msg_id = session.push(raw)
                if msg_id is not None:
                    self.faults.after_push(push, session, msg_id)


def _router() -> rpc.Router:
    """Collect the handlers of every module in ``services``."""
    router = rpc.Router()
    for found in pkgutil.iter_modules(services.__path__):
        module = importlib.import_module(f"{services.__name__}.{found.name}")
        if hasattr(module, "router"):
            router.include([module.router])
    return router


def _rsa_key(state_dir: Path | None, bits: int) -> crypto.RsaKey:
    """Return the server's RSA key, the one of last time when there is a state directory."""
    if state_dir is None:
        return crypto.RsaKey.generate(bits)
    path = state_dir / "rsa.pem"
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(crypto.RsaKey.generate(bits).private_pem())
        fresh.replace(path)
    return crypto.RsaKey.load(path.read_bytes())
