"""Any valid TL becomes a row: every media, action and entity class, with random contents, through real bytes."""

from __future__ import annotations

import inspect
import json
import random
import typing
from datetime import UTC, datetime

import pytest
from telethon.tl import types

from heliograph.crawler import normalize
from heliograph.crawler.transport import reader
from heliograph.domain import identity, records

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = normalize.Context(self_user_id=7, at=NOW, is_forum=lambda chat_id: chat_id % 2 == 0)


def classes(prefix: str) -> list[type]:
    return [cls for name, cls in sorted(vars(types).items()) if name.startswith(prefix) and inspect.isclass(cls)]


def make(cls: type, rng: random.Random, depth: int = 0) -> object:
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    values = {}
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        values[parameter.name] = value(parameter.annotation, rng, depth, has_default=parameter.default is None)
    return cls(**values)


def value(hint: object, rng: random.Random, depth: int, *, has_default: bool) -> object:
    if typing.get_origin(hint) is typing.Union:
        is_date = datetime in typing.get_args(hint)
        if has_default and (depth > 2 or rng.random() < 0.5):
            return None
        hint = typing.get_args(hint)[0]
        if is_date:
            return NOW
    if typing.get_origin(hint) is list:
        return [value(typing.get_args(hint)[0], rng, depth, has_default=False) for _ in range(rng.randrange(3))]
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return make_of_type(hint, rng, depth)
    return _PLAIN[hint](rng)


_PLAIN: dict[object, typing.Callable[[random.Random], object]] = {
    int: lambda rng: rng.randrange(1, 2**31),
    float: lambda rng: rng.choice([0.0, 1.5, 1e9]),
    str: lambda rng: rng.choice(["", "word", "слово", "\u200fעברית", "a\0b", "\U0001f469\u200d\U0001f467"]),
    bytes: lambda rng: rng.randbytes(rng.randrange(9)),
    bool: lambda rng: True,
    datetime: lambda rng: NOW,
}


def make_of_type(name: str, rng: random.Random, depth: int) -> object:
    if name in _BARE:
        return _PLAIN[_BARE[name]](rng)
    union = NAMES.get(name) or NAMES[name.removeprefix("Type")]
    members = [resolve(member) for member in typing.get_args(union) or (union,)]
    if depth > 2:
        members = sorted(members, key=lambda cls: len(inspect.signature(cls.__init__).parameters))[:1]
    return make(rng.choice(members), rng, depth + 1)


def resolve(member: object) -> type:
    found = NAMES[member.__forward_arg__] if isinstance(member, typing.ForwardRef) else member
    assert isinstance(found, type)
    return found


_BARE = {"int": int, "str": str, "bytes": bytes, "datetime": datetime}
ROOMS = [room for room in vars(types).values() if inspect.ismodule(room) and room.__name__.startswith(types.__name__)]
NAMES = {name: found for room in [*ROOMS, types] for name, found in vars(room).items() if not name.startswith("_")}


def normalised(message: typing.Any) -> normalize.Rows | None:
    """Send a message through bytes and the normaliser; None when Telethon refuses its combination of flags."""
    try:
        content = message._bytes()
    except AssertionError:
        return None
    decoded = reader.Reader(content).tgread_object()
    assert decoded.raw == content
    rows = normalize.Rows()
    rows.add(decoded, space_id=identity.channel_space(5), as_of=9, context=CONTEXT)
    assert rows.dead_letters == []
    assert len(rows.messages) == 1
    row = rows.messages[0]
    assert row.raw == content
    json.dumps([row.media, row.service, row.entities, row.forward])
    normalize.links(row)
    return rows


def samples(build: typing.Callable[[random.Random], dict[str, object]], kind: type) -> list[normalize.Rows]:
    """Return the rows of at least five random messages with the fields that ``build`` makes."""
    found = []
    for seed in range(1000):
        rng = random.Random(seed)
        peer = rng.choice([types.PeerChannel(5), types.PeerChat(6), types.PeerUser(8)])
        fields = {"id": rng.randrange(1, 9999), "peer_id": peer, "date": NOW, **build(rng)}
        if (rows := normalised(kind(**fields))) is not None:
            found.append(rows)
        if len(found) == 20:
            break
    assert len(found) >= 5
    return found


@pytest.mark.parametrize("cls", classes("MessageMedia"), ids=lambda cls: cls.__name__)
def test_every_media_becomes_a_descriptor(cls: type) -> None:
    for rows in samples(lambda rng: {"message": "x", "media": make(cls, rng)}, types.Message):
        descriptor = rows.messages[0].media
        assert (descriptor is None) == (cls is types.MessageMediaEmpty)
        assert descriptor is None or None not in descriptor.values()
        assert descriptor is None or descriptor["kind"] in records.MEDIA_KINDS


@pytest.mark.parametrize("cls", classes("MessageAction"), ids=lambda cls: cls.__name__)
def test_every_action_becomes_a_service_entry(cls: type) -> None:
    for rows in samples(lambda rng: {"action": make(cls, rng)}, types.MessageService):
        service = rows.messages[0].service
        assert service is not None
        assert service["type"] == service["type"].lower()


@pytest.mark.parametrize("cls", [*classes("MessageEntity"), types.InputMessageEntityMentionName])
def test_every_entity_becomes_a_list(cls: type) -> None:
    for rows in samples(lambda rng: {"message": "x" * 9, "entities": [make(cls, rng)]}, types.Message):
        entities = rows.messages[0].entities
        assert entities is not None
        assert len(entities[0]) in (3, 4)


def test_any_message_becomes_a_row() -> None:
    generated = next(cls for cls in types.Message.__mro__ if cls.__module__ == types.__name__)
    parameters = [each for each in inspect.signature(generated.__init__).parameters.values() if each.name != "self"]

    def fields(rng: random.Random) -> dict[str, object]:
        made = {
            each.name: value(each.annotation, rng, 0, has_default=each.default is None)
            for each in parameters
            if each.name not in ("peer_id", "forwards")
        }
        return {**made, "forwards": None if made["views"] is None else 1}

    assert samples(fields, types.Message)
