"""The master key file: made once, private, and never replaced silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph import errors
from heliograph.vault import keyfile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "master.key"


def test_file_is_for_its_owner_only(path: Path) -> None:
    assert keyfile.ensure(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_existing_key_is_kept(path: Path) -> None:
    keyfile.ensure(path)
    before = path.read_bytes()
    assert not keyfile.ensure(path)
    assert path.read_bytes() == before


def test_missing_file_is_named(path: Path) -> None:
    with pytest.raises(errors.MasterKeyMissing, match=r"master\.key is missing"):
        keyfile.load(path)


@pytest.mark.parametrize("content", [b"", b"rubbish\n", b"\xff\xfe", b"0123456789abcdef AAAA\n", b"\n\n"])
def test_damaged_file_is_named_and_kept(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(errors.MasterKeyWrong, match=r"master\.key"):
        keyfile.ensure(path)
    assert path.read_bytes() == content


def test_one_changed_character_is_noticed(path: Path) -> None:
    keyfile.ensure(path)
    text = path.read_text()
    path.write_text(text[:20] + ("A" if text[20] != "A" else "B") + text[21:])
    with pytest.raises(errors.MasterKeyWrong, match="damaged"):
        keyfile.load(path)


def test_new_key_comes_first_until_the_old_ones_are_dropped(path: Path) -> None:
    keyfile.ensure(path)
    old = keyfile.load(path)[0]
    new = keyfile.add(path)
    assert keyfile.load(path) == [new, old]
    keyfile.prune(path)
    assert keyfile.load(path) == [new]


def test_key_is_not_printed() -> None:
    key = keyfile.generate()
    assert repr(key.secret) not in repr(key)
