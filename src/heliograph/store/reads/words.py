"""Which words of a message search looks through: its text, and what stands in a poll, a list of tasks or an action.

Few messages have any besides their text. Those have an index over all of their words together, and every expression
here that is part of an index has to be the index's, letter by letter, to be answered from it.
"""

from __future__ import annotations

from typing import Final

_KEYS: Final = ("title", "text", "items", "question", "options", "option", "comment")
"""Keys of ``media`` and ``service`` whose values somebody wrote, in the order in which they are read."""
_WROTE: Final = " || ".join(f'@.key == "{key}"' for key in _KEYS)
_HAS_MORE: Final = "(m.service IS NOT NULL OR m.media ->> 'kind' IN ('poll', 'todo'))"
_TEXT: Final = "to_tsvector('heliograph', m.text)"
# PostgreSQL's list of a message's words ends at 1 MiB, and one that is longer could not be stored for the index's sake.
_FITS: Final = "octet_length(m.text) + octet_length(coalesce(m.service, m.media)::text) <= 262144"
_ALL: Final = (
    f"({_TEXT} || CASE WHEN {_FITS} "
    "THEN jsonb_to_tsvector('heliograph', jsonb_path_query_array(coalesce(m.service, m.media), "
    f"""'$.keyvalue() ? ({_WROTE}).value'), '["string"]') ELSE ''::tsvector END)"""
)
_SHOWN: Final = f"""concat_ws(E'\\n', nullif(m.text, ''), CASE WHEN {_HAS_MORE} AND {_FITS} THEN (
    SELECT string_agg(told #>> ARRAY[]::text[], ' · ' ORDER BY key_place, place)
    FROM unnest(ARRAY['{"', '".join(_KEYS)}']) WITH ORDINALITY AS k (key, key_place)
    CROSS JOIN LATERAL jsonb_path_query(coalesce(m.service, m.media) -> key, '$[*] ? (@.type() == "string")')
        WITH ORDINALITY AS t (told, place)
) END)"""


def match(query: str, message: str = "") -> str:
    """Return the condition that a message has what ``query``, an SQL expression of a tsquery, looks for.

    ``message`` stands in front of the columns' names: the message's name with a dot, or nothing.
    """
    # A word that is left out is in none of them: the text alone says nothing of a message that has more.
    return _of(f"({_HAS_MORE} IS NOT TRUE AND {_TEXT} @@ {query} OR {_HAS_MORE} AND {_ALL} @@ {query})", message)


def vector(message: str = "") -> str:
    """Return all words of a message, to rank it by."""
    return _of(f"(CASE WHEN {_HAS_MORE} THEN {_ALL} ELSE {_TEXT} END)", message)


def shown(message: str = "") -> str:
    """Return all words of a message as they are read."""
    return _of(_SHOWN, message)


def _of(sql: str, message: str) -> str:
    return sql.replace("m.", message)
