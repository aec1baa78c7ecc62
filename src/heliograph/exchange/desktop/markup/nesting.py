"""How deep the elements of a page are nested, found before they are parsed: the parser takes the square of the depth.

Telegram Desktop escapes what people wrote, so that every ``<`` of its pages begins a tag, and closes the tags that it
opens. What is written otherwise is taken for as deep as it has opening tags.
"""

from __future__ import annotations

import re
from typing import Final

MAX_DEPTH: Final = 500
"""Elements in each other. A message has some ten."""

_TAG: Final = re.compile(rb'<(/?)([a-z][a-z0-9-]*+)((?:\s++[\w:-]++(?:="[^"<>]*+")?)*+)\s*+/?>')
_VOID: Final = frozenset({b"br", b"img", b"hr", b"wbr", b"input", b"link", b"meta"})
_OPAQUE: Final = frozenset(
    {b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript", b"plaintext"}
)
"""Elements in which tags are text."""


def openings(markup: bytes) -> int:
    """Return how many tags there are that may open an element: no element is deeper than that."""
    return markup.count(b"<") - markup.count(b"</") - markup.count(b"<br>")


def is_too_deep(markup: bytes) -> bool:
    """Say whether elements may be nested deeper than any page has them."""
    return openings(markup) > MAX_DEPTH and not _is_shallow(markup)


def _is_shallow(markup: bytes) -> bool:
    """Say whether markup is written as Telegram Desktop writes it, and not too deep."""
    within: list[bytes] = []
    tags = 0
    for found in _TAG.finditer(markup):
        tags += 1
        closing, name = found[1], found[2]
        if closing:
            # After the end of a message come those of the elements around it.
            if within and within.pop() != name:
                return False
        elif name in _OPAQUE:
            return False
        elif name not in _VOID:
            within.append(name)
            if len(within) > MAX_DEPTH:
                return False
    return tags == markup.count(b"<")
