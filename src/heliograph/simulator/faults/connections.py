"""Faults of sockets, sessions, auth keys and the server's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from heliograph.simulator.faults.stage import Staged


class Cuttable(Protocol):
    """What a fault does to a connection."""

    @property
    def user_id(self) -> int | None:
        """Who is signed in on it."""

    def abort(self) -> None:
        """Close at once, without a word."""

    def stall(self, seconds: float) -> None:
        """Stay open but neither read nor write for a while."""


class ConnectionFaults(Staged):
    """The part of ``Faults`` that acts on connections and sessions."""

    monotonic: Callable[[], float]

    def __init__(self) -> None:
        self.refused_until = 0.0
        self._connections: set[Cuttable] = set()

    def cut(self, seconds: float = 0.0, *, user_id: int | None = None) -> int:
        """Close every connection, or one account's; returns how many there were.

        For ``seconds`` new connections are refused, anybody's: who they are is not known before they speak.
        """
        self.refused_until = self.monotonic() + seconds
        open_now = self._open(user_id)
        for connection in open_now:
            connection.abort()
        return len(open_now)

    def stall(self, seconds: float, *, user_id: int | None = None) -> int:
        """Let every connection, or one account's, hang for ``seconds``; returns how many there were."""
        open_now = self._open(user_id)
        for connection in open_now:
            connection.stall(seconds)
        return len(open_now)

    def new_session(self, *, user_id: int | None = None) -> int:
        """Forget what waits for clients and say new_session_created on their open connections; returns to how many."""
        sessions = [session for session in self._sessions(user_id) if session.connection is not None]
        for session in sessions:
            session.renew()
        return len(sessions)

    def change_salt(self, *, user_id: int | None = None) -> int:
        """Make the salts that clients know wrong: their next message gets bad_server_salt; returns of how many keys."""
        hub = self._stage.hub
        keys = hub.keys.all() if user_id is None else hub.keys.of_user(user_id)
        for key in keys:
            key.change_salt(hub.now())
            hub.keys.save(key)
        return len(keys)

    def resend_unacked(self, *, user_id: int | None = None) -> int:
        """Send again whatever the clients have not acked; returns to how many sessions."""
        sessions = [session for session in self._sessions(user_id) if session.connection is not None]
        for session in sessions:
            session.resend()
        return len(sessions)

    def revoke(self, user_id: int, error: str = "SESSION_REVOKED") -> int:
        """End the account's sign-ins, as another device can; returns how many. The account itself is fine."""
        hub = self._stage.hub
        keys = hub.keys.of_user(user_id)
        for key in keys:
            hub.keys.end(key, error)
        return len(keys)

    def kill_duplicates(self, *, value: bool = True) -> None:
        """Let a key die (AUTH_KEY_DUPLICATED) that is used from two places at once, as Telegram does."""
        self._stage.hub.kills_duplicates = value

    def shift_clock(self, seconds: float) -> None:
        """Put the server's clock this far from the machine's; clients whose message ids are off are told so."""
        self._stage.shift_clock(seconds)

    @property
    def is_refusing(self) -> bool:
        """Say whether new connections are refused at the moment."""
        return self.monotonic() < self.refused_until

    def add_connection(self, connection: Cuttable) -> None:
        """Make a connection known to ``cut`` and ``stall``."""
        self._connections.add(connection)

    def remove_connection(self, connection: Cuttable) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def _open(self, user_id: int | None) -> list[Cuttable]:
        return [each for each in self._connections if user_id is None or each.user_id == user_id]

    def _clear_connections(self) -> None:
        self.refused_until = 0.0
        if self._known_stage is not None:
            self._known_stage.hub.kills_duplicates = False
            self._known_stage.shift_clock(0.0)
