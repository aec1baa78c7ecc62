"""The spool on disk: what it keeps, what a torn file costs, and when it says that there is no room."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from heliograph import errors
from heliograph.crawler import writer
from heliograph.crawler.spool import journal, segments
from heliograph.domain import records

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOMY = 64 * 1024 * 1024
# Prints how large each file was that was brought to the disk.
WATCHED = """
import asyncio, os, pathlib, sys

fsync = os.fsync

def watched(descriptor):
    fsync(descriptor)
    print(os.fstat(descriptor).st_size)

os.fsync = watched

from heliograph.crawler.spool import journal
from heliograph.domain import records

spool = journal.open_at(pathlib.Path(sys.argv[1]), 1)
asyncio.run(spool.append([records.Batch(origin="live", users=[records.User(user_id=1)])]))
"""


def batch(number, **fields):
    message = records.Message(
        space_id=11,
        message_id=number,
        chat_id=-1000000000011,
        date=NOW,
        as_of=number,
        text="tervetuloa \x00",
        entities=[["bold", 0, 3]],
        media={"kind": "photo", "thumbnail": b"\x01", "sizes": [1, None]},
        raw=b"\x00\xff",
    )
    state = records.BoxState(pts=number)
    move = records.CursorMove(box=11, from_state=records.BoxState(pts=number - 1), to_state=state, epoch=3)
    return records.Batch(origin="live", moves=(move,), messages=[message], pushed_at=NOW, **fields)


def opened(folder, quota=ROOMY, **options):
    return journal.Journal(segments.Segments(folder, quota, **options))


async def all_of(spool):
    found = []
    while part := await spool.oldest():
        found += part.batches
        await spool.forget(part)
    return found


async def test_batches_come_back_as_they_were_and_in_order(tmp_path):
    put = [batch(number) for number in range(1, 1_201)]
    spool = opened(tmp_path)
    for start in range(0, len(put), 100):
        assert await spool.append(put[start : start + 100]) == {}
    spool.close()
    spool = opened(tmp_path)
    assert spool.held.batches == 1_200
    assert await all_of(spool) == put
    assert spool.is_empty and spool.held.bytes == 0
    assert list(tmp_path.glob("*.spool")) == []
    spool.close()


async def test_every_kind_of_row_survives(tmp_path):
    full = records.Batch(
        origin="difference",
        tombstones=[records.Tombstone(space_id=11, message_id=1, as_of=2, deleted_at=NOW)],
        pins=[records.Pin(space_id=11, message_id=1, is_pinned=True, as_of=2)],
        observations=[records.Observation(space_id=11, message_id=1, observed_at=NOW, reactions=[{"emoji": "👍"}])],
        users=[records.User(user_id=1)],
        chats=[records.Chat(chat_id=-1, space_id=-2, kind="group", title="Quay")],
        accesses=[records.Access(account_id=1, peer_id=-1, access_hash=-(2**63))],
        topics=[records.Topic(space_id=11, topic_id=1, title="General", created_at=NOW)],
        dirty=[records.DirtyMark(box=11, reason="overflow")],
        clean=[11],
        coverage=[records.Coverage(space_id=11, chat_id=-1, first_id=1, last_id=2, as_of=1, source="hole")],
        unconfirmed=[records.Coverage(space_id=11, chat_id=-1, first_id=2, last_id=2, as_of=1, source="owed")],
        losses=[records.KnownLoss(space_id=11, from_pts=1, to_pts=2, reason="x", noticed_at=NOW)],
        gaps=[records.Gap(space_id=11, cause="pts", from_pts=1, to_pts=2, events=1, noticed_at=NOW, closed_at=NOW)],
        dead_letters=[records.DeadLetter(space_id=11, message_id=1, raw=b"\x00", layer=1, error="x")],
    )
    named = {each.name for each in dataclasses.fields(records.Batch)}
    assert {name for name in named if getattr(full, name)} >= named - {
        *("messages", "moves", "progress", "audits", "account_id", "pushed_at"),
    }
    spool = opened(tmp_path)
    await spool.append([full])
    assert await all_of(spool) == [full]
    spool.close()


async def test_part_that_is_not_forgotten_is_given_again(tmp_path):
    spool = opened(tmp_path)
    await spool.append([batch(1), batch(2)])
    first = await spool.oldest()
    await spool.append([batch(3)])
    again = await spool.oldest()
    assert [each.moves for each in again.batches][:2] == [each.moves for each in first.batches]
    await spool.forget(first)
    assert await all_of(spool) == [batch(3)]
    spool.close()


async def test_last_part_is_told_from_one_that_others_wait_behind(tmp_path):
    spool = opened(tmp_path)
    await spool.append([batch(1)])
    part = await spool.oldest()
    assert spool.is_last(part)
    await spool.append([batch(2)])
    assert not spool.is_last(part)
    spool.close()


@pytest.mark.parametrize("damage", ["cut", "zeros", "flipped"])
async def test_torn_end_costs_the_record_that_was_torn_and_no_other(tmp_path, damage):
    """Row 31: a crash leaves the last record half-written, or as a stretch of zeros."""
    spool = opened(tmp_path)
    await spool.append([batch(1), batch(2)])
    whole = spool.held.bytes
    await spool.append([batch(3)])
    end = spool.held.bytes
    spool.close()
    (path,) = tmp_path.glob("*.spool")
    content = path.read_bytes()
    for cut in range(whole, end):
        torn = {
            "cut": content[:cut],
            "zeros": content[:cut] + bytes(end - cut),
            "flipped": content[:cut] + bytes([content[cut] ^ 1]) + content[cut + 1 :],
        }[damage]
        path.write_bytes(torn)
        spool = opened(tmp_path)
        assert await all_of(spool) == [batch(1), batch(2)]
        assert spool.held.bytes == 0 and list(tmp_path.glob("*.spool")) == []
        assert spool.cuts == [] and aside(tmp_path) == {}
        spool.close()


def aside(folder):
    return {path.suffix: path.read_bytes() for path in (folder / "refused").glob("*")}


async def test_damage_to_an_earlier_file_costs_the_rest_of_that_file_which_is_kept(tmp_path):
    spool = opened(tmp_path, segment_bytes=1)
    for number in (1, 2, 3):
        await spool.append([batch(number)])
    spool.close()
    _, middle, _ = sorted(tmp_path.glob("*.spool"))
    rest = middle.read_bytes()[:-1]
    middle.write_bytes(rest)
    spool = opened(tmp_path)
    assert await all_of(spool) == [batch(1), batch(3)]
    assert aside(tmp_path) == {".cut": rest[len(segments.MAGIC) :]}
    spool.close()


@pytest.mark.parametrize("place", ["length", "content"])
async def test_damage_in_the_middle_of_the_last_file_is_no_torn_end_and_its_rest_is_kept(tmp_path, place):
    """Regression: whatever was behind it was cut off like the end that a crash leaves, and nobody was told."""
    spool = opened(tmp_path)
    await spool.append([batch(1)])
    first = spool.held.bytes
    await spool.append([batch(2)])
    await spool.append([batch(3)])
    spool.close()
    (path,) = tmp_path.glob("*.spool")
    content = bytearray(path.read_bytes())
    content[first if place == "length" else first + 40] ^= 1
    path.write_bytes(content)
    spool = opened(tmp_path)
    (name,) = spool.cuts
    spool.close()
    # It is told until it is on record, by whichever process comes to that.
    spool = opened(tmp_path)
    assert spool.cuts == [name]
    assert await all_of(spool) == [batch(1)]
    spool.note_cuts()
    assert spool.cuts == []
    assert (tmp_path / "refused" / name).read_bytes() == content[first:]
    spool.close()


async def test_damage_that_there_is_no_room_to_keep_is_told_all_the_same(tmp_path):
    spool = opened(tmp_path, segment_bytes=1)
    await spool.append([batch(1)])
    await spool.append([batch(2)])
    spool.close()
    first, _ = sorted(tmp_path.glob("*.spool"))
    first.write_bytes(first.read_bytes()[:-1])
    spool = opened(tmp_path, quota=0)
    assert spool.cuts == [None]
    spool.note_cuts()
    assert spool.cuts == [] and await all_of(spool) == [batch(2)]
    spool.close()


async def test_what_is_appended_after_a_restart_follows_what_was_left(tmp_path):
    spool = opened(tmp_path)
    await spool.append([batch(1)])
    spool.close()
    spool = opened(tmp_path)
    await spool.append([batch(2)])
    assert await all_of(spool) == [batch(1), batch(2)]
    spool.close()


async def test_quota_is_kept_and_nothing_of_the_group_stays(tmp_path):
    spool = opened(tmp_path, quota=4_000)
    with pytest.raises(errors.SpoolFull):
        while True:
            await spool.append([batch(1)])
    size = spool.held.bytes
    assert size <= 4_000
    with pytest.raises(errors.SpoolFull):
        await spool.append([batch(2)] * 20)
    assert spool.held.bytes == size
    await all_of(spool)
    assert await spool.append([batch(3)]) == {}
    spool.close()


async def test_failed_fsync_leaves_nothing_of_its_group(tmp_path):
    failing = []

    def fsync(descriptor):
        if failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.fsync(descriptor)

    spool = opened(tmp_path, fsync=fsync)
    await spool.append([batch(1)])
    failing.append(True)
    with pytest.raises(errors.SpoolFull, match="No space left"):
        await spool.append([batch(2)])
    failing.clear()
    await spool.append([batch(3)])
    spool.close()
    spool = opened(tmp_path)
    assert await all_of(spool) == [batch(1), batch(3)]
    spool.close()


async def test_group_is_fsynced_before_it_counts_and_so_is_its_files_name(tmp_path):
    synced = []

    def fsync(descriptor):
        synced.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else os.fstat(descriptor).st_size)

    spool = opened(tmp_path, fsync=fsync)
    await spool.append([batch(1)])
    assert synced == [len(segments.MAGIC), "folder", spool.held.bytes]
    spool.close()


def test_spool_of_a_crawler_brings_each_group_to_the_disk(tmp_path):
    """What a crawler opens has no fsync of a test's in it: a program of its own watches the system's."""
    program = [sys.executable, "-c", WATCHED, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "spool").glob("*.spool")
    assert int(done.stdout.split()[-1]) == path.stat().st_size > len(segments.MAGIC)


async def test_batch_that_has_no_form_as_bytes_is_named_and_the_others_are_kept(tmp_path):
    odd = records.Batch(origin="live", users=[records.User(user_id=2**70)])
    spool = opened(tmp_path)
    assert list(await spool.append([batch(1), odd, batch(2)])) == [1]
    assert await all_of(spool) == [batch(1), batch(2)]
    spool.close()


async def test_spool_belongs_to_one_crawler(tmp_path):
    first = journal.open_at(tmp_path, 1)
    assert isinstance(first, journal.Journal)
    assert journal.open_at(tmp_path, 1) == journal.Absent("in_use")
    first.close()
    second = journal.open_at(tmp_path, 1)
    assert isinstance(second, journal.Journal)
    second.close()


async def test_crawler_without_a_spool_says_why(tmp_path):
    """Regression: the second crawler of a data directory had none, and only a line of its log told of it."""
    first = journal.open_at(tmp_path, 1)
    assert writer.Writer(None, spool=first).held.described()["spool_off"] is None
    second = writer.Writer(None, spool=journal.open_at(tmp_path, 1))
    assert second.held.described()["spool_off"] == "in_use"
    assert writer.Writer(None, spool=journal.open_at(tmp_path / "other", 0)).held.off == "switched_off"
    (tmp_path / "file").touch()
    assert writer.Writer(None, spool=journal.open_at(tmp_path / "file", 1)).held.off == "unusable"
    first.close()


async def test_only_its_owner_can_read_what_people_wrote(tmp_path):
    spool = journal.open_at(tmp_path, 1)
    await spool.append([batch(1)])
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    for path in (tmp_path / "spool").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    spool.close()


async def test_spool_of_no_size_is_none_but_what_an_earlier_one_holds_is_read(tmp_path):
    assert journal.open_at(tmp_path, 0) == journal.Absent("switched_off")
    spool = journal.open_at(tmp_path, 1)
    await spool.append([batch(1)])
    spool.close()
    spool = journal.open_at(tmp_path, 0)
    assert await all_of(spool) == [batch(1)]
    with pytest.raises(errors.SpoolFull):
        await spool.append([batch(2)])
    spool.close()
