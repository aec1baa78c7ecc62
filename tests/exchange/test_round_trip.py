"""What leaves in Telegram Desktop's form comes back as the same rows, and what came in that form leaves as it came."""

from __future__ import annotations

import json
from dataclasses import replace

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.exchange import model
from heliograph.exchange import topics as topic_places
from heliograph.exchange.desktop import normalise
from heliograph.exchange.desktop.compose import message as compose
from heliograph.exchange.export import telegram

from . import drawn

EXAMPLES = 120
PLACE = model.Place(file="result.json", offset=0)


def read_back(original: model.Imported, kind: str, *, through_file: bool = True) -> model.Imported:
    form = compose.compose(original, drawn.target(kind), has_topics=kind == "forum")
    # What reads our file guesses at topics and knows when the file was written; neither may show.
    reader = replace(drawn.target(kind), topics=topic_places.Topics(), exported_at=drawn.START)
    reader.topics.create(7)  # type: ignore[union-attr]
    if kind != "forum":
        reader = replace(reader, topics=topic_places.Topics())
    found = normalise.normalise(orjson.loads(telegram.dumps(form, 2)), reader, PLACE)
    assert isinstance(found, model.Imported)
    return found


@settings(max_examples=EXAMPLES, deadline=None)
@given(kind=st.sampled_from(sorted(drawn.TARGETS)), data=st.data())
def test_reading_what_was_composed_gives_the_same_row(kind: str, data: st.DataObject) -> None:
    original = data.draw(drawn.imported(kind))
    found = read_back(original, kind)
    # An actor without an id is what pages tell, whichever way it came.
    assert replace(found.message, raw=b"", as_of=original.message.as_of) == original.message
    assert found.observation == original.observation
    assert (found.deleted_at, found.text_date) == (original.deleted_at, original.text_date)
    assert found.revisions == original.revisions


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_layout_is_that_of_telegram_desktop(data: st.DataObject) -> None:
    form = compose.compose(data.draw(drawn.imported("supergroup")), drawn.target("supergroup"))
    told = telegram.dumps(form, 0).decode()
    # One space a level, a space after the colon, nothing escaped that need not be.
    assert orjson.loads(told) == form
    lines = told.split("\n")
    expected = json.dumps(form, indent=1, ensure_ascii=False).split("\n")
    assert [len(line) - len(line.lstrip(" ")) for line in lines] == [
        len(line) - len(line.lstrip(" ")) for line in expected
    ]
