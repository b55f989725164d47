"""The option ``--codebook NAME=FILE``: a person's own table of numbers as a format."""

import json
from pathlib import Path

from hwmodel.spec import add_codebook

from .errors import InputError

LARGEST_FILE_BYTES = 1 << 16


def add_codebooks(texts: list[str]) -> None:
    """Make the codebooks that ``NAME=FILE`` texts name known.

    A file holds numbers separated by white space or commas, or a JSON list of numbers.

    Raises
    ------
    InputError
        If a text is not NAME=FILE, or a file holds something else.
    SpecError
        If the numbers make no codebook.
    OSError
        If a file cannot be read.
    """
    for text in texts:
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise InputError(f"--codebook takes NAME=FILE, as in --codebook mine=levels.txt, and {text!r} is not that")
        add_codebook(name, _numbers(Path(file)))


def _numbers(file: Path) -> list[float]:
    if file.stat().st_size > LARGEST_FILE_BYTES:
        raise InputError(f"{file}: a codebook has at most 256 numbers, and this file is {file.stat().st_size} bytes long")
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not a text file: {error.reason}") from error
    if text.startswith("["):
        try:
            entries = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file}: not a JSON list: {error}") from error
        for entry in entries:
            if isinstance(entry, bool) or not isinstance(entry, int | float):
                raise InputError(f"{file}: {json.dumps(entry)[:40]} is not a number")
    else:
        entries = text.replace(",", " ").split()
    return [_number(file, entry) for entry in entries]


def _number(file: Path, entry: str | float) -> float:
    try:
        return float(entry)
    except ValueError as error:
        raise InputError(f"{file}: {str(entry)[:40]!r} is not a number") from error
    except OverflowError as error:
        raise InputError(f"{file}: an entry is larger than any float64") from error
