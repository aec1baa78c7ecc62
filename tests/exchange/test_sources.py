"""What a PATH is, and that nothing outside of an export is ever opened."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph import errors
from heliograph.exchange import model, paths, sources, zips
from heliograph.exchange.desktop import reader

JSON = b'{"name": "A", "type": "personal_chat", "id": 1, "messages": []}'
PAGE = (
    b'<!DOCTYPE html><html><body><div class="page_wrap"><div class="page_header"><div class="text bold">A</div></div>'
    b'<div class="page_body chat_page"><div class="history"></div></div></div></body></html>'
)


def write(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder and return it."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def pack(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Pack files into a zip archive and return its path."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return path


def refusal(path: Path) -> str:
    """Return the one sentence that a PATH is refused with."""
    with pytest.raises(errors.BadInput) as raised:
        sources.find(path)
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "these"))
    return sentence


def media(source: sources.Source, path: str) -> bytes | None:
    """Return a media file's bytes, None when it is not there."""
    file = source.open_media(path)
    if file is None:
        return None
    with file:
        return file.read()


# What is found


def test_folder_file_and_archive_lead_to_the_same_export(tmp_path: Path) -> None:
    folder = write(tmp_path / "ChatExport", {"result.json": JSON, "photos/a.jpg": b"picture"})
    archive = pack(tmp_path / "b.zip", {"ChatExport/result.json": JSON, "ChatExport/photos/a.jpg": b"picture"})
    for path in (folder, folder / "result.json", archive):
        [source] = sources.find(path)
        with source.open() as file:
            assert (source.kind, source.size, file.read()) == ("json", len(JSON), JSON)
        assert media(source, "photos/a.jpg") == b"picture"
        assert media(source, "photos/b.jpg") is None
        source.close()


def test_source_is_called_what_the_person_would_call_it(tmp_path: Path) -> None:
    write(tmp_path / "ChatExport", {"messages.html": PAGE, "messages2.html": PAGE})
    [pages] = sources.find(tmp_path / "ChatExport" / "messages2.html")
    [member] = sources.find(
        pack(tmp_path / "a.zip", {"x/chats/chat_01/messages.html": PAGE, "x/lists/chats.html": b""})
    )
    assert pages.name == "ChatExport/messages*.html"
    assert pages.page_name(1) == "ChatExport/messages2.html"
    assert member.name == "a.zip!/x/chats/chat_01/messages.html"


def test_pages_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["messages.html", "messages2.html", "messages9.html", "messages10.html"]
    write(tmp_path, dict.fromkeys(reversed(names), PAGE))
    [source] = sources.find(tmp_path)
    assert list(source.pages) == names


def test_account_in_html_is_one_source_for_each_chat(tmp_path: Path) -> None:
    files = {
        "export_results.html": PAGE,
        "lists/chats.html": PAGE,
        "chats/chat_1/messages.html": PAGE,
        "chats/chat_2/messages.html": PAGE,
        "chats/chat_2/photos/a.jpg": b"picture",
    }
    write(tmp_path / "all", files)
    found = sources.find(tmp_path / "all")
    assert [source.pages for source in found] == [("chats/chat_1/messages.html",), ("chats/chat_2/messages.html",)]
    assert len({source.identity for source in found}) == 2
    assert [source.pages for source in sources.find(tmp_path / "all" / "export_results.html")] == [
        source.pages for source in found
    ]
    [inner] = sources.find(tmp_path / "all" / "chats" / "chat_2")
    assert inner.pages == ("chats/chat_2/messages.html",)
    assert media(inner, "chats/chat_2/photos/a.jpg") == b"picture"


def test_several_exports_in_one_folder_or_archive_are_all_found(tmp_path: Path) -> None:
    files = {"one/result.json": JSON, "deep/er/result.json": JSON, "two/messages.html": PAGE, "notes.txt": b"mine"}
    expected = ["deep/er/result.json", "one/result.json", "two/messages.html"]
    assert [source.pages[0] for source in sources.find(write(tmp_path / "all", files))] == expected
    assert [source.pages[0] for source in sources.find(pack(tmp_path / "all.zip", files))] == expected


def test_json_is_read_rather_than_the_pages_beside_it(tmp_path: Path) -> None:
    found = sources.find(write(tmp_path / "both", {"result.json": JSON, "messages.html": PAGE}))
    assert [source.kind for source in found] == ["json"]


