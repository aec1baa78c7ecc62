"""A chat's past: who said what when, with every kind of content that Telegram has, at about 10 µs a message.

Of 100 messages about 25 have entities, 20 are replies, 8 carry media (a third of those in albums), 4 are forwards, 4
were edited, 2 were deleted (their ids are missing) and 2 are service messages.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from heliograph.simulator.world import ids, model, seed_media
from heliograph.simulator.world.texts import LANGUAGES, Phrasebook

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

_EMOJI = ("👍", "❤", "🔥", "🎉", "😁", "🤔")
_TOPICS_PER_FORUM = 5
_RECENT = 40
"""A reply goes to one of this many last messages."""


def fill(world: World, chat: model.Chat, *, count: int, start: int, end: int) -> None:
    """Write ``count`` messages into a chat, spread over the time between ``start`` and ``end``."""
    _Writer(world, chat, count, start, end).write()


class _Writer:
    """Writes one chat's past."""

    def __init__(self, world: World, chat: model.Chat, count: int, start: int, end: int) -> None:
        # The module is imported late: seed imports this one.
        from heliograph.simulator.world import seed  # noqa: PLC0415

        self.world = world
        self.chat = chat
        self.count = count
        self.start = start
        self.end = end
        self.rng = random.Random(f"{world.seed}:{chat.peer}")  # noqa: S311 a seeded past must repeat
        self.book: Phrasebook = seed.phrasebook(world, chat)
        self.people = [u for u in chat.members if not world.users[u].is_bot and not world.users[u].is_deleted]
        self.people = self.people or list(chat.members)
        self.bots = [user.id for user in world.users.values() if user.is_bot] or [ids.SERVICE_USER]
        self.is_post = chat.kind == "channel"
        self.sources = [c for c in world.chats.values() if c.kind == "channel" and c is not chat and c.messages]
        self.is_group = chat.kind == "group"

    def write(self) -> None:
        """Write everything: the birth of the chat, its topics, then the ordinary run of messages."""
        self._add(self._birth())
        if self.chat.kind == "forum":
            self._open_topics()
        rng = self.rng
        rnd = rng.random
        while len(self.chat.messages) < self.count:
            roll = rnd()
            if roll < 0.895:
                self._add(self._text(rnd()))
            elif roll < 0.945:
                self._add(self._with_media(seed_media.single(rng, self._key())))
            elif roll < 0.951:
                self._album()
            elif roll < 0.971:
                message = self._text(1.0)
                message.deleted_at = model.LONG_GONE
                self._add(message)
                self.chat.alive -= 1
            elif roll < 0.988:
                self._add(self._service())
            else:
                self._add(self._auto_forward() if self._is_discussion else self._text(0.0))
        self.chat.last_event_at = self.chat.messages[-1].date

    @property
    def _is_discussion(self) -> bool:
        return not self.is_post and self.chat.linked is not None and bool(self.world.chats[self.chat.linked].messages)

    def _add(self, message: model.Message) -> None:
        self.chat.messages.append(message)
        self.chat.alive += 1
        if message.topic is not None:
            self.chat.topics[message.topic].last_id = message.id
        if self.is_group:
            message.box_ids = {}

    def _key(self) -> tuple[int, int, int]:
        return self.world.seed, self.chat.peer, len(self.chat.messages)

    def _date(self) -> int:
        """Return when the next message is sent: evenly by day, less at night."""
        part = (len(self.chat.messages) + 0.5) / self.count
        span = self.end - self.start
        days = span / 86_400
        swing = 0.9 * math.sin(2 * math.pi * part * days) / (2 * math.pi * days) if days >= 1 else 0.0
        return self.start + int(span * min(1.0, max(0.0, part + swing)))

    def _blank(self, **fields: Any) -> model.Message:
        sender = None if self.is_post else self.people[int(self.rng.random() * len(self.people))]
        return model.Message(len(self.chat.messages) + 1, self._date(), sender, **fields)

    def _text(self, roll: float) -> model.Message:
        """Return a text message; ``roll`` decides what else it is (0 makes a forward, 1 a plain one)."""
        rng = self.rng
        rnd = rng.random
        text, entities = self.book.compose(rng, decorated=rnd() < 0.28)
        message = self._blank(text=text, entities=entities)
        if roll < 0.045:
            message.forward = self._forward(message.date)
        elif roll < 0.265:
            self._make_reply(message)
        if message.topic is None and self.chat.kind == "forum":
            message.topic = self._topic()
        self._adorn(message, rnd())
        return message

    def _adorn(self, message: model.Message, roll: float) -> None:
        rnd = self.rng.random
        if self.is_post:
            message.views = 1 + int(4_000 * rnd())
            message.forwards = int(message.views * 0.02)
            if self.chat.linked is not None:
                message.comments = int(30 * rnd())
            if self.chat.has_signatures:
                message.author = self.world.users[self.people[0]].first_name
        elif roll > 0.985 and self.chat.is_channel:
            # An anonymous administrator speaks as the group itself.
            message.sender, message.author = self.chat.peer, "admin"
        elif roll > 0.975:
            message.extra = {"via_bot_id": self.bots[int(rnd() * len(self.bots))]}
        if roll < 0.04 and message.forward is None:
            message.edit_date = min(self.end, message.date + 30 + int(600 * rnd()))
        elif roll < 0.14:
            message.reactions = {_EMOJI[int(rnd() * len(_EMOJI))]: 1 + int(9 * rnd())}
            if roll < 0.05:
                message.reactions[f"custom:{5_368_324_170_671_202_286 + int(200 * rnd())}"] = 2

    def _make_reply(self, message: model.Message) -> None:
        target = self._recent()
        if target is not None:
            quote = target.text.partition(" ")[0] if target.text and self.rng.random() < 0.05 else None
            message.reply = model.Reply(target.id, None, quote)
            message.topic = target.topic

    def _recent(self) -> model.Message | None:
        messages = self.chat.messages
        found = messages[-1 - int(self.rng.random() * min(_RECENT, len(messages)))]
        return found if found.deleted_at is None and found.action is None else None

    def _forward(self, date: int) -> model.Json:
        roll = self.rng.random()
        sent = date - 600
        if roll < 0.35:
            return {"from_id": self.rng.choice(self.people), "date": sent}
        if roll < 0.6 or not self.sources:
            words = LANGUAGES[self.chat.language]
            return {"from_name": f"{self.rng.choice(words.FIRST_NAMES)} (hidden)", "date": sent}
        source = self.sources[int(self.rng.random() * len(self.sources))]
        post_id = self.rng.randrange(1, len(source.messages) + 1)
        forward: model.Json = {"from_id": source.peer, "date": sent, "message_id": post_id}
        if source.has_signatures:
            forward["author_signature"] = "desk"
        return forward

    def _auto_forward(self) -> model.Message:
        """Return a channel post as it appears in the channel's discussion group."""
        source = self.world.chats[self.chat.linked or 0]
        post = source.messages[self.rng.randrange(len(source.messages))]
        forward = {
            "from_id": source.peer,
            "date": post.date,
            "message_id": post.id,
            "saved_from_id": source.peer,
            "saved_message_id": post.id,
        }
        message = self._blank(text=post.text, entities=post.entities, forward=forward)
        message.sender = source.peer
        return message

    def _with_media(self, media: model.Json, *, album: int | None = None) -> model.Message:
        text, entities = "", None
        if media["kind"] in seed_media.CAPTIONED and self.rng.random() < 0.6:
            text, entities = self.book.compose(self.rng, decorated=self.rng.random() < 0.2)
        if media["kind"] == "web_page":
            text, entities = media["url"], [["url", 0, len(media["url"])]]
        message = self._blank(text=text, entities=entities, media=media, album=album)
        if self.chat.kind == "forum":
            message.topic = self._topic()
        if self.is_post:
            message.views = 1 + int(4_000 * self.rng.random())
            message.author = self.world.users[self.people[0]].first_name if self.chat.has_signatures else None
        return message

    def _album(self) -> None:
        size = min(2 + int(self.rng.random() ** 2 * 9), 10, self.count - len(self.chat.messages))
        if size < 2:
            return
        number = ids.number("album", *self._key(), bits=50)
        first = None
        for place in range(size):
            item = self._with_media(seed_media.album_item(self.rng, self._key()), album=number)
            if first is not None:
                item.sender, item.date, item.topic = first.sender, first.date, first.topic
                if place:
                    item.text, item.entities = "", None
            first = first or item
            self._add(item)

    def _topic(self) -> int:
        return list(self.chat.topics)[int(self.rng.random() ** 2 * len(self.chat.topics))]

    def _birth(self) -> model.Message:
        owner = self.world.owner(self.chat)
        action: model.Json = {"type": "channel_create", "title": self.chat.title}
        if self.is_group:
            action = {"type": "chat_create", "title": self.chat.title, "user_ids": list(self.chat.members)}
        sender = None if self.is_post else owner
        topic = 1 if self.chat.kind == "forum" else None
        return model.Message(1, self.start, sender, action=action, topic=topic)

    def _open_topics(self) -> None:
        titles = LANGUAGES[self.chat.language].FORUM_TOPICS[:_TOPICS_PER_FORUM]
        for title in titles:
            number = len(self.chat.messages) + 1
            color = (0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2)[number % 5]
            owner = self.world.owner(self.chat)
            action = {"type": "topic_create", "title": title, "icon_color": color}
            opening = model.Message(number, self.start, owner, action=action, topic=number)
            self.chat.topics[number] = model.Topic(
                id=number,
                title=title,
                created_at=self.start,
                creator=owner,
                icon_color=color,
                is_closed=len(self.chat.topics) == _TOPICS_PER_FORUM,
                last_id=number,
            )
            self._add(opening)

    def _service(self) -> model.Message:
        action = seed_media.service(self.rng, self.people, self.chat, self._key())
        message = self._blank(action=action)
        if self.chat.kind == "forum":
            message.topic = 1
        if action["type"] == "pin_message":
            target = self._recent()
            if target is None:
                return self._text(1.0)
            message.reply = model.Reply(target.id)
            message.topic = target.topic
        return message
