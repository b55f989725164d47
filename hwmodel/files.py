"""Files that are there whole or not at all, and folders to work in."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a file beside `path` to be written; when the block is left it becomes `path`, so that no reader ever sees half of it.

    Raises
    ------
    OSError
        If it cannot be written; the error names `path`, the file that was asked for.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        if error.filename is not None and Path(os.fsdecode(error.filename)) == partial:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with whole(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, in the same way."""
    write_bytes(path, text.encode())


def scratch_base() -> Path | None:
    """Return where folders to work in are made: None, the system's choice, unless its name holds white space.

    Neither GNU make nor ABC's scripts can name a file in such a folder.
    """
    if not _has_space(tempfile.gettempdir()):
        return None
    usable = [base for base in ("/tmp", "/var/tmp", str(Path.cwd())) if not _has_space(base) and os.access(base, os.W_OK | os.X_OK)]
    return Path(usable[0]) if usable else None


def scratch_folder(prefix: str) -> "tempfile.TemporaryDirectory[str]":
    """Return a folder to work in, which goes away when it is left; no tool stumbles over its name."""
    return tempfile.TemporaryDirectory(prefix=prefix, dir=scratch_base())


def _has_space(path: str) -> bool:
    return any(symbol.isspace() for symbol in path)
