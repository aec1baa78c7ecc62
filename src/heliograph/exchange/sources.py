"""What a PATH is: exports of Telegram Desktop, JSON or HTML, in folders or zip archives, or a Telethon session.

A ``Source`` is what one reader reads from its beginning to its end and goes on with after an interruption: a
``result.json`` with all of its chats, or the pages of one chat in HTML. An account's HTML export is one source a chat.
"""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, Protocol

from heliograph import errors
from heliograph.exchange import folders, foreign, model, paths, zips
from heliograph.exchange.desktop import recognise

Kind = Literal["json", "html", "session"]

_PAGE: Final = re.compile(r"messages(\d*)\.html?", re.IGNORECASE)
_RESULT: Final = re.compile(r"result[^/]{0,40}\.json", re.IGNORECASE)
_EXPORT_HEAD: Final = re.compile(rb'"(?:about|personal_information|chats|left_chats|name|type|id|messages)"\s*:')
_STRING_SESSION: Final = re.compile(rb"\s*1[A-Za-z0-9_-]{351,367}={0,2}\s*")
_SQLITE: Final = b"SQLite format 3\0"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_HEAD: Final = 64 << 10
_FIRST: Final = 1 << 20
"""Bytes at the beginning of a file that tell it from others, beside its size and what the container marks it with."""
_PAGE_FIRST: Final = 4 << 10
"""The same for each page of an HTML export, of which there may be thousands."""
_OWN_FOLDERS: Final[tuple[model.LeftOutName, ...]] = ("profile_pictures", "stories", "profile_music")
_DEPTH: Final = 4
"""Folders that are gone down from the PATH to find exports."""
_MOST_FOLDERS: Final = 20_000
_MOST_RENAMED: Final = 100


