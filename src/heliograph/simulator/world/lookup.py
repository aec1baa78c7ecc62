"""Finding things in the world: chats, people, messages, boxes, access hashes, files."""

from __future__ import annotations

from collections.abc import Iterator

from heliograph.simulator import rpc
from heliograph.simulator.world import ids, model
from heliograph.simulator.world.boxes import Box


class Lookup:
    """What exists, by its names and numbers."""

    seed: int

    def __init__(self) -> None:
        self.users: dict[int, model.User] = {}
        self.chats: dict[int, model.Chat] = {}
        self.privates: dict[tuple[int, int], model.Chat] = {}
        self.accounts: dict[int, model.Account] = {}
        self.phones: dict[str, int] = {}
        self.usernames: dict[str, int] = {}
        self.invites: dict[str, int] = {}
        self.kept_media: dict[int, model.Json] = {}
        self._hashes: dict[tuple[int, int, bool], int] = {}

    def find(self, what: str | int) -> model.Chat:
        """Return a chat by marked id, username or title. Raises KeyError."""
        if isinstance(what, int):
            return self.chats[what]
        peer = self.usernames.get(what.lower())
        if peer in self.chats:
            return self.chats[peer]
        for chat in self.chats.values():
            if chat.title == what:
                return chat
        raise KeyError(what)

    def chats_of(self, kind: model.ChatKind) -> list[model.Chat]:
        """Return the chats of a kind, in the order of their creation."""
        return [chat for chat in self.chats.values() if chat.kind == kind]

    def user_by_phone(self, phone: str) -> model.User | None:
        """Return who signed up with a phone number."""
        user_id = self.phones.get(normal_phone(phone))
        return self.users[user_id] if user_id is not None else None

    def private(self, one: int, other: int) -> model.Chat:
        """Return the private conversation of two users (of one with himself: the saved messages)."""
        key = (min(one, other), max(one, other))
        chat = self.privates.get(key)
        if chat is None:
            members = {user_id: model.Member(user_id=user_id) for user_id in key}
            chat = model.Chat(kind="private", id=0, title="", created_at=0, members=members)
            self.privates[key] = chat
        return chat

    def target(self, peer: int, sender: int | None) -> model.Chat:
        """Return the chat that a marked id means for a sender."""
        if peer > 0 and sender is not None:
            return self.private(sender, peer)
        if peer not in self.chats:
            raise rpc.RpcError(400, "PEER_ID_INVALID")
        return self.chats[peer]

    def living(self, chat: model.Chat, message_id: int) -> model.Message:
        """Return a message that is not deleted, or refuse."""
        message = chat.message(message_id)
        if message is None or message.deleted_at is not None:
            raise rpc.RpcError(400, "MESSAGE_ID_INVALID")
        return message

    def members(self, chat: model.Chat) -> list[model.Account]:
        """Return the accounts that are in a chat."""
        return [account for user_id, account in self.accounts.items() if user_id in chat.members]

    def owner(self, chat: model.Chat) -> int:
        """Return who created a chat."""
        return next((m.user_id for m in chat.members.values() if m.role == "creator"), ids.SERVICE_USER)

    def access_hash(self, viewer: int, peer: int, *, is_min: bool = False) -> int:
        """Return the access hash by which ``viewer`` reaches a user or channel."""
        key = (viewer, peer, is_min)
        found = self._hashes.get(key)
        if found is None:
            found = self._hashes[key] = ids.access_hash(self.seed, viewer, peer, is_min=is_min)
        return found

    def media_spec(self, media_id: int) -> model.Json | None:
        """Return the media with a photo's or document's id, looking through the seeded past when needed."""
        if media_id not in self.kept_media:
            for chat in self.chats.values():
                for message in chat.messages:
                    if message.media is not None and message.media.get("id") == media_id:
                        self.kept_media[media_id] = message.media
        return self.kept_media.get(media_id)

    def renew_reference(self, file_id: int) -> None:
        """Make a file's reference invalid: the new one is in the messages that show the file."""
        renewals = 1 + (self.media_spec(file_id) or {}).get("_renewals", 0)
        for chat in (*self.chats.values(), *self.privates.values()):
            for message in chat.messages:
                if message.media is not None and message.media.get("id") == file_id:
                    message.media["_renewals"] = renewals
                    message.cached = None
        if file_id in self.kept_media:
            self.kept_media[file_id]["_renewals"] = renewals

    def box(self, name: int) -> Box:
        """Return a channel's box by marked id, or an account's common box by user id. Raises ValueError."""
        if name in self.accounts:
            return self.accounts[name].box
        chat = self.chats.get(name)
        if chat is None or chat.box is None:
            raise ValueError(f"no box is named {name}: a channel's marked id or an account's user id is")
        return chat.box

    def boxes(self) -> Iterator[Box]:
        """Yield every box."""
        yield from (account.box for account in self.accounts.values())
        yield from (chat.box for chat in self.chats.values() if chat.box is not None)

    def register(self, chat: model.Chat) -> None:
        """Make a chat known."""
        self.chats[chat.peer] = chat
        if chat.username:
            self.usernames[chat.username.lower()] = chat.peer
        if chat.invite:
            self.invites[chat.invite] = chat.peer


def normal_phone(phone: str) -> str:
    """Return a phone number as digits alone."""
    return "".join(character for character in phone if character.isdigit())
