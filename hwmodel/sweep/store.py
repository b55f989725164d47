"""The store: what has been computed, by what it was computed from; one SQLite file that sweeps share.

A key is a hash of all that decides a result, so that what is there never has to be made anew and never is out of date. Each result is
committed by itself, in write-ahead mode: a process that is killed at any moment leaves all that it had put. Every payload has a
checksum beside it, of itself and its key: one that was damaged, or stands under another's key, counts as not there.
"""

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import SweepError

_APPLICATION = 0x68776D31
"""Written into the file's header, so that no other program's database is taken for a store."""

_VERSION = 2
_PATIENCE_S = 60.0
"""How long to wait for another sweep that is just writing."""

_AT_ONCE = 500
"""Keys asked for in one question."""

_TABLE = "CREATE TABLE IF NOT EXISTS results (key BLOB PRIMARY KEY, payload BLOB NOT NULL, checksum BLOB NOT NULL)"


def key_of(material: Mapping[str, Any]) -> bytes:
    """Return the key of what follows from `material`, which JSON can hold."""
    return hashlib.sha256(json.dumps(material, sort_keys=True, separators=(",", ":")).encode()).digest()


class Store:
    """Results in the file `path`, made if it is not there. Use it as a context manager, or call `close`.

    Raises
    ------
    SweepError
        If it cannot be opened or is no store; so do all methods, if the file is damaged or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            self._database = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
            self._database.text_factory = bytes  # there is none but by damage, when it may be no UTF-8
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise

    def _open(self) -> None:
        self._database.execute("BEGIN")  # all three from one state of the file: another sweep may be just making it
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._database.execute("COMMIT")
        if application != _APPLICATION and (application or tables):
            raise SweepError(f"the store {self.path} is a database of another program; name another file by --store")
        if application == _APPLICATION and version != _VERSION:
            raise SweepError(f"the store {self.path} was made by another version of hwmodel; name another file by --store")
        self._write_ahead()
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute(_TABLE)
        self._database.execute(f"PRAGMA application_id = {_APPLICATION}")
        self._database.execute(f"PRAGMA user_version = {_VERSION}")
        self._database.execute("COMMIT")

    def _write_ahead(self) -> None:
        """Set the journal's mode. SQLite itself does not wait here for who is writing, such as another sweep that is making the store."""
        patience = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                    raise
            time.sleep(0.01)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.Error):
            self._database.close()

    def get(self, key: bytes) -> bytes | None:
        """Return what there is under `key`, or None."""
        return self.get_all([key]).get(key)

    def get_all(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return what there is under some keys."""
        wanted, found = list(dict.fromkeys(keys)), {}
        with self._told():
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                question = f"SELECT key, payload, checksum FROM results WHERE key IN ({marks})"
                for key, payload, checksum in self._database.execute(question, some):
                    # What is damaged may have another type, too, and a damaged index leads to what is of another key.
                    if isinstance(key, bytes) and isinstance(payload, bytes) and checksum == _checksum(key, payload):
                        found[key] = payload
        return found

    def put(self, results: Mapping[bytes, bytes]) -> None:
        """Write results, all or none of them; they are there when this returns."""
        lines: Sequence[tuple[bytes, bytes, bytes]] = [(key, payload, _checksum(key, payload)) for key, payload in results.items()]
        with self._told():
            try:
                self._database.execute("BEGIN IMMEDIATE")  # inside, for Ctrl-C may come right behind it
                self._database.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", lines)
                self._database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn SQLite's errors into sentences."""
        try:
            yield
        except sqlite3.Error as error:
            raise SweepError(self._sentence(error)) from error
        except UnicodeDecodeError as error:  # what SQLite quotes in its message is no text
            raise SweepError(self._damaged("its schema is no text")) from error

    def _damaged(self, why: object) -> str:
        return f"the store {self.path} is damaged ({why}); move it away, and what it held is computed anew, or name another file by --store"

    def _sentence(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        match code:
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_ERROR:  # the last of a table that is not ours any more
                return self._damaged(error)
            case sqlite3.SQLITE_FULL:
                return f"the disk is full under the store {self.path}; what was finished is kept, and the same command goes on from there"
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return f"the store {self.path} has been held by another program for {_PATIENCE_S:.0f} s; end it and run the command again"
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return f"the store {self.path} cannot be written ({error}); name a file in another folder by --store"
        return f"the store {self.path} cannot be used: {error}; what was finished is kept"


def _checksum(key: bytes, payload: bytes) -> bytes:
    total = hashlib.blake2b(key, digest_size=8)
    total.update(payload)
    return total.digest()