class Container(Protocol):
    """A folder or an archive. Paths are relative to it, with ``/``."""

    name: str
    separator: str

    def listing(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of files and folders in a folder, "" being the top."""

    def size(self, path: str) -> int:
        """Return a file's size in bytes."""

    def mark(self, path: str) -> str:
        """Return what tells a file from others of its name and size, without reading all of it."""

    def open(self, path: str) -> BinaryIO | None:
        """Open a file, None when it is not there; paths.Refused when it may not be opened."""

    def close(self) -> None:
        """Give back what is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One thing to read. ``pages`` are relative to the container, ``base`` is the export's root in it ("" or "a/b")."""

    kind: Kind
    name: str
    """As the person knows it: ``ChatExport_1/result.json``, ``a.zip!/messages*.html``."""
    identity: str
    """Equal as long as the content is, whatever the file is called; 64 hexadecimal digits."""
    size: int
    """Bytes of its pages, unpacked; of an archive only as it claims."""
    pages: tuple[str, ...]
    container: Container
    base: str = ""
    skips: tuple[model.Skip, ...] = ()
    """What was left out when it was opened, such as members with names that lead out of the archive."""

    left_out: tuple[model.LeftOut, ...] = ()
    """Files beside the pages that belong to no message."""

    def open(self, page: int = 0) -> BinaryIO:
        """Open a page for reading. errors.BadInput when it may not be, or is gone by now."""
        file = self.container.open(self.pages[page])
        if file is None:
            raise errors.BadInput(f"{self.page_name(page)} is no longer there; give the path again.")
        return file

    def open_media(self, path: str) -> BinaryIO | None:
        """Open a file that a message names, relative to the export's root; None when it is not there.

        Raises paths.Refused, whose ``reason`` is the key of a Skip, for what lies outside or is no ordinary file.
        """
        inside = "/".join(paths.parts(path))
        return self.container.open(f"{self.base}/{inside}" if self.base else inside)

    def page_name(self, page: int) -> str:
        """Return a page's name as the person knows it."""
        return f"{self.container.name}{self.container.separator}{self.pages[page]}"

    def close(self) -> None:
        """Close the archive; the other sources of the same archive end with it."""
        self.container.close()


def find(path: Path) -> list[Source]:
    """Return what is at a PATH, in the order in which it should be read.

    Raises errors.BadInput with one sentence when it is not there, is another program's, or holds no export.
    """
    if not path.exists():
        raise errors.BadInput(f"{path} is not there; check the path.")
    if path.is_dir():
        return _in_folder(path)
    if not path.is_file():
        raise errors.BadInput(f"{path} is neither a file nor a folder; give the file or folder of an export.")
    return _in_file(path.resolve())


def _in_folder(path: Path) -> list[Source]:
    root = folders.Folder(path)
    above = _account_folder(root.root)
    if above is not None:
        inside = root.root.relative_to(above).as_posix()
        container = folders.Folder(above)
        return [_html(container, _pages(container, inside), "")]
    found = list(_exports(root, ""))
    if not found:
        raise _nothing_in(root)
    return found


def _in_file(path: Path) -> list[Source]:
    head = _head(path)
    if not head:
        raise errors.BadInput(f"{path.name} is empty; export again.")
    if head.startswith(_ZIP):
        return _in_zip(path)
    container = folders.Folder(path.parent)
    if _is_session(head):
        return [_session(container, path.name)]
    foreign.refuse_file(path.name, head)
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if text[:1] == b"<":
        return _in_html(path, text)
    problem = recognise.problem(head)
    if problem is None and not _is_json_export(head):
        problem = recognise.other(head)
    if problem is not None:
        raise errors.BadInput(f"{path.name} {problem}.")
    return [_json(container, path.name, "")]


def _in_html(path: Path, text: bytes) -> list[Source]:
    if path.name == "export_results.html":
        return _in_folder(path.parent)
    if not is_export_page(text):
        raise errors.BadInput(
            f"{path.name} is a web page, but not one that Telegram Desktop exported. {foreign.READS}."
        )
    if not _PAGE.fullmatch(path.name):
        return [_html(folders.Folder(path.parent), (path.name,), "")]
    root = _account_folder(path.parent) or path.parent
    container = folders.Folder(root)
    return [_html(container, _pages(container, _relative(path.parent, root)), "")]


def _in_zip(path: Path) -> list[Source]:
    archive = zips.Zip(path, path.open("rb"))
    try:
        found = list(_exports(archive, ""))
        if not found:
            raise _nothing_in(archive)
    except BaseException:
        archive.close()
        raise
    place = model.Place(file=archive.name, offset=0)
    skips = tuple(model.Skip(reason=paths.LEAVES, place=place) for _ in archive.refused)
    return [dataclasses.replace(found[0], skips=skips), *found[1:]]


def is_export_page(head: bytes) -> bool:
    """Say whether a page begins as Telegram Desktop's pages of messages do."""
    return b"page_wrap" in head and (b"chat_page" in head or b'class="history"' in head)


def _exports(container: Container, folder: str, depth: int = _DEPTH, seen: list[int] | None = None) -> Iterator[Source]:
    """Yield the exports in a folder: of one folder JSON before HTML, since it says more, and no export in an export."""
    seen = seen if seen is not None else []
    seen.append(1)
    files, inner = container.listing(folder)
    results = [file for file in files if _RESULT.fullmatch(file)]
    pages = _pages(container, folder, files)
    if results:
        yield from (_json(container, _join(folder, file), folder) for file in results)
    elif pages:
        yield _html(container, pages, folder)
    elif "export_results.html" in files or ("chats" in inner and "lists" in inner):
        left_out = _left_out(container, folder, inner)
        for chat in container.listing(_join(folder, "chats"))[1]:
            if chat_pages := _pages(container, _join(folder, "chats", chat)):
                yield dataclasses.replace(_html(container, chat_pages, folder), left_out=left_out)
                left_out = ()
    elif depth and len(seen) < _MOST_FOLDERS:
        if depth == _DEPTH:
            yield from (_json(container, file, "") for file in _renamed(container, files))
        for each in inner:
            yield from _exports(container, _join(folder, each), depth - 1, seen)


def _left_out(container: Container, folder: str, inner: list[str]) -> tuple[model.LeftOut, ...]:
    """Count the files of the account itself in the folders that Telegram Desktop has for them, without previews."""
    found = []
    for what in _OWN_FOLDERS:
        files, kinds = container.listing(_join(folder, what)) if what in inner else ([], [])
        files += [file for kind in kinds for file in container.listing(_join(folder, what, kind))[0]]
        if count := sum("_thumb." not in file for file in files):
            found.append(model.LeftOut(what=what, count=count))
    return tuple(found)


def _renamed(container: Container, files: list[str]) -> list[str]:
    """Return the JSON files at the top that begin like exports."""
    found = [file for file in files if file.lower().endswith(".json") and file != foreign.MARK][:_MOST_RENAMED]
    return [file for file in found if _is_json_export(_begin(container, file, _HEAD))]


def _is_json_export(head: bytes) -> bool:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return text.startswith(b"{") and _EXPORT_HEAD.search(text) is not None


def _json(container: Container, page: str, base: str) -> Source:
    return _source("json", container, (page,), base, f"{container.name}{container.separator}{page}")


def _session(container: Container, page: str) -> Source:
    return _source("session", container, (page,), "", page)


def _html(container: Container, pages: tuple[str, ...], base: str) -> Source:
    folder = pages[0].rpartition("/")[0]
    shown = pages[0] if len(pages) == 1 else _join(folder, "messages*.html")
    return _source("html", container, pages, base, f"{container.name}{container.separator}{shown}")


def _source(kind: Kind, container: Container, pages: tuple[str, ...], base: str, name: str) -> Source:
    digest = hashlib.sha256(kind.encode())
    sizes = [container.size(page) for page in pages]
    for page, size in zip(pages, sizes, strict=True):
        inside = "" if kind == "json" else page.removeprefix(base)
        digest.update(f" {inside} {size} {container.mark(page)} ".encode())
        digest.update(_begin(container, page, _FIRST if len(pages) == 1 else _PAGE_FIRST))
    return Source(
        kind=kind, name=name, identity=digest.hexdigest(), size=sum(sizes), pages=pages, container=container, base=base
    )


def _begin(container: Container, page: str, length: int) -> bytes:
    """Return a file's first bytes. A damaged member has none here: its reader says how far it could be read."""
    try:
        file = container.open(page)
        if file is None:
            return b""
        with file:
            return file.read(length)
    except zips.Damaged:
        return b""


def _pages(container: Container, folder: str, files: list[str] | None = None) -> tuple[str, ...]:
    found = [(match, file) for file in files or container.listing(folder)[0] if (match := _PAGE.fullmatch(file))]
    found.sort(key=lambda each: int(each[0][1] or 1))
    return tuple(_join(folder, file) for _, file in found)


def _account_folder(folder: Path) -> Path | None:
    """Return the root of the account's export that a chat's folder belongs to: its links lead over that root."""
    root = folder.parent.parent
    is_chat = folder.parent.name == "chats" and (root / "export_results.html").is_file()
    return root if is_chat else None


def _is_session(head: bytes) -> bool:
    is_database = head.startswith(_SQLITE) and b"sessions" in head
    return is_database or (len(head) < 4096 and _STRING_SESSION.fullmatch(head) is not None)


def _nothing_in(container: Container) -> errors.BadInput:
    files, inner = container.listing("")
    for folder in ("", *inner[:_MOST_RENAMED]):
        foreign.refuse_folder(container.name, *container.listing(folder))
    if not files and not inner:
        return errors.BadInput(
            f"{container.name} is empty, or holds nothing but links and paths that lead out of it. {foreign.READS}."
        )
    if any(file.lower().endswith(".zip") for file in files):
        return errors.BadInput(f"{container.name} holds no export, only other archives; give those one by one.")
    return errors.BadInput(f"{container.name} holds no export. {foreign.READS}.")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise errors.BadInput(f"{path} cannot be read: {error.strerror}.") from error


def _relative(folder: Path, root: Path) -> str:
    inside = folder.relative_to(root).as_posix()
    return "" if inside == "." else inside


def _join(*steps: str) -> str:
    return "/".join(step for step in steps if step)
