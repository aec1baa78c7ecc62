"""Whatever stands in an imported file, every format still writes all of it: one bad message ends no export."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from heliograph.domain import records
from heliograph.exchange import importer, model
from heliograph.exchange.desktop import extra, normalise
from heliograph.exchange.export import request as requests
from heliograph.exchange.export import run as exports
from heliograph.exchange.importer import choice
from heliograph.store import database as store_database

from . import drawn

NUMBERS = itertools.count(1)
"""All examples share the database, each in a chat of its own."""

numbers = st.sampled_from([-1, 0, 2**31, 2**63, 2**64 - 1, 1e20, 1e30, 1e300, 0.5, -0.0])
leaves = st.none() | st.booleans() | numbers | st.sampled_from(["", "x", "12 kB", "5", "nul\0", "مر", "9" * 40])
anything = leaves | st.lists(leaves, max_size=2) | st.dictionaries(st.sampled_from(["a", "text", "x\0"]), leaves)


def objects(*names: str, **fixed: Any) -> st.SearchStrategy[Any]:
    """Objects with some of these keys, whose values are anything."""
    return st.fixed_dictionaries(
        {name: st.just(value) for name, value in fixed.items()}, optional=dict.fromkeys(names, anything)
    )


media = st.sampled_from(records.MEDIA_KINDS).flatmap(
    lambda kind: objects(
        *("id", "size", "width", "height", "duration", "latitude", "longitude", "title", "file_name", "emoji"),
        *("mime_type", "first_name", "url", "site_name", "question", "options", "ttl_seconds", "value", "is_closed"),
        kind=kind,
    )
)
service = st.sampled_from(drawn.SERVICES).flatmap(
    lambda kind: objects(
        *("title", "user_ids", "user_id", "inviter_id", "from_id", "to_id", "message_id", "score", "members", "text"),
        type=kind,
    )
)
reactions = st.lists(objects("emoji", "custom_emoji_id", "is_paid", "count"), max_size=2)
observation = objects("views", "poll", reactions=[], observed_at="2026-01-01T00:00:00Z") | st.fixed_dictionaries({
    "observed_at": st.just("2026-01-01T00:00:00Z"),
    "reactions": reactions,
    "poll": objects("total", votes={"00": "x"}) | objects("total", "votes"),
})  # fmt: skip
key = st.fixed_dictionaries(
    {},
    optional={
        "media": media,
        "service": service,
        "forward": objects("from_id", "from_name", "date", "message_id", "author_signature", "saved_from_id"),
        "observation": observation,
        "revisions": st.lists(st.builds(lambda found: {"text": "before", "media": found}, media), max_size=1),
        "entities": st.just([["text_url", 0, 1, 1e30]]) | anything,
        **dict.fromkeys(("sender_id", "via_bot_id", "topic_id", "album_id", "reply_to_chat_id"), anything),
        **dict.fromkeys(("date", "edit_date", "deleted_at"), st.sampled_from(["0001-01-02T00:00:00Z", "x"]) | leaves),
    },
)
forms = st.one_of(
    objects(
        *("file_name", "file_size", "mime_type", "duration_seconds", "width", "height", "performer", "title"),
        *("sticker_emoji", "media_type", "self_destruct_period_seconds"),
        file="(File not included. Change data exporting settings to download.)",
    ),
    objects("photo_file_size", "width", "height", photo="(File unavailable, please try again later)"),
    objects("place_name", "address", location_information={"latitude": 1e300, "longitude": True}),
    objects("reactions", "poll", "views", "forwarded_from", "forwarded_from_id", "from_id", "reply_to_message_id"),
    objects("total", poll={"question": "?", "total_voters": 2**63, "answers": [{"text": "a", "voters": "x"}]}),
    objects("action", "members", "inviter", "title", "score", "duration", "user_ids", "user_id", type="service"),
    st.fixed_dictionaries({"heliograph": key}),
)
CASES: list[dict[str, Any]] = [
    {"file": "(File not included)", "file_size": "12 kB"},
    {"file": "(File not included)", "file_size": 1e20, "duration_seconds": "x"},
    *({"heliograph": {"forward": {"from_id": wrong}}} for wrong in ("abc", [1], 1e30)),
    *({"heliograph": {"observation": {"observed_at": "2026-01-01T00:00:00Z", **wrong}}} for wrong in (
        {"reactions": [{"emoji": "👍", "count": "x"}]},
        {"reactions": [{"emoji": "👍", "count": 1e30}]},
        {"reactions": [{"emoji": 5, "count": 1}]},
        {"poll": {"total": "x"}},
        {"poll": {"total": 1, "votes": {"00": "x"}}},
    )),
    *({"heliograph": {"media": {"kind": "video", **wrong}}} for wrong in (
        {"duration": "x"}, {"size": "12 kB"}, {"id": "x"}, {"id": 1e30}, {"file_name": 5},
    )),
    *({"type": "service", "heliograph": {"service": {"type": "chat_add_user", "user_ids": wrong}}} for wrong in (
        [[1]], [{}], 1e30,
    )),
    {"heliograph": {"media": {"kind": "poll", "question": "?", "options": 5}}},
    {"heliograph": {"media": {"kind": "photo", "size": [5]}, "entities": [["bold", 0, 1], 5]}},
]  # fmt: skip


def written(number: int, forms: list[dict[str, Any]]) -> bytes:
    """An export with a message of each form."""
    messages = [
        {"id": place, "type": "message", "date_unixtime": "1700000000", "text": "x", **form}
        for place, form in enumerate(forms, 1)
    ]
    head = {"name": "Harbour", "type": "private_supergroup", "id": number}
    return orjson.dumps({**head, "messages": messages})


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@example(told=CASES)
@given(told=st.lists(forms, min_size=20, max_size=40))
async def test_every_format_writes_whatever_was_imported(
    database: store_database.Database, tmp_path: Path, told: list[dict[str, Any]]
) -> None:
    number = 900 + next(NUMBERS)
    folder = tmp_path / str(number)
    folder.mkdir()
    (folder / "result.json").write_bytes(written(number, told))
    done = await importer.run(database, None, [folder], choice.Options())
    assert (done.total().imported, done.is_broken) == (len(told), False)
    chat = (-1_000_000_000_000 - number,)
    for form in requests.FORMATS:
        samples = form in requests.TABLES
        request = requests.Request(format=form, chat_ids=chat, with_revisions=True, with_observations=samples)
        summary = await exports.export(database, None, request, folder / form)
        assert summary.messages == len(told), form


async def test_no_size_in_a_row_ends_an_export(database: store_database.Database, tmp_path: Path) -> None:
    """Regression: a text or a number beyond 64 bits in a descriptor failed the query for the whole chat."""
    sizes: list[Any] = ["12 kB", 1e20, -1, True, [5], {}, None, 12]
    (tmp_path / "result.json").write_bytes(written(77, [{} for _ in sizes]))
    await importer.run(database, None, [tmp_path], choice.Options())
    async with database.transaction() as conn:
        for message_id, size in enumerate(sizes, 1):
            found = orjson.dumps({"kind": "document", "size": size}).decode()
            await conn.execute("UPDATE messages SET media = %s WHERE message_id = %s", [found, message_id])
    out = io.BytesIO()
    await exports.stream(database, requests.Request(format="jsonl"), out)
    assert [orjson.loads(line)["file_size"] for line in out.getvalue().splitlines()] == [*[None] * 7, 12]
    await exports.export(database, None, requests.Request(format="parquet"), tmp_path / "parquet")


TARGET = model.Target(
    space_id=drawn.TARGETS["supergroup"][0],
    chat_id=drawn.TARGETS["supergroup"][1],
    kind="supergroup",
    self_user_id=None,
    timezone=drawn.START.tzinfo,  # type: ignore[arg-type]
)


@pytest.mark.parametrize(
    ("form", "media"),
    [
        ({"file": "a.bin", "file_size": "12 kB", "mime_type": 5}, {"kind": "document", "file_name": "a.bin"}),
        ({"file": "a.mp4", "media_type": "video_file", "duration_seconds": "x", "width": -1}, {"kind": "video"}),
        ({"photo": "a.jpg", "width": 1e20, "height": True}, {"kind": "photo"}),
        ({"location_information": {"latitude": 1e300, "longitude": 5}}, {"kind": "geo"}),
    ],
)
def test_what_has_the_wrong_type_is_as_if_it_were_not_there(form: dict[str, Any], media: dict[str, Any]) -> None:
    message = {"id": 1, "type": "message", "date_unixtime": "1700000000", "text": "x", **form}
    found = normalise.normalise(message, TARGET, model.Place(file="result.json", offset=0))
    assert isinstance(found, model.Imported)
    assert found.message.media == media


@pytest.mark.parametrize("year", ["0001", "2012", "9999"])
def test_the_key_takes_no_impossible_date(year: str) -> None:
    message = {"id": 1, "type": "message", "date_unixtime": "1700000000", "text": "x"}
    plain = normalise.normalise(message, TARGET, model.Place(file="", offset=0))
    assert isinstance(plain, model.Imported)
    moment = f"{year}-01-02T00:00:00Z"
    said = {
        **dict.fromkeys(("date", "edit_date", "deleted_at"), moment),
        "observation": {"observed_at": moment},
        "revisions": [{"text": "before", "until_date": moment}],
    }
    (revision,) = extra.read(said, plain).revisions
    assert revision.until_date is None
    assert extra.read({**said, "revisions": []}, plain) == plain
