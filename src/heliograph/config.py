"""One frozen settings object: defaults, then ``heliograph.toml`` in the data directory, then the environment.

Environment variables are ``HELIOGRAPH_`` plus the setting's path with double underscores, such as
``HELIOGRAPH_DATABASE__URL``. Nothing else in the program reads the environment. The DC address and the RSA key
are settings: that is how the simulator is reached, and nothing in the crawler knows the difference.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import tomli_w
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from heliograph import crawler_settings, errors

CONFIG_NAME = "heliograph.toml"
MASTER_KEY_NAME = "master.key"
API_ID_LIMIT = 2**31
"""Telegram's api_id is an int of TL: 32 bits with a sign."""

# Settings are read from this module, whichever file they are written in.
Budget = crawler_settings.Budget
Crawler = crawler_settings.Crawler
DEFAULT_BUDGETS = crawler_settings.DEFAULT_BUDGETS
NOT_RAISED = crawler_settings.NOT_RAISED
history_since = crawler_settings.history_since


def default_data_dir() -> Path:
    """Return ``$HELIOGRAPH_DATA_DIR`` or the user's data folder."""
    if given := os.environ.get("HELIOGRAPH_DATA_DIR"):
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "heliograph"


_REASONS = {
    "extra_forbidden": "there is no such setting",
    **dict.fromkeys(("model_type", "dict_type"), "this is a section, which holds settings of its own"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "it should be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "it should be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "it should be true or false"),
    "string_type": "it should be text",
    "missing": "it has to be set as well",
}
"""What is wrong with a setting, by pydantic's type of error; the others say it well enough themselves."""


class Telegram(crawler_settings.Section):
    """How Telegram is reached."""

    api_id: int = Field(0, ge=0, lt=API_ID_LIMIT)
    api_hash: SecretStr = SecretStr("")
    dc_id: int = 2
    dc_address: str = "149.154.167.51"
    dc_port: int = Field(443, ge=1, le=65535)
    dc_public_key_file: Path | None = None
    """PEM (PKCS#1) of an RSA key to trust besides Telegram's own."""
    use_ipv6: bool = False
    rpc_deadline_seconds: float = Field(30.0, gt=0)
    ping_seconds: float = Field(20.0, gt=0, le=60)
    """How often a connection is tried; one that has not answered after half as long again is given up."""
    device_model: str = "Heliograph"
    sign_up_name: str | None = None
    """First name to register with when the phone number has no account yet; unset: sign-in only."""

    @property
    def has_api_key(self) -> bool:
        """Say whether there is what Telegram asks of every program; imports and exports need none."""
        return bool(self.api_id and self.api_hash.get_secret_value())


class Database(crawler_settings.Section):
    """Where rows go. Without a URL a private server runs in the data directory."""

    url: SecretStr | None = None
    pool_size: int = Field(8, ge=5)
    """Beside them the writer has up to four connections of its own, and leases and the live stream one each."""
    outbox_days: int = Field(7, ge=1)
    """How long a client of the live stream may be away and still resume."""


class Web(crawler_settings.Section):
    """The page and the API. Only loopback until sign-in exists."""

    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: int = Field(8420, ge=0, le=65535)
    metrics_port: int = Field(0, ge=0, le=65535)
    """Where the crawler role serves its own metrics for the web role to merge; 0 picks a free one."""


class Exports(crawler_settings.Section):
    """Files that are made of the mirror in the background."""

    keep_days: int = Field(7, ge=1, le=3650)
    """How long a finished one may be downloaded."""
    folder: Path | None = None
    """Where they lie, by default in the data directory. Web and worker roles need to see the same."""


class Media(crawler_settings.Section):
    """Where the files of messages are kept."""

    url: str | None = None
    """A bucket such as ``s3://bucket/folder``; unset: the folder ``media`` in the data directory."""

    @field_validator("url")
    @classmethod
    def _known_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if urlsplit(value).scheme not in ("s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss", "file"):
            raise ValueError("it begins with s3, gs, az or abfss, such as s3://bucket/folder, or with file")
        if urlsplit(value).password is not None or urlsplit(value).query:
            raise ValueError("credentials belong in the environment, such as AWS_ACCESS_KEY_ID, not in the URL")
        return value


