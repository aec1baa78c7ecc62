"""Messages of an export as rows: checked, and packed once for all statements that write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import Any, Final, Literal, Protocol

import psycopg

from heliograph.domain import records
from heliograph.store import arrays, content, messages, observations

MOST_TEXT_BYTES: Final = 256 * 1024
"""A longer text cannot be searched: PostgreSQL's list of a text's words ends at 1 MiB. Telegram's own end at 4,096
characters. With it counts what else search looks through (``reads/words.py``), as JSON."""
OUT_OF_RANGE: Final = "out_of_range"
TEXT_TOO_LONG: Final = "text_too_long"
"""Why a row is refused."""

FileStateName = Literal["stored", "missing", "not_included", "too_large", "unavailable"]


class Version(Protocol):
    """An earlier text of a message, as ``exchange/model.py:Revision`` has it."""

    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def entities(self) -> list[records.Entity] | None: ...  # noqa: D102
    @property
    def media(self) -> records.Json | None: ...  # noqa: D102
    @property
    def edit_date(self) -> datetime | None: ...  # noqa: D102
    @property
    def until_date(self) -> datetime | None: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, slots=True)
class FileState:
    """Where the file of a message is, as an import leaves it."""

    state: FileStateName
    sha256: bytes | None = None
    """Of a stored file, which has a row in ``media`` already."""
    name: str | None = None
    size: int | None = None
    """Bytes."""
    mime_type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """One message for the store. Its ``as_of`` is IMPORTED_AS_OF, or less when its source says less."""

    message: records.Message
    observation: records.Observation | None = None
    deleted_at: datetime | None = None
    text_date: datetime | EllipsisType | None = ...
    """Since when the text is as it is, None for the text that was sent first; left out, since the last edit."""
    file: FileState | None = None
    revisions: Sequence[Version] = ()
    """Earlier texts, oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A message ready to be stored, with what hangs on it."""

    given: Filled
    row: messages.Row
    deleted_at: datetime | None = None
    deleted_as_of: int | None = None
    """Up to which pts at least it is known to be deleted."""
    is_orphan: bool = False
    """Its deletion is known from an update that came before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """What hangs on rows, as the parameters of its statements; empty where there is nothing."""

    versions: Sequence[Any]
    files: Sequence[Any]
    carriers: Sequence[Filled]
    """Messages of ``files``, in their order."""
    samples: Sequence[Any]
    """With the date that their message was given, last."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A group of messages as parameters of statements."""

    rows: list[Item]
    columns: Sequence[Any]
    attached: Attached
    refused: list[tuple[int, str]]


def prepare(items: Sequence[Filled]) -> Prepared:
    """Return the rows that can be stored, packed, and the index and reason of the others."""
    found: list[tuple[int, Item]] = []
    refused: list[tuple[int, str]] = []
    for index, given in enumerate(items):
        item = _item(given)
        if isinstance(item, Item):
            found.append((index, item))
        else:
            refused.append((index, item))
    if (packed := _fitting([item for _, item in found])) is None:
        # One look at each would cost as much as writing them: it is taken only when one of them does not fit.
        fits = [_fitting([item]) is not None for _, item in found]
        refused += [(index, OUT_OF_RANGE) for (index, _), is_fit in zip(found, fits, strict=True) if not is_fit]
        found = [pair for pair, is_fit in zip(found, fits, strict=True) if is_fit]
        packed = _fitting([item for _, item in found])
        assert packed is not None
    return Prepared([item for _, item in found], *packed, refused)


def _item(given: Filled) -> Item | str:
    """Return a message ready to be stored, or why it cannot be."""
    try:
        row = messages.prepare(given.message)
        is_too_long = _is_too_long(row)
    except (psycopg.DataError, TypeError):
        return OUT_OF_RANGE
    if given.message.message_id <= 0:
        return OUT_OF_RANGE
    if is_too_long:
        return TEXT_TOO_LONG
    return Item(given=given, row=row, deleted_at=given.deleted_at)


def _is_too_long(row: messages.Row) -> bool:
    """Raises TypeError for a number that JSON cannot hold."""
    service, media = row.message.service, row.message.media
    told = [each for each in (service, media if media and media.get("kind") in ("poll", "todo") else None) if each]
    most = MOST_TEXT_BYTES - sum(len(arrays.dump_json(each)) for each in told)
    return len(row.text) * 4 > most and len(row.text.encode()) > most


def _fitting(items: list[Item]) -> tuple[Sequence[Any], Attached] | None:
    try:
        return message_columns(items), attached(items)
    except psycopg.DataError:
        return None


def columns(items: Sequence[Item], packed: Sequence[Any] | None = None) -> Sequence[Any]:
    """Return the parameters of the statements; ``packed`` are their :func:`message_columns` where these are there.

    Raises psycopg.DataError for a value that its column cannot hold.
    """
    told = (item.given for item in items)
    since = [each.message.edit_date if each.text_date is ... else each.text_date for each in told]
    return [
        *(message_columns(items) if packed is None else packed),
        arrays.pack("time", [item.deleted_at for item in items]),
        arrays.pack("int4", [item.deleted_as_of for item in items]),
        arrays.pack("time", since),
    ]


def message_columns(items: Sequence[Item]) -> Sequence[Any]:
    """Return those of :func:`columns` that are there before anything is known of deletions, and the most of them."""
    return arrays.pack_rows(messages.KINDS, [messages.columns(item.row) for item in items])


def attached(items: Sequence[Item]) -> Attached:
    """Return what hangs on rows. Raises psycopg.DataError for a value that its column cannot hold."""
    versions = [row for item in items for row in _versions(item)]
    files: dict[messages.Key, tuple[Filled, tuple[Any, ...]]] = {}
    for item in items:
        known = files.get(item.row.key)
        # Of two with one id the later edit says which file it is, as it says the text.
        if (row := _file(item)) is not None and (known is None or _is_later(item.given, known[0])):
            files[item.row.key] = item.given, row
    return Attached(
        versions=_packed("int8 int4 time time int8 text json json", versions),
        files=_packed(
            "int8 int4 int8 text text bytes text int8 text", [(*key, *files[key][1]) for key in sorted(files)]
        ),
        carriers=[files[key][0] for key in sorted(files)],
        samples=samples(items),
    )


def _is_later(one: Filled, other: Filled) -> bool:
    edit, others = one.message.edit_date, other.message.edit_date
    return edit is not None and (others is None or edit > others)


def samples(items: Sequence[Item]) -> Sequence[Any]:
    """Return the counters of messages, each with its message's date; empty where there are none."""
    found = {
        item.row.key: (*observations.columns(seen), item.row.message.date)
        for item in items
        if (seen := item.given.observation) is not None
    }
    return _packed(f"{observations.KINDS} time", list(found.values()))


def _versions(item: Item) -> list[tuple[Any, ...]]:
    rows = []
    for version in item.given.revisions:
        text = arrays.clean(version.text)
        mark = content.fingerprint(text, version.entities, version.media)
        dates = (version.edit_date, version.until_date)
        rows.append((*item.row.key, *dates, mark, text, version.entities, version.media))
    return rows


def _file(item: Item) -> tuple[Any, ...] | None:
    """Return the columns of ``message_media`` after its key; None without a file that anything is known of."""
    media, file = item.given.message.media, item.given.file
    if media is None:
        return None
    file_id = content.file_id(media)
    if file is not None:
        return file_id, media["kind"], file.state, file.sha256, file.name, file.size, file.mime_type
    return None if file_id is None else (file_id, media["kind"], "remote", None, None, None, None)


def _packed(kinds: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
    return arrays.pack_rows(kinds, rows) if rows else ()
