"""The history of a basic group inside the export of the supergroup that it became, as a chat of its own.

Telegram Desktop writes both as one chat, the group's messages first, with their ids moved below zero so that the two
numberings do not meet. Here they are moved back. The export does not say which group it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from heliograph.domain import records
from heliograph.exchange import model

SHIFT: Final = 1_000_000_000
"""What Telegram Desktop takes from the id of each message of the group."""
_IDS: Final = ("id", "reply_to_message_id", "message_id", "game_message_id", "invoice_message_id")
_SUPERGROUPS: Final = frozenset({"private_supergroup", "public_supergroup"})


def parted(
    events: Iterator[model.Page | model.Skip], header: model.ChatHeader
) -> Iterator[model.ChatHeader | model.Page | model.Skip]:
    """Yield a chat's header and pages; a group's history at its beginning comes before, under a header of its own.

    ``header`` may be such a group's own, when reading goes on in the middle of its history.
    """
    is_group: bool | None = None
    if header.became_number is not None:
        is_group, group, chat = True, header, header.whole
        yield group
    else:
        group, chat = header.earlier, header
    may_follow = is_group or (header.kind in _SUPERGROUPS and header.number is not None)
    for event in events:
        for is_old, part in _parts(event, may_follow=bool(may_follow)):
            if is_old is not None and is_old != is_group:
                is_group = is_old
                yield group if is_old else chat
            may_follow = may_follow and is_old is not False
            yield part
    if is_group is not False:
        yield chat


def _parts(
    event: model.Page | model.Skip, *, may_follow: bool
) -> Iterator[tuple[bool | None, model.Page | model.Skip]]:
    """Yield the part of the group (True) and of the supergroup (False), those that there are.

    What was skipped may be of either while the group's messages last.
    """
    if isinstance(event, model.Skip):
        yield None if may_follow else False, event
        return
    count = _old(event) if may_follow else 0
    if count == 0:
        yield False, event
        return
    old, rest = _cut(event, count)
    yield True, old
    if rest is not None:
        yield False, rest


def _old(page: model.Page) -> int:
    """Return how many messages at a page's beginning are of the group."""
    count = 0
    for message in page.messages:
        if not _is_moved(message.get("id")):
            break
        count += 1
    return count


def _cut(page: model.Page, count: int) -> tuple[model.Page, model.Page | None]:
    messages = [_moved_back(message) for message in page.messages[:count]]
    if count == len(page.messages):
        return replace(page, messages=messages), None
    rest = replace(page, messages=page.messages[count:], places=page.places[count:])
    # Reading can go on at the beginning of a message, too.
    return model.Page(messages=messages, places=page.places[:count], offset_after=page.places[count]), rest


def _moved_back(message: records.Json) -> records.Json:
    return {key: value + SHIFT if key in _IDS and _is_moved(value) else value for key, value in message.items()}


def _is_moved(value: Any) -> bool:
    return type(value) is int and -SHIFT < value < 0