class Log(crawler_settings.Section):
    """Log output."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class _Environment(EnvSettingsSource):
    """The environment, of which even a section that is no JSON comes to the checks: they know a setting's name."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class Settings(BaseSettings):
    """All settings. Build it with :func:`load`."""

    model_config = SettingsConfigDict(
        env_prefix="HELIOGRAPH_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    telegram: Telegram = Telegram()
    database: Database = Database()
    crawler: Crawler = Crawler()
    web: Web = Web()
    exports: Exports = Exports()
    media: Media = Media()
    log: Log = Log()
    master_key_file: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose content arrives as keyword arguments."""
        return _Environment(settings_cls), init_settings

    @property
    def config_file(self) -> Path:
        """Where the configuration file is."""
        return self.data_dir / CONFIG_NAME

    @property
    def key_file(self) -> Path:
        """Where the master key is."""
        return self.master_key_file or self.data_dir / MASTER_KEY_NAME

    @property
    def exports_folder(self) -> Path:
        """Where finished exports are kept until they are downloaded or expire."""
        return self.exports.folder or self.data_dir / "exports"

    @property
    def is_private_server(self) -> bool:
        """Say whether the database is the private server in the data directory."""
        return self.database.url is None


def load(data_dir: Path | None = None, *, must_exist: bool = True) -> Settings:
    """Read the settings of a data directory.

    A relative path in it begins at the data directory, so that every working directory leads to the same file.
    Raises ConfigMissing when there is no file and ``must_exist``, ConfigInvalid when it cannot be understood.
    """
    directory = (data_dir or default_data_dir()).absolute()
    path = directory / CONFIG_NAME
    content = read(path) if must_exist or path.exists() else {}
    try:
        found = Settings(**content)
    except ValidationError as error:
        raise errors.ConfigInvalid(_sentence(error.errors(include_url=False, include_input=False)[0], path)) from None
    # The environment wins over the file, but not over a directory that was given on the command line.
    update: dict[str, object] = {"data_dir": directory}
    if found.master_key_file is not None:
        update["master_key_file"] = directory / found.master_key_file
    if (key := found.telegram.dc_public_key_file) is not None:
        update["telegram"] = found.telegram.model_copy(update={"dc_public_key_file": directory / key})
    if found.exports.folder is not None:
        update["exports"] = found.exports.model_copy(update={"folder": directory / found.exports.folder})
    return found.model_copy(update=update)


def _sentence(error: ErrorDetails, path: Path) -> str:
    """Say what is wrong with which setting, and where it was set, in our words rather than the checker's."""
    where = [str(part) for part in error["loc"]]
    names = ["_".join(["HELIOGRAPH", "__".join(where[:count])]).upper() for count in range(len(where), 0, -1)]
    variables = {name.upper(): name for name in os.environ}
    source = next((variables[name] for name in names if name in variables), str(path))
    if error["type"] == "value_error":
        reason = str(error["ctx"]["error"])
    else:
        reason = _REASONS.get(error["type"]) or error["msg"].replace("Input should", "it should")
    return f"{source}: {'.'.join(where)}: {reason}; correct it there."


def service_manager() -> tuple[str, float]:
    """Take the service manager's socket and watchdog period (seconds; empty and 0: none), which no child inherits."""
    socket, pid, period = (os.environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"))
    is_watched = period.isdecimal() and pid in ("", str(os.getpid()))
    return socket, int(period) / 1e6 if is_watched else 0.0


def read(path: Path) -> dict[str, Any]:
    """Return what a configuration file says, not yet checked. Raises ConfigMissing or ConfigInvalid."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise errors.ConfigMissing(f"There is no configuration at {path}; run `heliograph init` first.") from None
    except PermissionError:
        raise errors.ConfigInvalid(
            f"{path} may not be read by this user; give it back with `chown` or allow it with `chmod u+r {path}`."
        ) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise errors.ConfigInvalid(
            f"{path} cannot be read ({error}); mend it or run `heliograph init --force`, which sets it aside."
        ) from None


def write(path: Path, content: dict[str, object]) -> None:
    """Write a configuration file that only its owner can read, whole or not at all. Raises OSError."""
    write_private(path, tomli_w.dumps(content).encode())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    # What lies there already may have another owner, other permissions, or lead elsewhere.
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
