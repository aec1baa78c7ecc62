"""The words of a ``rich_message``, which versions since 2026 write in place of a text: blocks as of an article.

The form stays whole in the raw bytes; here it becomes lines of plain text, to be read and searched.
"""

from __future__ import annotations

from typing import Any, Final

from heliograph.domain import records

_LINES: Final = (
    *("author", "title", "description", "channel", "block", "blocks", "items", "rows", "articles", "caption", "credit"),
)
"""Keys whose values stand in lines of their own; ``cells`` of a row stand in one."""
_FILES: Final = ("photo", "file", "poster_photo", "author_photo")
"""Keys of paths; a file that was not exported has a reason under another key."""
_DEEPEST: Final = 32


def text(message: records.Json) -> str:
    """Return what a rich message says, "" when there is none."""
    rich = message.get("rich_message")
    return "\n".join(_lines(rich, _DEEPEST)) if isinstance(rich, dict) else ""


def files(message: records.Json) -> int:
    """Return how many files that the export includes a rich message names; a message here has one at most."""
    return _files(message.get("rich_message"), _DEEPEST)


def _files(node: Any, depth: int) -> int:
    if depth == 0 or not isinstance(node, list | dict):
        return 0
    if isinstance(node, list):
        return sum(_files(each, depth - 1) for each in node)
    own = sum(isinstance(node.get(key), str) and bool(node[key]) for key in _FILES)
    return own + sum(_files(each, depth - 1) for each in node.values())


def _lines(node: Any, depth: int) -> list[str]:
    if depth == 0:
        return []
    if isinstance(node, list):
        return [line for each in node for line in _lines(each, depth - 1)]
    if isinstance(node, str):
        return [node] if node else []
    if not isinstance(node, dict):
        return []
    own = " | ".join(_inline(each, depth - 1) for each in node["cells"]) if _is_row(node) else _inline(node, depth - 1)
    return [*([own] if own else []), *(line for key in _LINES if key in node for line in _lines(node[key], depth - 1))]


def _is_row(node: records.Json) -> bool:
    return isinstance(node.get("cells"), list)


def _inline(node: Any, depth: int) -> str:
    if depth == 0:
        return ""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return "".join(_inline(each, depth - 1) for each in node)
    if not isinstance(node, dict):
        return ""
    value = node.get("text") or node.get("source") or node.get("formula")
    return _inline(value, depth - 1)
