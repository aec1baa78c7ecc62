"""Telegram without a socket: the real client on a sender that asks the simulated world directly.

What passes is the same bytes as on the wire, requests, answers and pushes, so that our decoding and every handler of
the client run; what is left out is TCP and encryption, which makes a schedule cheap.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from telethon.network.mtprotosender import MTProtoSender
from telethon.network.requeststate import RequestState
from telethon.tl import types
from telethon.tl.core import TLMessage

from heliograph.crawler.transport import client, reader
from heliograph.simulator import calls, rpc
from heliograph.simulator.server import Simulator
from heliograph.simulator.wire.keys import AuthKey
from heliograph.simulator.wire.session import Session

RPC_RESULT = 0xF35C6D01
PINGS = {number.to_bytes(4, "little") for number in (0x7ABE77EC, 0xF3427B8C)}
REFUSALS = ((500, "INTERNAL"), (500, "PERSISTENT_TIMESTAMP_OUTDATED"), (420, "FLOOD_WAIT_1"), (503, "Timeout"))
LATENCY = (0.0, 0.01)
"""Seconds that an answer or a push takes."""


class Weather:
    """How likely is what may happen to one message; all calm by default."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.unanswered = 0.0
        self.refused = 0.0
        self.dropped = 0.0
        self.doubled = 0.0
        self.late = 0.0

    def calm(self) -> None:
        """Have everything arrive from now on."""
        self.unanswered = self.refused = self.dropped = self.doubled = self.late = 0.0

    def happens(self, likelihood: float) -> bool:
        """Draw whether something happens this time."""
        return self.rng.random() < likelihood


class Line(Session):
    """The server's half of one connection: what it sends goes to a sender in this process."""

    def __init__(self, telegram: Telegram, key: AuthKey, sender: Sender) -> None:
        super().__init__(key, telegram.weather.rng.getrandbits(63), telegram.simulator.now, gzip_range=range(0))
        self._telegram = telegram
        self._sender = sender
        self.connection = SimpleNamespace(
            address="127.0.0.1:0", local_address=("127.0.0.1", 1), is_clogged=False, abort=lambda: None
        )

    def answer(self, msg_id: int, result: bytes) -> None:
        weather = self._telegram.weather
        if weather.happens(weather.unanswered):
            return
        self._telegram.later(self._sender.take_answer, msg_id, result)

    def push(self, update: Any) -> None:
        weather = self._telegram.weather
        if weather.happens(weather.dropped):
            return
        body = rpc.serialise(update)
        for _ in range(1 + weather.happens(weather.doubled)):
            delay = weather.rng.uniform(0.05, 0.3) if weather.happens(weather.late) else 0.0
            self._telegram.later(self._sender.take_push, body, self._next_id(is_reply=False), delay=delay)

    def ack(self, msg_id: int) -> None:
        pass


class Telegram:
    """One simulated Telegram and the senders that are connected to it."""

    def __init__(self, simulator: Simulator, rng: random.Random) -> None:
        self.simulator = simulator
        self.weather = Weather(rng)
        self.senders: set[Sender] = set()
        self.calls = calls.Calls(simulator)
        self.keys: dict[bytes, AuthKey] = {}
        self._unsubscribe = simulator.world.subscribe(simulator._push)

    def close(self) -> None:
        """Push nothing more."""
        self._unsubscribe()

    def client_type(self) -> type[client.Client]:
        """Return the crawler's client, connected to this Telegram instead of a socket."""
        telegram = self

        class DirectClient(client.Client):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                self._sender.__class__ = Sender
                self._sender.telegram = telegram

        return DirectClient

    def later(self, act: Callable[..., None], *arguments: Any, delay: float = 0.0) -> None:
        """Have something arrive after a moment."""
        delay += self.weather.rng.uniform(*LATENCY)
        asyncio.get_running_loop().call_later(delay, act, *arguments)

    def cut(self) -> None:
        """Lose every connection."""
        for sender in list(self.senders):
            sender.lose(ConnectionResetError("cut"))

    def renew_sessions(self) -> None:
        """Tell every client that its session is new, without a reconnection."""
        for sender in self.senders:
            self.later(sender.take_new_session)


class Sender(MTProtoSender):
    """Telethon's sender whose requests and answers do not pass a socket."""

    telegram: Telegram
    line: Line | None = None
    ended: asyncio.Future[None] | None = None

    async def connect(self, connection: Any) -> bool:
        await asyncio.sleep(0)
        key = self.telegram.keys[self.auth_key.key]
        self.line = Line(self.telegram, key, self)
        key.sessions[self.line.session_id] = self.line
        self.ended = asyncio.get_running_loop().create_future()
        self._user_connected = True
        self.telegram.senders.add(self)
        return True

    async def disconnect(self) -> None:
        self.lose(None)

    def lose(self, error: Exception | None) -> None:
        """End the connection, for a reason or in peace."""
        if not self._user_connected:
            return
        self._user_connected = False
        self.telegram.senders.discard(self)
        assert self.line is not None
        assert self.ended is not None
        self.line.key.sessions.pop(self.line.session_id, None)
        if self.line.key.main is self.line:
            self.line.key.main = None
        self.line.close()
        for state in self._pending_state.values():
            state.future.cancel()
        self._pending_state.clear()
        if not self.ended.done():
            self.ended.set_exception(error) if error else self.ended.set_result(None)

    @property
    def _disconnected(self) -> asyncio.Future[None]:
        if self.ended is None:
            self.ended = asyncio.get_running_loop().create_future()
            self.ended.set_result(None)
        return self.ended

    def send(self, request: Any, ordered: bool = False) -> asyncio.Future[Any]:
        if not self._user_connected or self.line is None:
            raise ConnectionError("Cannot send requests while disconnected")
        state = RequestState(request)
        state.msg_id = self._state._get_new_msg_id()
        self._pending_state[state.msg_id] = state
        self.telegram.later(self._ask, self.line, state)
        return state.future

    def _ask(self, line: Line, state: RequestState) -> None:
        if not self._user_connected or line is not self.line:
            return
        if state.data[:4] in PINGS:
            state.future.done() or state.future.set_result(None)
            return
        weather = self.telegram.weather
        if weather.happens(weather.refused):
            refusal = rpc.RpcError(*weather.rng.choice(REFUSALS))
            line.answer(state.msg_id, calls._error(refusal))
        else:
            self.telegram.calls.start(line, state.msg_id, bytes(state.data))

    def take_answer(self, msg_id: int, result: bytes) -> None:
        """Get the answer to a request."""
        if self._user_connected and msg_id in self._pending_state:
            self._handle(reader.Reader(struct.pack("<Iq", RPC_RESULT, msg_id) + result).tgread_object())

    def take_push(self, body: bytes, server_id: int) -> None:
        """Get an update."""
        if self._user_connected:
            found = reader.Reader(body).tgread_object()
            message = TLMessage(server_id, 1, found)
            client._note_server_id(message)
            self._updates_queue.put_nowait(found)

    def take_new_session(self) -> None:
        """Get word that this session is new to the server."""
        if self._user_connected:
            self._handle(types.NewSessionCreated(0, 0, 0))

    def _handle(self, found: Any) -> None:
        handler = self._handlers[found.CONSTRUCTOR_ID]
        task = asyncio.get_running_loop().create_task(handler(TLMessage(0, 0, found)))
        _running.add(task)
        task.add_done_callback(_running.discard)


_running: set[asyncio.Task[None]] = set()
