"""The tables of a Parquet export as Arrow schemas, and how pages of rows become columns of them.

Types are those that every reader knows: signed integers, UTC times in microseconds, lists of structs, dictionaries for
what repeats. Columns are made one by one from whole pages: a Python object a message would cost more than all the rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from heliograph.exchange.export import flat
from heliograph.store.reads import exported

TIME: Final = pa.timestamp("us", tz="UTC")
WORD: Final = pa.dictionary(pa.int32(), pa.string())
"""A text that few others differ from: names and kinds."""
ENTITIES: Final = pa.list_(
    pa.struct([("type", pa.string()), ("offset", pa.int32()), ("length", pa.int32()), ("argument", pa.string())])
)
REACTIONS: Final = pa.list_(pa.struct([("emoji", pa.string()), ("custom_emoji_id", pa.int64()), ("count", pa.int32())]))
TOPICS: Final = pa.list_(pa.struct([("topic_id", pa.int32()), ("title", pa.string()), ("is_closed", pa.bool_())]))

_TYPES: Final[dict[str, pa.DataType]] = {
    **dict.fromkeys(("chat_id", "sender_id", "reply_to_chat_id", "album_id", "via_bot_id", "file_size"), pa.int64()),
    **dict.fromkeys(("linked_chat_id", "migrated_to_chat_id", "message_count", "date_unixtime"), pa.int64()),
    **dict.fromkeys(("message_id", "reply_to_message_id", "topic_id", "ttl_seconds", "member_count"), pa.int32()),
    **dict.fromkeys(("views", "forwards", "replies"), pa.int32()),
    **dict.fromkeys(("date", "edited_at", "deleted_at", "observed_at", "stored_at", "edit_date", "until_date"), TIME),
    **dict.fromkeys(("is_deleted", "is_pinned", "is_outgoing", "is_left"), pa.bool_()),
    **dict.fromkeys(("sender_name", "sender_username", "author_signature", "media_kind", "service_type"), WORD),
    **dict.fromkeys(("file_state", "file_mime_type", "kind"), WORD),
    "entities": ENTITIES,
    "reactions": REACTIONS,
    "topics": TOPICS,
}
"""Types by field; others are text, objects as JSON."""


def schema(names: Iterable[str]) -> pa.Schema:
    """Return the schema of a table with these fields, without the chat, which the folder's name tells."""
    return pa.schema([(name, _TYPES.get(name, pa.string())) for name in names if name != "chat_id"])


_NOBODY: Final = exported.Person(peer_id=0, name=None)

MESSAGES: Final = schema(flat.MESSAGE)
REVISIONS: Final = schema(flat.REVISION)
OBSERVATIONS: Final = schema(flat.OBSERVATION)
CHATS: Final = pa.schema([pa.field("chat_id", pa.int64()), *schema(flat.CHAT)])


def messages(page: exported.RowPage) -> pa.Table:
    """Return the page's messages, which are rows of ``exported.TYPED_COLUMNS``."""
    found = _columns(exported.TYPED_COLUMNS, page.rows)
    made = {name: _array(values, MESSAGES.field(name).type) for name, values in found.items()}
    made["date_unixtime"] = pc.divide(made["date"].cast(pa.int64()), 1_000_000)
    made["is_deleted"] = pc.is_valid(made["deleted_at"])
    senders = [page.people.get(each, _NOBODY) for each in found["sender_id"]]
    made["sender_name"] = _words([each.name for each in senders])
    made["sender_username"] = _words([each.username for each in senders])
    return pa.Table.from_arrays([made[field.name] for field in MESSAGES], schema=MESSAGES)


def revisions(page: exported.RowPage) -> pa.Table:
    """Return the earlier texts of the page's messages."""
    return _table(REVISIONS, exported.REVISION_COLUMNS, page.revisions)


def observations(page: exported.RowPage) -> pa.Table:
    """Return all samples of the page's messages, the newest one among them."""
    earlier = _table(OBSERVATIONS, exported.OBSERVATION_COLUMNS, page.observations)
    places = [exported.TYPED_COLUMNS.index(name) for name in exported.OBSERVATION_COLUMNS]
    newest = [tuple(row[place] for place in places) for row in page.rows if row[places[1]] is not None]
    both = pa.concat_tables([earlier, _table(OBSERVATIONS, exported.OBSERVATION_COLUMNS, newest)])
    return both.sort_by([("message_id", "ascending"), ("observed_at", "ascending")])


def chats(told: Iterable[exported.ExportedChat]) -> pa.Table:
    """Return the table of chats."""
    return pa.Table.from_pylist([flat.chat(each) for each in told], schema=CHATS)


_Columns = dict[str, Sequence[Any]]


def _columns(names: Sequence[str], rows: Sequence[exported.Row]) -> _Columns:
    return dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))


def _table(form: pa.Schema, names: Sequence[str], rows: Sequence[exported.Row]) -> pa.Table:
    found = _columns(names, rows)
    return pa.Table.from_arrays([_array(found[field.name], field.type) for field in form], schema=form)


def _array(values: Any, type_: pa.DataType) -> pa.Array:
    encode = _ENCODE.get(type_)
    return encode(values) if encode else pa.array(values, type_)


def _times(moments: Sequence[Any]) -> pa.Array:
    """Return times that are microseconds already or UTC datetimes."""
    if isinstance(next((each for each in moments if each is not None), None), datetime):
        # A datetime that knows its zone is asked for it by Arrow, one by one.
        moments = [None if each is None else round(each.timestamp() * 1_000_000) for each in moments]
    return pa.array(moments, pa.int64()).cast(TIME)


def _texts(values: Sequence[Any]) -> pa.Array:
    """Return texts as they are, and objects as JSON."""
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:
        return pa.array([None if each is None else orjson.dumps(each).decode() for each in values], pa.string())


def _words(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode()


def _entities(values: Sequence[Any]) -> pa.Array:
    marks = [each for value in values if value for each in value]
    arguments = [None if len(each) < 4 or each[3] is None else str(each[3]) for each in marks]
    fields = [[each[0] for each in marks], [each[1] for each in marks], [each[2] for each in marks], arguments]
    return _lists(values, fields, ENTITIES)


def _reactions(values: Sequence[Any]) -> pa.Array:
    found = [each for value in values if value for each in value]
    return _lists(values, [[each.get(field.name) for each in found] for field in REACTIONS.value_type], REACTIONS)


def _lists(values: Sequence[Any], fields: Sequence[Sequence[Any]], type_: pa.DataType) -> pa.Array:
    """Return a list column from the fields of all its structs; an absent list is an empty one."""
    offsets = [0, *itertools.accumulate([len(value) if value else 0 for value in values])]
    children = [pa.array(each, field.type) for each, field in zip(fields, type_.value_type, strict=True)]
    structs = pa.StructArray.from_arrays(children, fields=list(type_.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs, type=type_)


_ENCODE: Final[dict[pa.DataType, Callable[[Any], pa.Array]]] = {
    TIME: _times,
    WORD: _words,
    pa.string(): _texts,
    ENTITIES: _entities,
    REACTIONS: _reactions,
}
"""How values of a type become a column faster than Arrow finds out by itself."""
