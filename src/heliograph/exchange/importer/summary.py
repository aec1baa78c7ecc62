"""What an import did or, on a dry run, would do: counted per chat, with the place of everything that was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.domain import identity
from heliograph.exchange import model

MOST_PLACES: Final = 10_000
"""Places kept per reason and chat: a file that is wrong from end to end must not fill the memory."""
LEFT_OUT: Final[tuple[model.LeftOutName, ...]] = ("profile_pictures", "stories", "profile_music", "article_files")
FILE_STATES: Final = ("stored", "missing", "not_included", "too_large", "unavailable")


@dataclass(kw_only=True, slots=True)
class Skipped:
    """How often something was left out for one reason, and where."""

    count: int = 0
    places: list[tuple[model.Place, int | None]] = field(default_factory=list)
    """Place and message id, if that could be read; the first MOST_PLACES."""

    def add(self, place: model.Place, message_id: int | None) -> None:
        """Count one more."""
        self.count += 1
        if len(self.places) < MOST_PLACES:
            self.places.append((place, message_id))


@dataclass(kw_only=True, slots=True)
class Tally:
    """Numbers of one chat, or of all. They add up: read = imported + known + revised + completed + skipped."""

    read: int = 0
    """Messages met in the source, those that were skipped too."""
    imported: int = 0
    known: int = 0
    """Messages that the store has with the same text already."""
    revisions: int = 0
    """Earlier texts that were added, of messages that the store has with another text."""
    completed: int = 0
    """Messages of earlier imports that gained what they lacked."""
    local_times: int = 0
    """Messages whose time was converted from the local time of the computer that wrote the export."""
    files: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FILE_STATES, 0))
    skipped: dict[str, Skipped] = field(default_factory=dict)
    refused_files: dict[str, Skipped] = field(default_factory=dict)
    """Files that were not opened, of messages that were imported; they count among the missing."""

    left_out: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEFT_OUT, 0))
    """Files of the source that belong to no message here."""

    def skip(self, reason: str, place: model.Place, message_id: int | None) -> None:
        """Count a message that was left out."""
        self.skipped.setdefault(reason, Skipped()).add(place, message_id)

    def refuse(self, reason: str, place: model.Place, message_id: int) -> None:
        """Count a file that was not opened."""
        self.refused_files.setdefault(reason, Skipped()).add(place, message_id)

    @property
    def skips(self) -> int:
        """How many messages were left out, for whatever reason."""
        return sum(each.count for each in self.skipped.values())

    def add(self, other: Tally) -> None:
        """Add another's numbers to these."""
        for name in ("read", "imported", "known", "revisions", "completed", "local_times"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for state, count in other.files.items():
            self.files[state] += count
        for what, count in other.left_out.items():
            self.left_out[what] += count
        _merge(self.skipped, other.skipped)
        _merge(self.refused_files, other.refused_files)

    def numbers(self) -> dict[str, int]:
        """Return the numbers of messages by their names in ``--json``."""
        return {
            "read": self.read,
            "imported": self.imported,
            "known": self.known,
            "revisions_added": self.revisions,
            "completed": self.completed,
            "local_times": self.local_times,
        }

    def as_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            **self.numbers(),
            "files": self.files,
            "left_out": self.left_out,
            "skipped": {reason: _skipped(each) for reason, each in sorted(self.skipped.items())},
            "refused_files": {reason: _skipped(each) for reason, each in sorted(self.refused_files.items())},
        }


@dataclass(kw_only=True, slots=True)
class ChatTally:
    """A chat of a source: where it went, and its numbers."""

    chat_id: identity.PeerId
    title: str
    kind: identity.ChatKind
    note: str | None = None
    """A sentence about where it went, when that is not where one would look."""
    tally: Tally = field(default_factory=Tally)


@dataclass(kw_only=True, slots=True)
class SourceTally:
    """One file, folder or archive: its chats, and how reading it ended."""

    name: str
    chats: dict[identity.PeerId, ChatTally] = field(default_factory=dict)
    outside: Tally = field(default_factory=Tally)
    """What was skipped before any chat began, or with its whole chat."""
    matched: set[str] = field(default_factory=set)
    """Those of the chats that were asked for which it has."""
    broken: model.Broken | None = None
    """Where it breaks off; what came before it stays."""
    is_resumed: bool = False
    """Whether an earlier run had begun it."""
    is_known: bool = False
    """Whether an earlier run had finished it, so that nothing was read now."""


@dataclass(kw_only=True, slots=True)
class Summary:
    """What a whole run did."""

    sources: list[SourceTally] = field(default_factory=list)
    is_dry_run: bool = False
    is_stopped: bool = False
    """Whether it was stopped before its end; running it again goes on."""
    seconds: float = 0.0
    timezone: str = ""

    @property
    def is_broken(self) -> bool:
        """Say whether some source breaks off."""
        return any(source.broken for source in self.sources)

    def absent(self, chats: Sequence[str]) -> list[str]:
        """Return those of ``chats`` that no source has; none where a source was not read from beginning to end."""
        if self.is_stopped or any(each.broken or each.is_known or each.is_resumed for each in self.sources):
            return []
        found = {name for source in self.sources for name in source.matched}
        return [name for name in chats if name not in found]

    def tallies(self) -> Iterator[Tally]:
        """Yield the numbers of every chat, and of what belongs to none."""
        for source in self.sources:
            yield source.outside
            for chat in source.chats.values():
                yield chat.tally

    def total(self) -> Tally:
        """Add everything up."""
        total = Tally()
        for tally in self.tallies():
            total.add(tally)
        return total

    def as_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "dry_run": self.is_dry_run,
            "stopped": self.is_stopped,
            "seconds": round(self.seconds, 3),
            "timezone": self.timezone,
            "sources": [_source(source) for source in self.sources],
            "total": self.total().as_json(),
        }


def _merge(mine: dict[str, Skipped], other: dict[str, Skipped]) -> None:
    for reason, skipped in other.items():
        kept = mine.setdefault(reason, Skipped())
        kept.count += skipped.count
        kept.places += skipped.places[: MOST_PLACES - len(kept.places)]


def _source(source: SourceTally) -> dict[str, Any]:
    return {
        "name": source.name,
        "resumed": source.is_resumed,
        "already_imported": source.is_known,
        "broken": {"reason": source.broken.sentence, "place": str(source.broken.place)} if source.broken else None,
        "chats": [
            {"chat_id": chat.chat_id, "title": chat.title, "kind": chat.kind, "note": chat.note, **chat.tally.as_json()}
            for chat in source.chats.values()
        ],
        "skipped": {reason: _skipped(each) for reason, each in sorted(source.outside.skipped.items())},
    }


def _skipped(skipped: Skipped) -> dict[str, Any]:
    return {
        "count": skipped.count,
        "places": [{"place": str(place), "message_id": message_id} for place, message_id in skipped.places],
    }
