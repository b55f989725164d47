"""Files that a command writes: the folder is checked before the work, and what cannot be written is told in a sentence."""

import tempfile
from pathlib import Path

from hwmodel.files import write_text

from .errors import InputError

PLOT_ENDINGS = (".png", ".svg", ".pdf")


def output_folder(path: Path) -> Path:
    """Make the folder `path` if needed and return it.

    Raises
    ------
    InputError
        If it cannot be made or written to.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is not a folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(f"the folder {path} cannot be written: {error.strerror}") from error
    return path


def output_file(path: Path) -> Path:
    """Return `path`, which a file is to be written to later.

    Raises
    ------
    InputError
        If a folder is there.
    """
    if path.is_dir():
        raise InputError(f"the file {path} cannot be written: a folder is there")
    return path


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths are one file, by whatever links and names; neither need be there yet."""
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def plot_file(path: Path) -> Path:
    """Return `path`, which a drawing is to be written to later, and make its folder.

    Raises
    ------
    InputError
        If its ending is not that of a drawing, or it cannot be written.
    """
    if path.suffix not in PLOT_ENDINGS:
        raise InputError(f"the drawing {path} does not end in one of {', '.join(PLOT_ENDINGS)}")
    output_folder(output_file(path).parent)
    return path


def write_file(path: Path, text: str) -> Path:
    """Write `text` to `path`, whole or not at all, and return the path.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        write_text(path, text)
    except OSError as error:
        raise InputError(f"the file {path} cannot be written: {error.strerror}") from error
    return path
