"""Which words of a message search looks through: its text, and what stands in a poll, a list of tasks or an action.

Each has an index of its own, and an expression has to be the index's to be answered from it.
"""

from __future__ import annotations

from typing import Final

_KEYS: Final = ("title", "text", "items", "question", "options", "option", "comment")
"""Keys of ``media`` and ``service`` whose values somebody wrote, in the order in which they are read."""
_WROTE: Final = " || ".join(f'@.key == "{key}"' for key in _KEYS)
_HAS_MORE: Final = "(m.service IS NOT NULL OR m.media ->> 'kind' IN ('poll', 'todo'))"
_TEXT: Final = "to_tsvector('heliograph', m.text)"
_MORE: Final = (
    f"jsonb_to_tsvector('heliograph', jsonb_path_query_array(coalesce(m.service, m.media), "
    f"""'$.keyvalue() ? ({_WROTE}).value'), '["string"]')"""
)
_SHOWN: Final = f"""concat_ws(E'\\n', nullif(m.text, ''), CASE WHEN {_HAS_MORE} THEN (
    SELECT string_agg(told #>> ARRAY[]::text[], ' · ' ORDER BY key_place, place)
    FROM unnest(ARRAY['{"', '".join(_KEYS)}']) WITH ORDINALITY AS k (key, key_place)
    CROSS JOIN LATERAL jsonb_path_query(coalesce(m.service, m.media) -> key, '$[*] ? (@.type() == "string")')
        WITH ORDINALITY AS t (told, place)
) END)"""


def match(query: str, message: str = "") -> str:
    """Return the condition that a message has what ``query``, an SQL expression of a tsquery, looks for.

    ``message`` stands in front of the columns' names: the message's name with a dot, or nothing.
    """
    return _of(f"({_TEXT} @@ {query} OR {_HAS_MORE} AND {_MORE} @@ {query})", message)


def vector(message: str = "") -> str:
    """Return all words of a message, to rank it by."""
    return _of(f"({_TEXT} || CASE WHEN {_HAS_MORE} THEN {_MORE} ELSE ''::tsvector END)", message)


def shown(message: str = "") -> str:
    """Return all words of a message as they are read."""
    return _of(_SHOWN, message)


def _of(sql: str, message: str) -> str:
    return sql.replace("m.", message)
