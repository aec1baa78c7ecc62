"""One message of a page as a dict in Desktop's JSON form, and what the next message takes over from it.

Pages leave out what the reader of the page sees already: the sender of messages that follow each other, and the time of
service messages, of which only the day is written. Those get the time of the message before them on that day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from heliograph.domain import records
from heliograph.exchange import paths
from heliograph.exchange.desktop.markup import dates, media, nodes, service, text

_LINK: Final = re.compile(r"#go_to_message(\d{1,18})\Z")
_VIA: Final = re.compile(r"\A(.*) via @(\w{1,64})\Z", re.DOTALL)
_NOBODY: Final = "Deleted Account"
_NO_TEXT: Final[records.Json] = {"text": "", "text_entities": []}


class NoDateError(ValueError):
    """A message has no time, or one that does not exist."""


@dataclass(kw_only=True, slots=True)
class Reading:
    """Where reading has come to on the pages of one chat."""

    folder: str = ""
    """The page's folder in the export, which its links start from."""
    sender: str | None = None
    via_bot: str | None = None
    forward: records.Json | None = None
    day: date | None = None
    moment: dates.Moment | None = None
    offset: timedelta | None = None


def read(node: nodes.Node, message_id: int, reading: Reading) -> records.Json | None:
    """Return a message, None for a line that only names a day. NoDateError when it has no time that exists."""
    if "service" in nodes.classes(node):
        return _service(node, message_id, reading)
    body = nodes.Parts(nodes.Parts(node).first("body"))
    moment = dates.parse(nodes.attribute(body.first("date"), "title"), reading.day)
    if moment is None:
        raise NoDateError
    reading.moment = moment
    reading.day = moment.local.date()
    reading.offset = moment.offset if moment.offset is not None else reading.offset
    return _message(node, body, message_id, moment, reading)


def _message(
    node: nodes.Node, body: nodes.Parts, message_id: int, moment: dates.Moment, reading: Reading
) -> records.Json:
    forwarded = body.first("forwarded", "body")
    content = body if forwarded is None else nodes.Parts(forwarded)
    _take_sender(body.first("from_name"), is_joined="joined" in nodes.classes(node), reading=reading)
    wraps = content.all("media_wrap")
    head: records.Json = {"id": message_id, "type": "message", **moment.keys()}
    for wrap in wraps:
        if call := media.call(wrap):
            return {**head, "type": "service", **_named("actor", reading.sender), **call, **_NO_TEXT}
    found = {**head, **_named("from", reading.sender), **_forwarded(None if forwarded is None else content, reading)}
    if reading.via_bot:
        found["via_bot"] = reading.via_bot
    found.update(_reply(content.first("reply_to")))
    if signature := nodes.text(content.first("signature")):
        found["author"] = signature
    for wrap in wraps:
        found.update(media.keys(wrap, reading.folder))
    found.update(text.keys(content.first("text"), reading.folder))
    found.update(_buttons(content.first("bot_buttons_table")))
    found.update(_reactions(body.first("reactions") or content.first("reactions")))
    return found


def _service(node: nodes.Node, message_id: int, reading: Reading) -> records.Json | None:
    body = nodes.Parts(node).first("body")
    sentence = nodes.text(body)
    if message_id <= 0:
        reading.day = dates.parse_day(sentence) or reading.day
        return None
    _forget_sender(reading)
    moment = _moment(reading)
    link = _LINK.search(nodes.attribute(nodes.within(body, "a"), "href"))
    photo = nodes.attribute(nodes.within(node, "a.userpic_link"), "href")
    path = paths.within(reading.folder, photo) if photo else None
    fields = service.keys(sentence, int(link[1]) if link else None, path)
    actor = _named("actor", fields.pop("actor", None))
    return {"id": message_id, "type": "service", **moment.keys(), **actor, **fields, **_NO_TEXT}


def _named(key: str, name: str | None) -> records.Json:
    """Return who sent a message. Without an id a name has no other place than the author's, which a row keeps."""
    return {key: name, "author": name} if name else {key: None}


def _moment(reading: Reading) -> dates.Moment:
    if reading.day is None:
        raise NoDateError
    if reading.moment is not None and reading.moment.local.date() == reading.day:
        return reading.moment
    return dates.Moment(local=datetime.combine(reading.day, time()), offset=reading.offset)


def _take_sender(node: nodes.Node | None, *, is_joined: bool, reading: Reading) -> None:
    if node is not None or not is_joined:
        _forget_sender(reading)
    if node is not None:
        reading.sender, reading.via_bot = _name(nodes.own_text(node))


def _forget_sender(reading: Reading) -> None:
    reading.sender = reading.via_bot = reading.forward = None


def _forwarded(content: nodes.Parts | None, reading: Reading) -> records.Json:
    if content is None:
        reading.forward = None
        return {}
    name = content.first("from_name")
    if name is not None:
        author, via_bot = _name(nodes.own_text(name))
        reading.via_bot = via_bot or reading.via_bot
        sent = dates.parse(nodes.attribute(nodes.Parts(name).first("date"), "title"))
        reading.forward = {"forwarded_from": author}
        return {**reading.forward, **(sent.keys("forwarded_date") if sent else {})}
    return reading.forward or {"forwarded_from": None}


def _name(shown: str) -> tuple[str | None, str | None]:
    via_bot = None
    if found := _VIA.match(shown):
        shown, via_bot = found[1].strip(), f"@{found[2]}"
    return (None if shown in ("", _NOBODY) else shown), via_bot


def _reply(node: nodes.Node | None) -> records.Json:
    found = _LINK.search(nodes.attribute(nodes.within(node, "a"), "href"))
    return {"reply_to_message_id": int(found[1])} if found else {}


def _buttons(table: nodes.Node | None) -> records.Json:
    if table is None:
        return {}
    rows = [[_button(button) for button in row.css("div.bot_button")] for row in table.css("td.bot_button_row")]
    return {"inline_bot_buttons": rows} if rows else {}


def _button(node: nodes.Node) -> records.Json:
    link = nodes.within(node, "a")
    href = nodes.attribute(link, "href")
    found = {"type": "url" if href else "callback", "text": nodes.text(node)}
    return {**found, "data": href} if href else found


def _reactions(node: nodes.Node | None) -> records.Json:
    found = [_reaction(each) for each in nodes.Parts(node).all("reaction")]
    return {"reactions": found} if found else {}


def _reaction(node: nodes.Node) -> records.Json:
    parts = nodes.Parts(node)
    emoji = parts.first("emoji")
    count = nodes.text(parts.first("count"))
    people = len(nodes.Parts(parts.first("userpics")).all("userpic"))
    found: records.Json = {"type": "emoji", "count": int(count) if count.isdecimal() and len(count) < 10 else people}
    if "paid" in nodes.classes(node):
        return {**found, "type": "paid"}
    if link := nodes.within(emoji, "a"):
        return {**found, "type": "custom_emoji", "document_id": nodes.attribute(link, "href")}
    return {**found, "emoji": nodes.text(emoji)}
