"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from csat.errors import BadInput


def write_all(folder: str | Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write several files into a folder, made if need be: all of them or, when one cannot be written, none.

    Every file is first written beside its place under a temporary name and then renamed, so a reader never
    meets half a file and a crash leaves the old ones as they were.

    Raises
    ------
    BadInput : the folder cannot be made or written to.
    """
    folder = Path(folder)
    staged: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            if Path(name).name != name:
                raise BadInput(f"'{name}' is not a file name", right="It may not hold a folder")
            if (folder / name).is_dir():
                raise BadInput(
                    "a folder of this name is in the way", where=str(folder / name), do="Remove it"
                )
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".csat-", suffix=".part")
            staged.append((Path(temporary), folder / name))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o644)
        for temporary_path, final in staged:
            temporary_path.replace(final)
    except OSError as error:
        raise BadInput(
            f"cannot write here: {error.strerror or error}",
            where=str(folder),
            do="Name a folder you may write to",
        ) from error
    finally:
        for temporary_path, _ in staged:
            with contextlib.suppress(OSError):
                temporary_path.unlink(missing_ok=True)
    return [folder / name for name in contents]


def require_writable(folder: str | Path) -> None:
    """Say now, before long work, that a folder cannot be made or written to.

    Raises
    ------
    BadInput : as `write_all`.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(
            f"cannot write here: {error.strerror or error}",
            where=str(folder),
            do="Name a folder you may write to",
        ) from error


def write_file(path: str | Path, data: bytes) -> Path:
    """Write one file whole."""
    path = Path(path)
    return write_all(path.parent, {path.name: data})[0]
