"""What somebody wants of an import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from heliograph import errors
from heliograph.domain import identity
from heliograph.exchange import model, sources
from heliograph.exchange.desktop import html
from heliograph.exchange.importer import targets


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to import; the defaults take everything."""

    chats: tuple[str, ...] = ()
    """Ids or titles of the chats that are wanted; empty for all. An id names the chat of pages, which have none."""
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
        """What makes two imports of one source different, as far as that decides which rows and files they bring."""
        with_media = "with media" if self.with_media else "without media"
        return "|".join((*sorted(self.chats), f"user {self.user_id or ''}", self.timezone.key, with_media))

    def matching(self, header: model.ChatHeader, named: identity.PeerId | None) -> set[str]:
        """Return those of ``chats`` that mean this chat: by its marked id, the export's own number, or its title.

        ``named`` is the chat that the run's only one without an id is.
        """
        header = header.whole
        if named is not None and header.is_html:
            return set(self.chats)
        names = {str(targets.chat_id_of(header)), str(header.number), header.title.casefold()}
        return {each for each in self.chats if each.casefold() in names}

    @property
    def number(self) -> identity.PeerId | None:
        """The id that was given, where one was and nothing else."""
        number = self.chats[0] if len(self.chats) == 1 else ""
        is_id = number.removeprefix("-").isdecimal() and number.isascii() and -(2**62) < int(number) < 2**62
        return identity.PeerId(int(number)) if is_id else None

    def named(self, found: Sequence[sources.Source]) -> identity.PeerId | None:
        """Return the chat that the only one without an id among ``found`` is; None where none is named so.

        Pages never say which chat they are of, so they are taken by the id that was given; a title that looks like an
        id selects by that. Raises BadInput where the id would put several chats into one.
        """
        # Each page that is given by itself leads to all pages of its chat.
        pages = list({source.identity: source for source in found if source.kind == "html"}.values())
        if self.number is None or not pages:
            return None
        if any(html.title(source).casefold() in self.chats for source in pages):
            return None
        if len(pages) > 1:
            raise errors.BadInput(
                f"The pages of {len(pages):,} chats were given, and HTML does not say which is {self.chats[0]}; "
                "give one chat's pages, or its title in --chat."
            )
        return self.number