def test_renamed_result_is_found_beside_other_json(tmp_path: Path) -> None:
    write(tmp_path, {"my chat.json": JSON, "package.json": b'{"version": 1}', "e/result.json": JSON})
    assert [source.pages for source in sources.find(tmp_path)] == [("my chat.json",), ("e/result.json",)]


def test_exports_beside_other_programs_files_are_found(tmp_path: Path) -> None:
    write(tmp_path, {"tdata/key_datas": b"TDF$", "_chat.txt": b"hello", "ChatExport/result.json": JSON})
    assert [source.pages for source in sources.find(tmp_path)] == [("ChatExport/result.json",)]


def test_identity_stays_when_a_file_moves_and_goes_when_its_content_does(tmp_path: Path) -> None:
    first, moved, changed = (write(tmp_path / name, {"result.json": JSON}) / "result.json" for name in "abc")
    moved = moved.rename(moved.with_name("result (1).json"))
    changed.write_bytes(JSON.replace(b'"A"', b'"B"'))
    marks = [sources.find(path)[0].identity for path in (first, moved, changed)]
    assert marks[0] == marks[1] != marks[2]


def test_identity_sees_a_change_at_the_end_of_a_large_file(tmp_path: Path) -> None:
    body = b'{"name": "A", "about": "' + b" " * (3 << 20)
    marks = []
    for end in (b"x", b"y"):
        for path in (write(tmp_path / end.decode(), {"result.json": body + end}),):
            marks.append(sources.find(path)[0].identity)
            marks.append(sources.find(pack(tmp_path / "a.zip", {"result.json": body + end}))[0].identity)
    assert len(set(marks)) == 4


def test_session_files_and_session_strings_are_told_apart_from_exports(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "mine.session": b"SQLite format 3\0" + b"CREATE TABLE sessions (dc_id",
            "string.txt": b"1" + b"A" * 352 + b"\n",
        },
    )
    for name in ("mine.session", "string.txt"):
        [source] = sources.find(tmp_path / name)
        assert (source.kind, source.name) == ("session", name)


# What is refused


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("_chat.txt", b"[01.02.20, 10:11:12] A: hello\n", "WhatsApp"),
        ("chat.txt", "\u200e[01.02.20, 10:11:12] A: hello\n".encode(), "WhatsApp"),
        ("WhatsApp Chat with B.txt", b"01/02/20, 10:11 - B: hello\n", "WhatsApp"),
        ("signal-2020-01-01.backup", b"\0\0\0\x3a\x0a\x36", "Signal"),
        ("export.json", b'{"guild": {"id": "1"}, "channel": {}, "messages": []}', "Discord"),
        ("export.html", b'<html><div class="chatlog__message-group">', "Discord"),
        ("general.json", b'[{"client_msg_id": "1", "type": "message", "ts": "1.2"}]', "Slack"),
        ("message_1.json", b'{"participants": [], "messages": []}', "Messenger"),
        ("export.json", b'{"room_name": "r", "messages": []}', "Element"),
        ("account.session", b"half a file", "no session of Telethon"),
        ("heliograph.json", b'{"messages": 3}', "Heliograph"),
        ("a.rar", b"Rar!\x1a\x07\x01\x00", "RAR"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\x00", "7z"),
        ("a.tar.gz", b"\x1f\x8b\x08", "gzip"),
        ("a.tar", b"\0" * 257 + b"ustar", "tar"),
        ("page.html", b"<!DOCTYPE html><html><body>A recipe</body></html>", "not one that Telegram Desktop exported"),
        ("result.json", '{"name": "A"}'.encode("utf-16"), "UTF-16"),
        ("result.json", b"", "empty"),
        ("photo.jpg", b"\xff\xd8\xff\xe0", "photo.jpg"),
        ("a.db", b"SQLite format 3\0CREATE TABLE photos", "SQLite"),
    ],
)
def test_other_programs_files_are_refused_by_name(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    sentence = refusal(write(tmp_path, {name: data}) / name)
    assert words in sentence
    assert name in sentence


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"tdata/key_datas": b"TDF$"}, "tdata"),
        ({"key_datas": b"TDF$"}, "tdata"),
        ({"channels.json": b"[]", "users.json": b"[]"}, "Slack"),
        ({"_chat.txt": b"hello"}, "WhatsApp"),
        ({"config.json": b"{}", "sql/db.sqlite": b""}, "Signal"),
        ({"Account/user.json": b"{}", "Messages/index.json": b"{}", "Servers/index.json": b"{}"}, "Discord"),
        ({"Whats/_chat.txt": b"hello"}, "WhatsApp"),
        ({"notes.txt": b"mine"}, "holds no export"),
        ({"heliograph.json": b'{"messages": 3}', "messages.jsonl": b"{}"}, "--format telegram"),
        ({"inner.zip": b"PK"}, "other archives"),
    ],
)
def test_folders_and_archives_of_other_programs_are_refused_by_name(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    assert words in refusal(write(tmp_path / "folder", files))
    assert words in refusal(pack(tmp_path / "archive.zip", files))


def test_path_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "is not there" in refusal(tmp_path / "nothing")


def test_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    assert "is empty" in refusal(tmp_path)


# Staying inside


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "../secret", "photos/../../secret", "photos/..", ".."),
        *("", "a//b", "C:/a", "c:a", "a\\b", "a\0b", "x" * 5000),
    ],
)
@pytest.mark.parametrize("is_zip", [False, True])
def test_media_path_that_leaves_the_export_is_refused(tmp_path: Path, path: str, is_zip: bool) -> None:
    write(tmp_path, {"secret": b"private", "e/result.json": JSON, "e/photos/a.jpg": b"picture"})
    archive = pack(tmp_path / "e.zip", {"secret": b"private", "e/result.json": JSON})
    [source] = sources.find(archive if is_zip else tmp_path / "e")
    with pytest.raises(paths.Refused) as raised:
        source.open_media(path)
    assert raised.value.reason == "path_leaves_export"


