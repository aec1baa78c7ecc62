"""Why something of a source was left out, as a sentence: what is the matter, and what can be done where anything can.

The keys are what ``--json`` shows and what programs compare; they do not change.
"""

from __future__ import annotations

from typing import Final

_SENTENCES: Final = {
    "duplicate_id": "another message of the chat has the same id and text, and one of them is enough.",
    "impossible_date": "it has no date, or one that Telegram cannot have given (before 2013 or after 2038).",
    "impossible_id": "it has no id that Telegram could have given: a whole number from 1 to 2,147,483,647.",
    "message_too_large": "it is larger than any message can be, so it is not one.",
    "no_chat": "it stands where a chat should, and has neither id nor type.",
    "no_message": "it stands where a message should, and is none.",
    "not_json": "it is not valid JSON; the file was changed by hand or damaged.",
    "not_utf8": "it is not written in UTF-8; the file was changed by another program or damaged.",
    "old_group": (
        "it was written before the group became a supergroup, and the export does not say which group that was; import"
        " an export of the group itself for it."
    ),
    "page_breaks_off": "this page of the export is not complete; copy it again from where the export was made.",
    "page_missing": "the page of the export before this one is not there; copy it from where the export was made.",
    "unsupported": "the Telegram Desktop that wrote the export could not show it and wrote nothing but its id.",
}


def sentence(reason: str) -> str:
    """Return what a ``model.Skip``'s reason means."""
    return _SENTENCES.get(reason, f"{reason.replace('_', ' ')}.")
