"""What somebody wants of an import."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from heliograph.domain import identity
from heliograph.exchange import model
from heliograph.exchange.importer import targets


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to import; the defaults take everything."""

    chats: tuple[str, ...] = ()
    """Ids or titles of the chats that are wanted; empty for all. An id names the chat of an export that has none."""
    user_id: int | None = None
    """Whose exports these are; None goes by what an export says itself."""
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """Of the computer that wrote the exports, for times that do not say it."""
    is_dry_run: bool = False
    with_media: bool = True
    is_again: bool = False
    """Whether what was imported to its end before is read once more."""

    def for_user(self, user_id: int | None) -> Options:
        """Return these options with another owner."""
        return replace(self, user_id=user_id)

    @property
    def key(self) -> str:
        """What makes two imports of one source different, as far as that decides which rows they bring."""
        return "|".join((*sorted(self.chats), f"user {self.user_id or ''}", self.timezone.key))

    def matching(self, header: model.ChatHeader) -> set[str]:
        """Return those of ``chats`` that mean this chat: by its marked id, the export's own number, or its title."""
        header = header.whole
        if header.number is None and self.named is not None:
            return set(self.chats)
        names = {str(targets.chat_id_of(header)), str(header.number), header.title.casefold()}
        return {each for each in self.chats if each.casefold() in names}

    @property
    def named(self) -> identity.PeerId | None:
        """The chat that an export is of which does not say it itself, when one id was given."""
        number = self.chats[0] if len(self.chats) == 1 else ""
        is_id = number.removeprefix("-").isdecimal() and number.isascii() and -(2**62) < int(number) < 2**62
        return identity.PeerId(int(number)) if is_id else None
