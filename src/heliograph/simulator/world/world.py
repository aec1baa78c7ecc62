"""The world: its state, its operations, and who listens to them.

Operations are synchronous and deterministic: given the same seed and the same calls at the same times, two worlds are
equal. Each runs, is written to the journal, and only then reaches subscribers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heliograph import clock as clocks
from heliograph.simulator import rpc
from heliograph.simulator.world import files, lookup, model, operations, seed, truth, views
from heliograph.simulator.world.journal import Journal
from heliograph.simulator.world.pushes import Push
from heliograph.simulator.world.texts import Phrasebook

Subscriber = Callable[[Push], None]
ChatLike = operations.ChatLike
UserLike = operations.UserLike


class World(lookup.Lookup):
    """Everything the simulator serves, from the seeded past to what clients do now."""

    def __init__(
        self,
        *,
        seed: int = 7,
        chats: int = 40,
        days: int = 14,
        messages: int | None = None,
        clock: clocks.Clock | None = None,
        state_dir: Path | None = None,
        equal_ids: bool = False,
    ) -> None:
        self.clock = clock or clocks.SystemClock()
        super().__init__()
        self.open_to_newcomers: list[int] = []
        self.created_channels = self.created_groups = 0
        self.phrasebooks: dict[tuple[str, str], Phrasebook] = {}
        self.peer_bytes: dict[tuple[int, int, bool], tuple[int, rpc.Raw]] = {}
        self.pending: list[Push] = []
        self.touched: list[model.Message] = []
        self.expiring: list[tuple[float, model.Chat, model.Message]] = []
        """What goes without a word at a time: when, where and which."""
        self.origin: object | None = None
        """The session whose request is being served; a push must not go back to it, its answer tells it all."""
        self.files = files.Files(state_dir)
        self._subscribers: list[Subscriber] = []
        self._is_replaying = False
        self._journal = Journal(state_dir)
        self._begin(seed, chats, days, messages, equal_ids)

    # Operations. Chats are given as objects or marked ids (a user id for a private chat), users as objects or ids.

    def post(
        self,
        chat: ChatLike,
        sender: UserLike | None = None,
        text: str = "",
        *,
        reply_to: model.Message | int | None = None,
        quote: str | None = None,
        reply_chat: ChatLike | None = None,
        **fields: Any,
    ) -> model.Message:
        """Post a message; ``fields`` are those of ``posting.post``. Without a sender the chat itself speaks."""
        if reply_to is not None:
            target = reply_to.id if isinstance(reply_to, model.Message) else reply_to
            fields["reply_to"] = [target, None if reply_chat is None else operations.peer(reply_chat), quote]
        return self._run("post", chat=operations.peer(chat), sender=operations.user(sender), text=text, **fields)  # type: ignore[no-any-return]

    def edit(
        self,
        chat: ChatLike,
        message: model.Message | int,
        text: str | None = None,
        *,
        sender: UserLike | None = None,
        **fields: Any,
    ) -> model.Message:
        """Edit a message's text, entities or media; ``sender`` finds a private chat."""
        return self._run(  # type: ignore[no-any-return]
            "edit",
            chat=operations.peer(chat),
            sender=operations.user(sender),
            message_id=operations.number(message),
            text=text,
            **fields,
        )

    def delete(
        self,
        chat: ChatLike,
        messages: Iterable[model.Message | int],
        *,
        sender: UserLike | None = None,
    ) -> list[model.Message]:
        """Delete messages for everybody; returns those that existed."""
        numbers = [operations.number(message) for message in messages]
        return self._run("delete", chat=operations.peer(chat), sender=operations.user(sender), message_ids=numbers)  # type: ignore[no-any-return]

    def react(
        self,
        chat: ChatLike,
        message: model.Message | int,
        user: UserLike,
        reaction: str | None,
        *,
        as_edit: bool = False,
    ) -> model.Message:
        """Set (or with None take back) a user's reaction: an emoji, or ``custom:<document id>``."""
        return self._run(  # type: ignore[no-any-return]
            "react",
            chat=operations.peer(chat),
            user_id=operations.user(user),
            message_id=operations.number(message),
            reaction=reaction,
            as_edit=as_edit,
        )

    def pin(
        self,
        chat: ChatLike,
        message: model.Message | int,
        *,
        sender: UserLike | None = None,
        is_pinned: bool = True,
    ) -> None:
        """Pin a message, or unpin it."""
        self._run(
            "pin",
            chat=operations.peer(chat),
            sender=operations.user(sender),
            message_id=operations.number(message),
            is_pinned=is_pinned,
        )

    def join(self, chat: ChatLike, user: UserLike, inviter: UserLike | None = None) -> model.Chat:
        """Let a user into a chat."""
        return self._run(  # type: ignore[no-any-return]
            "join", chat=operations.peer(chat), user_id=operations.user(user), inviter_id=operations.user(inviter)
        )

    def leave(self, chat: ChatLike, user: UserLike, kicker: UserLike | None = None) -> model.Chat:
        """Let a user go, or throw him out."""
        return self._run(  # type: ignore[no-any-return]
            "leave", chat=operations.peer(chat), user_id=operations.user(user), kicker_id=operations.user(kicker)
        )

    def sign_up(self, phone: str, first_name: str, last_name: str = "") -> model.User:
        """Register a phone number; the new user is in the seeded chats at once."""
        return self._run("sign_up", phone=lookup.normal_phone(phone), first_name=first_name, last_name=last_name)  # type: ignore[no-any-return]

    def set_password(self, user: UserLike, password: str | None) -> model.User:
        """Protect an account by a two-step verification password, or lift that."""
        return self._run("update_user", user_id=operations.user(user), password=password)  # type: ignore[no-any-return]

    def run(self, operation: str, /, **arguments: Any) -> Any:
        """Run any operation of ``posting`` or ``membership`` by its name, with plain ids as arguments."""
        return self._run(operation, **arguments)

    # What there is to see.

    def view(self, viewer: int, peer: int) -> model.View:
        """Return a dialog's history as an account numbers it."""
        return views.view(self, viewer, peer)

    def listeners(self, chat: model.Chat) -> list[model.Account]:
        """Return the accounts to push a chat's events to; none while nobody has subscribed."""
        return self.members(chat) if self.is_heard else []

    def truth(self, user_ids: Iterable[int] | None = None, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield every message that these accounts should have mirrored; see ``truth.records``."""
        return truth.records(self, list(self.accounts) if user_ids is None else list(user_ids), **filters)

    def events(self, box: int) -> Iterator[dict[str, Any]]:
        """Yield what happened in a channel's box (by marked id) or an account's common box; see ``truth.events``."""
        return truth.events(self, box)

    def expire_due(self) -> int:
        """Let messages go whose time to live is over; returns how many."""
        now = self.clock.now().timestamp()
        due = [entry for entry in self.expiring if entry[0] <= now]
        self.expiring = [entry for entry in self.expiring if entry[0] > now]
        for _at, chat, message in due:
            self._run("expire", **operations.place(chat), message_ids=[message.id])
        return len(due)

    # Listening.

    @property
    def is_heard(self) -> bool:
        """Say whether pushes are worth making."""
        return bool(self._subscribers) and not self._is_replaying

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call back for each push; returns how to stop."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    @contextmanager
    def acting(self, session: object) -> Iterator[None]:
        """Name the session on whose behalf operations run."""
        before, self.origin = self.origin, session
        try:
            yield
        finally:
            self.origin = before

    def push(self, user_id: int, container: Any, *, peer: int = 0) -> None:
        """Push a container that no operation made, such as updatesTooLong."""
        for subscriber in list(self._subscribers):
            subscriber(Push(user_id, container, peer=peer))

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _begin(self, number: int, chats: int, days: int, messages: int | None, equal_ids: bool) -> None:
        lines = self._journal.load()
        header = next(lines, None)
        is_new = header is None
        if header is None:
            now = int(self.clock.now().timestamp())
            header = {"seed": number, "chats": chats, "days": days, "messages": messages, "created_at": now}
            header["equal_ids"] = equal_ids
        self.seed = int(header["seed"])
        self.created_at = int(header["created_at"])
        self.has_equal_ids = bool(header.get("equal_ids"))
        self.history_starts_at = self.created_at - int(header["days"]) * 86_400
        seed.populate(self, chats=header["chats"], days=header["days"], messages=header["messages"])
        if is_new:
            self._journal.append(header)
        self._is_replaying = True
        for line in lines:
            operations.BY_NAME[line["op"]](self, line["at"], **line["args"])
            self.touched.clear()
        self._is_replaying = False

    def _run(self, name: str, /, **arguments: Any) -> Any:
        at = self.clock.now().timestamp()
        try:
            result = operations.BY_NAME[name](self, at, **arguments)
        except BaseException:
            self.pending.clear()
            raise
        self._journal.append({"op": name, "at": at, "args": arguments})
        self._tell()
        return result

    def _tell(self) -> None:
        pending, self.pending = self.pending, []
        if pending:
            now = self.clock.now().timestamp()
            for message in self.touched:
                message.pushed_at = now
            for push in pending:
                for message in push.messages:
                    message.pushed_at = now
                for subscriber in self._subscribers:
                    subscriber(push)
        self.touched.clear()