@pytest.mark.parametrize("path", ["link.jpg", "folder/secret", "inside.jpg"])
def test_symbolic_link_is_never_followed(tmp_path: Path, path: str) -> None:
    write(tmp_path, {"outside/secret": b"private", "e/result.json": JSON, "e/photos/a.jpg": b"picture"})
    (tmp_path / "e/link.jpg").symlink_to(tmp_path / "outside/secret")
    (tmp_path / "e/folder").symlink_to(tmp_path / "outside")
    (tmp_path / "e/inside.jpg").symlink_to("photos/a.jpg")
    [source] = sources.find(tmp_path / "e")
    with pytest.raises(paths.Refused) as raised:
        source.open_media(path)
    assert raised.value.reason == "path_leaves_export"


def test_exports_behind_links_are_not_found(tmp_path: Path) -> None:
    write(tmp_path / "outside", {"result.json": JSON})
    (tmp_path / "e").mkdir()
    (tmp_path / "e/result.json").symlink_to(tmp_path / "outside/result.json")
    (tmp_path / "e/more").symlink_to(tmp_path / "outside")
    assert "links" in refusal(tmp_path / "e")


def test_link_that_the_person_names_is_where_the_export_is(tmp_path: Path) -> None:
    write(tmp_path / "outside", {"result.json": JSON})
    (tmp_path / "mine").symlink_to(tmp_path / "outside")
    assert [source.kind for source in sources.find(tmp_path / "mine")] == ["json"]


@pytest.mark.timeout(10)
def test_pipes_devices_and_folders_are_never_opened(tmp_path: Path) -> None:
    write(tmp_path, {"result.json": JSON, "photos/a.jpg": b"picture"})
    os.mkfifo(tmp_path / "pipe.jpg")
    [source] = sources.find(tmp_path)
    for path in ("pipe.jpg", "photos"):
        with pytest.raises(paths.Refused) as raised:
            source.open_media(path)
        assert raised.value.reason == "not_a_file"
    assert "neither a file nor a folder" in refusal(tmp_path / "pipe.jpg")
    assert "neither a file nor a folder" in refusal(Path("/dev/null"))


# Archives that lie


def test_members_whose_names_lead_out_are_left_out_and_counted(tmp_path: Path) -> None:
    names = ["../secret", "/etc/passwd", "photos\\a.jpg", "a/../../b", "C:/x"]
    path = pack(tmp_path / "a.zip", {"result.json": JSON, **dict.fromkeys(names, b"evil")})
    [source] = sources.find(path)
    assert [skip.reason for skip in source.skips] == ["path_leaves_export"] * len(names)
    assert media(source, "secret") is None


def test_member_name_with_nul_is_left_out(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON, "photos/a.jpg_b": b"evil"})
    path.write_bytes(path.read_bytes().replace(b"a.jpg_b", b"a.jpg\0b"))
    [source] = sources.find(path)
    assert len(source.skips) == 1
    assert media(source, "photos/a.jpg") is None


