"""Telegram Desktop's pages say the same as its JSON, as far as pages can; what is wrong with one is said."""

from __future__ import annotations

import io
import json
import re
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.domain import identity, records
from heliograph.exchange import model, sources
from heliograph.exchange.desktop import html, normalise, rich
from heliograph.exchange.desktop.markup import dates, fragments, listing, message, nesting, nodes, service

from . import corpus

CORPUS = Path(__file__).parents[1] / "fixtures" / "desktop_html"
TARGET = model.Target(
    space_id=identity.mailbox_space(1),
    chat_id=identity.user_peer(2),
    kind="private",
    self_user_id=None,
    timezone=ZoneInfo("Europe/Berlin"),
)
HEAD = (
    '<!DOCTYPE html>\n<html>\n <head>\n  <meta charset="utf-8"/>\n </head>\n <body>\n  <div class="page_wrap">\n'
    '   <div class="page_header"><div class="content"><div class="text bold">\nSomebody \n</div></div></div>\n'
    '   <div class="page_body chat_page">\n    <div class="history">\n'
)
TAIL = "    </div>\n   </div>\n  </div>\n </body>\n</html>\n"


def events(name: str) -> list[model.Event]:
    """Return what the reader says of an export of the corpus with one chat."""
    [source] = sources.find(CORPUS / name)
    return list(html.read(source))


def messages(found: list[model.Event]) -> dict[int, records.Json]:
    """Return the messages of a reader's events by their ids."""
    return {each["id"]: each for page in found if isinstance(page, model.Page) for each in page.messages}


def skips(found: list[model.Event]) -> list[tuple[str, int | None]]:
    """Return reasons and ids of what was left out."""
    return [(each.reason, each.message_id) for each in found if isinstance(each, model.Skip)]


def row(found: records.Json) -> model.Imported:
    """Return the row of a message."""
    imported = normalise.normalise(found, TARGET, model.Place(file="x", offset=0))
    assert isinstance(imported, model.Imported)
    return imported


def written(
    number: int,
    body: str = '<div class="text">hello</div>',
    title: str = "01.02.2023 10:00:00 UTC+01:00",
    name: str = "Ada",
) -> str:
    """Return a message as pages have it; without a name it is joined to the one before."""
    sender = f'<div class="from_name">\n{name} \n</div>' if name else ""
    return (
        f'<div class="message default clearfix{"" if name else " joined"}" id="message{number}">\n<div class="body">\n'
        f'<div class="pull_right date details" title="{title}">10:00</div>{sender}{body}</div>\n</div>\n'
    )


def told(number: int, sentence: str) -> str:
    """Return a service message as pages have it."""
    return (
        f'<div class="message service" id="message{number}">\n<div class="body details">\n{sentence}\n</div>\n</div>\n'
    )


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[model.Event]]:
    """Read pages that are given by what stands between their heads and tails, or as bytes as they are."""

    def read_pages(*pages: str | bytes, **options: Any) -> list[model.Event]:
        for number, page in enumerate(pages, 1):
            data = page if isinstance(page, bytes) else (HEAD + page + TAIL).encode()
            (tmp_path / f"messages{number if number > 1 else ''}.html").write_bytes(data)
        [source] = sources.find(tmp_path)
        return list(html.read(source, **options))

    return read_pages


# The corpus


def stripped(imported: model.Imported) -> dict[str, Any]:
    """Return what pages can say of a message: no ids of people, the day of service messages, no sizes of files."""
    found = imported.message
    media = {key: value for key, value in (found.media or {}).items() if key not in ("mime_type", "size")}
    if media.get("kind") in ("video", "sticker") or (imported.file and imported.file.path):
        media = {key: value for key, value in media.items() if key not in ("width", "height", "file_name", "emoji")}
    answers = found.reply_to_message_id if found.reply_to_chat_id is None else None
    return {
        "id": found.message_id,
        "date": found.date.astimezone(ZoneInfo("Etc/GMT-3")).date() if found.service else found.date,
        "text": found.text,
        "entities": [entity[: 3 if entity[0] == "mention_name" else 4] for entity in found.entities or []],
        "reply_to_message_id": answers,
        "is_forwarded": found.forward is not None,
        "media": media,
        "service": found.service,
        "observation": (imported.observation.reactions, imported.observation.poll) if imported.observation else None,
        "file": (imported.file.path, imported.file.state) if imported.file else None,
    }


