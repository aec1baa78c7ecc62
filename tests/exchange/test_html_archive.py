"""The archive opens from a folder, runs nothing, asks nobody, and says everything that is known of a message."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import LocalStore
from selectolax.lexbor import LexborHTMLParser

from heliograph.exchange import media
from heliograph.exchange.export import html, names
from heliograph.exchange.export import request as requests
from heliograph.exchange.export.archive import book, markup
from heliograph.store.reads import export as reads
from heliograph.store.reads import exported

from . import told

PAGE = "chats/channel4711/page-0001.html"
TOKENS = Path(__file__).parents[2] / "frontend" / "src" / "styles" / "tokens.css"
ATTACK = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&lt;{{7*7}}"


async def archive(
    out: Path,
    messages: list[exported.ExportedMessage],
    *,
    chat: exported.ExportedChat = told.CHAT,
    storage: media.Storage | None = None,
    **request: Any,
) -> Path:
    out.mkdir()
    writer = html.Writer(out, requests.Request(format="html", **request), storage)
    await writer.begin_chat(chat)
    await writer.write(messages)
    await writer.end_chat()
    await writer.close()
    return out


def parsed(path: Path) -> LexborHTMLParser:
    return LexborHTMLParser(path.read_text("utf-8"))


def pages(out: Path) -> Iterator[tuple[Path, LexborHTMLParser]]:
    for path in sorted(out.rglob("*.html")):
        yield path, parsed(path)


@pytest.fixture
async def storage(tmp_path: Path) -> media.Storage:
    (tmp_path / "media").mkdir()
    return media.Storage(LocalStore(tmp_path / "media"), tmp_path / "media")


async def stored(storage: media.Storage, content: bytes, **more: Any) -> exported.StoredFile:
    kept = await storage.put(io.BytesIO(content))
    return exported.StoredFile(state="stored", sha256=kept.sha256, size=kept.size, **more)


# What it may do


async def test_no_text_of_anybody_becomes_markup(tmp_path: Path) -> None:
    people = {11: exported.Person(peer_id=11, name=ATTACK, username=ATTACK)}
    chat = exported.ExportedChat(
        chat_id=told.CHAT.chat_id,
        space_id=told.SPACE,
        kind="forum",
        title=ATTACK,
        username=ATTACK,
        topics=(exported.Topic(topic_id=1, title=ATTACK),),
    )
    keys = ("title", "file_name", "url", "site_name", "description", "emoji", "performer", "address")
    everywhere = dict.fromkeys(keys, ATTACK)
    kinds = ("photo", "document", "web_page", "venue", "audio", "contact")
    messages = [
        told.message(1, ATTACK, people=people, topic_id=1, author_signature=ATTACK, earlier=(ATTACK,), via_bot_id=11),
        told.message(
            2, ATTACK, people=people, reply_to_message_id=1, reply_quote=ATTACK, forward={"from_name": ATTACK}
        ),
        told.message(3, "", people=people, service={"type": "chat_edit_title", "title": ATTACK}),
        told.message(4, "", people=people, media={"kind": "poll", "question": ATTACK, "options": [ATTACK]}),
        told.message(5, ATTACK, entities=[["text_url", 0, 5, f"javascript:{ATTACK}"], ["pre", 5, 9, ATTACK]]),
        told.message(6, counters={"reactions": [{"emoji": ATTACK, "count": 1}]}),
        *(told.message(10 + place, media={"kind": kind, **everywhere}) for place, kind in enumerate(kinds)),
    ]
    out = await archive(tmp_path / "out", messages, chat=chat, filter=reads.Filter(words=ATTACK))
    for path, page in pages(out):
        assert page.css("script, iframe, object, embed, form, style") == [], path
        for node in page.css("*"):
            assert not [name for name in node.attributes if name.startswith("on") or name == "style"], path
        assert "{{7*7}}" in page.html or path.name != "page-0001.html"
        assert not re.search(r'(href|src)="\s*(javascript|data|vbscript):', page.html, re.IGNORECASE)


async def test_policy_of_every_page_allows_no_script_and_no_network(tmp_path: Path) -> None:
    out = await archive(tmp_path / "out", [told.message(1, "See https://example.org", entities=[["url", 4, 19]])])
    for path, page in pages(out):
        policy = page.css_first('meta[http-equiv="Content-Security-Policy"]').attributes["content"] or ""
        assert policy.startswith("default-src 'none'; ")
        assert not re.search(r"script|unsafe|https?:|connect", policy)
        for node in page.css("[src], link[href]"):
            address = node.attributes.get("src") or node.attributes.get("href") or ""
            assert not urlsplit(address).scheme, (path, address)
    assert "url(" not in (out / "style.css").read_text() and "@import" not in (out / "style.css").read_text()


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("https://example.org/a?b=1", "https://example.org/a?b=1"),
        ("example.org", "https://example.org"),
        ("example.org:8080/a", "https://example.org:8080/a"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("tg://resolve?domain=a", "tg://resolve?domain=a"),
        ("javascript:alert(1)", None),
        (" JavaScript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("https://a b", None),
        ("https://", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_only_safe_addresses_become_links(written: str, target: str | None) -> None:
    assert markup.address(written) == target


async def test_links_tell_their_target_nothing(tmp_path: Path) -> None:
    out = await archive(
        tmp_path / "out", [told.message(1, "here", entities=[["text_url", 0, 4, "https://example.org"]])]
    )
    links = [node for node in parsed(out / PAGE).css("a[href]") if (node.attributes["href"] or "").startswith("http")]
    assert [node.attributes["rel"] for node in links] == ["noopener noreferrer nofollow"]


# What it says


async def test_every_address_inside_the_archive_leads_somewhere(tmp_path: Path, storage: media.Storage) -> None:
    picture = await stored(storage, b"picture", mime_type="image/png")
    pinned = told.message(2_400, service={"type": "pin_message", "message_id": 7})
    odd = "100% #1?.pdf"
    messages = [
        *(told.message(number, f"Number {number}", reply_to_message_id=number - 1_100) for number in range(1, 2_300)),
        told.message(2_301, media={"kind": "photo"}, file=picture),
        told.message(2_302, media={"kind": "document", "file_name": odd}, file=await stored(storage, b"pdf")),
        pinned,
    ]
    out = await archive(tmp_path / "out", messages, storage=storage)
    known = {path: {node.attributes["id"] for node in page.css("[id]")} for path, page in pages(out)}
    followed = 0
    for path, page in pages(out):
        for node in page.css("a[href], [src], link[href]"):
            address = urlsplit(node.attributes.get("src") or node.attributes.get("href") or "")
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            assert target.is_file(), (path, address)
            assert not address.fragment or address.fragment in known[target], (path, address)
            followed += 1
    assert followed > 2_400
    assert parsed(out / "chats/channel4711/page-0003.html").css_first("#m2199 .reply").attributes["href"] == (
        "page-0002.html#m1099"
    )


async def test_list_of_chats_leads_to_the_newest_message(tmp_path: Path) -> None:
    messages = [told.message(number, "x") for number in range(1, book.PER_PAGE + 2)]
    out = await archive(tmp_path / "out", messages)
    chat = parsed(out / "index.html").css_first(".chats .title")
    assert chat.attributes["href"] == f"chats/channel4711/page-0002.html#m{book.PER_PAGE + 1}"
    months = parsed(out / "chats/channel4711/index.html").css(".stretches a")
    assert [node.text() for node in months] == ["March 2026"]


async def test_page_says_what_is_known_of_a_message(tmp_path: Path) -> None:
    messages = [
        told.message(1, "Second words", earlier=("First words",), edited_at=told.START),
        told.message(2, "Gone", deleted_at=told.START),
        told.message(3, "Said before", forward={"from_name": "Old Corps", "date": 1}),
        told.message(4, media={"kind": "poll", "question": "When?", "options": ["Now", "Later"]},
                     counters={"poll": {"total": 3, "votes": {"00": 1, "01": 2}}}),
        told.message(5, "Seen", counters={"views": 1200, "reactions": [{"emoji": "👍", "count": 4}]}),
        told.message(6, service={"type": "chat_edit_title", "title": "Pier"}),
        told.message(7, "مرحبا", sender_id=12),
        told.message(8, "one", album_id=5, media={"kind": "photo"}),
        told.message(9, "two", album_id=5, media={"kind": "photo"}),
        told.message(10, "Lost", reply_to_message_id=99),
    ]  # fmt: skip
    page = parsed(await archive(tmp_path / "out", messages) / PAGE)
    assert page.css_first("#m1 details .text").text() == "First words"
    assert "Edited 1 March 2026, 22:00" in page.css_first("#m1").text()
    assert page.css_first("#m2 .deleted").text() == "Deleted 1 March 2026, 22:00"
    assert page.css_first("#m2 .text").text() == "Gone"
    assert page.css_first("#m3 .forwarded").text() == "Forwarded from Old Corps"
    assert [node.attributes["value"] for node in page.css("#m4 progress")] == ["1", "2"]
    assert "1,200 views" in page.css_first("#m5 .marks").text()
    assert page.css_first("#m5 .reactions").text(strip=True) == "👍 4"
    assert page.css_first("#m6").text(strip=True).startswith("Aino Virtanen changed the title to “Pier”")
    assert page.css_first("#m7 .text").attributes["dir"] == "auto"
    assert page.css_first("#m8 .album #m9 .text").text() == "two"
    assert "which is not in this archive" in page.css_first("#m10 .reply").text()


GROUP_MOVES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "chat_add_user", "user_ids": [11]}, {}, "Aino Virtanen joined"),
    ({"type": "chat_add_user", "user_ids": [12, 13]}, {}, "Aino Virtanen added 2 people"),
    ({"type": "chat_add_user", "members": ["Ada", "Carl"]}, {}, "Aino Virtanen added Ada, Carl"),
    ({"type": "chat_add_user", "members": [None]}, {}, "Aino Virtanen added a deleted account"),
    ({"type": "chat_add_user", "members": list("ABCDE")}, {}, "Aino Virtanen added A, B, C and 2 others"),
    ({"type": "chat_add_user", "members": ["Aino"], "user_ids": [11]}, {}, "Aino Virtanen joined"),
    ({"type": "chat_add_user"}, {}, "Aino Virtanen added someone"),
    ({"type": "chat_delete_user", "user_id": 11}, {}, "Aino Virtanen left"),
    ({"type": "chat_delete_user", "user_id": 12}, {}, "Aino Virtanen removed someone"),
    ({"type": "chat_delete_user", "members": ["Bo"]}, {}, "Aino Virtanen removed Bo"),
    ({"type": "chat_delete_user", "members": ["Aino Virtanen"]}, {}, "Aino Virtanen left"),
    ({"type": "chat_delete_user", "members": ["Bo"]}, {"sender_id": None, "author_signature": "Bo"}, "Bo left"),
    ({"type": "chat_edit_photo"}, {"sender_id": None}, "Harbour watch changed the picture"),
]


async def test_who_came_and_who_left_is_told_from_ids_and_from_names(tmp_path: Path) -> None:
    messages = [told.message(place, service=how, **more) for place, (how, more, _) in enumerate(GROUP_MOVES, 1)]
    page = parsed(await archive(tmp_path / "out", messages) / PAGE)
    said = [page.css_first(f"#m{place}").text().split() for place in range(1, len(GROUP_MOVES) + 1)]
    assert [" ".join(words[:-1]) for words in said] == [words for _, _, words in GROUP_MOVES]


async def test_people_whom_pages_name_have_their_own_name_colour_and_heads(tmp_path: Path) -> None:
    def named(message_id: int, name: str | None, as_of: int = -1, **more: Any) -> exported.ExportedMessage:
        return told.message(message_id, "x", sender_id=None, author_signature=name, as_of=as_of, **more)

    messages = [
        named(1, "Ada Example"),
        named(2, "Ada Example"),
        named(3, "Carl Sample"),
        named(4, "Ada Example", service={"type": "chat_edit_title", "title": "Pier"}),
        named(5, "the boss", as_of=0),
        named(6, None),
        named(7, None),
    ]
    page = parsed(await archive(tmp_path / "out", messages) / PAGE)
    names = [page.css_first(f"#m{number} .sender") for number in (1, 2, 3, 5, 6)]
    said = ["Ada Example", "Ada Example", "Carl Sample", "Harbour watch", "Deleted account"]
    assert [node.text() for node in names] == said
    ada, again, carl, *_ = (node.attributes["class"] for node in names)
    assert ada == again != carl
    assert [number for number in (1, 2, 3, 5, 6, 7) if page.css(f"#m{number}.joined")] == [2]
    assert [node.text() for node in page.css(".tag")] == ["the boss"]
    assert page.css_first("#m4 p").text().startswith("Ada Example changed the title")


async def test_tasks_and_words_of_a_gift_are_read(tmp_path: Path) -> None:
    messages = [
        told.message(1, media={"kind": "todo", "title": "To pack", "items": ["Rope", "Two anchors"]}),
        told.message(2, service={"type": "todo_append_tasks", "items": ["Paint"]}),
        told.message(3, service={"type": "star_gift", "text": ATTACK}),
        told.message(4, service={"type": "custom_action", "text": "Said by Telegram"}),
    ]
    page = parsed(await archive(tmp_path / "out", messages) / PAGE)
    assert [node.text(strip=True) for node in page.css("#m1 .poll li")] == ["Rope", "Two anchors"]
    assert page.css_first("#m1 .question").text() == "To pack"
    assert "added tasks" in page.css_first("#m2").text()
    assert [node.text(strip=True) for node in page.css("#m2 .poll li")] == ["Paint"]
    assert page.css_first("#m3 .text").text() == ATTACK
    assert page.css_first("#m4").text().count("Said by Telegram") == 1


async def test_page_says_in_words_what_only_an_import_told_of(tmp_path: Path) -> None:
    album: dict[str, Any] = {"album_id": 5, "media": {"kind": "photo"}}
    messages = [
        told.message(1, "Claimed", as_of=0, earlier=("Claimed first",)),
        told.message(2, "Claimed as well", as_of=-1),
        told.message(3, "Told", earlier=("Told first",)),
        told.message(4, as_of=0, service={"type": "chat_edit_title", "title": "Pier"}),
        told.message(5, "one", **album, as_of=0),
        told.message(6, "two", **album),
        told.message(7, "three", album_id=6, media={"kind": "photo"}, as_of=0),
        told.message(8, "four", album_id=6, media={"kind": "photo"}, as_of=0),
        told.message(9, "Claimed below an album", as_of=0),
    ]
    out = await archive(tmp_path / "out", messages)
    page = parsed(out / PAGE)
    marked = [node.parent.attributes["class"] for node in page.css(".imported") if node.parent]
    assert marked == ["head", "head", "service", "part", "head", "head"]
    assert [page.css(f"#m{number} > .content > .head .imported") != [] for number in (1, 2, 3, 5, 7)] == [
        *(True, True, False, False, True)
    ]
    assert page.css_first("#m1 details .facts").text() == "First text, from an imported file"
    assert page.css_first("#m3 details .facts").text() == "First text"
    assert "Telegram has not confirmed it" in page.css_first(".top").text()
    # A head stands for those below it, so none stands over messages of both kinds.
    heads = {number: "joined" not in page.css_first(f"#m{number}").attributes["class"] for number in (2, 3, 7, 9)}
    assert heads == {2: False, 3: True, 7: True, 9: True}
    assert "9 messages · 7 of them imported" in parsed(out / "index.html").css_first(".facts").text()


async def test_page_without_imports_says_nothing_of_them(tmp_path: Path) -> None:
    out = await archive(tmp_path / "out", [told.message(1, "Told")])
    assert all("import" not in page.body.text() for _, page in pages(out) if page.body)


async def test_files_are_shown_and_missing_ones_say_why(tmp_path: Path, storage: media.Storage) -> None:
    def state(name: str) -> exported.StoredFile:
        return exported.StoredFile(state=name)

    lost = exported.StoredFile(state="stored", sha256=bytes(32))
    messages = [
        told.message(1, media={"kind": "photo"}, file=await stored(storage, b"a", mime_type="image/jpeg")),
        told.message(2, media={"kind": "video", "mime_type": "video/mp4"}, file=await stored(storage, b"b")),
        told.message(3, media={"kind": "voice"}, file=await stored(storage, b"c", mime_type="audio/ogg")),
        told.message(4, media={"kind": "document", "file_name": "a.pdf"}, file=await stored(storage, b"d")),
        *(
            told.message(10 + place, media={"kind": "photo"}, file=each)
            for place, each in enumerate(map(state, ("remote", "missing", "not_included", "too_large", "unavailable")))
        ),
        told.message(20, media={"kind": "photo"}, file=lost),
    ]
    out = await archive(tmp_path / "out", messages, storage=storage)
    page = parsed(out / PAGE)
    shown = [page.css_first(f"#m{number} {tag}").attributes[attribute] for number, tag, attribute in (
        (1, "img", "src"), (2, "video", "src"), (3, "audio", "src"), (4, "a.card", "href"),
    )]  # fmt: skip
    assert [(out / PAGE).parent.joinpath(unquote(address or "")).read_bytes() for address in shown] == [
        b"a", b"b", b"c", b"d",
    ]  # fmt: skip
    assert len({page.css_first(f"#m{number} .missing").text() for number in (*range(10, 15), 20)}) == 6
    bare = await archive(tmp_path / "bare", messages[:1], storage=storage, with_media=False)
    assert parsed(bare / PAGE).css_first("#m1 .missing").text() == "Files were left out of this archive."


async def test_no_browser_runs_a_file_that_somebody_sent(tmp_path: Path, storage: media.Storage) -> None:
    sent = ("page.html", "picture.SVG", "feed.xml", "code.js", "a.xhtm", "a.rss", "a.php", "a.html.gz", "README")
    messages = [
        told.message(place, media={"kind": "document", "file_name": name}, file=await stored(storage, name.encode()))
        for place, name in enumerate(sent, 1)
    ]
    out = await archive(tmp_path / "out", messages, storage=storage)
    assert sorted(path.name for path in (out / "chats/channel4711/files").iterdir()) == sorted(
        f"{name}.txt" for name in sent
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_markup_keeps_every_character_whatever_entities_claim(data: st.DataObject) -> None:
    text = data.draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
    kinds = st.sampled_from(["bold", "italic", "code", "spoiler", "blockquote", "url", "text_url", "mention", "odd"])
    entity = st.tuples(kinds, st.integers(0, 25), st.integers(-2, 25)).map(list)
    made = str(markup.text(text, data.draw(st.lists(entity, max_size=6))))
    plain = LexborHTMLParser(f"<body><pre>\n{made}</pre></body>").css_first("pre").text()
    # An entity that cuts a surrogate pair in two loses that character, and no other.
    assert plain == text or "\ufffd" in plain


# Names of files


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\evil.exe", "C__evil.exe"),
        ("con.txt", "_con.txt"),
        (".hidden", "hidden"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("trailing. ", "trailing"),
        ("...", ""),
        ("\x00\n", ""),
        ("مرفق.pdf", "مرفق.pdf"),
    ],
)
def test_name_that_somebody_sent_is_made_harmless(sent: str, kept: str) -> None:
    assert names.safe(sent) == kept


def test_long_name_keeps_its_ending() -> None:
    kept = names.safe("ы" * 400 + ".pdf")
    assert kept.endswith(".pdf")
    assert len(kept.encode()) <= 200


def test_names_are_never_given_twice(tmp_path: Path) -> None:
    giver = names.Names(tmp_path)
    given_names = []
    for name in ("a.txt", "A.TXT", "a.txt", "a (1).txt"):
        path = giver.give(told.message(1, media={"kind": "document", "file_name": name}).message, None, None)
        (tmp_path / path).touch()
        given_names.append(path.casefold())
    assert len(set(given_names)) == 4
    assert given_names[:2] == ["files/a.txt", "files/a (1).txt"]


# How it looks


def test_colours_are_those_of_the_page() -> None:
    ours = re.findall(r"--([a-z-]+): ([^;]+);", (html.TEMPLATES / "style.css").read_text())
    theirs = re.findall(r"--([a-z-]+): ([^;]+);", TOKENS.read_text())
    own = {"avatar", "avatar-text", "hue"}
    assert {pair for pair in ours if pair[0] not in own} <= set(theirs)
