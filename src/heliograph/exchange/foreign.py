"""Names what a file or folder is that holds no export of Telegram Desktop, so that the refusal can say it."""

from __future__ import annotations

import re
from typing import Final

from heliograph import errors

READS: Final = "Heliograph reads what Telegram Desktop exports: result.json, messages.html, or a zip archive of these"

MARK: Final = "heliograph.json"
"""What stands in every folder that our own exports make."""
_OURS: Final = "is an export that Heliograph made in another form; what was made with --format telegram can be imported"

_ARCHIVES: Final = (
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
)
_TDATA: Final = ("key_datas", "key_data", "D877F783D5D3EF8C", "D877F783D5D3EF8Cs")
_FILES: Final = (
    (r"_chat\.txt|(?:WhatsApp Chat|Chat (?:de )?WhatsApp).*\.(?:txt|zip)|msgstore\.db.*", "WhatsApp"),
    (r"signal-.*\.backup|signal\.db|signal-.*\.zip", "Signal"),
    (r"message_\d+\.(?:json|html)", "Facebook Messenger or Instagram"),
)
_PROGRAMS: Final = (
    (rb'\A\s*\{\s*"guild"\s*:|chatlog__message|DiscordChatExporter', "Discord"),
    (rb'\A\s*\[\s*\{[^\]]{0,2000}"is_general"\s*:', "Slack"),
    (rb'\A\s*\{\s*"participants"\s*:|class="_a6-g|class="pam _3-95', "Facebook Messenger or Instagram"),
    (rb'\A\s*\{\s*"room_name"\s*:|mx_EventTile', "Element (Matrix)"),
    (rb'\A\s*\{\s*"userId"\s*:\s*"[^"]*"\s*,\s*"exportDate"', "Skype"),
)


def refuse_file(name: str, head: bytes) -> None:
    """Raise errors.BadInput if a file's name or first bytes are those of another program."""
    for magic, words in _ARCHIVES:
        if head.startswith(magic):
            raise errors.BadInput(f"{name} is {words}; unpack it and give the folder, or pack it as zip.")
    if head[257:262] == b"ustar":
        raise errors.BadInput(f"{name} is a tar archive; unpack it and give the folder, or pack it as zip.")
    if name == MARK:
        raise errors.BadInput(f"{name} only describes an export that Heliograph made; give the export's folder.")
    if name.lower().endswith(".session"):
        raise errors.BadInput(f"{name} is no session of Telethon; copy it again while the other program is stopped.")
    for pattern, program in _FILES:
        if re.fullmatch(pattern, name, re.IGNORECASE):
            raise _other(name, program)
    text = head.removeprefix(b"\xef\xbb\xbf")
    for signature, program in _PROGRAMS:
        if re.search(signature, text):
            raise _other(name, program)


def refuse_folder(name: str, files: list[str], folders: list[str]) -> None:
    """Raise errors.BadInput if what a folder or archive holds at its top is another program's."""
    if any(each in _TDATA for each in (*files, *folders)) or "tdata" in folders:
        raise errors.BadInput(
            f"{name} is the data folder of Telegram Desktop itself (tdata), not an export; in Telegram Desktop choose "
            "Settings, Advanced, Export Telegram data, and give the folder that it writes."
        )
    for file in files:
        for pattern, program in _FILES:
            if re.fullmatch(pattern, file, re.IGNORECASE):
                raise _other(name, program)
    if MARK in files:
        raise errors.BadInput(f"{name} {_OURS}.")
    if {"channels.json", "users.json"} <= set(files):
        raise _other(name, "Slack")
    if "config.json" in files and "sql" in folders:
        raise _other(name, "Signal")
    if {"account", "messages", "servers"} <= {each.lower() for each in folders}:
        raise _other(name, "Discord")


def _other(name: str, program: str) -> errors.BadInput:
    return errors.BadInput(f"{name} is of {program}, not of Telegram. {READS}.")