def test_pages_and_json_of_one_chat_become_the_same_rows_up_to_what_pages_cannot_say() -> None:
    said = json.loads((CORPUS / "single_2023.json").read_bytes())
    found = messages(events("single_2023"))
    assert [stripped(row(found[each["id"]])) for each in said["messages"]] == [
        stripped(row(each)) for each in said["messages"]
    ]
    assert len(found) == len(said["messages"])


def test_names_stand_where_ids_are_missing() -> None:
    said = {each["id"]: each for each in json.loads((CORPUS / "single_2023.json").read_bytes())["messages"]}
    for number, found in messages(events("single_2023")).items():
        name = said[number].get("from", said[number].get("actor"))
        imported = row(found)
        assert imported.message.sender_id is None
        if number != 22:
            assert imported.message.author_signature == name


def test_header_says_that_it_is_html_and_what_the_chat_is_called() -> None:
    [header] = [each for each in events("single_2023") if isinstance(each, model.ChatHeader)]
    assert (header.title, header.number, header.kind, header.is_html) == ("Star & Planet", None, "", True)
    assert str(header.place) == "single_2023/messages*.html, message 1"


def test_page_of_2018_has_local_times_and_calls() -> None:
    found = messages(events("single_2018"))
    first = row(found[101])
    assert first.is_local_time
    assert first.message.date == datetime(2018, 2, 3, 8, 15, tzinfo=UTC)
    assert first.message.text == 'First "words"\non two lines'
    call = row(found[104]).message
    assert call.service == {"type": "phone_call", "duration": 61, "reason": "hangup"}
    assert call.author_signature == "Ada Example"
    assert found[102]["photo"] == "(File not included. Change data exporting settings to download.)"
    assert (found[106]["performer"], found[106]["title"], found[106]["duration_seconds"]) == (
        "The Band",
        "The Song",
        200,
    )
    assert row(found[107]).file == model.FileRef(path=None, state="unavailable")


def test_account_of_2021_says_what_its_chats_are_and_where_their_files_lie() -> None:
    private, channel = sources.find(CORPUS / "account_2021")
    first, second = list(html.read(private)), list(html.read(channel))
    assert [
        (each.kind, each.title, each.is_left) for each in (*first, *second) if isinstance(each, model.ChatHeader)
    ] == [
        ("personal_chat", "Boris Sample", False),
        ("private_channel", "Daily Orbit", True),
    ]
    path = messages(first)[202]["photo"]
    assert path == "chats/chat_01/photos/photo_1@12-03-2021_10-00-30.jpg"
    picture = private.open_media(path)
    assert picture is not None
    picture.close()
    assert messages(second)[2]["author"] == "The editor"
    assert messages(second)[1] | {"action": "create_channel", "title": "Daily Orbit"} == messages(second)[1]


def test_whole_corpus_becomes_rows() -> None:
    for name in ("single_2018", "single_2023", "account_2021"):
        for source in sources.find(CORPUS / name):
            found = list(html.read(source))
            assert not [each for each in found if isinstance(each, model.Skip | model.Broken)]
            assert [row(each) for each in messages(found).values()]


# Senders, days, replies


def test_joined_messages_have_the_sender_of_the_one_before(read: Callable[..., list[model.Event]]) -> None:
    page = written(1) + written(2, name="") + told(3, "History cleared") + written(4, name="")
    assert [each.get("from") for each in messages(read(page)).values()] == ["Ada", "Ada", None, None]


def test_message_that_is_not_joined_takes_over_no_sender(read: Callable[..., list[model.Event]]) -> None:
    page = written(1) + written(2, name="").replace(" joined", "")
    assert [each["from"] for each in messages(read(page)).values()] == ["Ada", None]


