"""Sessions at rest: who can open them and who cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heliograph import errors
from heliograph.vault import keyfile, sessions

SESSION = b"\x01" * 256


@pytest.fixture
def vault() -> sessions.Vault:
    return sessions.Vault([keyfile.generate()])


def test_sealed_session_opens_again(vault: sessions.Vault) -> None:
    assert vault.open(7, vault.seal(7, SESSION)) == SESSION


def test_same_session_never_looks_the_same_twice(vault: sessions.Vault) -> None:
    first, second = vault.seal(7, SESSION), vault.seal(7, SESSION)
    assert first.ciphertext != second.ciphertext
    assert SESSION not in first.ciphertext


def test_session_moved_to_another_account_does_not_open(vault: sessions.Vault) -> None:
    with pytest.raises(errors.MasterKeyWrong):
        vault.open(8, vault.seal(7, SESSION))


@pytest.mark.parametrize("place", [0, 12, -1])
def test_changed_byte_is_noticed(vault: sessions.Vault, place: int) -> None:
    sealed = vault.seal(7, SESSION)
    changed = bytearray(sealed.ciphertext)
    changed[place] ^= 1
    with pytest.raises(errors.MasterKeyWrong):
        vault.open(7, replace(sealed, ciphertext=bytes(changed)))


def test_cut_off_ciphertext_is_noticed(vault: sessions.Vault) -> None:
    sealed = vault.seal(7, SESSION)
    for length in (0, 5, 12, 20):
        with pytest.raises(errors.MasterKeyWrong):
            vault.open(7, replace(sealed, ciphertext=sealed.ciphertext[:length]))


def test_other_master_key_does_not_open_it(vault: sessions.Vault) -> None:
    other = sessions.Vault([keyfile.generate()])
    with pytest.raises(errors.MasterKeyWrong, match="which is not here"):
        other.open(7, vault.seal(7, SESSION))


def test_rotation_moves_a_session_to_the_new_key() -> None:
    old, new = keyfile.generate(), keyfile.generate()
    sealed = sessions.Vault([old]).seal(7, SESSION)
    both = sessions.Vault([new, old])
    moved = both.rotate(7, sealed)
    assert moved is not None
    assert sessions.Vault([new]).open(7, moved) == SESSION
    assert both.rotate(7, moved) is None
