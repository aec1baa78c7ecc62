"""Live traffic: people in the seeded chats post, edit, delete, react, join and leave, in their languages.

Seeded, so that two runs of equal length say the same things. It runs on the event loop in short bursts that keep up
with the rate that was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass
from typing import Any

from heliograph import log
from heliograph.simulator.world import ids, model, seed, seed_media, texts
from heliograph.simulator.world.world import World

logger = log.get("simulator.traffic")

_TICK_SECONDS = 0.004
_BURST = 200
"""Operations in one go; more would keep connections waiting."""
_RECENT = 60
"""Edits, deletions and reactions concern one of a chat's last messages."""
_EMOJI = ("👍", "❤", "🔥", "🎉", "😁", "🤔", "custom:5368324170671202290")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """Which part of the operations is what; posts are the rest."""

    edit: float = 0.06
    delete: float = 0.02
    reaction: float = 0.08
    view: float = 0.03
    pin: float = 0.002
    join: float = 0.005
    leave: float = 0.003
    media: float = 0.08
    reply: float = 0.2
    album: float = 0.005


class Traffic:
    """Operations per second on a world: ``Traffic(world, 50).start()`` … ``await traffic.stop()``."""

    def __init__(
        self,
        world: World,
        rate: float = 0.0,
        *,
        shares: Shares | None = None,
        seed: int | None = None,
        chats: list[int] | None = None,
    ) -> None:
        self.world = world
        self.rate = rate
        self.shares = shares or Shares()
        self.count = 0
        """Operations so far."""
        self._rng = random.Random(f"{world.seed if seed is None else seed}:traffic")  # noqa: S311 must repeat
        self._chats = chats
        self._people: dict[int, tuple[int, list[int]]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Say whether it posts at the moment."""
        return self._task is not None and not self._task.done()

    def start(self, rate: float | None = None) -> None:
        """Begin, or go on at another rate."""
        if rate is not None:
            self.rate = rate
        if self.rate > 0 and not self.is_running:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop posting."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def step(self) -> None:
        """Do one operation."""
        rng, shares = self._rng, self.shares
        chat = self._chat()
        roll = rng.random()
        for share, act in (
            (shares.edit, self._edit),
            (shares.delete, self._delete),
            (shares.reaction, self._react),
            (shares.view, self._view),
            (shares.pin, self._pin),
            (shares.join, self._join),
            (shares.leave, self._leave),
            (shares.album, self._album),
        ):
            if roll < share:
                act(chat)
                break
            roll -= share
        else:
            self._post(chat)
        self.count += 1

    async def _run(self) -> None:
        due, before = 0.0, time.monotonic()
        while self.rate > 0:
            now = time.monotonic()
            due += (now - before) * self.rate
            before = now
            burst = min(int(due), _BURST)
            # After a long pause of the machine the rate goes on; the pause is not made up for.
            due = min(due - burst, self.rate)
            for _ in range(burst):
                self._safe_step()
            await asyncio.sleep(0 if due >= 1 else _TICK_SECONDS)

    def _safe_step(self) -> None:
        try:
            self.step()
        except Exception:
            # The outermost edge of the generator: one odd operation must not silence all the others.
            logger.exception("traffic_failed")

    def _chat(self) -> model.Chat:
        peers = self._chats if self._chats is not None else self.world.open_to_newcomers
        chat = self.world.chats[peers[int(self._rng.random() ** 1.5 * len(peers))]]
        return chat if chat.migrated_to is None else self.world.chats[chat.migrated_to]

    def _author(self, chat: model.Chat) -> int:
        """Return one of the chat's invented people; clients' accounts speak for themselves."""
        kept = self._people.get(chat.peer)
        if kept is None or kept[0] != len(chat.members):
            users, accounts = self.world.users, self.world.accounts
            people = [n for n in chat.members if n not in accounts and n in users and not users[n].is_bot]
            kept = self._people[chat.peer] = (len(chat.members), people or [ids.SERVICE_USER])
        return kept[1][int(self._rng.random() * len(kept[1]))]

    def _recent(self, chat: model.Chat, *, is_own: bool = True) -> model.Message | None:
        """Return a recent message that is still there; an own one is a text of one of the invented people."""
        newest = len(chat.messages)
        message = chat.messages[newest - 1 - int(self._rng.random() * min(_RECENT, newest))]
        if message.deleted_at is not None or message.action is not None:
            return None
        if is_own and (message.sender in self.world.accounts or not message.text or message.forward or message.album):
            return None
        return message

    def _post(self, chat: model.Chat) -> None:
        rng = self._rng
        fields: dict[str, Any] = {}
        if rng.random() < self.shares.media:
            media = seed_media.single(rng, (self.world.seed, chat.peer, len(chat.messages)))
            fields["media"] = media
        text, entities = self._text(chat, fields.get("media"))
        if rng.random() < self.shares.reply and (target := self._recent(chat, is_own=False)) is not None:
            fields["reply_to"], fields["topic"] = target, target.topic
        elif chat.kind == "forum":
            fields["topic"] = list(chat.topics)[int(rng.random() * len(chat.topics))]
        self.world.post(chat, self._author(chat), text, entities=entities, **fields)

    def _text(self, chat: model.Chat, media: model.Json | None) -> tuple[str, list[texts.Entity] | None]:
        if media is not None and media["kind"] == "web_page":
            return media["url"], [["url", 0, len(media["url"])]]
        if media is not None and media["kind"] not in seed_media.CAPTIONED:
            return "", None
        return seed.phrasebook(self.world, chat).compose(self._rng, decorated=self._rng.random() < 0.28)

    def _album(self, chat: model.Chat) -> None:
        number = ids.number("album", self.world.seed, chat.peer, len(chat.messages), bits=50)
        author, topic = self._author(chat), 1 if chat.kind == "forum" else None
        for _ in range(2 + int(self._rng.random() * 4)):
            key = (self.world.seed, chat.peer, len(chat.messages))
            media = seed_media.album_item(self._rng, key)
            self.world.post(chat, author, "", media=media, album=number, topic=topic)

    def _edit(self, chat: model.Chat) -> None:
        message = self._recent(chat)
        if message is None or (message.media is not None and message.media["kind"] == "web_page"):
            return self._post(chat)
        text, entities = self._text(chat, None)
        self.world.edit(chat, message, text, entities=entities)
        return None

    def _delete(self, chat: model.Chat) -> None:
        message = self._recent(chat)
        if message is None or (message.topic is not None and message.id == message.topic):
            return self._post(chat)
        self.world.delete(chat, [message])
        return None

    def _react(self, chat: model.Chat) -> None:
        message = self._recent(chat, is_own=False)
        if message is None:
            return self._post(chat)
        emoji = _EMOJI[int(self._rng.random() * len(_EMOJI))]
        self.world.react(chat, message, self._author(chat), emoji, as_edit=self._rng.random() < 0.1)
        return None

    def _view(self, chat: model.Chat) -> None:
        if chat.kind != "channel":
            return self._post(chat)
        numbers = [message.id for message in chat.messages[-3:] if message.deleted_at is None]
        self.world.run("view", chat=chat.peer, message_ids=numbers, times=1 + int(20 * self._rng.random()))
        return None

    def _pin(self, chat: model.Chat) -> None:
        message = self._recent(chat, is_own=False)
        if message is None:
            return self._post(chat)
        self.world.pin(chat, message, sender=self._author(chat), is_pinned=not message.is_pinned)
        return None

    def _join(self, chat: model.Chat) -> None:
        """Let somebody in who is not there yet."""
        people = list(self.world.users)
        user_id = people[int(self._rng.random() * len(people))]
        user = self.world.users[user_id]
        if user_id in chat.members or user.is_account or user.is_bot or user_id == ids.SERVICE_USER:
            return self._post(chat)
        if self._rng.random() < 0.5:
            self.world.run("join_by_link", chat=chat.peer, user_id=user_id)
        else:
            self.world.join(chat, user_id)
        return None

    def _leave(self, chat: model.Chat) -> None:
        user_id = self._author(chat)
        if len(chat.members) < 6 or user_id not in chat.members or chat.members[user_id].role != "member":
            return self._post(chat)
        self.world.leave(chat, user_id)
        return None