def test_via_bot_is_no_part_of_a_name(read: Callable[..., list[model.Event]]) -> None:
    found = messages(read(written(1, name="Ada via @some_bot") + written(2, name="") + written(3, name="Bo")))
    assert [(each["from"], each.get("via_bot")) for each in found.values()] == [
        ("Ada", "@some_bot"),
        ("Ada", "@some_bot"),
        ("Bo", None),
    ]


def test_service_message_has_its_day_and_the_time_of_the_message_before_it(
    read: Callable[..., list[model.Event]],
) -> None:
    page = (
        told(-1, "1 February 2023")
        + told(1, "Ada created group &laquo;A&raquo;")
        + written(2)
        + told(3, "Ada took a screenshot")
        + told(-2, "2 February 2023")
        + told(4, "Ada joined Telegram")
    )
    found = [row(each).message.date for each in messages(read(page)).values()]
    assert found == [
        datetime(2023, 1, 31, 23, 0, tzinfo=UTC),
        datetime(2023, 2, 1, 9, 0, tzinfo=UTC),
        datetime(2023, 2, 1, 9, 0, tzinfo=UTC),
        datetime(2023, 2, 1, 23, 0, tzinfo=UTC),
    ]


def test_forward_has_its_origin_and_when_it_was_first_sent(read: Callable[..., list[model.Event]]) -> None:
    body = (
        '<div class="forwarded body"><div class="from_name">\nDaily Orbit <span class="date details" '
        'title="30.01.2023 09:00:00 UTC+01:00"> 30.01.2023 09:00:00</span>\n</div>'
        '<div class="text">\nnews\n</div></div>'
    )
    found = row(messages(read(written(1, body)))[1]).message
    assert found.forward == {"from_name": "Daily Orbit", "date": 1675065600}
    assert found.text == "news"


def test_list_of_tasks_is_no_poll_and_formatted_words_are_kept(read: Callable[..., list[model.Event]]) -> None:
    def box(kind: str, answers: str) -> str:
        head = f'<div class="question bold">\nWhat\n</div><div class="details">\n{kind}\n</div>'
        return f'<div class="media_wrap clearfix"><div class="media_poll">{head}{answers}</div></div>'

    todo = box("To-do List", '<div class="answer">\n- buy <strong>rope</strong>\n</div>')
    votes = '<span class="details">2 votes, chosen vote</span>'
    poll = box("Anonymous poll", f'<div class="answer">\n- now <strong>or</strong> never {votes}\n</div>')
    found = messages(read(written(1, todo), written(2, poll)))
    assert row(found[1]).message.media == {"kind": "todo", "title": "What", "items": ["buy rope"]}
    assert found[2]["poll"]["answers"] == [{"text": "now or never", "voters": 2, "chosen": True}]


ARTICLE = """
     <div class="text rich_message" data-rich-message="1" data-rich-part="false" dir="auto">
      <h1 class="rich_block rich_heading" data-level="1" data-rich-kind="heading">
Tides
      </h1>

      <p class="rich_block rich_paragraph" data-rich-kind="paragraph" dir="auto">
High at <strong>noon</strong>
      </p>

      <div class="rich_block rich_table_wrap" data-rich-kind="table" tabindex="0">

       <table class="rich_table">

        <tbody>

         <tr>

          <td class="rich_align_left rich_valign_top">
Mon
          </td>

          <td class="rich_align_left rich_valign_top">
1.2 m
          </td>

         </tr>

        </tbody>

       </table>

      </div>

      <ul class="rich_block rich_list" data-rich-kind="list">

       <li class="rich_list_item" data-rich-content="text">
<span class="rich_task_marker" role="checkbox">☑</span><span class="rich_list_content">rope</span>
       </li>

       <li class="rich_list_item" data-rich-content="blocks">
<div class="rich_list_content">
        <p class="rich_block rich_paragraph" data-rich-kind="paragraph" dir="auto">
anchor
        </p>
</div>
       </li>

      </ul>
</div>"""


