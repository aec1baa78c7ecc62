"""Whether two tellings of one message speak of one file, as SQL: an export names no file by its id.

They do when nothing denies it: what both say of the file, and where that is no size in bytes, the text beside it and
the date of the last edit. Of photos Telegram says no size.
"""

from __future__ import annotations

from typing import Final

SUMMER: Final = "interval '2 hours'"
"""How far an edit may be off that was moved with its message: the two may lie on both sides of a change of clocks."""
_STATED: Final = ("kind", "width", "height", "size", "mime_type")
# Telegram Desktop numbers files of one name, and replaces what its system does not take in names.
_NAME: Final = r"""lower(regexp_replace(regexp_replace(
    normalize({0} ->> 'file_name'), ' \(\d+\)(?=(\.[^.]*)?$)', ''), '[^[:alnum:]]', '', 'g'))"""
# Exports say whole seconds.
_DURATION: Final = """CASE WHEN 'number' = ALL (ARRAY[jsonb_typeof({0} -> 'duration'), jsonb_typeof({1} -> 'duration')])
        THEN abs(({0} ->> 'duration')::numeric - ({1} ->> 'duration')::numeric) > 1 END"""
_FORMER: Final = """
CASE WHEN {one}.media IS NULL OR {other}.media IS NULL THEN false
     WHEN {one}.media ->> 'id' <> {other}.media ->> 'id' THEN true
     WHEN {one}.media ->> 'id' = {other}.media ->> 'id' THEN false
     WHEN coalesce({denial}, false) THEN true
     WHEN {one}.media ->> 'size' = {other}.media ->> 'size' THEN false
     ELSE {one}.text <> {other}.text OR {is_apart} END
"""


def is_former(*, one: str, other: str, is_apart: str) -> str:
    """Return a condition: one of two rows with ``text`` and ``media`` tells of another form, so maybe another file.

    ``is_apart`` is the condition under which the dates of the two say so.
    """
    first, second = f"{one}.media", f"{other}.media"
    denials = [f"{first} ->> '{key}' <> {second} ->> '{key}'" for key in _STATED]
    denials.append(f"{_NAME.format(first)} <> {_NAME.format(second)}")
    denials.append(_DURATION.format(first, second))
    return _FORMER.format(one=one, other=other, is_apart=is_apart, denial=" OR ".join(denials))


def is_apart(*, one: str, one_edit: str, other: str, other_edit: str) -> str:
    """Return a condition: the dates of the last edits tell two rows apart.

    A hidden edit leaves a message as it was before. Rows have ``date`` and ``is_edit_hidden``.
    """
    slack = f"CASE WHEN {one}.date <> {other}.date THEN {SUMMER} ELSE interval '0' END"
    return " OR ".join(
        f"NOT {late}.is_edit_hidden"
        f" AND coalesce({late_edit}, '-infinity') > coalesce({early_edit}, '-infinity') + {slack}"
        for late, late_edit, early_edit in ((one, one_edit, other_edit), (other, other_edit, one_edit))
    )
