"""Bots: their tokens, and the mailbox that one gets when it first signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.simulator import rpc
from heliograph.simulator.world import ids, model
from heliograph.simulator.world.boxes import COMMON_RETENTION, Box

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

FIRST_BOT_ID = 7_900_000_001


def create_bot(world: World, at: float, *, name: str, username: str) -> model.User:
    """Make a bot, as BotFather does; it is in no chat."""
    if username.lower() in world.usernames:
        raise rpc.RpcError(400, "USERNAME_OCCUPIED")
    number = FIRST_BOT_ID + sum(user.id >= FIRST_BOT_ID for user in world.users.values() if user.is_bot)
    user = model.User(id=number, first_name=name, username=username, is_bot=True)
    world.users[number] = user
    world.usernames[username.lower()] = number
    return user


def start_bot(world: World, at: float, *, user_id: int) -> model.Account:
    """Give a bot its mailbox; what was said before is not in it."""
    user = world.users[user_id]
    account = world.accounts[user_id] = model.Account(user=user, box=Box(pts=1, retention=COMMON_RETENTION))
    for chat in world.chats.values():
        if user_id in chat.members:
            account.chats[chat.peer] = int(at)
    return account


def token(world: World, user: model.User) -> str:
    """Return a bot's token; the same world gives it the same one."""
    secret = ids.number(world.seed, user.id, "token"), ids.number(world.seed, user.id, "token again")
    return f"{user.id}:{secret[0]:016x}{secret[1]:016x}"


def by_token(world: World, given: str) -> model.User | None:
    """Return the bot that a token belongs to."""
    number = given.partition(":")[0]
    user = world.users.get(int(number)) if number.isdecimal() else None
    return user if user is not None and user.is_bot and token(world, user) == given else None