def test_article_has_the_lines_that_it_has_in_json(read: Callable[..., list[model.Event]]) -> None:
    found = row(messages(read(written(1, ARTICLE)))[1]).message
    assert found.text == corpus.row("newest", 605).message.text
    assert (found.entities, found.raw) == (None, b"")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<pre class="rich_block rich_code"><code>a<br>  b</code></pre><p>\nafter\n </p>', "a\n  b\nafter"),
        ("<blockquote>\n <div>\nsaid\n </div>\n <cite>\nby Bo\n </cite>\n</blockquote>", "said\nby Bo"),
        (
            "<details>\n <summary>\nMore\n </summary>\n <div>\n  <p>\nhidden\n  </p>\n </div>\n</details>",
            "More\nhidden",
        ),
        ('<p>\nnew<del class="rich_diff_previous">Previous: old</del>\n</p>', "new"),
        ('<div class="rich_block rich_fallback">\nUnsupported rich content\n</div><p>\nyes\n</p>', "yes"),
        ('<address class="rich_block rich_author_date">\nAda • <time>1 May</time>\n</address>', "Ada"),
    ],
)
def test_lines_of_an_article_are_its_elements(read: Callable[..., list[model.Event]], markup: str, text: str) -> None:
    body = f'<div class="text rich_message">{markup}</div>'
    assert row(messages(read(written(1, body)))[1]).message.text == text


def test_files_of_an_article_are_named_though_a_message_has_none(read: Callable[..., list[model.Event]]) -> None:
    box = '<div class="media_wrap clearfix">\n<a class="photo_wrap" href="photos/1.jpg"><img src="x"></a>\n</div>'
    caption = '<figcaption class="rich_media_caption">\n<div class="rich_caption_text">\nHigh\n</div>\n</figcaption>'
    figure = f'<figure class="rich_block rich_media_item">\n{box}\n{caption}\n</figure>'
    found = messages(read(written(1, f'<div class="text rich_message">\n{figure}\n</div>')))[1]
    assert (found["text"], rich.files(found)) == ("High", 1)


def test_paid_and_custom_reactions_are_not_taken_for_emoji(read: Callable[..., list[model.Event]]) -> None:
    def reaction(classes: str, emoji: str) -> str:
        return f'<span class="{classes}"><span class="emoji">\n{emoji}\n</span><span class="count">\n3\n</span></span>'

    both = reaction("reaction active paid", "⭐") + reaction("reaction", "<a href=x>👋</a>")
    body = f'<span class="reactions">{both}</span>'
    assert messages(read(written(1, body)))[1]["reactions"] == [
        {"type": "paid", "count": 3},
        {"type": "custom_emoji", "count": 3, "document_id": "x"},
    ]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("31.12.2020 23:59:58 UTC+03:00", "2020-12-31T20:59:58+00:00"),
        ("31.12.2020 23:59:58 UTC-04:30", "2021-01-01T04:29:58+00:00"),
        ("31.12.2020 23:59:58 UTC", "2020-12-31T23:59:58+00:00"),
        ("31.12.2020 23:59:58 GMT+5", "2020-12-31T18:59:58+00:00"),
        ("2020-12-31 23:59:58", "2020-12-31T22:59:58+00:00"),
        ("31/12/2020 23:59:58", "2020-12-31T22:59:58+00:00"),
        ("12/31/2020, 11:59:58 PM", "2020-12-31T22:59:58+00:00"),
        ("02.03.20 05:06", "2020-03-02T04:06:00+00:00"),
    ],
)
def test_times_of_every_version_are_understood(
    read: Callable[..., list[model.Event]], title: str, expected: str
) -> None:
    assert row(messages(read(written(1, title=title)))[1]).message.date.isoformat() == expected


def test_day_that_the_page_names_decides_between_day_and_month() -> None:
    for day in (date(2020, 3, 2), date(2020, 2, 3)):
        moment = dates.parse("02/03/2020 10:00:00", day)
        assert moment is not None
        assert moment.local.date() == day


