"""Faults of answers: what they hold has a constructor that no client knows."""

from __future__ import annotations

import dataclasses
from typing import Any

from heliograph.simulator.faults import rpc
from heliograph.simulator.world import ids


@dataclasses.dataclass(kw_only=True, slots=True)
class Unreadable:
    """Answers of a method that cannot be read: of those that are about a chat, or name it among dialogs."""

    method: str
    times: int | None
    user_id: int | None
    chat: int | None

    def takes(self, user_id: int | None, method: str, request: Any, answer: Any) -> bool:
        """Say whether this answer is one of them, and count it."""
        if self.times == 0 or method != self.method or self.user_id not in (None, user_id):
            return False
        if self.chat is not None and self.chat not in rpc.peers_in(request) | _listed(answer):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class AnswerFaults:
    """The part of ``Faults`` that is asked about answers."""

    def __init__(self) -> None:
        self._unreadable: list[Unreadable] = []

    def undecodable_answers(
        self, method: str, times: int | None = 1, *, user_id: int | None = None, chat: int | None = None
    ) -> None:
        """Put an unknown constructor into the next answers of a method, or (``times`` None) into all of them.

        With ``chat`` only into those that are about it, or that list its dialog.
        """
        self._unreadable.append(Unreadable(method=method, times=times, user_id=user_id, chat=chat))

    def is_unreadable(self, user_id: int | None, method: str, request: Any, answer: Any) -> bool:
        """Say whether an answer gets something unreadable, and count it."""
        found = any(fault.takes(user_id, method, request, answer) for fault in self._unreadable)
        self._unreadable = [fault for fault in self._unreadable if fault.times != 0]
        return found

    def _clear_answers(self) -> None:
        self._unreadable.clear()


def _listed(answer: Any) -> set[int]:
    """Return the marked ids of the chats whose dialogs an answer holds."""
    peers = [each.peer for each in getattr(answer, "dialogs", ())]
    return {
        ids.channel_peer(peer.channel_id)
        if hasattr(peer, "channel_id")
        else ids.chat_peer(peer.chat_id)
        if hasattr(peer, "chat_id")
        else peer.user_id
        for peer in peers
    }
