"""Where a chat's ids end and where they begin for us: so that a hole without end comes to one.

The newest message is what messages.getPeerDialogs says, or what is stored above it, which was deleted meanwhile. What
lies above both has no message as of the cursor from before the question; a later one comes as an update. At the other
end a group may hide what was said before one joined (channelFull.available_min_id).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from telethon.tl import functions, types

from heliograph import clock, errors, log
from heliograph.crawler import isolation, link, normalize, peers
from heliograph.crawler.reconcile import readers
from heliograph.crawler.transport import refusal
from heliograph.domain import identity, records
from heliograph.store import owed

PEERS: Final = 100
HIDDEN_SECONDS: Final = 3600.0
"""So long what a group hides is taken to be the same."""

_log = log.get("prober")


class Ends:
    """What was found out about where chats begin and end."""

    def __init__(self, found: readers.Readers, time: clock.Clock) -> None:
        self._readers = found
        self._time = time
        self._unknown: isolation.Backoff[identity.PeerId] = isolation.Backoff(time)
        self._hidden: dict[identity.SpaceId, tuple[int, float]] = {}

    async def find(
        self, account: link.Link, space: identity.SpaceId, endless: Sequence[owed.Endless], as_of: int
    ) -> records.Batch:
        """Return what cuts holes off above the newest message. Raises what ``call`` raises."""
        tops = await self._tops(account, [each.chat_id for each in endless[:PEERS]])
        highest = max(tops.values(), default=0)
        ranges = []
        unknown = self.waiting()
        for each in endless[:PEERS]:
            if each.chat_id in unknown:
                continue
            # A chat whose dialog is gone has nothing above the newest message of its mailbox.
            top = tops.get(each.chat_id, highest)
            ranges.append(
                records.Coverage(
                    space_id=space,
                    chat_id=each.chat_id,
                    first_id=max(top, each.last_message_id) + 1,
                    last_id=owed.END - 1,
                    as_of=as_of,
                    source="outside",
                )
            )
        return records.Batch(origin="probe", coverage=ranges)

    async def hidden_until(self, space: identity.SpaceId) -> int:
        """Return up to which id a channel hides its messages from every account here, 0 for none.

        Raises what ``call`` raises, unless it means that an account may not look.
        """
        until, known_at = self._hidden.get(space, (0, float("-inf")))
        if self._time.monotonic() - known_at < HIDDEN_SECONDS:
            return until
        floors = []
        for account in self._readers.able(space):
            channel = types.InputChannel(space, account.channel_hash(space) or 0)
            try:
                full = await account.connection.call(functions.channels.GetFullChannelRequest(channel=channel))
            except errors.RpcFailed as error:
                if not refusal.is_access_lost(error):
                    raise
                self._readers.refuse(space, account)
                continue
            floors.append(getattr(full.full_chat, "available_min_id", None) or 0)
        self._hidden[space] = (min(floors, default=0), self._time.monotonic())
        return self._hidden[space][0]

    def waiting(self) -> set[identity.PeerId]:
        """Return the chats whose end cannot be told now."""
        return self._unknown.waiting()

    async def _tops(self, account: link.Link, chat_ids: Sequence[identity.PeerId]) -> dict[identity.PeerId, int]:
        """Return the newest message that is left of each chat; a chat that is refused is left out if others are not.

        One whose dialog cannot be read waits.
        """
        found: dict[identity.PeerId, int] = {}

        async def look(chats: Sequence[identity.PeerId]) -> None:
            tl = await account.connection.call(_dialogs(account, chats), purpose="repair")
            for dialog in tl.dialogs:
                chat_id = normalize.peer_id(getattr(dialog, "peer", None)) if type(dialog) is types.Dialog else None
                if chat_id is not None:
                    found[chat_id] = dialog.top_message

        def is_theirs(error: errors.TelegramError) -> bool:
            return refusal.is_access_lost(error) or isolation.is_about_content(error)

        # All of them may have been left: each is asked about, since one that is not would count as gone.
        search = await isolation.ask(chat_ids, look, is_theirs, patience=len(chat_ids))
        for chat_id, error in search.alone.items():
            if not refusal.is_access_lost(error):
                self._unknown.fail(chat_id)
                _log.warning("end_unknown", chat_id=chat_id, error=type(error).__name__)
            elif identity.split_peer(chat_id)[0] == "channel":
                raise error
        return found


def _dialogs(account: link.Link, chat_ids: Sequence[identity.PeerId]) -> Any:
    wanted = [peers.input_peer(chat_id, account.peer_hash(chat_id)) for chat_id in chat_ids]
    return functions.messages.GetPeerDialogsRequest(peers=[types.InputDialogPeer(each) for each in wanted])
