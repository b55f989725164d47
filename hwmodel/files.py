"""Files that are there whole or not at all, and folders to work in."""

import contextlib
import errno
import glob
import os
import platform
import re
import shutil
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
    partial = path.with_name(f".{path.name}.{_HOST}-{os.getpid()}.partial")
    _remove_abandoned(path)
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        unnamed = error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
        if unnamed or (error.filename is not None and Path(os.fsdecode(error.filename)) == partial):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        partial.unlink(missing_ok=True)


_HOST = re.sub(r"\W", "_", platform.node())
"""Part of the names of files half written: on a shared disk another machine's processes may well be alive."""


def _remove_abandoned(path: Path) -> None:
    """Remove what processes of this machine left of `path` that were killed while they wrote it."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}.{_HOST}-*.partial"):
        number = partial.name.removesuffix(".partial").rpartition("-")[2]
        if number.isdecimal() and not _is_alive(int(number)):
            with contextlib.suppress(OSError):
                partial.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        pass
    return True


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


def require_scratch_room(room: int) -> None:
    """Raise OSError, with the folder's name, where folders to work in, ours or those that Yosys makes, have no `room`, in bytes."""
    base = scratch_base()
    for folder in dict.fromkeys([str(base or tempfile.gettempdir()), str(base or os.environ.get("TMPDIR") or "/tmp")]):
        try:
            with tempfile.TemporaryFile(dir=folder):  # which cannot be made where nothing can be written
                free = shutil.disk_usage(folder).free
        except OSError as error:
            raise OSError(error.errno, error.strerror, folder) from error
        if free < room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)


def _has_space(path: str) -> bool:
    return any(symbol.isspace() for symbol in path)