@pytest.mark.parametrize("title", ["32.13.2020 10:00:00", "00.00.0000 00:00:00", "yesterday", "", "1.1.20 25:00:00"])
def test_impossible_date_is_skipped_with_its_message(read: Callable[..., list[model.Event]], title: str) -> None:
    found = read(written(1) + written(2, title=title) + written(3))
    assert skips(found) == [("impossible_date", 2)]
    assert list(messages(found)) == [1, 3]


@pytest.mark.parametrize(
    ("sentence", "action"),
    [
        ("Ada invited Bo, Cleo and Dora", {"action": "invite_members", "members": ["Bo", "Cleo", "Dora"]}),
        ("Ada invited Bo to the voice chat", {"action": "invite_to_group_call", "members": ["Bo"]}),
        ("Ada removed Deleted Account", {"action": "remove_members", "members": [None]}),
        ("Ada joined group by link from Bo", {"action": "join_group_by_link", "inviter": "Bo"}),
        ("Ada changed group title to «Ada invited Bo»", {"action": "edit_group_title", "title": "Ada invited Bo"}),
        ("Ada started voice chat (12 seconds)", {"action": "group_call", "duration": 12}),
        ("Ada has set messages to auto-delete in 7 days", {"action": "set_messages_ttl", "period": 604800}),
        ("Ada scored 7 in this game", {"action": "score_in_game", "score": 7, "game_message_id": 5}),
        ("Ada pinned this message", {"action": "pin_message", "message_id": 5}),
        ("Channel photo removed", {"action": "delete_group_photo"}),
    ],
)
def test_sentence_of_a_service_message_becomes_its_action(sentence: str, action: records.Json) -> None:
    found = service.keys(sentence, 5, None)
    assert {key: value for key, value in found.items() if key != "actor"} == action


def test_sentence_that_is_not_known_keeps_its_words() -> None:
    assert service.keys("Ada did something new", None, None) == {"information_text": "Ada did something new"}
    long = "a invited " * 100_000
    assert service.keys(long, None, None) == {"information_text": long}


def test_formatting_within_formatting_keeps_the_text(read: Callable[..., list[model.Event]]) -> None:
    deep = "<b>" * 400 + "x"
    body = f'<div class="text"><strong>a<em>b</em><br>c</strong> &#x1F; {deep}</div>'
    found = row(messages(read(written(1, body)))[1]).message
    assert found.text == "ab\nc \x1f x"
    assert found.entities is not None
    assert found.entities[0] == ["bold", 0, 4]


def test_text_that_looks_like_a_page_stays_text(read: Callable[..., list[model.Event]]) -> None:
    body = '<div class="text">&lt;div class="message default" id="message9"&gt;&lt;/html&gt;</div>'
    found = messages(read(written(1, body)))
    assert list(found) == [1]
    assert found[1]["text"] == '<div class="message default" id="message9"></html>'


# Pages


def test_messages_are_counted_over_all_pages_and_reading_goes_on_at_any_of_them(
    read: Callable[..., list[model.Event]],
) -> None:
    pages = [written(1) + written(2, name=""), written(3, name="Bo"), written(4, name="Bo") + written(5, name="")]
    whole = read(*pages)
    [page] = [each for each in whole if isinstance(each, model.Page)]
    assert (page.places, page.offset_after) == ([0, 1, 2, 3, 4], 5)
    for start in range(6):
        rest = [each for each in read(*pages, start=start) if isinstance(each, model.Page)]
        assert [each for part in rest for each in part.messages] == page.messages[start:]


def test_pages_of_events_are_bounded(read: Callable[..., list[model.Event]]) -> None:
    found = read("".join(written(number) for number in range(1, 1202)))
    assert [len(each.messages) for each in found if isinstance(each, model.Page)] == [500, 500, 201]
    assert [each.offset_after for each in found if isinstance(each, model.Page)] == [500, 1000, 1201]


