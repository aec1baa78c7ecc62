"""Seeded worlds: invented people and chats with a plausible past, the same for the same numbers.

With ``equal_ids`` some user, basic-group and channel ids are the same number: a client that mixes the three spaces up
fails there. Telethon's events and Kurigram's dialogs do, so the default spares them.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from heliograph.simulator.world import ids, model, seed_history
from heliograph.simulator.world.boxes import Box
from heliograph.simulator.world.membership import FIRST_ACCOUNT_ID
from heliograph.simulator.world.texts import LANGUAGE_CYCLE, LANGUAGES, SUBJECTS, Phrasebook

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

_KIND_CYCLE: tuple[model.ChatKind, ...] = (
    "channel",
    "supergroup",
    "group",
    "forum",
    "channel",
    "supergroup",
    "channel",
    "supergroup",
    "group",
    "channel",
)
_MESSAGES_PER_CHAT_AND_DAY = 36
_FIRST_CHANNEL_ID = 1_500_000_003
_FIRST_GROUP_ID = 400_000_009
_FIRST_USER_ID = 5_100_000_007
_CLOSED_CHATS = 3
"""Chats beyond the asked-for number that newcomers are not in: two public to join, one private."""


def populate(world: World, *, chats: int, days: int, messages: int | None) -> None:
    """Fill an empty world with people and chats that newcomers are let into, and a few that they are not."""
    rng = random.Random(f"{world.seed}:world")  # noqa: S311 a seeded world must repeat
    _people(world, rng, min(2_000, 60 + chats * 6))
    last = chats + _CLOSED_CHATS - 1
    made = [_chat(world, rng, n, is_open=n < chats, is_private=n == last) for n in range(last + 1)]
    _link(made)
    total = chats * days * _MESSAGES_PER_CHAT_AND_DAY if messages is None else messages
    # Few chats are busy and most are quiet; the weights are shuffled over the kinds.
    weights = [1 / (rank + 3) for rank in range(len(made))]
    rng.shuffle(weights)
    scale = total / sum(weights[:chats]) if chats else 0
    start = world.history_starts_at + min(3_600, (world.created_at - world.history_starts_at) // 2)
    for chat, weight in zip(made, weights, strict=True):
        count = max(1, round(weight * scale)) if days or messages else 0
        seed_history.fill(world, chat, count=count, start=start, end=world.created_at)
    for chat in made:
        if chat.box is not None:
            # Past edits and deletions moved the counter too; none of the past can be replayed.
            chat.box.pts = chat.box.floor = 1 + len(chat.messages) + (len(chat.messages) - chat.alive)


def phrasebook(world: World, chat: model.Chat) -> Phrasebook:
    """Return the texts that suit a chat's language and subject."""
    key = (chat.language, chat.subject)
    if key not in world.phrasebooks:
        mentions = [user_id for user_id in world.users if user_id != ids.SERVICE_USER][:50]
        world.phrasebooks[key] = Phrasebook(*key, world.seed, mentions)
    return world.phrasebooks[key]


def _people(world: World, rng: random.Random, count: int) -> None:
    service = model.User(id=ids.SERVICE_USER, first_name="Telegram", phone="42777")
    world.users[service.id] = service
    special = (_FIRST_CHANNEL_ID, _FIRST_GROUP_ID) if world.has_equal_ids else ()
    for number in range(count):
        language = LANGUAGE_CYCLE[number % len(LANGUAGE_CYCLE)]
        words = LANGUAGES[language]
        user = model.User(
            id=special[number] if number < len(special) else _FIRST_USER_ID + number * 31,
            first_name=rng.choice(words.FIRST_NAMES),
            last_name=rng.choice(words.LAST_NAMES) if rng.random() < 0.7 else None,
            username=f"resident_{number}" if rng.random() < 0.4 else None,
            language=language,
            is_premium=rng.random() < 0.1,
            is_deleted=number % 97 == 96,
        )
        if number % 40 == 39:
            user.is_bot, user.first_name, user.last_name = True, f"Helper {number}", None
            user.username = f"helper_{number}_bot"
        world.users[user.id] = user
        if user.username:
            world.usernames[user.username] = user.id


def _chat(world: World, rng: random.Random, number: int, *, is_open: bool, is_private: bool) -> model.Chat:
    kind = _KIND_CYCLE[number % len(_KIND_CYCLE)] if is_open else "channel"
    language = LANGUAGE_CYCLE[number % len(LANGUAGE_CYCLE)]
    subject = SUBJECTS[(number // 3) % len(SUBJECTS)]
    titles = LANGUAGES[language].TITLES[subject]
    ordinal = number // (len(titles) * len(SUBJECTS)) + 1
    title = titles[number % len(titles)]
    is_channel = kind != "group"
    chat = model.Chat(
        kind=kind,
        id=_number(world, number, is_channel=is_channel),
        title=title if ordinal == 1 else f"{title} {ordinal}",
        created_at=world.history_starts_at,
        about=f"{title}. Invented, as everything here.",
        language=language,
        subject=subject,
        box=Box() if is_channel else None,
        has_signatures=kind == "channel" and number % 3 == 0,
    )
    # The last closed chat is private for certain, so that there is one to be refused.
    if is_channel and (number % 3 != 1 if is_open else not is_private):
        chat.username = f"sim_{subject}_{number}"
    chat.invite = f"inv{ids.number(world.seed, chat.peer, bits=48):x}"
    _settle(world, rng, chat)
    if kind == "forum":
        chat.topics[1] = model.Topic(id=1, title="General", created_at=chat.created_at, creator=world.owner(chat))
    world.register(chat)
    if is_open:
        world.open_to_newcomers.append(chat.peer)
    return chat


def _number(world: World, number: int, *, is_channel: bool) -> int:
    if world.has_equal_ids and not is_channel and number == 8:
        return _FIRST_CHANNEL_ID + 4 * 1_013  # the second basic group shares its number with a channel
    if world.has_equal_ids and is_channel and number == 1:
        return FIRST_ACCOUNT_ID  # the second channel shares its number with the first account
    return _FIRST_CHANNEL_ID + number * 1_013 if is_channel else _FIRST_GROUP_ID + max(0, number - 2) * 17


def _settle(world: World, rng: random.Random, chat: model.Chat) -> None:
    people = [user for user in world.users.values() if user.id != ids.SERVICE_USER and not user.is_account]
    alike = [user.id for user in people if user.language == chat.language and not user.is_bot]
    others = [user.id for user in people]
    size = rng.randrange(4, 10) if chat.kind == "group" else rng.randrange(8, 48)
    chosen = rng.sample(alike, min(len(alike), size)) + rng.sample(others, min(len(others), size // 3))
    for place, user_id in enumerate(dict.fromkeys(chosen)):
        role: model.Role = "creator" if place == 0 else "admin" if place == 1 else "member"
        chat.members[user_id] = model.Member(
            user_id=user_id, role=role, joined_at=chat.created_at, inviter_id=chosen[0]
        )


def _link(made: list[model.Chat]) -> None:
    """Give the first broadcast channel the first supergroup as its discussion."""
    channel = next((chat for chat in made if chat.kind == "channel"), None)
    group = next((chat for chat in made if chat.kind == "supergroup"), None)
    if channel is not None and group is not None:
        channel.linked, group.linked = group.peer, channel.peer
