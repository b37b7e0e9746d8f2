"""Write files as a new folder, or as a ZIP file: forms that other programs read."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from hermes_dist.light import NamedTuple
from hermes_dist.world.archive.write import Sink, exists_already, write_private
from hermes_dist.world.disk.errors import trouble

_EPOCH = (1980, 1, 1, 0, 0, 0)


class LooseFile(NamedTuple):
    """A file to write: its path, its content, and whether it is a program."""

    path: str
    data: bytes
    executable: bool = False


def write_zip(path: Path, files: Iterable[LooseFile]) -> int:
    """Write a new ZIP file; the same files give the same bytes.

    Returns:
        Its size.

    Raises:
        DistError: Something is there already, or it can't be written; nothing is left behind.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(files):
            info = zipfile.ZipInfo(file.path, _EPOCH)
            info.external_attr = (0o755 if file.executable else 0o644) << 16
            archive.writestr(info, file.data, zipfile.ZIP_DEFLATED)
    data = made.getvalue()
    return write_private(path, lambda sink: _all(sink, data))


def write_folder(path: Path, files: Iterable[LooseFile]) -> int:
    """Write a new folder, which is there as a whole or not at all.

    Returns:
        The size of all files.

    Raises:
        DistError: Something is there already, or it can't be written; nothing is left behind.
    """
    if path.exists() or path.is_symlink():
        raise exists_already(path)
    part = None
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
        size = sum(_written(part, file) for file in files)
        part.rename(path)
    except OSError as error:
        raise trouble(error, "can't write the folder", where=str(path)) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
    return size


def _written(folder: Path, file: LooseFile) -> int:
    place = folder / file.path
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = 0o700 if file.executable else 0o600
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(file.data)
    return len(file.data)


def _all(sink: Sink, data: bytes) -> None:
    sink.write(data)
    sink.close()
