"""Lengths of time as people say them."""

from __future__ import annotations

from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))


def span(seconds: float) -> str:
    """Return a length of time in its largest unit and the one below: ``3 d 4 h``, ``2 min``, ``0.25 s``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.3g} s"
    parts: list[str] = []
    for unit, size in (*_UNITS, ("s", 1)):
        count, whole = divmod(whole, size)
        if parts or count:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part)