def test_link_in_an_archive_is_no_file(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("photos/a.jpg")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    [source] = sources.find(path)
    assert len(source.skips) == 1
    assert media(source, "photos/a.jpg") is None


def test_second_member_of_a_name_is_left_out(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON, "photos/a.jpg": b"first", "photos/b.jpg": b"second"})
    path.write_bytes(path.read_bytes().replace(b"photos/b.jpg", b"photos/a.jpg"))
    [source] = sources.find(path)
    assert (len(source.skips), media(source, "photos/a.jpg")) == (1, b"first")


def test_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "password" in refusal(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archive_whose_unpacking_cannot_be_bounded_is_refused_before_anything_comes_out(
    tmp_path: Path, method: int
) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": b" " * (8 << 20)}, method)
    tracemalloc.start()
    try:
        sentence = refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ("neither stored nor deflated" in sentence, peak < 4 << 20) == (True, True)


def test_bomb_is_noticed_while_it_unpacks_not_by_what_it_says(tmp_path: Path) -> None:
    bomb = b'{"name": "' + b"0" * (24 << 20)
    path = pack(tmp_path / "a.zip", {"result.json": bomb, "photos/a.jpg": b"picture"})
    claimed, honest = struct.pack("<L", 1 << 20), struct.pack("<L", len(bomb))
    [source] = sources.find(path)
    with source.open() as file, pytest.raises(zips.Damaged, match="zip bomb"):
        read_all(file.read)
    path.write_bytes(path.read_bytes().replace(honest, claimed))
    [source] = sources.find(path)
    with source.open() as file, pytest.raises(zips.Damaged, match="damaged"):
        read_all(file.read)


def test_bomb_hides_behind_no_other_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "ALLOWANCE", 1 << 20)
    path = pack(tmp_path / "a.zip", {"result.json": JSON, "a.jpg": b"0" * (8 << 20)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.jpg", bytes(1 << 20), zipfile.ZIP_STORED)
    [source] = sources.find(path)
    with pytest.raises(zips.Damaged, match="zip bomb"):
        media(source, "a.jpg")


def test_many_members_that_are_bombs_together_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "ALLOWANCE", 1 << 20)
    members = {f"photos/{number}.jpg": b"0" * (200 << 10) for number in range(20)}
    [source] = sources.find(pack(tmp_path / "a.zip", {"result.json": JSON, **members}))
    with pytest.raises(zips.Damaged, match="zip bomb"):
        for path in members:
            media(source, path)


def test_reading_a_member_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "ALLOWANCE", 1 << 20)
    [source] = sources.find(pack(tmp_path / "a.zip", {"result.json": JSON, "a.jpg": b"0" * (200 << 10)}))
    for _ in range(20):
        assert media(source, "a.jpg") == b"0" * (200 << 10)


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON, "b.json": JSON}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    path.write_bytes(data)
    assert "overlap" in refusal(path)


def test_archive_of_too_many_members_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "MAX_MEMBERS", 3)
    path = pack(tmp_path / "a.zip", {"result.json": JSON, **{f"{number}.jpg": b"" for number in range(3)}})
    assert "members" in refusal(path)
    data = bytearray(path.read_bytes())
    end = data.index(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    path.write_bytes(data)
    assert "members" in refusal(path)
    path = pack(tmp_path / "b.zip", {"result.json": JSON})
    data = bytearray(path.read_bytes())
    end = data.index(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 9, 9)
    path.write_bytes(data)
    assert "members" in refusal(path)


@pytest.mark.parametrize("cut", [10, 60, 120])
def test_archive_that_is_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON, "photos/a.jpg": b"picture" * 10})
    path.write_bytes(path.read_bytes()[:-cut])
    assert "zip archive" in refusal(path)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_archive_with_wrong_bytes_is_refused_or_read_but_never_a_crash(data: st.DataObject) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("e/result.json", JSON * 20)
        archive.writestr("e/photos/pl\u00e1n.jpg", b"picture")
    content = bytearray(packed.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        archive_of = zips.Zip(Path("a.zip"), io.BytesIO(content))
        for path in ("e/result.json", "e/photos/pl\u00e1n.jpg"):
            if file := archive_of.open(path):
                with file:
                    read_all(file.read)
    except errors.BadInput:
        pass


def test_damaged_member_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b'"A"', b'"B"'))
    [source] = sources.find(path)
    with source.open() as file, pytest.raises(zips.Damaged, match=r"result\.json"):
        read_all(file.read)


