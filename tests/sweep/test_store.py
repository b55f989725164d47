"""The store: what was put is there, whoever put it; what is damaged is told, and nothing of it is believed."""

import contextlib
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from hwmodel.sweep import Store, SweepError
from hwmodel.sweep.store import key_of

KEYS = [key_of({"n": n}) for n in range(1200)]


def test_what_was_put_is_there_for_others_at_once(tmp_path):
    with Store(tmp_path / "s") as one, Store(tmp_path / "s") as other:
        one.put({KEYS[0]: b"a", KEYS[1]: b""})
        assert other.get(KEYS[0]) == b"a"
        other.put({KEYS[2]: b"c", KEYS[0]: b"A"})
        assert one.get_all(KEYS[:4]) == {KEYS[0]: b"A", KEYS[1]: b"", KEYS[2]: b"c"}
    with Store(tmp_path / "s") as again:
        assert again.get(KEYS[2]) == b"c"
        assert again.get(KEYS[3]) is None


def test_many_keys_at_once(tmp_path):
    with Store(tmp_path / "s") as store:
        store.put({key: key[:4] for key in KEYS})
        assert store.get_all(KEYS) == {key: key[:4] for key in KEYS}


def test_a_key_is_what_the_material_says():
    assert key_of({"a": 1, "b": [2]}) == key_of({"b": [2], "a": 1})
    assert len({key_of({"a": 1}), key_of({"a": 2}), key_of({"b": 1}), key_of({"a": "1"})}) == 4


def test_a_payload_that_was_changed_counts_as_not_there(tmp_path):
    with Store(tmp_path / "s") as store:
        store.put({KEYS[0]: b"area 12", KEYS[1]: b"area 13"})
    with sqlite3.connect(tmp_path / "s") as database:
        database.execute("UPDATE results SET payload = ? WHERE key = ?", (b"area 21", KEYS[0]))
    database.close()
    with Store(tmp_path / "s") as store:
        assert store.get_all(KEYS[:2]) == {KEYS[1]: b"area 13"}


def test_a_result_under_the_key_of_another_counts_as_not_there(tmp_path):
    with Store(tmp_path / "s") as store:
        store.put({KEYS[0]: b"area 12", KEYS[1]: b"area 13", KEYS[2]: b"area 14"})
    with sqlite3.connect(tmp_path / "s") as database:  # as a damaged index has it
        lines = database.execute("SELECT key, payload, checksum FROM results WHERE key IN (?, ?)", KEYS[:2]).fetchall()
        for (_, *line), (key, *_) in zip(lines, reversed(lines), strict=True):
            database.execute("UPDATE results SET payload = ?, checksum = ? WHERE key = ?", (*line, key))
    database.close()
    with Store(tmp_path / "s") as store:
        assert store.get_all(KEYS[:3]) == {KEYS[2]: b"area 14"}


@pytest.mark.parametrize("column", ["payload", "checksum"])
@pytest.mark.parametrize("value", ["'text'", "12", "1.5", "CAST(x'ff' AS TEXT)"])
def test_a_line_of_other_types_counts_as_not_there(tmp_path, column, value):
    with Store(tmp_path / "s") as store:
        store.put({KEYS[0]: b"area 12", KEYS[1]: b"area 13"})
    with sqlite3.connect(tmp_path / "s") as database:
        database.execute(f"UPDATE results SET {column} = {value} WHERE key = ?", (KEYS[0],))
    database.close()
    with Store(tmp_path / "s") as store:
        assert store.get_all(KEYS[:2]) == {KEYS[1]: b"area 13"}


@pytest.mark.parametrize(
    "harm", [(b"CREATE TABLE results", b"CREATE \xffABLE results"), (b"payload BLOB", b"paylord BLOB"), (b"results", b"\xff\xfeults")]
)
def test_a_damaged_schema(tmp_path, harm):
    path = tmp_path / "s"
    with Store(path) as store:
        store.put({KEYS[0]: b"area 12"})
    content = path.read_bytes()
    assert harm[0] in content
    path.write_bytes(content.replace(*harm))
    with pytest.raises(SweepError, match=r"the store .*/s is damaged \(.*\); move it away"), Store(path) as store:
        store.get(KEYS[0])


