"""What counts as new, and what is mirrored from where."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from heliograph import errors
from heliograph.crawler import directory, link, roster
from heliograph.domain import identity, records
from heliograph.store import accounts, chats, commit
from heliograph.store import database as store_database

CHANNEL = identity.channel_peer(11)
SPACE = identity.channel_space(11)
FRIEND = identity.user_peer(500)
MAILBOX = identity.mailbox_space(99)


def described(**given: Any) -> records.Chat:
    return records.Chat(**{"chat_id": CHANNEL, "space_id": SPACE, "kind": "channel", "title": "Harbour"} | given)


def hole(chat_id: identity.PeerId = CHANNEL, space_id: identity.SpaceId = SPACE) -> records.Coverage:
    return records.Coverage(space_id=space_id, chat_id=chat_id, first_id=1, last_id=9, as_of=3, source="hole")


async def restarted(database: store_database.Database) -> directory.Directory:
    known = directory.Directory()
    async with database.connection() as conn:
        for row in await chats.load(conn):
            known.load(row)
    return known


async def write(database: store_database.Database, *batches: records.Batch) -> None:
    async with database.transaction() as conn:
        await commit.commit(conn, batches)


@pytest.mark.parametrize("is_min", [True, False])
async def test_chat_that_was_only_mentioned_still_owes_all_its_ids(
    database: store_database.Database, is_min: bool
) -> None:
    await write(database, records.Batch(origin="live", chats=[described(is_min=is_min)]))
    known = await restarted(database)
    assert (known.is_new(CHANNEL), known.has(CHANNEL)) == (True, not is_min)
    await write(database, records.Batch(origin="peers", chats=[described()], coverage=[hole()]))
    assert not (await restarted(database)).is_new(CHANNEL)


def test_chat_whose_page_is_written_is_new_no_more() -> None:
    known = directory.Directory()
    assert known.is_new(CHANNEL)
    known.stored(CHANNEL)
    assert not known.is_new(CHANNEL)


async def test_chat_that_the_store_has_lost_is_new_again_and_its_ids_are_owed(
    database: store_database.Database,
) -> None:
    """Regression: after a fail-over that lost the chat its ids were never owed again."""
    kept = identity.channel_peer(12)
    row = described(chat_id=kept, space_id=identity.channel_space(12))
    await write(database, records.Batch(origin="peers", chats=[row], coverage=[hole(kept, row.space_id)]))
    known = await restarted(database)
    known.learn([], [described()], [records.Access(account_id=1, peer_id=CHANNEL, access_hash=7)])
    known.stored(CHANNEL)
    async with database.connection() as conn:
        known.begin_anew(await chats.load(conn))
    assert known.is_new(CHANNEL) and not known.has(CHANNEL)
    assert known.has(kept) and not known.is_new(kept), "what is covered is not asked for again"
    assert known.access_hash(1, CHANNEL) == 7, "Telegram lost nothing"


def test_person_of_whom_only_a_mention_came_is_not_described_yet() -> None:
    """They counted as described, so that their short updates never fetched the whole record."""
    known = directory.Directory()
    person = records.User(user_id=500, first_name="Aino", is_min=True)
    known.learn([person], [], [])
    assert not known.is_known(FRIEND)
    known.learn([dataclasses.replace(person, is_min=False)], [], [])
    assert known.is_known(FRIEND)


def test_person_whose_commit_did_not_happen_is_described_no_more_unless_it_is_asked_for_again() -> None:
    """Regression: each page that failed in an outage made everybody's short updates differences, which lack texts."""
    known = directory.Directory()
    account = link.Link(SimpleNamespace(account_id=1, user_id=99), epoch=1, chats=known)
    account.learn(([records.User(user_id=500, first_name="Aino")], [], []))
    account.forget()
    assert known.is_known(FRIEND)
    account.forget_people()
    assert not known.is_known(FRIEND)


@pytest.mark.parametrize("private_chats", [True, False])
def test_private_chat_is_named_and_owed_only_when_it_is_mirrored(private_chats: bool) -> None:
    known = directory.Directory(private_chats=private_chats)
    connection = SimpleNamespace(account_id=1, user_id=99)
    account = link.Link(connection, epoch=1, chats=known)
    friend = described(chat_id=FRIEND, space_id=MAILBOX, kind="private")
    page = records.Batch(origin="peers", chats=[friend, described()], coverage=[hole(FRIEND, MAILBOX), hole()])
    told = account.settled(page)
    expected = [FRIEND, CHANNEL] if private_chats else [CHANNEL]
    assert [chat.chat_id for chat in told.chats] == expected
    assert [item.chat_id for item in told.coverage] == expected


async def sign_in(database: store_database.Database, user_id: int, *, state: Any = "active") -> None:
    async with database.connection() as conn:
        account_id = await accounts.save(conn, label=str(user_id), user_id=user_id, phone_hint="00", dc_id=2)
        await accounts.set_session(conn, account_id, b"sealed", "key")
        await accounts.set_state(conn, account_id, state)


async def test_private_chats_of_two_accounts_are_refused_in_one_sentence(database: store_database.Database) -> None:
    await sign_in(database, 99)
    assert len(await roster.active(database, private_chats=True)) == 1
    await sign_in(database, 98)
    assert len(await roster.active(database)) == 2
    with pytest.raises(errors.BadInput, match=r"private_chats .* one account only.* set it to false"):
        await roster.active(database, private_chats=True)


async def test_private_chats_of_an_account_that_is_gone_keep_another_out(database: store_database.Database) -> None:
    message = records.Message(
        space_id=MAILBOX, message_id=1, chat_id=FRIEND, date=datetime.now(UTC), as_of=1, text="hello"
    )
    friend = described(chat_id=FRIEND, space_id=MAILBOX, kind="private")
    await write(database, records.Batch(origin="backfill", chats=[friend], messages=[message]))
    await sign_in(database, 99, state="signed_out")
    await sign_in(database, 98)
    with pytest.raises(errors.BadInput):
        await roster.active(database, private_chats=True)


def test_ids_of_a_group_are_owed_in_the_mailbox_that_it_is_mirrored_from() -> None:
    """Regression: a second member's mailbox got a hole that nothing ever closed."""
    known = directory.Directory()
    group = identity.chat_peer(7)
    owed = []
    for account_id in (1, 2):
        account = link.Link(SimpleNamespace(account_id=account_id, user_id=account_id), epoch=1, chats=known)
        chat = described(chat_id=group, space_id=account.mailbox, kind="group")
        page = records.Batch(origin="peers", chats=[chat], coverage=[hole(group, account.mailbox)])
        owed += [item.space_id for item in account.settled(page).coverage]
    assert owed == [identity.mailbox_space(1)]
