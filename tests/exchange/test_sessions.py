"""Sessions of other programs are read as Telethon wrote them, and what holds no usable key is refused in a sentence."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession, StringSession

from heliograph import errors
from heliograph.exchange import sessions

KEY = bytes(range(256))


def filled(session: StringSession | SQLiteSession, address: str = "149.154.167.51") -> StringSession | SQLiteSession:
    session.set_dc(2, address, 443)
    session.auth_key = AuthKey(KEY)
    session.save()
    return session


def session_file(folder: Path) -> Path:
    session = filled(SQLiteSession(str(folder / "ada")))
    session.close()
    return folder / "ada.session"


@pytest.mark.parametrize("address", ["149.154.167.51", "2001:67c:4e8:f002::a"])
def test_a_string_session_is_read_as_telethon_wrote_it(tmp_path: Path, address: str) -> None:
    text = filled(StringSession(), address).save()
    found = sessions.parse(f"{text}\n".encode(), name="stdin")
    assert (found.dc_id, found.address, found.port, found.auth_key) == (2, address, 443, KEY)
    kept = tmp_path / "kept.txt"
    kept.write_text(text + "\n", "ascii")
    assert sessions.is_session(kept)
    assert sessions.read(kept) == found


def test_a_session_file_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    path = session_file(tmp_path)
    before = path.read_bytes()
    assert sessions.is_session(path)
    found = sessions.read(path)
    assert (found.dc_id, found.address, found.port, found.auth_key) == (2, "149.154.167.51", 443, KEY)
    assert [path.read_bytes(), *tmp_path.iterdir()] == [before, path]


def test_a_session_file_of_the_first_layout_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.session"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE version (version integer)")
        conn.execute("INSERT INTO version VALUES (1)")
        conn.execute(
            "CREATE TABLE sessions (dc_id integer primary key, server_address text, port integer, auth_key blob)"
        )
        conn.execute("INSERT INTO sessions VALUES (4, '149.154.167.91', 443, ?)", [KEY])
    conn.close()
    assert sessions.read(path).dc_id == 4


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["CREATE TABLE things (name text)"], "not a Telethon session"),
        (
            ["CREATE TABLE sessions (dc_id integer, api_id integer, test_mode integer, auth_key blob)"],
            "another library",
        ),
        (
            ["CREATE TABLE sessions (dc_id integer, server_address text, port integer, auth_key blob)"],
            "nobody is signed in",
        ),
        (
            [
                "CREATE TABLE sessions (dc_id integer, server_address text, port integer, auth_key blob)",
                "INSERT INTO sessions VALUES (2, '149.154.167.51', 443, x'0102')",
            ],
            "no key that can be used",
        ),
    ],
)
def test_a_database_without_a_usable_key_is_refused(tmp_path: Path, statements: list[str], words: str) -> None:
    path = tmp_path / "x.session"
    with sqlite3.connect(path) as conn:
        for statement in statements:
            conn.execute(statement)
    conn.close()
    with pytest.raises(errors.BadInput, match=words):
        sessions.read(path)


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = session_file(tmp_path)
    path.write_bytes(path.read_bytes()[:100] + b"\0" * 5000)
    with pytest.raises(errors.BadInput, match="damaged"):
        sessions.read(path)


@pytest.mark.parametrize("text", ["", "1abc", "2" + "A" * 352, "1" + "!" * 352, "1" + "é" * 176, "1" + "A" * 352])
def test_a_text_that_is_no_string_session_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(errors.BadInput, match="stdin holds no") as raised:
        sessions.parse(text.encode(), name="stdin")
    assert not text or text not in str(raised.value)


def test_an_export_is_no_session(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"name": "Harbour"}')
    assert not sessions.is_session(path)


def test_a_key_is_not_shown(tmp_path: Path) -> None:
    assert "auth_key" not in repr(sessions.read(session_file(tmp_path)))