def test_missing_page_is_said(read: Callable[..., list[model.Event]], tmp_path: Path) -> None:
    (tmp_path / "messages4.html").write_text(HEAD + written(9) + TAIL)
    found = read(written(1), written(2))
    assert skips(found) == [("page_missing", None)]
    assert list(messages(found)) == [1, 2, 9]


# Bad input


@pytest.mark.parametrize("cut", ["<div cla", '<div class="text">hel', "</div>", "<stro"])
def test_page_that_breaks_off_keeps_what_was_whole(read: Callable[..., list[model.Event]], cut: str) -> None:
    part = written(2)
    data = (HEAD + written(1) + part[: part.index('<div class="from_name">')] + cut).encode()
    *rest, broken = read(data)
    assert list(messages(rest)) == [1]
    assert isinstance(broken, model.Broken)
    assert re.search(r"messages\.html breaks off at message 2: ", broken.sentence)


def test_page_that_breaks_off_after_a_message_keeps_it(read: Callable[..., list[model.Event]]) -> None:
    *rest, broken = read((HEAD + written(1) + written(2)).encode())
    assert list(messages(rest)) == [1, 2]
    assert isinstance(broken, model.Broken)


def test_page_that_breaks_off_before_any_message_is_broken(read: Callable[..., list[model.Event]]) -> None:
    assert isinstance(read(HEAD.encode())[-1], model.Broken)


def test_page_in_the_middle_that_breaks_off_is_counted_and_the_others_are_read(
    read: Callable[..., list[model.Event]],
) -> None:
    found = read((HEAD + written(1) + written(2)[:-30]).encode(), written(3))
    assert skips(found) == [("page_breaks_off", 2)]
    assert list(messages(found)) == [1, 3]
    assert not [each for each in found if isinstance(each, model.Broken)]


def test_message_in_another_encoding_is_skipped_and_named(read: Callable[..., list[model.Event]]) -> None:
    data = (HEAD + written(1) + written(2, '<div class="text">gr\u00fcn</div>') + written(3) + TAIL).encode("latin-1")
    found = read(data)
    assert skips(found) == [("not_utf8", 2)]
    assert list(messages(found)) == [1, 3]


@pytest.mark.parametrize(("declared", "encoding"), [("windows-1251", "cp1251"), ("utf-16", "utf-16")])
def test_page_in_another_encoding_is_refused_in_a_sentence(tmp_path: Path, declared: str, encoding: str) -> None:
    (tmp_path / "messages.html").write_bytes((HEAD + written(1) + TAIL).replace("utf-8", declared).encode(encoding))
    [source] = sources.find(tmp_path)
    *rest, broken = html.read(source)
    assert not messages(rest)
    assert isinstance(broken, model.Broken)
    assert declared.upper() in broken.sentence.upper()


def test_saved_web_page_named_like_an_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "messages.html").write_text("<!DOCTYPE html><html><body>my inbox</body></html>")
    [source] = sources.find(tmp_path)
    broken = list(html.read(source))[-1]
    assert isinstance(broken, model.Broken)
    assert "no page of messages" in broken.sentence


def test_message_that_is_too_large_is_skipped_without_being_held(
    read: Callable[..., list[model.Event]], tmp_path: Path
) -> None:
    with (tmp_path / "messages.html").open("w") as file:
        file.write(HEAD + written(1) + written(2)[:-20])
        for _ in range(100):
            file.write("x" * (1 << 20))
        file.write("</div></div>" + written(3) + TAIL)
    tracemalloc.start()
    found = read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert skips(found) == [("message_too_large", 2)]
    assert list(messages(found)) == [1, 3]
    assert peak < 32 << 20


