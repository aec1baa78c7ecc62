"""Why something of a source was left out, as a sentence: what is the matter, and what can be done where anything can.

The keys are what ``--json`` shows and what programs compare; they do not change.
"""

from __future__ import annotations

from typing import Final

_SENTENCES: Final = {
    "another_mailbox": (
        "here its id is of another chat's message, so the export does not come from this account's mailbox; give the"
        " right --account."
    ),
    "duplicate_id": "another message of the chat has the same id and text, and one of them is enough.",
    "file_unreadable": "the file of the message could not be read to its end; copy the export again.",
    "impossible_date": "it has no date, or one that Telegram cannot have given (before 2013 or after 2038).",
    "impossible_id": "it has no id that Telegram could have given: a whole number from 1 to 2,147,483,647.",
    "message_too_large": "it is larger, or nested deeper, than any message can be, so it is not one.",
    "no_chat": "it stands where a chat should, and has neither id nor type.",
    "no_message": "it stands where a message should, and is none.",
    "not_json": "it is not valid JSON; the file was changed by hand or damaged.",
    "not_utf8": "it is not written in UTF-8; the file was changed by another program or damaged.",
    "not_a_file": "what the message names is no ordinary file, so it was not opened.",
    "old_group": (
        "it was written before the group became a supergroup, and the export does not say which group that was; import"
        " an export of the group itself for it."
    ),
    "out_of_range": "a number or date in it is larger than the database can hold.",
    "page_breaks_off": "this page of the export is not complete; copy it again from where the export was made.",
    "page_missing": "the page of the export before this one is not there; copy it from where the export was made.",
    "path_leaves_export": (
        "the path leads out of the export (or through a symbolic link), so nothing was opened there."
    ),
    "text_too_long": "its text is far longer than any that Telegram takes.",
    "unsupported": "the Telegram Desktop that wrote the export could not show it and wrote nothing but its id.",
}


def sentence(reason: str) -> str:
    """Return what a ``model.Skip``'s reason means."""
    return _SENTENCES.get(reason, f"{reason.replace('_', ' ')}.")
