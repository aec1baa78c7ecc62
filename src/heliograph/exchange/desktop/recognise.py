"""What a file looks like that is no export of Telegram Desktop, said so that the person knows what to do."""

from __future__ import annotations

import codecs
import re
from typing import Final

HEAD_BYTES: Final = 64 << 10
"""So much of a file's beginning is looked at."""

_SIGNATURES: Final = (
    (b"PK\x03\x04", "is a zip archive; import it under a name that ends in .zip"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf'\x1c", "is a 7z archive; unpack it first"),
    (b"Rar!", "is a rar archive; unpack it first"),
    (
        b"SQLite format 3\x00",
        "is an SQLite database; a Telethon session is imported under a name that ends in .session",
    ),
)
_UTF_16: Final = "is not written in UTF-8 but in UTF-16; save it as UTF-8 and import it again"
_WHATSAPP: Final = re.compile(rb"\s*(?:\[?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}[:.]\d{2}[^\n]{0,20}?(?:\]| -) )")
_LEFT_TO_RIGHT: Final = "\u200e".encode()
_OTHERS: Final = (
    (("guild", "channel"), "an export of DiscordChatExporter"),
    (("ok", "result"), "an answer of Telegram's Bot API"),
    (("update_id",), "updates of Telegram's Bot API"),
    (("space_id", "message_id"), "a JSONL export of Heliograph"),
    (("participants", "thread_path"), "an export of Facebook Messenger or Instagram"),
    (("participants", "messages"), "an export of Facebook Messenger or Instagram"),
    (("client_msg_id",), "an export of Slack"),
    (("ts", "user"), "an export of Slack"),
    (("backupTimeMs",), "an export of Signal"),
    (("conversationId", "sent_at"), "an export of Signal"),
    (("_", "peer_id"), "messages as Telethon writes them"),
    (("chatId", "fromMe"), "an export of WhatsApp"),
)


def problem(head: bytes) -> str | None:
    """Return why a file that begins like this cannot be JSON ("is empty", …), or None when it may be."""
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in head[:4]:
        return _UTF_16
    if not _is_utf8(head):
        return "is not written in UTF-8 (Latin-1 or Windows-1252, it seems); save it as UTF-8 and import it again"
    return _text_problem(head.removeprefix(codecs.BOM_UTF8).lstrip())


def other(head: bytes) -> str:
    """Return what is wrong with JSON that begins like this and holds no chat in Telegram Desktop's form."""
    for keys, name in _OTHERS:
        if all(b'"' + key.encode() + b'"' in head for key in keys):
            return f"is no export of Telegram Desktop; it looks like {name}"
    return "is no export of Telegram Desktop: it holds no chats and no messages of one"


def _text_problem(text: bytes) -> str | None:
    if not text:
        return "is empty"
    if text[:1] == b"<":
        return "is no JSON; it looks like HTML: import the folder of an HTML export, or its messages.html"
    if _WHATSAPP.match(text.removeprefix(_LEFT_TO_RIGHT)):
        return "is no export of Telegram Desktop; it looks like a chat that was exported from WhatsApp"
    if text[:1] not in b"{[" or _is_log(text):
        return "is no JSON; choose the result.json of a Telegram Desktop export"
    return None


def _is_log(text: bytes) -> bool:
    """Say whether a bracket opens a line of text, not a JSON value."""
    following = text[1:].lstrip()
    return bool(following) and following[:1] not in (b'"}' if text[:1] == b"{" else b'{["]-0123456789tfn')


def _is_utf8(head: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True