def test_message_too_large_at_the_end_of_a_page_is_skipped(read: Callable[..., list[model.Event]]) -> None:
    found = read(written(1) + written(2, "x" * 600_000), max_bytes=300_000)
    assert skips(found) == [("message_too_large", 2)]


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 100_000,
        "".join(f'<b id="{number}">' for number in range(20_000)),
        "<div></b>" * 20_000,
        '<div title="</div>">' * 20_000,
        "<div title='</div>'>" * 20_000,
        '<div title=a"b" id="></div><i id=\'">' * 20_000,
        "<div><!--</div>-->" * 20_000,
        "<DIV></div>" * 20_000,
        "<div><script></div></script>" * 20_000,
    ],
    ids=["blocks", "formats", "wrong ends", "quoted", "apostrophes", "half quoted", "comments", "capitals", "scripts"],
)
def test_message_that_is_nested_without_end_is_skipped_unparsed(
    read: Callable[..., list[model.Event]], markup: str
) -> None:
    found = read(written(1) + written(2, f'<div class="text">{markup}</div>') + written(3))
    assert skips(found) == [("message_too_large", 2)]
    assert list(messages(found)) == [1, 3]


def test_message_of_many_elements_beside_each_other_is_read(read: Callable[..., list[model.Event]]) -> None:
    body = "<strong>a</strong><br><em>b</em><br/>" * 2_000
    found = read(written(1, f'<div class="text">{body}</div>'))
    assert messages(found)[1]["text"][:2] == [{"type": "bold", "text": "a"}, "\n"]


def test_messages_that_are_deep_together_are_parsed_apart(
    read: Callable[..., list[model.Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    parse = nodes.parse_all

    def measured(pieces: list[str]) -> list[nodes.Node | None]:
        sizes.append("".join(pieces).count("<i>"))
        return parse(pieces)

    monkeypatch.setattr(nodes, "parse_all", measured)
    read("".join(written(number, "<i>" * 400) for number in range(1, 21)))
    assert max(sizes) <= 2 * nesting.MAX_DEPTH


def test_pages_of_nothing_but_depth_are_not_parsed(read: Callable[..., list[model.Event]]) -> None:
    deep = "<div>" * 40_000
    found = read((HEAD.replace("Somebody", deep) + written(1) + TAIL).encode())
    assert [each.title for each in found if isinstance(each, model.ChatHeader)] == [""]
    assert listing.read(("<html>" + "<div>" * 400_000).encode()) == {}


def test_no_page_of_the_corpus_is_too_deep() -> None:
    for path in CORPUS.rglob("*.html"):
        page = path.read_bytes()
        assert nesting._is_shallow(page[page.index(b"<div") :]), path


@pytest.mark.parametrize("step", [1, 7, 100, 1000])
def test_messages_are_the_same_however_the_bytes_come(step: int) -> None:
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(step)

    page = HEAD + "".join(written(number) for number in range(1, 6)) + TAIL

    def split(file: BinaryIO) -> Iterator[fragments.Fragment]:
        return fragments.split(file, max_bytes=1000)

    assert list(split(Dripping(page.encode()))) == list(split(io.BytesIO(page.encode())))


@pytest.mark.parametrize(
    "damage", ["</div></div><script>", "<table><!--", "<strong>", "<div>", "<textarea>", "</body></html>", "<template>"]
)
def test_damaged_markup_of_one_message_harms_no_other(read: Callable[..., list[model.Event]], damage: str) -> None:
    others = {number: written(number) for number in (1, 3, 4)}
    found = messages(read(others[1] + written(2, damage) + others[3] + others[4]))
    unharmed = messages(read("".join(others.values())))
    assert list(found) == [1, 2, 3, 4]
    assert {number: found[number] for number in others} == unharmed


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_page_with_wrong_bytes_is_read_as_far_as_it_goes(data: st.DataObject) -> None:
    page = bytearray((CORPUS / "single_2023" / "messages2.html").read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        at = data.draw(st.integers(0, len(page) - 1))
        page[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=12))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "messages.html").write_bytes(page)
        [source] = sources.find(Path(folder))
        for found in messages(list(html.read(source))).values():
            normalise.normalise(found, TARGET, model.Place(file="x", offset=0))


def test_message_without_any_body_is_skipped() -> None:
    node = nodes.parse('<div class="message default" id="message1"></div>')
    assert node is not None
    with pytest.raises(message.NoDateError):
        message.read(node, 1, message.Reading())
