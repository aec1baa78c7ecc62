"""A text with its entities as markup. Entities may overlap in any way; offsets count UTF-16 units."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from heliograph.domain import records

SCHEMES: Final = frozenset({"http", "https", "tg", "mailto"})
"""Schemes that may become links."""

_MOST_SPANS: Final = 200
"""Telegram allows a hundred entities; what a file claims beyond these stays plain."""
_RANK: Final = {"blockquote": 0, "pre": 1, "text_url": 2, "url": 2, "spoiler": 3}
"""Blocks contain everything else, and links are never cut, since each piece would be a link of its own."""
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HOST_AND_PORT: Final = re.compile(r"[^/:]+\.[^/:]+:\d+(/|$)")


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    kind: str
    argument: Any


def text(plain: str, entities: Sequence[records.Entity] | None) -> Markup:
    """Return a text as markup."""
    if not entities:
        return escape(plain)
    units = plain.encode("utf-16-le", "surrogatepass")
    size = len(units) // 2
    spans = []
    for kind, offset, length, *argument in entities[:_MOST_SPANS]:
        start, end = max(0, offset), min(size, offset + length)
        if start < end:
            spans.append(_Span(start, end, str(kind), argument[0] if argument else None))
    spans.sort(key=lambda span: (_RANK.get(span.kind, 4), span.start - span.end, span.start))
    return _between(units, 0, size, spans)


def address(written: str) -> str | None:
    """Return a safe address for a link, or None when it must stay text."""
    trimmed = written.strip()
    is_whole = _SCHEME.match(trimmed) and not _HOST_AND_PORT.match(trimmed)
    candidate = trimmed if is_whole else f"https://{trimmed}"
    try:
        parts = urlsplit(candidate)
    except ValueError:
        return None
    if parts.scheme.lower() not in SCHEMES or any(char.isspace() or ord(char) < 32 for char in candidate):
        return None
    return candidate if parts.netloc or parts.scheme.lower() in ("tg", "mailto") else None


def link(target: str | None, shown: Markup) -> Markup:
    """Return a link that tells its target nothing, or what was to be shown when there is no safe target."""
    if target is None:
        return shown
    return Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>').format(target, shown)


def _between(units: bytes, start: int, end: int, spans: Sequence[_Span]) -> Markup:
    if start >= end:
        return Markup("")
    if not spans:
        return escape(_cut(units, start, end))
    outer, others = spans[0], spans[1:]
    inside = _between(units, outer.start, outer.end, _clipped(others, outer.start, outer.end))
    whole = _cut(units, outer.start, outer.end)
    return Markup("{}{}{}").format(
        _between(units, start, outer.start, _clipped(others, start, outer.start)),
        _element(outer, whole, inside),
        _between(units, outer.end, end, _clipped(others, outer.end, end)),
    )


def _clipped(spans: Sequence[_Span], start: int, end: int) -> list[_Span]:
    return [
        _Span(max(span.start, start), min(span.end, end), span.kind, span.argument)
        for span in spans
        if span.start < end and span.end > start
    ]


def _cut(units: bytes, start: int, end: int) -> str:
    return units[2 * start : 2 * end].decode("utf-16-le", "replace")


def _element(span: _Span, whole: str, inside: Markup) -> Markup:
    make = _ELEMENTS.get(span.kind)
    return inside if make is None else make(span.argument, whole, inside)


def _wrapped(template: Markup) -> Callable[[Any, str, Markup], Markup]:
    def wrapped(argument: Any, whole: str, inside: Markup) -> Markup:
        return template.format(inside)

    return wrapped


def _pre(argument: Any, whole: str, inside: Markup) -> Markup:
    language = Markup('<span class="language">{}</span>').format(argument) if argument else Markup("")
    return Markup('<code class="pre" tabindex="0">{}{}</code>').format(language, inside)


_MENTION: Final = _wrapped(Markup('<span class="mention">{}</span>'))
_ELEMENTS: Final[dict[str, Callable[[Any, str, Markup], Markup]]] = {
    "bold": _wrapped(Markup("<strong>{}</strong>")),
    "italic": _wrapped(Markup("<em>{}</em>")),
    "underline": _wrapped(Markup("<u>{}</u>")),
    "strike": _wrapped(Markup("<s>{}</s>")),
    "code": _wrapped(Markup("<code>{}</code>")),
    "blockquote": _wrapped(Markup('<span class="quote">{}</span>')),
    # A checkbox needs no script, and the keyboard reaches it.
    "spoiler": _wrapped(
        Markup('<label class="spoiler"><input type="checkbox" aria-label="Show hidden words"><span>{}</span></label>')
    ),
    "pre": _pre,
    "text_url": lambda argument, whole, inside: link(address(str(argument or "")), inside),
    "url": lambda argument, whole, inside: link(address(whole), inside),
    "email": lambda argument, whole, inside: link(address(f"mailto:{whole}"), inside),
    **dict.fromkeys(("mention", "mention_name", "hashtag", "cashtag", "bot_command", "phone"), _MENTION),
}
