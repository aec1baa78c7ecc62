"""Settings: what is wrong is said in our words with the setting's name, and paths do not depend on where one stands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from heliograph import config, errors

NOW = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "depth", ["99999999999d", "9" * 5000 + "d", "²d", "٣d", "-1d", "d", "", "fortnight", "2026-02-31"]
)
def test_a_history_depth_that_is_none_is_refused_with_examples(depth: str) -> None:
    with pytest.raises(ValueError, match=r"^history_depth is `all`, a number of days such as `14d`"):
        config.history_since(depth, NOW)


@pytest.mark.parametrize(
    ("content", "setting", "reason"),
    [
        ("[crawler]\nhistory_depth = '²d'", "crawler.history_depth", "history_depth is `all`"),
        ("[crawler]\nhistory_depth = '99999999999d'", "crawler.history_depth", "history_depth is `all`"),
        ("[crawlr]\nenabled = true", "crawlr", "there is no such setting"),
        ("[web]\nprot = 1", "web.prot", "there is no such setting"),
        ("[web]\nport = 'many'", "web.port", "it should be a whole number"),
        ("[web]\nport = 65536", "web.port", "it should be less than or equal to 65535"),
        ("telegram = 5", "telegram", "this is a section"),
        (f"[telegram]\napi_id = {2**31}", "telegram.api_id", "it should be less than 2147483648"),
    ],
)
def test_a_mistake_in_the_file_is_said_in_our_words(tmp_path: Path, content: str, setting: str, reason: str) -> None:
    path = tmp_path / config.CONFIG_NAME
    path.write_text(content, "utf-8")
    with pytest.raises(errors.ConfigInvalid) as raised:
        config.load(tmp_path)
    assert str(raised.value).startswith(f"{path}: {setting}: {reason}")
    assert not any(word in str(raised.value) for word in ("Value error", "Input", "Extra"))


@pytest.mark.parametrize(
    ("variable", "value", "setting"),
    [
        ("HELIOGRAPH_CRAWLER", "x", "crawler"),
        ("HELIOGRAPH_CRAWLER__BUDGETS", "{", "crawler.budgets"),
        ("heliograph_crawler__concurrency", "many", "crawler.concurrency"),
        ("HELIOGRAPH_CRAWLER", '{"concurrency": 0}', "crawler.concurrency"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable_and_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, setting: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(errors.ConfigInvalid) as raised:
        config.load(tmp_path, must_exist=False)
    assert str(raised.value).startswith(f"{variable}: {setting}: ")


def test_a_relative_path_begins_at_the_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: it began wherever the program was started, so that a service did not find its key."""
    (tmp_path / config.CONFIG_NAME).write_text(
        "master_key_file = 'keys/master.key'\n[telegram]\ndc_public_key_file = 'simulator.pem'\n", "utf-8"
    )
    loaded = config.load(tmp_path)
    assert loaded.key_file == tmp_path / "keys" / "master.key"
    assert loaded.telegram.dc_public_key_file == tmp_path / "simulator.pem"
    monkeypatch.setenv("HELIOGRAPH_MASTER_KEY_FILE", "/run/secrets/key")
    assert config.load(tmp_path).key_file == Path("/run/secrets/key")


def test_chats_with_traffic_are_not_looked_at_less_often_than_others(tmp_path: Path) -> None:
    (tmp_path / config.CONFIG_NAME).write_text("[crawler]\nsentinel_hot_seconds = 700\n", "utf-8")
    with pytest.raises(errors.ConfigInvalid, match="sentinel_hot_seconds is longer than sentinel_cold_seconds"):
        config.load(tmp_path)
