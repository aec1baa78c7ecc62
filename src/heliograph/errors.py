"""Everything that a caller handles differently has a class here; its docstring is the default message.

A message is one sentence that says what is wrong and what to do. The CLI prints it and exits with
``exit_code``; the web answers it as problem details. Foreign exceptions are translated where they enter.
"""

from __future__ import annotations


class HeliographError(Exception):
    """Something went wrong; run the command again with --log-level debug to see where."""

    exit_code = 1
    is_told = False
    """Whether the person has read the sentence already, printed by another process."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((type(self).__doc__ or "").split()))


class BadInput(HeliographError):
    """A value that was given is not usable."""

    exit_code = 2


class NotFound(HeliographError):
    """There is no such thing here."""


class ConfigMissing(HeliographError):
    """There is no configuration here; run `heliograph init` first."""

    exit_code = 2


class ConfigInvalid(HeliographError):
    """The configuration file cannot be used; mend it or run `heliograph init` again."""

    exit_code = 2


class MasterKeyMissing(HeliographError):
    """The master key file is missing; restore it from your backup, since sessions cannot be read without it."""


class MasterKeyWrong(HeliographError):
    """The master key does not open the stored sessions; restore the key that they were made with."""


class DatabaseUnreachable(HeliographError):
    """The database cannot be reached; check that it runs and that database.url is right."""


class DatabaseUnusable(DatabaseUnreachable):
    """The database cannot be used as it is set up, and waiting does not mend that; correct database.url."""


class SchemaTooNew(HeliographError):
    """The database was written by a newer Heliograph; upgrade the program before starting it."""


class DiskFull(HeliographError):
    """The disk is full; free some space and start again, nothing half-written was kept."""


class SpoolFull(HeliographError):
    """The spool has reached crawler.spool_mb; what comes now is asked of Telegram again after the outage."""


class StorageUnreachable(HeliographError):
    """Media storage does not answer; check media.url and the credentials in the environment."""


class PortTaken(HeliographError):
    """The port is in use by another program; choose another with --port."""


class AlreadyRunning(HeliographError):
    """Another Heliograph runs on this data directory; stop it first or use another --data-dir."""


class LeaseHeld(HeliographError):
    """Another crawler holds this account; stop it first."""


class LeaseReserved(LeaseHeld):
    """A crawler held this account a moment ago and may still run; ``seconds`` says when it may be taken over."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Stalled(HeliographError):
    """A part of the crawler has stopped moving; it is started again."""

    exit_code = 75
    """EX_TEMPFAIL of sysexits.h: whoever watches this process starts it again."""


class NotCrawling(HeliographError):
    """No crawler is running; start it with `heliograph run` and try again."""


class NotFinished(HeliographError):
    """This is not finished yet; wait for it and try again."""


class TelegramError(HeliographError):
    """Telegram refused the request."""


class RpcFailed(TelegramError):
    """Telegram answered with an error; ``name`` is Telegram's own, such as CHANNEL_PRIVATE."""

    def __init__(self, name: str, code: int = 400) -> None:
        super().__init__(f"Telegram answered {name} ({code}).")
        self.name = name
        self.code = code


class RpcTimeout(TelegramError):
    """Telegram did not answer within the deadline."""


class Disconnected(TelegramError):
    """The connection to Telegram was lost."""


class Undecodable(TelegramError):
    """Telegram's answer holds something that this version cannot read; upgrade the program."""


class FloodWait(TelegramError):
    """Telegram asks to wait; ``seconds`` says how long, ``is_media`` that it is about downloads alone."""

    def __init__(self, seconds: float, method: str = "", *, is_media: bool = False) -> None:
        super().__init__(
            f"Telegram asks to wait {seconds:.0f} s{' before ' + method if method else ''}; try again then."
        )
        self.seconds = seconds
        self.method = method
        self.is_media = is_media


class ApiKeyWrong(TelegramError):
    """Telegram does not know this api_id and api_hash; copy both from my.telegram.org and run `heliograph init`."""


class ApiKeyMissing(ApiKeyWrong):
    """There is no API key here; get one from my.telegram.org and run `heliograph init --force` with it."""


class PhoneWrong(TelegramError):
    """Telegram does not accept this phone number; give it with its country code, such as +358401234567."""


class CodeWrong(TelegramError):
    """The login code is wrong; run `heliograph login` again and type the newest code."""


class CodeExpired(TelegramError):
    """The login code has expired; run `heliograph login` again for a new one."""


class PasswordWrong(TelegramError):
    """The two-step verification password is wrong; run `heliograph login` again."""


class PasswordNeeded(TelegramError):
    """This account is protected by a two-step verification password."""


class SessionEnded(TelegramError):
    """Telegram ended this account's session; sign in again with `heliograph login`."""