def test_a_damaged_file(tmp_path):
    path = tmp_path / "s"
    with Store(path) as store:
        store.put({key: key * 9 for key in KEYS})
    content = bytearray(path.read_bytes())
    content[8192:-8192] = b"\x5a" * (len(content) - 16384)
    path.write_bytes(content)
    with (
        pytest.raises(SweepError, match=r"the store .*/s is damaged .*; move it away, and what it held is computed anew"),
        Store(path) as store,
    ):
        store.get_all(KEYS)


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(range(200))], ids=["text", "half a header"])
def test_a_file_that_is_no_database(tmp_path, content):
    path = tmp_path / "s"
    path.write_bytes(content * 50)
    with pytest.raises(SweepError, match=r"the store .*/s is damaged \(file is not a database\)"):
        Store(path)
    assert path.read_bytes() == content * 50


def test_a_database_of_another_program(tmp_path):
    with sqlite3.connect(tmp_path / "s") as database:
        database.execute("CREATE TABLE songs (title)")
    database.close()
    with pytest.raises(SweepError, match=r"the store .*/s is a database of another program"):
        Store(tmp_path / "s")


@pytest.mark.parametrize("version", [1, 3])
def test_a_store_of_another_version(tmp_path, version):
    Store(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s") as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()
    with pytest.raises(SweepError, match=r"the store .*/s was made by another version of hwmodel"):
        Store(tmp_path / "s")


def test_a_store_that_another_sweep_is_just_making(tmp_path, monkeypatch):
    class Interrupted(sqlite3.Connection):
        """Looks at a new file; before the second look another sweep makes a store of it."""

        other = False

        def execute(self, text, *values):
            if text == "PRAGMA user_version" and not Interrupted.other:
                Interrupted.other = True
                with contextlib.suppress(SweepError):  # it may have to wait, and here has no patience
                    Store(tmp_path / "s").close()
            return super().execute(text, *values)

    monkeypatch.setattr("hwmodel.sweep.store._PATIENCE_S", 0.05)
    monkeypatch.setattr("sqlite3.connect", partial(sqlite3.connect, factory=Interrupted))
    with Store(tmp_path / "s") as store:
        store.put({KEYS[0]: b"a"})
    assert Interrupted.other


def test_a_new_store_that_another_sweep_just_writes_to(tmp_path, monkeypatch):
    other = sqlite3.connect(tmp_path / "s", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("hwmodel.sweep.store.time.sleep", lambda seconds: other.execute("COMMIT"))
    Store(tmp_path / "s").close()
    assert not other.in_transaction
    other.close()


def test_a_folder_that_is_not_there_or_cannot_be_written():
    for path in (Path("/no/such/folder/s"), Path("/proc/s")):
        with pytest.raises(SweepError, match=f"the store {path} cannot be written .*; name a file in another folder by --store"):
            Store(path)


def test_a_store_that_another_program_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.store._PATIENCE_S", 0.05)
    with Store(tmp_path / "s") as store:
        other = sqlite3.connect(tmp_path / "s", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SweepError, match=r"the store .*/s has been held by another program for 0 s; end it"):
            store.put({KEYS[0]: b"a"})
        other.execute("ROLLBACK")
        other.close()
        store.put({KEYS[0]: b"a"})
        assert store.get(KEYS[0]) == b"a"


def test_a_full_disk_loses_nothing(small_disk):
    with Store(small_disk / "s") as store:
        kept: list[bytes] = []

        def fill() -> None:
            for key in KEYS:
                store.put({key: bytes(20_000)})
                kept.append(key)

        with pytest.raises(SweepError, match=r"the disk is full under the store .*/s; what was finished is kept"):
            fill()
        assert 5 < len(kept) < 500
        assert set(store.get_all(KEYS)) == set(kept)
    with Store(small_disk / "s") as store:
        assert set(store.get_all(KEYS)) == set(kept)
