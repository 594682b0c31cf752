"""Finding what ships with the package, and writing files that are either whole or absent."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from neurodecode.core.errors import DataError


def shipped_folder(name: str) -> Path:
    """Folder of the cards (``"datasets"``) or experiment files (``"configs"``).

    A checkout beside the package wins, so that an editable install sees edited files; an installed
    wheel carries its own copy.

    Parameters
    ----------
    name : {"datasets", "configs"}

    Returns
    -------
    folder : Path
    """
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "datasets").is_dir():
        return checkout / name
    return package / "_files" / name


def cache_folder() -> Path:
    """Folder for what can be made again: ``NEURODECODE_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("NEURODECODE_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "neurodecode"


@contextlib.contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """Give a temporary path that becomes `path` by one rename when the block ends well.

    The temporary name carries the writer's process id, so that leftovers of writers that are gone
    can be told from those of writers at work (`remove_orphans`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{path.name}.{os.getpid()}.", suffix=".tmp", dir=path.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Generator[Path]:
    """Give a temporary folder that becomes `path` by one rename when the block ends well.

    If another process was first, its folder stays: folders are named by their content.
    """
    temporary = Path(
        tempfile.mkdtemp(prefix=f".{path.name}.{os.getpid()}.", suffix=".tmp", dir=path.parent)
    )
    try:
        yield temporary
        temporary.chmod(0o755)
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    DataError
        If it holds something else.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{path}: damaged: no JSON ({error}). It is written anew by the command that made it; "
            "run that again."
        ) from None


def remove_orphans(folder: Path) -> int:
    """Delete temporary files and folders in `folder` whose writers are gone; say how many."""
    removed = 0
    for path in folder.glob(".*.tmp"):
        writer = path.name.rsplit(".", 3)[1]
        if writer.isdigit() and not alive(int(writer)):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            removed += 1
    return removed


def alive(process: int) -> bool:
    """Whether a process of this number is there, ours or not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
