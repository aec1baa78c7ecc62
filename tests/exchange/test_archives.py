"""A zip archive of several exports comes in like the folders that it was made of, and what it hides is counted."""

from __future__ import annotations

import zipfile
from pathlib import Path

from heliograph.exchange import importer
from heliograph.store import database as store_database

CORPUS = Path(__file__).parents[1] / "fixtures" / "desktop_html"


def packed(path: Path, **more: bytes) -> Path:
    """Pack the corpus into an archive, with members of names that are given in ``more``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(CORPUS.rglob("*")):
            if file.is_file() and file.suffix != ".json":
                archive.write(file, f"exports/{file.relative_to(CORPUS).as_posix()}")
        for name, data in more.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


async def imported(database: store_database.Database, path: Path) -> importer.Summary:
    """Import a path without its media."""
    options = importer.Options(with_media=False)
    return await importer.run(database, None, [path], options, on_progress=lambda progress: None)


async def test_archive_of_several_exports_brings_what_its_folders_do(
    database: store_database.Database, tmp_path: Path
) -> None:
    done = await imported(database, packed(tmp_path / "all.zip", **{"../../secret": b"private"}))
    assert [Path(source.name).parts[-1] for source in done.sources] == [
        *("messages.html", "messages.html", "messages.html", "messages*.html"),
    ]
    total = done.total()
    assert (total.imported, total.read) == (36, 36)
    assert {reason: each.count for reason, each in total.skipped.items()} == {"path_leaves_export": 1}
    for name, count in (("account_2021", 7), ("single_2018", 7), ("single_2023", 22)):
        again = (await imported(database, CORPUS / name)).total()
        assert (again.imported, again.known) == (0, count)
