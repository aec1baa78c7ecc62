"""The tables of a Parquet export as Arrow schemas, and how the server's columns become them.

Types are those that every reader knows: signed integers, UTC times in microseconds, lists of structs, dictionaries for
what repeats. Columns stay Arrow's from the server to the file; only lists, which not all messages have, are read in
Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from heliograph.exchange.export import flat
from heliograph.store.reads import columns, exported

TIME: Final = pa.timestamp("us", tz="UTC")
WORD: Final = pa.dictionary(pa.int32(), pa.string())
"""A text that few others differ from: names and kinds."""
ENTITIES: Final = pa.list_(
    pa.struct([("type", pa.string()), ("offset", pa.int32()), ("length", pa.int32()), ("argument", pa.string())])
)
REACTIONS: Final = pa.list_(
    pa.struct([("emoji", pa.string()), ("custom_emoji_id", pa.int64()), ("is_paid", pa.bool_()), ("count", pa.int32())])
)
TOPICS: Final = pa.list_(pa.struct([("topic_id", pa.int32()), ("title", pa.string()), ("is_closed", pa.bool_())]))

_TYPES: Final[dict[str, pa.DataType]] = {
    **dict.fromkeys(("chat_id", "sender_id", "reply_to_chat_id", "album_id", "via_bot_id", "file_size"), pa.int64()),
    **dict.fromkeys(("linked_chat_id", "migrated_to_chat_id", "message_count", "date_unixtime"), pa.int64()),
    **dict.fromkeys(("message_id", "reply_to_message_id", "topic_id", "ttl_seconds", "member_count"), pa.int32()),
    **dict.fromkeys(("views", "forwards", "replies"), pa.int32()),
    **dict.fromkeys(("date", "edited_at", "deleted_at", "observed_at", "stored_at", "edit_date", "until_date"), TIME),
    **dict.fromkeys(("is_deleted", "is_pinned", "is_outgoing", "is_left", "is_imported"), pa.bool_()),
    **dict.fromkeys(("sender_name", "sender_username", "author_signature", "media_kind", "service_type"), WORD),
    **dict.fromkeys(("file_state", "file_mime_type", "kind"), WORD),
    "entities": ENTITIES,
    "reactions": REACTIONS,
    "topics": TOPICS,
}
"""Types by field; others are text, objects as JSON."""
REPEATING: Final = ("chat_id", "sender_id", "topic_id", *(name for name, type_ in _TYPES.items() if type_ == WORD))
"""Fields whose values come again and again."""


def schema(names: Iterable[str]) -> pa.Schema:
    """Return the schema of a table with these fields.

    The chat is among them, though the folders tell it: of a folder's name, every reader makes a type of its own.
    """
    fields = [pa.field(name, _TYPES.get(name, pa.string())) for name in names]
    return pa.schema(fields, {"pandas": orjson.dumps(_for_pandas(fields))})


def _for_pandas(fields: list[pa.Field]) -> dict[str, Any]:
    """Say that whole numbers which may be absent stay whole: pandas would make floats of them, and ids wrong."""
    columns = [
        {
            "name": field.name,
            "field_name": field.name,
            "pandas_type": str(field.type),
            "numpy_type": str(field.type).capitalize(),
            "metadata": None,
        }
        for field in fields
        if pa.types.is_integer(field.type) and field.name not in _ALWAYS
    ]
    return {"index_columns": [], "column_indexes": [], "columns": columns, "pandas_version": "1.0.0"}


_ALWAYS: Final = frozenset({"chat_id", "message_id", "message_count", "date_unixtime"})
"""Whole numbers that are never absent."""


_NOBODY: Final = exported.Person(peer_id=0, name=None)

MESSAGES: Final = schema(flat.MESSAGE)
REVISIONS: Final = schema(flat.REVISION)
OBSERVATIONS: Final = schema(flat.OBSERVATION)
TABLES: Final = {columns.MESSAGES: MESSAGES, columns.REVISIONS: REVISIONS, columns.OBSERVATIONS: OBSERVATIONS}
CHATS: Final = schema(flat.CHAT)


def table(part: columns.Part, chat_id: int) -> tuple[pa.Table, pa.Array]:
    """Return the chat's rows and of each the time of its message, by which all tables are divided alike."""
    found = dict(zip(part.batch.schema.names, part.batch.columns, strict=True))
    found["chat_id"] = pa.repeat(pa.scalar(chat_id, pa.int64()), len(part.batch))
    if part.table == columns.MESSAGES:
        _complete(found, part)
    form = TABLES[part.table]
    arrays = [_array(found[field.name], field.type) for field in form]
    return pa.Table.from_arrays(arrays, schema=form), found["date" if part.table == columns.MESSAGES else "sent_at"]


def chats(told: Iterable[exported.ExportedChat]) -> pa.Table:
    """Return the table of chats."""
    return pa.Table.from_pylist([flat.chat(each) for each in told], schema=CHATS)


def _complete(found: dict[str, pa.Array], part: columns.Part) -> None:
    """Add what follows from other columns of a message."""
    found["date_unixtime"] = pc.divide(found["date"].cast(pa.int64()), 1_000_000)
    found["is_deleted"] = pc.is_valid(found["deleted_at"])
    ids = pc.unique(found["sender_id"]).drop_null()
    places = pc.index_in(found["sender_id"], value_set=ids)
    people = [part.people.get(each, _NOBODY) for each in ids.to_pylist()]
    names, usernames = ([getattr(each, field) for each in people] for field in ("name", "username"))
    # Whom pages of an export name has no id that others know a name of.
    known = pa.array(names, pa.string()).take(places)
    found["sender_name"] = pc.coalesce(known, found["given_name"]).dictionary_encode()
    found["sender_username"] = pa.array(usernames, pa.string()).dictionary_encode().take(places)


def _array(values: pa.Array, type_: pa.DataType) -> pa.Array:
    if type_ in _LISTS:
        return _list(values, type_)
    if type_ == WORD and values.type != WORD:
        return values.dictionary_encode()
    return values


def _list(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return a list column from JSON arrays; an absent list is an empty one."""
    # One array of all arrays: reading it costs less than half of reading each.
    found = orjson.loads(f"[{','.join(texts.drop_null().to_pylist())}]")
    lengths = pa.array([len(each) if each else 0 for each in found], pa.int32())
    every = pc.replace_with_mask(pa.repeat(pa.scalar(0, pa.int32()), len(texts)), pc.is_valid(texts), lengths)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(every)])
    items = [item for each in found if each for item in each]
    fields = _LISTS[type_](items)
    children = [pa.array(each, field.type) for each, field in zip(fields, type_.value_type, strict=True)]
    structs = pa.StructArray.from_arrays(children, fields=list(type_.value_type))
    return pa.ListArray.from_arrays(offsets, structs, type=type_)


def _entities(marks: list[Any]) -> list[list[Any]]:
    arguments = [None if len(each) < 4 or each[3] is None else str(each[3]) for each in marks]
    return [[each[0] for each in marks], [each[1] for each in marks], [each[2] for each in marks], arguments]


def _reactions(found: list[Any]) -> list[list[Any]]:
    names = [field.name for field in REACTIONS.value_type]
    told = ({"is_paid": False, **each} for each in found)
    rows = [[each.get(name) for name in names] for each in told]
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]


_LISTS: Final[dict[pa.DataType, Callable[[list[Any]], list[list[Any]]]]] = {
    ENTITIES: _entities,
    REACTIONS: _reactions,
}
"""How the items of lists of a type become the fields of its structs."""
