"""One MTProto session: message ids and numbers, acks, and everything that is sent until the client acks it.

A session belongs to an auth key and outlives its connections: what was not acked is sent again, under the same
message id, when the client comes back with the same session id.
"""

from __future__ import annotations

import asyncio
import collections
import os
import struct
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from heliograph.simulator import rpc
from heliograph.simulator.wire import crypto, packing

if TYPE_CHECKING:
    from heliograph.simulator.wire.connection import Connection
    from heliograph.simulator.wire.keys import AuthKey

RPC_RESULT = 0xF35C6D01
MSGS_ACK = 0x62D6B459

MAX_UNACKED = 4096  # messages kept for a client that never acks …
MAX_UNACKED_BYTES = 16 * 1024 * 1024  # … and their bytes; the oldest are given up first
MAX_WAITING_PUSHES = 512  # updates kept for a client that is away; beyond, updatesTooLong says it all
MAX_REMEMBERED = 2048  # client messages remembered against repeats


class Session:
    """The server's half of one session."""

    def __init__(self, key: AuthKey, session_id: int, now: Callable[[], float], *, gzip_range: range) -> None:
        self.key = key
        self.session_id = session_id
        self.unique_id = int.from_bytes(os.urandom(8), "little", signed=True)
        self.connection: Connection | None = None
        self.detached_at = 0.0
        self.no_updates = False
        self.last_received = 0
        """The highest message id of the client."""
        self.main_since: int | None = None
        """The message by which it came to get the key's updates, and on which connection."""
        self.main_connection: Connection | None = None
        self.running: dict[int, asyncio.Task[None]] = {}
        self.failed: collections.deque[int] = collections.deque(maxlen=256)
        self._now = now
        self._gzip_range = gzip_range
        self._content_sent = 0
        self._last_id = 0
        self._highest = (0, 0)
        self._received: collections.OrderedDict[int, int] = collections.OrderedDict()
        self._acks: list[int] = []
        self._outbox: list[packing.Entry] = []
        self._unacked: collections.OrderedDict[int, tuple[int, bytes]] = collections.OrderedDict()
        self._unacked_bytes = 0
        self._waiting_pushes = 0
        self._has_lost_pushes = False
        self._is_flush_due = False

    @property
    def auth_key_id(self) -> int:
        """The id of the auth key that this session belongs to."""
        return self.key.number

    @property
    def user_id(self) -> int | None:
        """Who is signed in with the auth key."""
        return self.key.user_id

    @property
    def address(self) -> str:
        """The address that the client comes from, or last came from."""
        return self.connection.address if self.connection else self.key.address

    # -- client messages

    def check(self, msg_id: int, seqno: int, *, is_content: bool | None) -> int | None:
        """Return the bad_msg_notification code of a client message, or nothing when it is in order.

        ``is_content`` is None where clients disagree (service messages that are answered directly).
        """
        if msg_id & 3:
            return 18
        if is_content is not None and bool(seqno & 1) != is_content:
            return 35 if is_content else 34
        return self._check_order(msg_id, seqno) if is_content else None

    def _check_order(self, msg_id: int, seqno: int) -> int | None:
        highest_id, highest_seqno = self._highest
        if msg_id > highest_id:
            if seqno <= highest_seqno and highest_id:
                return 32
            self._highest = (msg_id, seqno)
        elif msg_id < highest_id and seqno >= highest_seqno:
            return 33
        return None

    def is_repeat(self, msg_id: int) -> bool:
        """Remember a client message; true when it came before, in which case its answer is sent again."""
        if msg_id not in self._received:
            self._received[msg_id] = 0
            if len(self._received) > MAX_REMEMBERED:
                self._received.popitem(last=False)
            return False
        self.resend([self._received[msg_id]])
        return True

    def knows(self, msg_id: int) -> bool:
        """Tell whether a client message was received."""
        return msg_id in self._received

    def answer_to(self, msg_id: int) -> int:
        """Return the message id of the answer to a client message, or 0."""
        return self._received.get(msg_id, 0)

    def ack(self, msg_id: int) -> None:
        """Tell the client, with the next message, that its message arrived."""
        self._acks.append(msg_id)
        self._schedule()

    # -- server messages

    def push(self, update: Any) -> int | None:
        """Send an updates container and return its message id; a client that is away gets it when it comes back.

        None for a client that has been away too long: updatesTooLong will tell it.
        """
        if self.connection is None or self.connection.is_clogged:
            self._waiting_pushes += 1
            if self._waiting_pushes > MAX_WAITING_PUSHES:
                self._has_lost_pushes = True
                return None
        return self.send(rpc.serialise(update))

    def answer(self, msg_id: int, result: bytes) -> None:
        """Send the result of a request."""
        if len(result) in self._gzip_range:
            result = packing.gzip_packed(result)
        answer_id = self.send(struct.pack("<Iq", RPC_RESULT, msg_id) + result, is_reply=True)
        if msg_id in self._received:
            self._received[msg_id] = answer_id

    def send(self, body: bytes, *, is_content: bool = True, is_reply: bool = False) -> int:
        """Queue a message for the end of this loop turn and return its id; content is kept until it is acked."""
        msg_id = self._next_id(is_reply=is_reply)
        seqno = self._content_sent * 2 + is_content
        if is_content:
            self._content_sent += 1
            self._keep(msg_id, seqno, body)
        if self.connection is not None:
            self._outbox.append((msg_id, seqno, body))
            self._schedule()
        return msg_id

    def acked(self, msg_ids: Iterable[int]) -> None:
        """Forget messages that the client has."""
        for msg_id in msg_ids:
            kept = self._unacked.pop(msg_id, None)
            if kept is not None:
                self._unacked_bytes -= len(kept[1])

    def resend(self, msg_ids: Iterable[int] | None = None) -> None:
        """Send kept messages again, all of them by default."""
        wanted = list(self._unacked) if msg_ids is None else [x for x in msg_ids if x in self._unacked]
        queued = {entry[0] for entry in self._outbox}
        self._outbox += [(x, *self._unacked[x]) for x in wanted if x not in queued]
        self._schedule()

    def has_kept(self, msg_id: int) -> bool:
        """Tell whether a server message waits for its ack."""
        return msg_id in self._unacked

    def drop_answer(self, answer_id: int) -> tuple[int, int] | None:
        """Forget an answer that the client does not want any more; return its number and size."""
        kept = self._unacked.get(answer_id)
        self.acked([answer_id])
        return kept and (kept[0], len(kept[1]))

    # -- connections

    def attach(self, connection: Connection) -> None:
        """Use this connection from now on; what the last one did not deliver is sent again."""
        self.connection = connection
        self.resend()
        self._waiting_pushes = 0
        if self._has_lost_pushes:
            self._has_lost_pushes = False
            self.push(types.UpdatesTooLong())

    def detach(self, connection: Connection) -> None:
        """The connection is gone; the session waits."""
        if self.connection is connection:
            self.connection = None
            self.detached_at = self._now()
            self._outbox.clear()
            self._acks.clear()

    def renew(self) -> None:
        """Begin anew on the same connection, as a server that lost its memory: what waited is forgotten."""
        self.unique_id = int.from_bytes(os.urandom(8), "little", signed=True)
        self._unacked.clear()
        self._unacked_bytes = 0
        salt = self.key.salt(self._now())
        self.send(types.NewSessionCreated(self._highest[0], self.unique_id, salt)._bytes())

    def forget_time(self) -> None:
        """Let message ids go back with a clock that was put back."""
        self._last_id = 0

    def close(self) -> None:
        """End the session: its running requests are cancelled and nothing is kept."""
        for task in list(self.running.values()):
            task.cancel()
        self.connection = None
        self._unacked.clear()
        self._outbox.clear()

    def unclog(self) -> None:
        """The client reads again: tell it what was not sent meanwhile."""
        self._waiting_pushes = 0
        if self._has_lost_pushes:
            self._has_lost_pushes = False
            self.push(types.UpdatesTooLong())

    # -- inside

    def _next_id(self, *, is_reply: bool) -> int:
        fresh = int(self._now() * (1 << 32)) & ~3
        if fresh <= self._last_id:
            fresh = (self._last_id & ~3) + 4
        self._last_id = fresh | (1 if is_reply else 3)
        return self._last_id

    def _keep(self, msg_id: int, seqno: int, body: bytes) -> None:
        self._unacked[msg_id] = (seqno, body)
        self._unacked_bytes += len(body)
        while len(self._unacked) > MAX_UNACKED or (self._unacked_bytes > MAX_UNACKED_BYTES and len(self._unacked) > 1):
            _, (_, oldest) = self._unacked.popitem(last=False)
            self._unacked_bytes -= len(oldest)

    def _schedule(self) -> None:
        if not self._is_flush_due and self.connection is not None:
            self._is_flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Send what is queued, in one container when it is several messages."""
        self._is_flush_due = False
        if self.connection is None:
            return
        if self._acks:
            body = struct.pack(f"<III{len(self._acks)}q", MSGS_ACK, rpc.VECTOR, len(self._acks), *self._acks)
            self._acks.clear()
            self.send(body, is_content=False)
        outbox, self._outbox = self._outbox, []
        for batch in packing.batches(outbox):
            self._transmit(self.connection, batch)

    def _transmit(self, connection: Connection, batch: list[packing.Entry]) -> None:
        if len(batch) == 1:
            msg_id, seqno, body = batch[0]
        else:
            body = packing.container(batch)
            msg_id, seqno = self._next_id(is_reply=False), self._content_sent * 2
        salt = self.key.salt(self._now())
        head = struct.pack("<qqqii", salt, self.session_id, msg_id, seqno, len(body))
        connection.send(crypto.encrypt(self.key.key, self.key.key_id, head + body))
