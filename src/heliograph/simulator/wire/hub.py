"""Where connections, keys and sessions meet: salts and times are checked here, and updates find their session.

Updates go to the last active main connection of each auth key: not to one that asks invokeWithoutUpdates, not to one
that only moves files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from telethon.tl import types

from heliograph import log
from heliograph.simulator.wire import crypto, keys
from heliograph.simulator.wire.session import Session

if TYPE_CHECKING:
    from heliograph.simulator.wire.connection import Connection

MAX_SESSIONS_PER_KEY = 32
TOO_OLD_SECONDS, TOO_NEW_SECONDS = 300, 30

Receive = Callable[[Session, int, int, bytes], None]

logger = log.get("simulator.hub")


class Hub:
    """All connections, auth keys and sessions of one server."""

    def __init__(
        self, *, rsa: crypto.RsaKey, store: keys.KeyStore, now: Callable[[], float], gzip_range: range
    ) -> None:
        self.rsa = rsa
        self.keys = store
        self.now = now
        self.connections: set[Connection] = set()
        self.violations: list[str] = []
        self.kills_duplicates = False
        self.on_message: Receive = lambda session, msg_id, seqno, body: None
        self.admits: Callable[[Connection], bool] = lambda connection: True
        self.left: Callable[[Connection], None] = lambda connection: None
        self._gzip_range = gzip_range

    def violation(self, what: str) -> None:
        """Record what a client did against the protocol."""
        self.violations.append(what)
        logger.warning("client_violation", what=what)

    def sessions_of(self, user_id: int) -> list[Session]:
        """Return the session of each of the user's auth keys that updates go to."""
        return [key.main for key in self.keys.of_user(user_id) if key.main is not None and not key.main.no_updates]

    def sessions(self) -> list[Session]:
        """Return every session of every key."""
        return [session for key in self.keys.all() for session in key.sessions.values()]

    def receive(
        self,
        connection: Connection,
        key: keys.AuthKey,
        session_id: int,
        salt: int,
        msg_id: int,
        seqno: int,
        body: bytes,
    ) -> None:
        """Take one decrypted message: refuse a wrong time or salt, find its session, and pass it on."""
        now = self.now()
        self._note_address(connection, key)
        if key.expires_at is not None and now > key.expires_at:
            self.keys.remove(key)
            connection.refuse_key()
            return
        session = key.sessions.get(session_id)
        is_new = session is None
        if session is None:
            session = Session(key, session_id, self.now, gzip_range=self._gzip_range)
        age = now - (msg_id >> 32)
        if age > TOO_OLD_SECONDS or age < -TOO_NEW_SECONDS:
            code = 16 if age > 0 else 17
            self._refuse(connection, session, types.BadMsgNotification(msg_id, seqno, code))
        elif not key.is_salt_good(salt, now):
            self._refuse(connection, session, types.BadServerSalt(msg_id, seqno, 48, key.salt(now)))
        else:
            self._admit(connection, session, msg_id, is_new=is_new)
            self._note_use(session, msg_id)
            self.on_message(session, msg_id, seqno, body)

    def make_main(self, session: Session, *, is_certain: bool = True) -> None:
        """Send the key's updates to this session from now on; ``is_certain`` if it cannot be a file connection."""
        session.key.main = session
        if not is_certain:
            return
        if session.main_since is None or session.main_connection is not session.connection:
            session.main_since, session.main_connection = session.last_received, session.connection

    def end(self, session: Session) -> None:
        """Forget a session."""
        key = session.key
        key.sessions.pop(session.session_id, None)
        if key.main is session:
            key.main = None
        session.close()

    def _admit(self, connection: Connection, session: Session, first_id: int, *, is_new: bool) -> None:
        if is_new:
            self._make_room(session.key)
            session.key.sessions[session.session_id] = session
        if session.connection is not connection:
            if session.connection is not None:
                session.connection.sessions.discard(session)
            connection.sessions.add(session)
            session.attach(connection)
        if is_new:
            salt = session.key.salt(self.now())
            session.send(types.NewSessionCreated(first_id, session.unique_id, salt)._bytes())

    def _refuse(self, connection: Connection, session: Session, notice: types.TypeBadMsgNotification) -> None:
        """Answer a message that is not accepted; it does not make a session known."""
        was, session.connection = session.connection, connection
        session.send(notice._bytes(), is_content=False)
        session.flush()
        session.connection = was

    def _make_room(self, key: keys.AuthKey) -> None:
        away = sorted((s for s in key.sessions.values() if s.connection is None), key=lambda s: s.detached_at)
        stale = [s for s in away if s.detached_at < self.now() - TOO_OLD_SECONDS]
        for session in stale or away[: max(0, len(key.sessions) - MAX_SESSIONS_PER_KEY + 1)]:
            self.end(session)

    def _note_use(self, session: Session, msg_id: int) -> None:
        """Note a main session that goes on after another connection of its key has taken over: two programs run.

        A client that reconnects leaves its old connection silent, and file connections never are main ones. Message
        ids carry the client's time, so that what waited on a hanging connection is not taken for something new.
        """
        session.last_received = max(msg_id, session.last_received)
        if session.main_since is None or session.main_connection is not session.connection:
            return
        for other in session.key.sessions.values():
            since = other.main_since
            is_open = other.connection is not None and other.main_connection is other.connection
            if is_open and other is not session and since is not None and session.main_since < since < msg_id:
                # Noted once for each time: the younger one has to say more than this one before it is noted again.
                session.main_since = msg_id
                self._double_use(session.key, f"by two connections at once, from {session.address}")
                return

    def _double_use(self, key: keys.AuthKey, how: str) -> None:
        self.violation(f"auth key {key.number:016x} is used {how}")
        if self.kills_duplicates:
            self.keys.end(key, keys.DUPLICATED)

    def _note_address(self, connection: Connection, key: keys.AuthKey) -> None:
        if key.address == connection.address:
            return
        others = {s.connection.address for s in key.sessions.values() if s.connection is not None}
        if others - {connection.address}:
            self._double_use(key, f"from {connection.address} and {', '.join(others)}")
        key.address = connection.address
        self.keys.save(key)