def test_messages_before_a_damaged_part_of_an_archive_are_read(tmp_path: Path) -> None:
    said = [
        {"id": number, "type": "message", "date": "2020-01-01T00:00:00", "text": "x" * 99} for number in range(40_000)
    ]
    result = json.dumps({"name": "A", "type": "personal_chat", "id": 1, "messages": said}).encode()
    path = pack(tmp_path / "a.zip", {"result.json": result}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b'"id": 39999', b'"id": 49999'))
    [source] = sources.find(path)
    with source.open() as file:
        *found, broken = reader.read(file, name=source.page_name(0))
    read = [each["id"] for page in found if isinstance(page, model.Page) for each in page.messages]
    assert isinstance(broken, model.Broken)
    assert "damaged" in broken.sentence
    assert broken.place.offset > len(result) // 2
    assert read == list(range(len(read)))
    assert len(read) > 30_000


def test_names_that_other_systems_pack_are_found_by_the_names_in_the_export(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"result.json": JSON, "files/pla\u0301n.pdf": b"decomposed", "__MACOSX/._x": b""})
    [source] = sources.find(path)
    assert media(source, "files/pl\u00e1n.pdf") == b"decomposed"
    assert not source.skips


def packed_by_windows(path: Path, files: dict[str, bytes]) -> Path:
    """Pack files as Compress-Archive of Windows PowerShell 5.1 does: with backslashes, and entries for folders."""
    folders = {name.rpartition("\\")[0] + "\\" for name in files if "\\" in name}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**dict.fromkeys(sorted(folders), b""), **files}.items():
            member = zipfile.ZipInfo(name)
            member.create_system = 0
            archive.writestr(member, data)
    return path


def test_archive_whose_names_are_divided_as_on_windows_is_read(tmp_path: Path) -> None:
    files = {"ChatExport\\result.json": JSON, "ChatExport\\photos\\a.jpg": b"picture"}
    [source] = sources.find(packed_by_windows(tmp_path / "a.zip", files))
    assert media(source, "photos/a.jpg") == b"picture"
    assert source.skips == ()


def test_names_that_lead_out_as_on_windows_are_left_out(tmp_path: Path) -> None:
    names = ["..\\secret", "\\etc\\passwd", "a\\..\\..\\b", "C:\\x", "\\\\host\\share"]
    [source] = sources.find(packed_by_windows(tmp_path / "a.zip", {"result.json": JSON, **dict.fromkeys(names, b"x")}))
    assert {skip.reason for skip in source.skips} == {paths.LEAVES}
    assert source.container.listing("") == (["result.json"], [])


def test_file_is_found_however_its_name_is_composed_on_disk(tmp_path: Path) -> None:
    files = {"result.json": JSON, "re\u0301sume\u0301s/pla\u0301n.pdf": b"decomposed", "files/plán.pdf": b"composed"}
    root = write(tmp_path / "a", files)
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "files" / "ne\u0301").symlink_to(tmp_path / "secret")
    [source] = sources.find(root)
    assert media(source, "résumés/plán.pdf") == b"decomposed"
    assert media(source, "files/pla\u0301n.pdf") == b"composed"
    assert media(source, "files/plan.pdf") is None
    with pytest.raises(paths.Refused):
        media(source, "files/né")


def test_folders_that_alternate_are_looked_through_once_until_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [f"files {number}" for number in range(5)]
    root = write(tmp_path / "a", {"result.json": JSON, **{f"{each}/pla\u0301n.pdf": b"x" for each in folders}})
    [source] = sources.find(root)
    looked: list[int] = []
    list_names = os.listdir

    def counted(folder: int) -> list[str]:
        looked.append(folder)
        return list_names(folder)

    monkeypatch.setattr(os, "listdir", counted)
    for _ in range(3):
        for each in folders:
            assert media(source, f"{each}/plán.pdf") == b"x"
            assert media(source, f"{each}/né.pdf") is None
    assert len(looked) == len(folders)
    write(root, {f"{folders[0]}/ne\u0301.pdf": b"new"})
    # A clock may be too coarse to tell the two moments apart.
    os.utime(root / folders[0], ns=(1, 1))
    assert media(source, f"{folders[0]}/né.pdf") == b"new"


def test_member_can_be_read_from_any_place(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    [source] = sources.find(pack(tmp_path / "a.zip", {"result.json": JSON, "a.bin": data}))
    file = source.open_media("a.bin")
    assert file is not None
    with file:
        assert (file.seekable(), file.seek(700_001), file.read(3)) == (True, 700_001, data[700_001:700_004])
        assert (file.seek(5), file.read(3), file.seek(2, io.SEEK_CUR), file.read(1)) == (5, data[5:8], 10, data[10:11])


def read_all(read: Callable[[int], bytes]) -> None:
    """Read a file in pieces, as readers do."""
    while read(1 << 16):
        pass
